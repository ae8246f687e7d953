"""The tools' bodies: plain functions from checked arguments to plain data. The command line calls the same ones."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

from catalog import snapshot
from catalog.answer import Document, answer
from catalog.approach import Task, advise
from catalog.compare import compare
from catalog.requirements import Requirements, Workload
from catalog.shortlist import shortlist


def today() -> dt.date:
    """The day answers are given for, UTC."""
    return dt.datetime.now(dt.UTC).date()


def recommend_models(requirements: Requirements, day: dt.date | None = None) -> Document:
    """The shortlist for `requirements`."""
    catalog = snapshot.load()
    return answer(catalog, shortlist(catalog, requirements, day or today()))


def compare_models(models: list[str], workload: Workload, day: dt.date | None = None) -> Document:
    """The models side by side."""
    return compare(snapshot.load(), models, workload, day or today())


def advise_approach(task: Task) -> Document:
    """The approach for a task, with its arithmetic."""
    found: Document = _plain(dataclasses.asdict(advise(task)))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Decimal) else value
