"""`assay watch`: what is watched, a look at it now or every hour, and the alerts. Each command imports only what it needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.output import Json, console, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pricer.watching.check import Checked
    from pricer.watching.watches import Watch

watch = typer.Typer(
    no_args_is_help=True, help="Watch tables, the catalogue and runs: add, list, remove, check, run, stop, alerts."
)
add = typer.Typer(no_args_is_help=True, help="Watch a table, models of the catalogue, or runs.")
watch.add_typer(add, name="add")

Name = Annotated[str | None, typer.Option("--name", help="What to call the watch.")]


@add.command("table")
def add_table(  # noqa: PLR0913, PLR0917 - an option is a parameter
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, JSON lines or Parquet; rows may be added later.")],
    time: Annotated[str, typer.Option("--time", help="The column that says when.")],
    value: Annotated[list[str], typer.Option("--value", help="A column of numbers; may be given several times.")],
    by: Annotated[str | None, typer.Option("--by", help="A column of groups: each is a series of its own.")] = None,
    how: Annotated[str, typer.Option("--take", help="Of rows of one time: mean, sum, median, last or count.")] = "mean",
    period: Annotated[
        str | None,
        typer.Option("--per", help="Rows of one hour, day or week are one point; else rows of the same time."),
    ] = None,
    threshold: Annotated[float, typer.Option("--threshold", help="Robust sigmas that are unusual.")] = 4.0,
    side: Annotated[str, typer.Option("--side", help="both, up or down.")] = "both",
    counts: Annotated[
        bool, typer.Option("--counts", help="The values are counts: chance alone makes them vary.")
    ] = False,
    history: Annotated[bool, typer.Option("--history", help="Also alert on what lies far back.")] = False,
    name: Name = None,
    as_json: Json = False,
) -> None:
    """Watch numeric columns of a file over time."""
    from pricer.watching.watches import TableWatch, free_name

    rule = _rule(threshold, side, counts=counts)
    _one_of("--take", how, "mean", "sum", "median", "last", "count")
    if period is not None:
        _one_of("--per", period, "hour", "day", "week")
    _is_table(file)
    called = name or free_name(file.stem)
    found = TableWatch(called, str(file.resolve()), time, tuple(value), by, how, period, history, rule)
    _try(found)
    _added(found, as_json)
    _note(found)


@add.command("catalog")
def add_catalog(
    models: Annotated[
        list[str] | None, typer.Argument(metavar="MODEL…", help="Names; without any, the models that runs used.")
    ] = None,
    name: Name = None,
    as_json: Json = False,
) -> None:
    """Watch models of the catalogue: prices, licence, end, cheaper places."""
    from catalog import snapshot
    from catalog.lookup import find
    from pricer.watching.watches import CatalogWatch, free_name

    for model in models or ():
        find(snapshot.load(), model)
    _added(CatalogWatch(name or free_name("catalog"), tuple(models or ())), as_json)


@add.command("runs")
def add_runs(
    dataset: Annotated[str | None, typer.Option("--dataset", help="Only runs on this data set or file.")] = None,
    name: Name = None,
    as_json: Json = False,
) -> None:
    """Watch runs: a new one beside the earlier ones of the same predictor on the same data set."""
    from pricer.watching.watches import RunsWatch, free_name

    _added(RunsWatch(name or free_name(f"runs {dataset or ''}"), dataset), as_json)


@watch.command("list")
def list_watches(as_json: Json = False) -> None:
    """List what is watched, and whether a watcher runs."""
    from agent.watch_screen import show_watches
    from pricer.watching.loop import running
    from pricer.watching.watches import every

    rows, card = [_told(one) for one in every()], running()
    if as_json:
        print_json({"watches": rows, "watcher": card})
    else:
        show_watches(console(), rows, card)


@watch.command()
def remove(name: Annotated[str, typer.Argument(help="A watch: assay watch list.")], as_json: Json = False) -> None:
    """Stop watching something; its alerts go too."""
    from pricer.watching.watches import remove as forget

    forget(name)
    if as_json:
        print_json({"removed": name})
    else:
        typer.echo(f"{name}: removed")


@watch.command()
def check(as_json: Json = False) -> None:
    """Look at everything that is watched, now. Exit code 1 when something could not be looked at."""
    from pricer.watching.check import check as look
    from pricer.watching.loop import now

    found = look(now())
    if as_json:
        print_json(_document(found))
    else:
        from agent.watch_screen import show_check

        show_check(console(), found)
    if any(one.problem for one in found):
        raise typer.Exit(1)


@watch.command()
def run(
    every: Annotated[str, typer.Option("--every", help="Time between looks: 30s, 10m, 1h, 1d.")] = "1h",
    once: Annotated[bool, typer.Option("--once", help="One look, then end.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="In a process of its own, until assay watch stop.")] = False,
) -> None:
    """Look again and again, until Ctrl-C or SIGTERM."""
    from pricer.watching import loop

    every_s = loop.seconds(every)
    if detach:
        typer.echo(f"watching every {every} as process {loop.detach(every_s)}; assay watch stop ends it")
        return
    from agent.watch_screen import show_news

    if not once:
        typer.echo(f"watching every {every}; Ctrl-C ends it", err=True)
    loop.run(every_s, lambda found: show_news(console(), found), once=once)
    if not once:
        typer.echo("stopped; what was seen is kept", err=True)


@watch.command()
def stop() -> None:
    """End the watcher that runs in a process of its own."""
    from pricer.watching.loop import stop_running

    typer.echo("the watcher has stopped" if stop_running() else "no watcher runs")


@watch.command()
def alerts(
    name: Annotated[str | None, typer.Argument(metavar="WATCH", help="Only of this watch.")] = None,
    most: Annotated[int, typer.Option("--most", help="How many, the newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """Show the alerts, the newest first, each explained from its evidence."""
    from pricer.watching.alerts import every
    from pricer.watching.explain import document

    found = [one for one in every() if name in (None, one.watch)][: max(0, most)]
    if as_json:
        print_json({"alerts": [document(one) for one in found]})
    else:
        from agent.watch_screen import show_alerts

        show_alerts(console(), found)


def _rule(threshold: float, side: str, *, counts: bool) -> Any:
    from pricer.errors import BadInput
    from pricer.watching.detector import Rule

    _one_of("--side", side, "both", "up", "down")
    if not 1 <= threshold <= 100:
        raise BadInput(f"--threshold: wanted 1 to 100 robust sigmas, found {threshold:g}")
    return Rule(threshold=threshold, side=side, scale="count" if counts else None)  # type: ignore[arg-type]


def _one_of(option: str, said: str, *choices: str) -> None:
    from pricer.errors import BadInput

    if said not in choices:
        raise BadInput(f"{option}: wanted {', '.join(choices[:-1])} or {choices[-1]}, found {said!r:.40}")


def _is_table(file: Path) -> None:
    from pricer.errors import BadInput
    from pricer.watching.rows import LINES

    if file.suffix not in (*LINES, ".parquet"):
        raise BadInput(f"{file.name}: wanted a file that ends in {', '.join(LINES)} or .parquet")


def _try(found: Any) -> None:
    """Read the table once, so that a wrong column is refused now and not at night."""
    from pricer.watching.loop import now
    from pricer.watching.table import look

    look(found, {}, now())


def _note(found: Any) -> None:
    """Keep how the file stands now."""
    import dataclasses

    from pricer.watching.rows import noted
    from pricer.watching.watches import save_state

    save_state(found.name, {"place": dataclasses.asdict(noted(Path(found.file)))})


def _added(found: Watch, as_json: bool) -> None:
    from pricer.watching.watches import save

    save(found)
    if as_json:
        print_json(_told(found))
    else:
        typer.echo(f"{found.name}: watched from now on; assay watch check looks at once, assay watch run every hour")


def _told(one: Watch) -> dict[str, Any]:
    import dataclasses

    from pricer.watching.watches import kind_of

    return {"kind": kind_of(one), **dataclasses.asdict(one)}


def _document(found: Sequence[Checked]) -> dict[str, Any]:
    from pricer.watching.explain import document

    return {
        "watches": [
            {"watch": one.watch, "kind": one.kind, "looked_at": one.looked_at, "problem": one.problem, "notes": list(one.notes),
             "new": [document(alert) for alert in one.new], "settled": [document(alert) for alert in one.settled]}
            for one in found
        ]
    }  # fmt: skip
