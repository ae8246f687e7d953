"""What `assay similar` and `assay store` show on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pricer.products.text import printable

if TYPE_CHECKING:
    from rich.console import Console


def show_hits(console: Console, told: dict[str, Any]) -> None:
    """The products found, best first: price, title, how near, and the line each comes from."""
    from rich.table import Table

    if not told["hits"]:
        console.print(f"nothing found in {_text(told['store'])}; ask in other words, or with fewer conditions")
        return
    rows = Table.grid(padding=(0, 2))
    rows.add_column(justify="right", style="bold")
    rows.add_column(justify="right", no_wrap=True)
    rows.add_column(overflow="fold")
    for hit in told["hits"]:
        rows.add_row(str(hit["rank"]), _price(hit["price"]), f"[bold]{_text(hit['title'])}[/bold]")
        rows.add_row("", "", _text(" · ".join(_about(hit))))
        if "text" in hit:
            rows.add_row("", "", _text(hit["text"]))
    console.print(rows)
    console.print(f"{len(told['hits'])} of store {_text(told['store'])}, found by {_text(_WAYS[told['way']])}")


def show_changes(console: Console, told: dict[str, Any]) -> None:
    """What was done to a store."""
    done = ", ".join(f"{told[name]:,} {name}" for name in ("added", "changed", "deleted", "unchanged") if told[name])
    console.print(f"store {_text(told['store'])}: {done or 'nothing to do'}; it holds {told['products']:,} products")
    if told.get("unknown_ids"):
        console.print(f"not there: {_text(', '.join(told['unknown_ids']))}")
    if told.get("left_out_columns"):
        console.print(f"columns left out: {_text(', '.join(told['left_out_columns']))}")


def show_faults(console: Console, name: str, faults: list[str]) -> None:
    """What is wrong with a store, and how to mend it."""
    if not faults:
        console.print(f"store {_text(name)}: nothing wrong")
        return
    for fault in faults:
        console.print(f"store {_text(name)}: {_text(fault)}")
    console.print(f"mend it: assay store repair {_text(name)}")


def store_line(row: dict[str, Any]) -> str:
    """A store in the list."""
    source = f"of {row['dataset']}" if row["dataset"] else "by hand"
    return printable(
        f"{row['name']:24} {row['products']:>9,} products  {source}, {row['encoder']}, on {row['server'] or 'this machine'}"
    )


_WAYS = {"hybrid": "meaning and words", "dense": "meaning", "words": "words"}


def _about(hit: dict[str, Any]) -> list[str]:
    """Category, nearness, place and id, as far as they are known."""
    near = "words only" if hit["similarity"] is None else f"similarity {hit['similarity']:.2f}"
    return [part for part in (hit["category"], near, hit["source"], f"id {hit['id']}") if part]


def _price(price: float | None) -> str:
    return "no price" if price is None else f"{price:,.2f}"


def _text(said: str) -> str:
    from rich.markup import escape

    return escape(printable(said))
