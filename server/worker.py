"""A job's own process: `python -m server.worker JOB_FOLDER` measures what `job.json` says and leaves the result beside it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from catalog.errors import CatalogError
from pricer.errors import PricerError
from pricer.process import alive, began
from server.cards import CANCELLED, ERROR, LOCK, PROGRESS, RESULT, WORKER, read_card, request_of, write_whole

if TYPE_CHECKING:
    from pricer.evaluation.runner import Progress
    from pricer.request import Estimate
    from pricer.request import Watch as Watching

BETWEEN_S = 0.5  # of two writes of progress.json
SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$")
SHORTEST_SECRET = 8  # characters; shorter values would blot out common words


def main() -> None:
    """Work off the job whose folder is the only argument."""
    sys.exit(work(Path(sys.argv[1])))


def work(folder: Path) -> int:
    """The exit code, once the result, the refusal or nothing more lies in the folder."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    hidden = secrets_of(os.environ)
    sys.stdout = sys.stderr = Veiled(sys.stderr, hidden)
    with alive(folder / LOCK):
        write_whole(folder / WORKER, {"pid": os.getpid(), "began": began(os.getpid())})
        if (folder / CANCELLED).exists():
            return 1
        return _measured(folder, hidden)


def _measured(folder: Path, hidden: tuple[str, ...]) -> int:
    from pricer.installed import require
    from pricer.ladder import evaluate

    diary = Diary(folder / PROGRESS, hidden)
    try:
        require("measuring", "full", "numpy")
        evaluation = evaluate(request_of(read_card(folder).wish), diary.watch())
    except (PricerError, CatalogError) as error:
        diary.close()
        write_whole(folder / ERROR, veiled({"error": str(error)}, hidden))
        return 1
    diary.close()
    told = {"ended": evaluation.ended, "run": evaluation.run.name, "result": evaluation.result}
    write_whole(folder / RESULT, veiled(told, hidden))
    return 0


@dataclass
class Diary:
    """Keeps `progress.json` up to date, at most twice a second."""

    path: Path
    hidden: tuple[str, ...]
    told: dict[str, Any] = field(default_factory=dict)
    _written_s: float = float("-inf")
    _waiting: bool = False

    def watch(self) -> Watching:
        """What the evaluation reports to."""
        from pricer.request import Watch

        return Watch(self._stage, self._estimate, self._progress)

    def close(self) -> None:
        """Write what has not been written yet."""
        if self._waiting:
            self._write()

    def _stage(self, name: str, done: int, total: int) -> None:
        self._tell({"stage": name, "done": done, "total": total})

    def _estimate(self, estimate: Estimate) -> None:
        self._tell({"estimate": asdict(estimate)})

    def _progress(self, progress: Progress) -> None:
        self._tell({"stage": "answers", **asdict(progress)})

    def _tell(self, news: dict[str, Any]) -> None:
        self.told |= news
        self._waiting = True
        if time.monotonic() - self._written_s >= BETWEEN_S:
            self._write()

    def _write(self) -> None:
        self._waiting, self._written_s = False, time.monotonic()
        with contextlib.suppress(OSError):  # a full disk shall not end work that is paid for
            write_whole(self.path, veiled(self.told, self.hidden))


class Veiled(io.TextIOBase):
    """A stream without the secrets that are written to it."""

    def __init__(self, stream: TextIO, hidden: tuple[str, ...]) -> None:
        self._stream, self._hidden = stream, hidden

    def write(self, text: str) -> int:
        """Write the text, each secret in it as [key]."""
        self._stream.write(_without(text, self._hidden))
        return len(text)

    def flush(self) -> None:
        """Write out what is held back."""
        self._stream.flush()


def secrets_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values of variables that hold keys by their name, the longest first."""
    found = {value.strip() for name, value in environment.items() if SECRET_NAME.search(name.upper())}
    return tuple(sorted((one for one in found if len(one) >= SHORTEST_SECRET), key=len, reverse=True))


def veiled(told: dict[str, Any], hidden: tuple[str, ...]) -> dict[str, Any]:
    """The document without the secrets."""
    text = json.dumps(told, ensure_ascii=False, default=str)
    without: dict[str, Any] = json.loads(
        _without(text, tuple(json.dumps(one, ensure_ascii=False)[1:-1] for one in hidden))
    )
    return without


def _without(text: str, hidden: tuple[str, ...]) -> str:
    for secret in hidden:
        text = text.replace(secret, "[key]")
    return text


if __name__ == "__main__":
    main()
