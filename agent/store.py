"""`assay similar` and `assay store`: products found by meaning and words, and the stores that hold them. Each imports only what it needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.output import Json, console, print_json

if TYPE_CHECKING:
    from pricer.store.product import Changes

store = typer.Typer(no_args_is_help=True, help="Product stores: index, list, add, remove, check, repair.")

Name = Annotated[str, typer.Argument(metavar="STORE", help="A store: assay store list.")]


def similar(
    text: Annotated[str, typer.Argument(help="A product in words.")],
    name: Annotated[str | None, typer.Option("--store", help="A store; the only one there is unless told.")] = None,
    k: Annotated[int, typer.Option("--k", help="Products shown, 1 to 50.")] = 5,
    category: Annotated[str | None, typer.Option(help="Only of this category.")] = None,
    least: Annotated[float | None, typer.Option(help="Only with a price from here.")] = None,
    most: Annotated[float | None, typer.Option(help="Only with a price up to here.")] = None,
    way: Annotated[str, typer.Option(help="hybrid, dense (by meaning) or words.")] = "hybrid",
    detailed: Annotated[bool, typer.Option("--detailed", help="With the texts.")] = False,
    as_json: Json = False,
) -> None:
    """Find the products of a store that are most like a text; each with its price and the line it comes from."""
    from pricer.store.search import chosen, document, search, way_of

    chosen_name, wanted = chosen(name), way_of(way)
    _require("searching")
    from pricer.store.product import Filter
    from pricer.store.store import open_store

    opened = open_store(chosen_name)
    hits = search(opened, text, k, Filter(category, least, most), wanted)
    told = {"store": opened.name, "way": wanted} | document(hits, detailed)
    if as_json:
        print_json(told)
    else:
        from agent.store_screen import show_hits

        show_hits(console(), told)


@store.command()
def index(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="A loaded data set: assay data list.")],
    name: Annotated[str | None, typer.Option(help="What to call the store; by default like the data set.")] = None,
    encoder: Annotated[str, typer.Option(help="What makes vectors of texts: a name or a model's folder.")] = "minilm",
    server: Annotated[
        str | None, typer.Option(help="A Chroma server, http://host:port, or cloud; else a folder here.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a store of a data set, or bring it up to date: only what is new or changed is encoded."""
    _require("indexing")
    from pricer.products.dataset import open_dataset
    from pricer.store.store import create

    rows = int(open_dataset(dataset).manifest.get("funnel", {}).get("kept", 0))
    with _working("indexing", rows) as report:
        made = create(name or dataset, encoder, server, dataset)
        changes = made.sync(made.source(), report)
    _show_changes(made.name, made.words.count(), changes, as_json)


@store.command("list")
def list_stores(as_json: Json = False) -> None:
    """List the stores."""
    from pricer.store.lexical import Words
    from pricer.store.manifest import installed

    rows = [
        {"name": one.name, "products": Words(one.folder).count(), "encoder": one.manifest["encoder"]["name"],
         "dataset": one.manifest["dataset"], "server": one.manifest["server"]}
        for one in installed()
    ]  # fmt: skip
    if as_json:
        print_json({"stores": rows})
        return
    for row in rows:
        from agent.store_screen import store_line

        typer.echo(store_line(row))
    if not rows:
        typer.echo("none yet: assay store index DATASET")


@store.command()
def add(
    name: Name,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV or JSON lines: id, title, text, price, category, brand.")
    ],
    as_json: Json = False,
) -> None:
    """Add products by hand, all of a file or none; they stay through every later index and repair."""
    from pricer.store.rows import read_rows

    brought = read_rows(file)
    _require("adding products")
    from pricer.store.store import open_store

    opened = open_store(name)
    with _working("adding", len(brought.products)) as report:
        changes = opened.add(brought.products, report)
    _show_changes(opened.name, opened.words.count(), changes, as_json, {"left_out_columns": list(brought.left_out)})


@store.command()
def remove(
    name: Name,
    ids: Annotated[list[str], typer.Argument(metavar="ID…", help="As assay similar shows them.")],
    as_json: Json = False,
) -> None:
    """Remove products by hand; they stay away until they are added again."""
    from pricer.store.store import open_store

    opened = open_store(name)
    known = {product.id for product in opened.products(ids)}
    changes = opened.remove(ids)
    _show_changes(
        opened.name, opened.words.count(), changes, as_json, {"unknown_ids": [one for one in ids if one not in known]}
    )


@store.command()
def check(name: Name, as_json: Json = False) -> None:
    """Check a store: its files, vectors, word index and changes by hand. Exit code 1 when something is wrong."""
    _require("checking a store")
    from pricer.store.store import open_store

    faults = open_store(name).check()
    if as_json:
        print_json({"store": name, "faults": faults})
    else:
        from agent.store_screen import show_faults

        show_faults(console(), name, faults)
    if faults:
        raise typer.Exit(1)


@store.command()
def repair(name: Name, as_json: Json = False) -> None:
    """Build a store anew from its data set and the changes by hand; no text is encoded twice."""
    _require("repairing a store")
    from pricer.store.store import open_store

    opened = open_store(name)
    with _working("repairing", opened.words.count() if not opened.words.faults() else 0) as report:
        changes = opened.repair(report)
    _show_changes(opened.name, opened.words.count(), changes, as_json)


def _require(purpose: str) -> None:
    from pricer.installed import require

    require(purpose, "full", "chromadb", "numpy", "pyarrow", "sentence_transformers")


@contextmanager
def _working(what: str, expected: int) -> Iterator[Callable[[int, int], None]]:
    """Progress on stderr; an interrupt says that nothing is lost. `expected` stands in for a total that is not known."""
    from agent.progress import stages

    try:
        with stages() as report:
            yield lambda done, total: report(what, done, total or expected)
    except KeyboardInterrupt:
        typer.echo("stopped; what is done is kept: the same command goes on where this one stopped", err=True)
        raise typer.Exit(1) from None


def _show_changes(
    name: str, products: int, changes: Changes, as_json: bool, more: dict[str, list[str]] | None = None
) -> None:
    told: dict[str, Any] = {"store": name, "products": products, **dataclasses.asdict(changes), **(more or {})}
    if as_json:
        print_json(told)
    else:
        from agent.store_screen import show_changes

        show_changes(console(), told)
