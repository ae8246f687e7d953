"""What of a job lies at the host: written into the record before the next call, so that a kill neither sends nor starts twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from pricer.errors import BadInput
from pricer.files import write_json
from pricer.tuning.record import Record

REMOTE = "remote.json"


@dataclass(frozen=True, slots=True)
class Remote:
    """`files` are the host's ids by part, `job` the job's. `sending` is the part whose upload has begun and is not known to have ended.

    `asked` says that the host may have been asked to start, `settled` that nothing is left to be done for the start. `gone` says that the
    job failed because its files were no longer there, which one more attempt mends. `cursor` is the newest event that was taken over;
    `cancelled` says that we asked for the end.
    """

    host: str
    mark: str
    suffix: str
    examples: int
    epochs: int
    batch: int
    steps: int
    attempt: int = 1
    files: Mapping[str, str] = field(default_factory=dict)
    sending: str | None = None
    asked: bool = False
    job: str | None = None
    settled: bool = False
    gone: bool = False
    cancelled: bool = False
    cursor: str | None = None

    @property
    def name(self) -> str:
        """The mark of this attempt."""
        return self.mark if self.attempt == 1 else f"{self.mark}-{self.attempt}"

    def epoch(self, step: int, steps: int | None = None) -> float:
        """How often the examples have been seen after a step, of so many where the host told how many there are."""
        return round(self.epochs * step / (steps or self.steps), 6)


def remote_of(record: Record) -> Remote | None:
    """What is known of the job at its host; None before it was begun. `BadInput` when the file cannot be read."""
    path = record.folder / REMOTE
    if not path.exists():
        return None
    try:
        return Remote(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(f"tuning job {record.id}: {REMOTE} cannot be read ({error!s:.80})") from None


def kept(record: Record, remote: Remote) -> Remote:
    """The same, now on the disk."""
    record.folder.mkdir(parents=True, exist_ok=True)
    write_json(asdict(remote), record.folder / REMOTE)
    return remote
