"""Progress of long work, on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


@dataclass(frozen=True, slots=True)
class Stages:
    """A bar that moves with `stages(name, done, total)`; a total of 0 is not known. `say` writes a line above it."""

    bar: Progress

    def __call__(self, name: str, done: int, total: int) -> None:
        self.bar.tasks[0].total = total or None  # `update` takes None for "as it was"
        self.bar.update(self.bar.tasks[0].id, description=name, completed=done)

    def say(self, line: str) -> None:
        """A line of text, whole, however narrow the terminal."""
        self.bar.console.print(line, markup=False, highlight=False)


@contextmanager
def stages() -> Iterator[Stages]:
    """The bar, while the block works; on no terminal rich prints nothing but the end. A stage that counts nothing leaves no trace."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=Console(stderr=True)
    ) as bar:
        bar.add_task("", total=None)
        try:
            yield Stages(bar)
        finally:
            if bar.tasks[0].total is None:
                bar.tasks[0].visible = False
