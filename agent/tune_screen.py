"""What `assay tune` shows on a terminal: a plan, jobs, one job while it trains, and whether it helped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from agent.tune_picture import UNKNOWN, Screen, Standing, about, duration, escaped, evaluated, figure, screen, text
from pricer.errors import PricerError
from pricer.tuning.record import ENDED, Record, Status
from pricer.tuning.watch.signs import signs

if TYPE_CHECKING:
    from rich.console import Console

FEW_DOUBTS = 12
STANDING: Standing = Record.status


def show_status(console: Console, record: Record, standing: Standing = STANDING) -> None:
    """The job as it stands, once; `standing` says where, for one who knows whether its process lives."""
    console.print(screen(record, standing))


def watch_live(
    record: Record,
    refresh_s: float = 1.0,
    until: Callable[[Status], bool] = lambda status: status.state in ENDED,
    console: Console | None = None,
    pause: Callable[[float], object] = time.sleep,
    standing: Standing = STANDING,
) -> Status:
    """Show the job on stderr until it has ended, or `until` says so; the status it had last.

    Ctrl-C leaves the job running and says so. Where stderr is no terminal, each event and evaluation is a line.
    """
    from rich.console import Console

    shown = console or Console(stderr=True, highlight=False)
    follow = _follow_live if shown.is_terminal else _follow_in_lines
    try:
        follow(shown, lambda: screen(record, standing), until, lambda: pause(refresh_s))
    except KeyboardInterrupt:
        shown.print(text(f"No longer watching. The job goes on: {escaped(record.id)}"))
    return standing(record)


def _follow_live(
    console: Console, look: Callable[[], Screen], until: Callable[[Status], bool], rest: Callable[[], object]
) -> None:
    from rich.live import Live

    now = look()
    with Live(now, console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while not until(now.status):
            rest()
            now = look()
            live.update(now, refresh=True)


def _follow_in_lines(
    console: Console, look: Callable[[], Screen], until: Callable[[Status], bool], rest: Callable[[], object]
) -> None:
    events = evaluations = 0
    while True:
        now = look()
        measured = [point for point in now.points if point.split == "validation"]
        told = [escaped(event.text) for event in now.events[events:]]
        for line in told + [escaped(evaluated(point, now.status)) for point in measured[evaluations:]]:
            console.print(text(line), soft_wrap=True)
        events, evaluations = len(now.events), len(measured)
        if until(now.status):
            return
        rest()


def show_jobs(console: Console, records: Sequence[Record], standing: Standing = STANDING) -> None:
    """The jobs, one a line, in the order given."""
    from rich.table import Table

    if not records:
        console.print("no fine-tuning yet; plan one: assay tune plan --help")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("job", "state", "step", "best", "time", "model"):
        side: Literal["left", "right"] = "right" if name in ("step", "best", "time") else "left"
        table.add_column(name, justify=side, overflow="fold", no_wrap=name not in ("job", "model"))
    for record in records:
        table.add_row(*_job(record, standing))
    console.print(table)


def _job(record: Record, standing: Standing) -> list[str]:
    try:
        plan, status, points = record.plan(), standing(record), record.points()
    except PricerError as error:
        return [escaped(record.id), "broken", "", "", "", escaped(str(error))]
    best = signs(points, status).best
    return [
        escaped(record.id), status.state, f"{status.step:,}/{status.steps:,}" if status.steps else f"{status.step:,}",
        "–" if best is None else f"{escaped(best.name)} {figure(best.value)}", duration(status.elapsed_s or None, "–"),
        escaped(" · ".join(about(plan)[:2])),
    ]  # fmt: skip


def show_plan(console: Console, plan: dict[str, Any]) -> None:
    """What a fine-tuning would do, take and cost, before anything is done; what nobody knows is said to be unknown."""
    from rich.table import Table

    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(overflow="fold")
    for name, value in _plan_rows(plan):
        rows.add_row(name, escaped(value))
    console.print(rows)


def _plan_rows(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    data, knobs, told = (plan.get(name) or {} for name in ("data", "knobs", "schedule"))
    estimate = plan.get("estimate") or {}
    yield "Plan", str(plan.get("id") or UNKNOWN)
    yield "Model", f"{plan.get('base') or UNKNOWN} by {plan.get('method') or UNKNOWN}"
    yield (
        "Data",
        f"{data.get('name') or UNKNOWN}: {_count(data.get('n_train'))} to train on, {_count(data.get('n_validation'))} to validate",
    )
    yield "Task", _task(data.get("task"))
    yield "Knobs", ", ".join(f"{name.replace('_', ' ')} {_value(value)}" for name, value in knobs.items())
    evaluations = len(told.get("evaluate_at") or ())
    yield (
        "Schedule",
        f"{_count(told.get('steps'))} steps, {_count(told.get('steps_per_epoch'))} an epoch, {_count(told.get('effective_batch'))} examples a step",
    )
    yield (
        "",
        f"warm-up over {_count(told.get('warmup_steps'))} steps, {evaluations or 'an unknown number of'} evaluations",
    )
    yield "Time", _span(estimate)
    yield "Memory", UNKNOWN if estimate.get("memory_mb") is None else f"about {estimate['memory_mb']:,.0f} MB"
    yield "Cost", _cost(estimate)
    if estimate.get("probe"):
        yield "Measured", _value(estimate["probe"])
    for place, doubt in enumerate((plan.get("doubts") or ())[:FEW_DOUBTS]):
        yield "" if place else "Doubts", str(doubt)
    for place, note in enumerate(plan.get("notes") or ()):
        yield "" if place else "Notes", str(note)


def _task(told: object) -> str:
    if isinstance(told, dict):
        labels = told.get("labels")
        return f"{told.get('name') or UNKNOWN}{', one of ' + ', '.join(map(str, labels)) if labels else ''}"
    return str(told or UNKNOWN)


def _span(estimate: dict[str, Any]) -> str:
    seconds, low, high = (estimate.get(name) for name in ("seconds", "seconds_low", "seconds_high"))
    if seconds is None:
        return UNKNOWN
    return f"about {duration(seconds)}" + (
        "" if low is None or high is None else f" ({duration(low)} to {duration(high)})"
    )


def _cost(estimate: dict[str, Any]) -> str:
    usd, most = estimate.get("usd"), estimate.get("at_most_usd")
    if usd is None and most is None:
        return UNKNOWN
    said = UNKNOWN if usd is None else f"${usd}"
    return said if most is None else f"{said} (at most ${most})"


def _count(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else UNKNOWN


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_value(each)}" for name, each in value.items())
    return "/".join(map(str, value)) if isinstance(value, list | tuple) else UNKNOWN if value is None else str(value)


def show_verdict(console: Console, told: dict[str, Any]) -> None:
    """The tuned model beside the others on the same items, what the differences are worth, and what to do."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(("measured", "accuracy" if told["is_label"] else "MAE", "95 %", "answered", "run")):
        side: Literal["left", "right"] = "right" if 0 < place < 4 else "left"
        table.add_column(name, justify=side, overflow="fold", no_wrap=0 < place < 4)
    for row in told["rows"]:
        table.add_row(*_measured(row, told))
    console.print(table)
    for sentence in told["verdict"]:
        console.print(text(escaped(sentence)))
    for line in told.get("cost", []):
        console.print(text(escaped(line)))
    trained = duration(told.get("trained_s") or None)
    console.print(text(f"[b]{escaped(told['advice'])}[/b]  ({told['n']:,} items, trained in {trained})"))


def _measured(row: dict[str, Any], told: dict[str, Any]) -> list[str]:
    name = "accuracy" if told["is_label"] else "mae"
    score, ends = row.get(name), row.get(f"{name}_ci95")
    show = (lambda value: f"{value:.1%}") if told["is_label"] else figure
    interval = "" if not ends else f"{show(ends[0])} to {show(ends[1])}"
    return [
        escaped(row["role"]), "–" if score is None else show(score), interval,
        f"{row.get('answered', 0):,}/{row.get('n', 0):,}", escaped(row["run"]),
    ]  # fmt: skip
