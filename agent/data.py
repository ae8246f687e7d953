"""`assay data`: the commands on data sets. Each imports only what it needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.output import Json, console, print_json

data = typer.Typer(no_args_is_help=True, help="Data sets: load, list, show, query, report, map.")


@data.command()
def load(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE…", help="sample, posts, amazon:CATEGORY, course:lite, hf:OWNER/NAME, or files."),
    ],
    name: Annotated[str | None, typer.Option(help="What to call it; by default after its source.")] = None,
    text: Annotated[list[str] | None, typer.Option(help="A text column; may be given several times.")] = None,
    target: Annotated[str | None, typer.Option(help="The column with the number to predict.")] = None,
    label: Annotated[str | None, typer.Option(help="The column with the label to predict.")] = None,
    limit: Annotated[int | None, typer.Option(help="Take only the first records.")] = None,
    size: Annotated[int, typer.Option(help="Records of the synthetic sample.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Of the sample and of the splits.")] = 0,
    rules: Annotated[Path | None, typer.Option(help="A TOML table of scrub rules instead of the usual one.")] = None,
    tokenizer: Annotated[str, typer.Option(help="llama3, cl100k_base, o200k_base, o200k_harmony or qwen3.")] = "llama3",
    text_tokens: Annotated[int, typer.Option(help="The budget of a text.")] = 160,
    least: Annotated[float | None, typer.Option(help="Drop numbers below; prices: 0.50.")] = None,
    most: Annotated[float | None, typer.Option(help="Drop numbers above; prices: 999.49.")] = None,
    engine: Annotated[str, typer.Option(help="local or ray.")] = "local",
    address: Annotated[str | None, typer.Option(help="Of the Ray cluster, as host:port.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; one for each core unless told.")] = None,
    as_json: Json = False,
) -> None:
    """Load and curate a data set: every record kept or dropped with its reason, near-duplicates in one split."""
    from pricer.installed import require

    require("loading a data set", "full", "daft", "orjson", "pyarrow", "quicktok", "scipy")
    from agent.progress import stages
    from pricer.products.describe import describe as described
    from pricer.products.describe import document
    from pricer.products.engine import Engine
    from pricer.products.load import Options, request
    from pricer.products.load import load as load_source
    from pricer.products.rules import read_rules
    from pricer.products.sources.find import find

    on = Engine(engine, address, workers)
    options = Options(
        tuple(text or ()), target, label, read_rules(rules) if rules else None, tokenizer, text_tokens, least, most, limit, seed,
    )  # fmt: skip
    try:
        with stages() as report:
            wanted = request(find(*sources, size=size, seed=seed, progress=report), options, name)
            loaded = load_source(wanted, on, report=report)
    except KeyboardInterrupt:
        typer.echo("stopped; finished shards are kept: the same command goes on where this one stopped", err=True)
        sys.stderr.flush()
        os._exit(1)  # threads of the engine may still be at work, and an ordinary exit would abort on them
    _show(document(described(loaded)), as_json)


@data.command("list")
def list_datasets(as_json: Json = False) -> None:
    """List the data sets that are loaded."""
    from pricer.products.dataset import installed

    rows = [
        {"name": one.name, "source": one.manifest["source"]["name"], "synthetic": one.manifest["source"]["synthetic"],
         "items": one.manifest["funnel"]["kept"], "raw": one.manifest["funnel"]["raw"], "fingerprint": one.manifest["fingerprint"]}
        for one in installed()
    ]  # fmt: skip
    if as_json:
        print_json({"datasets": rows})
        return
    for row in rows:
        mark = "  synthetic sample" if row["synthetic"] else ""
        typer.echo(f"{row['name']:24} {row['items']:>9,} of {row['raw']:>9,} records  {row['source']}{mark}")
    if not rows:
        typer.echo("none yet: assay data load sample")


@data.command()
def describe(name: Annotated[str, typer.Argument(help="A loaded data set.")], as_json: Json = False) -> None:
    """Describe a data set: funnel, splits, distributions, rule hits, audit."""
    from pricer.installed import require

    require("describing a data set", "full", "orjson", "pyarrow")
    from pricer.products.dataset import open_dataset
    from pricer.products.describe import describe as described
    from pricer.products.describe import document

    _show(document(described(open_dataset(name))), as_json)


@data.command()
def report(
    name: Annotated[str, typer.Argument(help="A loaded data set.")],
    out: Annotated[Path, typer.Option(help="The folder to write into.")] = Path("report"),
    as_json: Json = False,
) -> None:
    """Write an offline page about a data set, and its charts as PNG files."""
    from pricer.installed import require

    require("a report", "full", "jinja2", "matplotlib", "orjson", "pyarrow")
    from pricer.products.dataset import open_dataset
    from pricer.products.report import write_report

    written = write_report(open_dataset(name), out)
    if as_json:
        print_json({"page": str(written.page), "pictures": [str(path) for path in written.pictures]})
    else:
        typer.echo(f"{written.page} and {len(written.pictures)} pictures")


@data.command("map")
def map_store(
    name: Annotated[str, typer.Argument(help="A store, by default named as its data set.")],
    out: Annotated[Path, typer.Option(help="The folder to write into.")] = Path("map"),
    items: Annotated[int, typer.Option(help="Products drawn at most, up to 20,000; more are sampled.")] = 5_000,
    as_json: Json = False,
) -> None:
    """Draw a store as an offline page: who lies near whom, in two and three dimensions."""
    from agent.progress import stages
    from pricer.store.map_page import is_synthetic, write_map
    from pricer.store.store import open_store

    store = open_store(name)
    with stages() as report:
        written = write_map(store, out, items, synthetic=is_synthetic(store.manifest["dataset"]), report=report)
    if as_json:
        print_json(written.document)
    else:
        typer.echo(f"{written.page}: {written.document['items']:,} of {written.document['of']:,} products")


@data.command()
def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT over the relations that --schema lists.")] = "",
    limit: Annotated[int, typer.Option(help="Rows shown, at most 10,000.")] = 200,
    timeout: Annotated[float, typer.Option(help="Seconds, at most 60.")] = 10.0,
    schema: Annotated[bool, typer.Option("--schema", help="Print the relations and their columns instead.")] = False,
    as_json: Json = False,
) -> None:
    """Ask products, runs and the catalogue in SQL: read-only, with limits on rows, time and memory."""
    from server.tools import query_dataset, query_schema

    document = {"schema": query_schema()} if schema else query_dataset(sql, limit, timeout)
    if as_json:
        print_json(document)
    elif schema:
        typer.echo(document["schema"])
    else:
        from agent.screen import show_rows

        show_rows(console(), document)


def _show(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        from agent.screen import show_dataset

        show_dataset(console(), document)
