"""`assay connect` and `assay doctor`: this server in the clients' configuration, and whether everything is in its place."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.output import Json, console, print_json
from pricer.errors import BadInput

if TYPE_CHECKING:
    from rich.console import Console

    from agent.connect.change import Change
    from agent.connect.clients import Client
    from agent.doctor import Finding

USER_ONLY, FOR_THE_PROJECT = 0o600, 0o644
_STYLES = {"ok": "green", "missing": "yellow", "broken": "red"}


def connect(
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="claude-desktop, cursor, vscode or claude-code.")],
    project: Annotated[Path | None, typer.Option(metavar="DIR", help="For this project only, in its own file.")] = None,
    http: Annotated[str | None, typer.Option(metavar="URL", help="The address of assay serve --http; else the program.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and write nothing.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Put back what stood there before.")] = False,
    link: Annotated[bool, typer.Option("--link", help="Print the client's install link instead (cursor, vscode).")] = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Set this server into a client's configuration; every other entry stays, and a copy is kept beside the file."""
    from agent.connect.clients import client_named, location, this_system

    if sum((dry_run and link, undo and link, undo and http is not None)):
        raise BadInput("--link goes with neither --dry-run nor --undo, and --undo not with --http")
    chosen = client_named(client)
    if link:
        _print_link(chosen, http, as_json)
        return
    change = _decided(chosen, location(chosen, this_system(), project), http, undo)
    copy = None if dry_run else _done(change, project)
    if as_json:
        print_json(_document(change, copy, dry_run))
    else:
        _show(console(), change, copy, dry_run, _again(client, project))


def doctor(
    project: Annotated[Path, typer.Option(metavar="DIR", help="Also the clients' files of this project.")] = Path(),
    timeout_s: Annotated[float, typer.Option(help="How long the server may take to answer.")] = 60.0,
    as_json: Json = False,
) -> None:
    """Check what is installed, set up and running, and say what mends it. Exit code 1 when something is broken."""
    from agent import doctor as checks
    from agent.connect.clients import this_system
    from agent.connect.entry import launch
    from agent.connect.handshake import greet
    from server.tools import today

    if not timeout_s > 0:
        raise BadInput(f"--timeout-s: wanted seconds above 0, found {timeout_s}")
    found = []
    screen = None if as_json else console()
    for finding in checks.findings(this_system(), project, today(), lambda: greet(launch(), timeout_s), checks.is_open):
        found.append(finding)
        if screen is not None:
            _show_finding(screen, finding)
    broken = sum(finding.state == checks.BROKEN for finding in found)
    if screen is None:
        print_json({"findings": [dataclasses.asdict(finding) for finding in found], "broken": broken})
    else:
        screen.print(f"[red]{broken} broken[/red]" if broken else "nothing is broken")
    if broken:
        raise typer.Exit(1)


def _decided(client: Client, path: Path, http: str | None, undo: bool) -> Change:
    from agent.connect.change import connecting, undoing

    return undoing(client, path) if undo else connecting(client, path, _entry(client, http))


def _entry(client: Client, http: str | None) -> dict[str, Any]:
    from agent.connect.entry import address_entry, launch, program_entry

    return program_entry(client, launch()) if http is None else address_entry(client, http)


def _done(change: Change, project: Path | None) -> Path | None:
    import datetime as dt

    from agent.connect.change import carry_out

    return carry_out(change, dt.datetime.now(dt.UTC), USER_ONLY if project is None else FOR_THE_PROJECT)


def _print_link(client: Client, http: str | None, as_json: bool) -> None:
    from agent.connect.entry import link as link_of

    made = link_of(client, _entry(client, http))
    if as_json:
        print_json({"client": client.name, "link": made})
    else:
        typer.echo(made)


def _document(change: Change, copy: Path | None, dry_run: bool) -> dict[str, Any]:
    from agent.connect.diff import masked_entry

    return {
        "client": change.client.name, "file": str(change.held.path), "change": change.what,
        "written": change.is_needed and not dry_run, "copy": None if copy is None else str(copy),
        "entry": masked_entry(change.entry), "former": masked_entry(change.former), "note": change.note,
        "diff": _diff(change), "next": change.client.restart if change.is_needed else None,
    }  # fmt: skip


def _diff(change: Change) -> str:
    from agent.connect.diff import unified
    from agent.connect.file import Held
    from pricer.products.text import printable

    held = change.held
    after = Held(held.path, change.after).text
    lines = unified(held.path, held.text, after, change.client.comments).split("\n")
    return "\n".join(printable(line.expandtabs(4)) for line in lines)


def _show(screen: Console, change: Change, copy: Path | None, dry_run: bool, again: str) -> None:
    rows = [(change.client.label, str(change.held.path))]
    if change.note:
        rows.append(("Note", change.note))
    if not change.is_needed:
        rows.append(("Nothing to do", "the entry is as it should be" if change.entry else "there is no entry of ours"))
        _fields(screen, rows)
        return
    if dry_run:
        _fields(screen, rows)
        _show_diff(screen, _diff(change))
        _fields(screen, [("Not written", "this is what would change; strings of others are hidden")])
        return
    rows.append((change.what.capitalize(), _said(change.entry)))
    if copy is not None:
        rows.append(("Copy", f"{copy.name}, beside it"))
    rows.append(("Next", change.client.restart))
    if change.entry is not None and change.what != "restored":
        rows += [("Keys", _about_keys(change.entry)), ("Undo", f"{again} --undo")]
    _fields(screen, rows)


def _said(entry: dict[str, Any] | None) -> str:
    from agent.connect.entry import NAME

    if entry is None:
        return NAME
    return f"{NAME}: {entry['url'] if 'url' in entry else ' '.join([str(entry.get('command')), *map(str, entry.get('args', []))])}"


def _about_keys(entry: dict[str, Any]) -> str:
    if "url" in entry:
        return "none written; a server that wants a token gets it from a header that you add: Authorization, Bearer …"
    return (
        "none written, and none is needed to ask. To measure hosted models, add OPENAI_API_KEY, ANTHROPIC_API_KEY or another that "
        'assay doctor names to "env" of the entry'
    )


def _again(client: str, project: Path | None) -> str:
    return f"assay connect {client}" + ("" if project is None else f" --project {project}")


def _show_diff(screen: Console, diff: str) -> None:
    from rich.text import Text

    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in diff.split("\n"):
        screen.print(Text(line, styles.get(line[:1], "")), soft_wrap=True)


def _fields(screen: Console, rows: list[tuple[str, str]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from pricer.products.text import printable

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True, min_width=13)
    grid.add_column(overflow="fold")
    for label, said in rows:
        grid.add_row(label, escape(printable(said)))
    screen.print(grid)


def _show_finding(screen: Console, finding: Finding) -> None:
    from rich.markup import escape
    from rich.table import Table

    from pricer.products.text import printable

    waited = "" if finding.seconds is None else f" in {finding.seconds:.1f} s"
    remedy = "" if finding.remedy is None or finding.state == "ok" else f"\n→ {finding.remedy}"
    style = _STYLES[finding.state]
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, min_width=14)
    grid.add_column(no_wrap=True, min_width=7)
    grid.add_column(overflow="fold")
    said = escape(printable(finding.said + waited) + remedy)
    grid.add_row(finding.about, f"[{style}]{finding.state}[/{style}]", said)
    screen.print(grid)
