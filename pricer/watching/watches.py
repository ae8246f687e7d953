"""What is watched: one file for each watch, and one for the state of each. Both are whole or not there."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pricer.errors import BadInput
from pricer.files import write_json
from pricer.watching import alerts
from pricer.watching.detector import Rule

FORMAT = 1
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
HOW = ("mean", "sum", "median", "last", "count")
PERIODS = ("hour", "day", "week")
ORDINARY = Rule()


@dataclass(frozen=True, slots=True)
class TableWatch:
    """A file with a time column. Rows of one time (of one `period`) and one group are one point: their mean, sum …; `history` also
    alerts on what lies far back at the first look."""

    name: str
    file: str
    time: str
    values: tuple[str, ...]
    by: str | None = None
    how: str = "mean"
    period: str | None = None
    history: bool = False
    rule: Rule = ORDINARY


@dataclass(frozen=True, slots=True)
class CatalogWatch:
    """Models of the catalogue by name; no names: those that runs used."""

    name: str
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunsWatch:
    """Runs in the home folder, of one data set or of all."""

    name: str
    dataset: str | None = None


Watch = TableWatch | CatalogWatch | RunsWatch
KINDS: dict[str, type[Watch]] = {"table": TableWatch, "catalog": CatalogWatch, "runs": RunsWatch}
KindName = Literal["table", "catalog", "runs"]


def kind_of(watch: Watch) -> str:
    """`table`, `catalog` or `runs`."""
    return next(name for name, kind in KINDS.items() if isinstance(watch, kind))


def save(watch: Watch) -> None:
    """Keep a new watch. `BadInput` when the name is no name or is taken."""
    if not NAME.fullmatch(watch.name):
        raise BadInput(f"wanted a name of a-z, 0-9, . _ and -, found {watch.name!r:.60}; choose another with --name")
    path = _path(watch.name)
    if path.exists():
        raise BadInput(f"there is a watch {watch.name!r} already; remove it first, or choose another with --name")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json({"format": FORMAT, "kind": kind_of(watch), **dataclasses.asdict(watch)}, path)


def remove(name: str) -> None:
    """Forget a watch, its state and its alerts. `BadInput` names those there are."""
    if not _path(name).is_file():
        raise BadInput(f"no watch {name!r:.60}; there is {', '.join(one.name for one in every()) or 'none yet'}")
    _path(name).unlink()
    state_path(name).unlink(missing_ok=True)
    seen_path(name).unlink(missing_ok=True)
    alerts.forget(name)


def every() -> list[Watch]:
    """All watches by name. `BadInput` when the file of one is damaged."""
    return [_load(path) for path in sorted((alerts.watch_folder() / "watches").glob("*.json"))]


def free_name(wanted: str) -> str:
    """`wanted` made a name, with a number behind it when it is taken."""
    name = re.sub(r"[^a-z0-9._-]+", "-", wanted.lower()).strip("-._")[:50] or "watch"
    taken = {one.name for one in every()}
    return next(found for n in range(1, len(taken) + 2) if (found := name if n == 1 else f"{name}-{n}") not in taken)


def load_state(name: str) -> dict[str, Any]:
    """What was kept of a watch; empty before its first look. A damaged file is a `BadInput`."""
    path = state_path(name)
    if not path.exists():
        return {}
    row = _json(path)
    if row.get("format") != FORMAT:
        raise BadInput(
            f"{path.name}: wanted format {FORMAT}, found {row.get('format')!r}; remove the watch and add it again"
        )
    return row


def save_state(name: str, state: Mapping[str, Any]) -> None:
    """Keep the state, all or nothing. Alerts are written before: a kill between repeats the look, and ends in the same alerts."""
    path = state_path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json({"format": FORMAT, **state}, path)


def state_path(name: str) -> Path:
    """The file of a watch's state."""
    return alerts.watch_folder() / "state" / f"{name}.json"


def seen_path(name: str) -> Path:
    """The catalogue as a watch last saw it."""
    return alerts.watch_folder() / "state" / f"{name}.snapshot.json.xz"


def _path(name: str) -> Path:
    return alerts.watch_folder() / "watches" / f"{name}.json"


def _load(path: Path) -> Watch:
    row = _json(path)
    try:
        if row.pop("format") != FORMAT:
            raise ValueError("another format")
        kind = KINDS[row.pop("kind")]
        if kind is TableWatch:
            return TableWatch(**(row | {"values": tuple(row["values"]), "rule": Rule(**row["rule"])}))
        return CatalogWatch(row["name"], tuple(row["models"])) if kind is CatalogWatch else RunsWatch(**row)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path.name}: wanted a watch, found something else ({error}); delete {path}") from None


def _json(path: Path) -> dict[str, Any]:
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{path.name}: damaged or unreadable ({error!s:.80}); remove the watch and add it again"
        ) from None
    if not isinstance(row, dict):
        raise BadInput(f"{path.name}: wanted an object, found {str(row)[:60]!r}; remove the watch and add it again")
    return row
