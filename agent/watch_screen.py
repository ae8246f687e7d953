"""What `assay watch` shows on a terminal. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pricer.products.text import printable
from pricer.watching.alerts import Alert, Table
from pricer.watching.explain import explain, headline

if TYPE_CHECKING:
    from rich.console import Console

    from pricer.watching.check import Checked

BARS = "▁▂▃▄▅▆▇█"
SPARK = 28  # points
MOST_CHARTS = 12
NOUNS = {"table": "points", "catalog": "models", "runs": "runs"}


def show_watches(console: Console, rows: Sequence[dict[str, Any]], card: dict[str, Any] | None) -> None:
    """A line for each watch, then the watcher."""
    for row in rows:
        _field(console, row["name"], f"{row['kind']}: {_about(row)}", "bold")
    if not rows:
        console.print("nothing is watched yet: assay watch add table FILE --time COLUMN --value COLUMN")
    elif card:
        console.print(f"[dim]a watcher looks every {_every(card['every_s'])}, process {card['pid']}[/dim]")
    else:
        console.print("[dim]no watcher runs; assay watch run starts one, assay watch check looks once[/dim]")


def show_check(console: Console, found: Sequence[Checked]) -> None:
    """What a look came to: alerts first, then each watch in a line with its notes."""
    for one in found:
        for alert in (*one.new, *one.settled):
            _alert(console, alert)
    for one in found:
        new = f"{len(one.new)} new alert{'' if len(one.new) == 1 else 's'}" if one.new else "nothing unusual"
        noun = NOUNS[one.kind] if one.looked_at != 1 else NOUNS[one.kind].removesuffix("s")
        looked = f"{one.looked_at:,} {noun} looked at"
        _field(console, one.watch, one.problem or f"{new}; {looked}", "red" if one.problem else "bold")
        for note in one.notes:
            _field(console, "", note, "dim")
        if not one.new:
            _charts(console, one.charts)
    if not found:
        console.print("nothing is watched yet: assay watch add table FILE --time COLUMN --value COLUMN")


def show_news(console: Console, found: Sequence[Checked]) -> None:
    """Only what is new: for a watcher that looks again and again."""
    for one in found:
        for alert in (*one.new, *one.settled):
            _alert(console, alert)
        if one.problem:
            _field(console, one.watch, one.problem, "red")


def show_alerts(console: Console, found: Sequence[Alert]) -> None:
    """The alerts, the newest first."""
    for alert in found:
        _alert(console, alert)
    if not found:
        console.print("no alerts")


def sparkline(values: Sequence[float]) -> str:
    """The values as bars of eight heights; a flat series lies in the middle."""
    if not values:
        return ""
    low, high = min(values), max(values)
    if high == low:
        return BARS[3] * len(values)
    return "".join(BARS[round((value - low) / (high - low) * (len(BARS) - 1))] for value in values)


def _alert(console: Console, alert: Alert) -> None:
    """Headline, picture, then the sentences."""
    from rich.text import Text

    console.print(Text.assemble(("! ", "bold red"), (printable(headline(alert)), "bold")))
    if isinstance(alert.evidence, Table) and isinstance(alert.observed, float):
        before = [value for _, value in alert.evidence.before[-(SPARK - 1) :]]
        bars = sparkline([*before, alert.observed])
        console.print(Text.assemble(("  " + bars[:-1], "dim"), (bars[-1], "bold red")))
    lines = explain(alert).splitlines()[1:]
    about = f"watch {alert.watch} · {alert.kind} · {alert.made} · {alert.id}"
    _field(console, "", "\n".join(lines), "", width=2)
    _field(console, "", about, "dim", width=2)
    console.print()


def _charts(console: Console, charts: dict[str, list[float]]) -> None:
    """The last points of each series, newest right."""
    for name, values in list(charts.items())[:MOST_CHARTS]:
        last = values[-SPARK:]
        _field(console, "", f"{sparkline(last)}  {name} {last[-1]:,.6g}", "dim")
    if len(charts) > MOST_CHARTS:
        _field(console, "", f"and {len(charts) - MOST_CHARTS} more series", "dim")


def _about(row: dict[str, Any]) -> str:
    if row["kind"] == "catalog":
        return ", ".join(row["models"]) or "the models that runs used"
    if row["kind"] == "runs":
        return f"on {row['dataset']}" if row["dataset"] else "all"
    by = f" by {row['by']}" if row["by"] else ""
    per = f", {row['how']} per {row['period']}" if row["period"] else ""
    return f"{', '.join(row['values'])} over {row['time']}{by}{per}, {row['file']}"


def _every(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"


def _field(console: Console, label: str, text: str, style: str, width: int = 13) -> None:
    """A label and text that wraps beside it; a long label has a line of its own."""
    from rich.padding import Padding
    from rich.table import Table as Grid
    from rich.text import Text

    if len(label) >= width:
        console.print(Text(printable(label), style=style))
        console.print(Padding(Text(printable(text)), (0, 0, 0, width)))
        return
    grid = Grid.grid(padding=0)
    grid.add_column(width=width)
    grid.add_column(overflow="fold")
    grid.add_row(Text(printable(label), style=style), Text(printable(text), style=style if style == "dim" else ""))
    console.print(grid)
