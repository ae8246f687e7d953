"""The files of a job: what it is to measure, strictly read, and the names of what its worker leaves beside that."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from pricer.errors import BadInput

if TYPE_CHECKING:
    from pricer.request import Request

JOB, WORKER, PROGRESS, RESULT, ERROR = "job.json", "worker.json", "progress.json", "result.json", "error.json"
CANCELLED, LOG, LOCK = "cancelled", "log.txt", ".lock"


class Wish(BaseModel):
    """What a job is to measure. It holds no key: those reach the worker through its environment alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["baseline", "frontier"]
    dataset: str
    predictor: str = "chat"
    model: str | None = None
    limit: int | None = None
    seed: int = 0
    shots: int = 0
    similar: int = 0
    cap_usd: Decimal | None = None


class Card(BaseModel):
    """`job.json`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    id: str
    created: float
    wish: Wish


def request_of(wish: Wish) -> Request:
    """The run that is wished for."""
    from pricer.evaluation.material import Wanted
    from pricer.request import Chat, Request

    wanted = Wanted(dataset=wish.dataset, limit=wish.limit, seed=wish.seed)
    return Request(
        wanted, wish.predictor, Chat(model=wish.model, cap_usd=wish.cap_usd, shots=wish.shots, similar=wish.similar)
    )


def write_whole(path: Path, told: dict[str, Any]) -> None:
    """Write JSON: a reader sees the old file or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(told, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
    temporary.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in `path`; `BadInput` when there is none."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path.parent.name}/{path.name}: cannot be read ({error!s:.80})") from None
    if not isinstance(told, dict):
        raise BadInput(f"{path.parent.name}/{path.name}: wanted a JSON object, found {str(told)[:60]!r}")
    return told


def read_card(folder: Path) -> Card:
    """What the job is; a field that is unknown or missing is a `BadInput`."""
    try:
        return Card.model_validate(read_json(folder / JOB))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{folder.name}/{JOB}: {where}: {first['msg']}") from None
