"""A fine-tuning as a picture for a terminal: bar, figures, curves and signs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pricer.products.text import printable
from pricer.tuning.record import ENDED, Event, Point, Record, Status
from pricer.tuning.watch.braille import drawn
from pricer.tuning.watch.curves import Curve, curve, smoothed
from pricer.tuning.watch.signs import Signs, signs

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

Standing = Callable[
    [Record], Status
]  # where a job stands: what its record says, or one who also asks whether its process lives
UNKNOWN = "unknown"
WIDEST = 120
TALL = 5  # lines of a curve
LABEL = 9  # characters left of a curve, for its scale
LAST_EVENTS = 4


@dataclass(frozen=True, slots=True)
class Screen:
    """A job as it stood at one moment, drawn for whatever width the terminal has."""

    id: str
    plan: dict[str, Any]
    status: Status
    points: Sequence[Point]
    events: Sequence[Event]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        found, width = signs(self.points, self.status), min(options.max_width, WIDEST)
        yield text(f"[b]{escaped(self.id)}[/b]  {escaped(' · '.join(about(self.plan)))}")
        yield _bar(self, width)
        yield _figures(self, found)
        yield from _curves(self.points, self.status, width)
        for flag in found.flags:
            yield text(f"[b red]! {escaped(flag.text)}[/b red]")
        if self.status.why:
            yield text(f"[b]{escaped(self.status.why)}[/b]")
        for event in self.events[-LAST_EVENTS:]:
            yield text(escaped(f"{event.at[11:19]}  {event.text}"))


def screen(record: Record, standing: Standing = Record.status) -> Screen:
    """The job as it stands now; `BadInput` when its record cannot be read."""
    return Screen(record.id, record.plan(), standing(record), record.points(), record.events())


def _bar(shown: Screen, width: int) -> RenderableType:
    """State, steps and epoch, with as much bar between them as fits; it can be read without colour."""
    status, step = shown.status, _step(shown)
    epoch = max((point.epoch for point in shown.points), default=None)
    said = f"{step:,} of {status.steps:,} steps" if status.steps else f"{step:,} steps"
    said += "" if epoch is None else f", epoch {epoch:.2f}"
    long = max(10, min(50, width - 48))
    full = round(long * min(1.0, step / status.steps)) if status.steps else 0
    return text(f"[b]{status.state}[/b]  [green]{'█' * full}[/green]{'░' * (long - full)}  {said}")


def _step(shown: Screen) -> int:
    return max([shown.status.step, *(point.step for point in shown.points)])


def _figures(shown: Screen, found: Signs) -> RenderableType:
    """Time, pace and rate; the last validation; the best: a line each, so that they fit any terminal."""
    from rich.table import Table

    validations = [point for point in shown.points if point.split == "validation"]
    grid = Table.grid(padding=(0, 2))
    for name, value in (
        ("time", _time(shown, found)),
        ("pace", _pace(shown, found)),
        ("last", evaluated(validations[-1], shown.status) if validations else "no evaluation yet"),
        (
            "best",
            "none yet"
            if found.best is None
            else f"{found.best.name} {figure(found.best.value)} at step {found.best.step:,}",
        ),
    ):
        grid.add_row(name, escaped(value))
    return grid


def _time(shown: Screen, found: Signs) -> str:
    told = max([shown.status.elapsed_s, *(point.elapsed_s or 0 for point in shown.points)])
    if shown.status.state in ENDED:
        return f"took {duration(told or None)}"
    return f"{duration(found.seconds_left)} left, {duration(told or None)} so far"


def _pace(shown: Screen, found: Signs) -> str:
    rates = [point.learning_rate for point in shown.points if point.learning_rate is not None]
    speed = UNKNOWN if found.examples_per_s is None else f"{found.examples_per_s:,.1f}"
    return f"{speed} examples/s, learning rate {figure(rates[-1]) if rates else UNKNOWN}"


def evaluated(point: Point, status: Status) -> str:
    """An evaluation in words."""
    loss = f"loss {figure(point.loss)}"
    said = loss if point.metric is None else f"{status.metric_name} {figure(point.metric)}, {loss}"
    return f"{said} at step {point.step:,}"


def _curves(points: Sequence[Point], status: Status, width: int) -> Iterator[RenderableType]:
    """The training and the validation loss side by side, on one scale."""
    from rich.table import Table

    whole = curve(points, "train", "loss")
    train, validation = smoothed(whole) or whole, curve(points, "validation", "loss")
    values = train.values + validation.values
    if not values:
        return
    low, high, end = min(values), max(values), max(status.steps, *train.steps, *validation.steps, 1)
    columns = max(12, (width - 2 * LABEL - 4) // 2)
    grid = Table.grid(padding=(0, 1))
    grid.add_row("", "[b]training loss[/b]", "", "[b]validation loss[/b]")
    sides = [_lines(each, columns, low, high, end) for each in (train, validation)]
    for row, (left, right) in enumerate(zip(*sides, strict=True)):
        scale = figure(high if row == 0 else low) if row in (0, TALL - 1) else ""
        grid.add_row(f"{scale:>{LABEL}}", left, f"{scale:>{LABEL}}", right)
    yield grid


def _lines(each: Curve, columns: int, low: float, high: float, end: int) -> list[str]:
    return drawn([step / end for step in each.steps], each.values, columns, TALL, low, high)


def about(plan: dict[str, Any]) -> list[str]:
    """Method, model and data."""
    data = plan.get("data") or {}
    told = [str(plan.get("method") or UNKNOWN), str(plan.get("base") or UNKNOWN)]
    return [*told, str(data["name"])] if data.get("name") else told


def figure(value: float | None) -> str:
    """A number with four digits that matter."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if 10_000 <= abs(value) < 1e9 else f"{value:.4g}"


def duration(seconds: float | None, unknown: str = UNKNOWN) -> str:
    """Seconds in words."""
    if seconds is None:
        return unknown
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def escaped(said: str) -> str:
    """Others' words, in which nothing is markup and nothing steers the terminal."""
    from rich.markup import escape

    return escape(printable(said))


def text(markup: str) -> RenderableType:
    """A line that wraps at words."""
    from rich.text import Text

    return Text.from_markup(markup)
