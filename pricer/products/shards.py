"""A shard: a stretch of a source that one worker reads by itself, record by record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Shard:
    """Where a worker finds `kind` records: a file and a half-open range in it.

    `start` and `stop` are byte offsets for lines, row groups for parquet, indices for generated records. `first_line` is the line
    or row number, from 1, of the first record. `file` is the name that reports and errors show.
    """

    index: int
    kind: str
    path: str
    file: str
    start: int
    stop: int
    first_line: int = 1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Raw:
    """One record as the source has it: its line and its fields, or why it could not be read."""

    line: int
    fields: dict[str, Any] | None
    fault: str | None = None
    found: str | None = None


@runtime_checkable
class KnowsBest(Protocol):
    """A source that made its answers itself, and so knows how well they can be guessed."""

    def best_reachable(self, answers: Iterable[tuple[str, float]]) -> dict[str, float]:
        """The errors of the best possible predictor on items given by id and answer."""


class Source(Protocol):
    """What can be loaded. `shards` may stage files (decompressed, downloaded) under `work`; it is cheap the second time."""

    def describe(self) -> dict[str, Any]:
        """For the manifest: kind, name, files with sizes and sha256, revision, licence, `synthetic`. No absolute path."""

    def shards(self, work: Path) -> Iterator[Shard]:
        """The source cut into shards, always the same ones for the same input."""
