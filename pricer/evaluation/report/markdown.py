"""The summary in Markdown: verdict, warnings, table and pictures. Nothing from the data becomes markup."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pricer.evaluation.report.gallery import Gallery
from pricer.evaluation.report.study import SYNTHETIC, Study, warnings
from pricer.evaluation.report.table import Cell, columns, rivals, standing
from pricer.products.pictures import Picture
from pricer.products.text import printable


def markdown(found: Study, shown: Gallery, folder: str) -> str:
    """The summary; pictures are named as they lie in `folder`."""
    data = found.entries[0].run.plan["data"]
    lines = [f"# Report on {safe(str(data.get('name')))}", ""]
    lines += [f"> **SYNTHETIC SAMPLE.** {SYNTHETIC}\n"] if found.is_synthetic else []
    first, *others = found.sentences()
    lines += [f"**{safe(first)}**\n", *(f"{safe(sentence)}\n" for sentence in others)]
    lines += [f"> {safe(warning)}\n" for warning in warnings(found)]
    lines += ["## Runs", "", *_table(found), "", *_against(found)]
    for title, pictures in (
        ("Errors", (shown.errors,)),
        ("Cost and time", (shown.cost, shown.latency)),
        ("Where they err", (shown.bands, shown.categories)),
    ):
        lines += _pictures(title, [picture for picture in pictures if picture], folder)
    for entry, *pair in zip(found.entries, shown.scatters, shown.curves, strict=True):
        lines += _pictures(entry.name, [picture for picture in pair if picture], folder)
    lines += [
        "## Data",
        "",
        f"Fingerprint `{_code(data.get('fingerprint'))}`, split `{_code(data.get('split'))}`. Intervals are at 95 %, seed {found.seed}.",
    ]
    lines += ["The page `report.html` holds the answers one by one and the method.", ""]
    return "\n".join(lines)


def safe(text: str) -> str:
    """Text as Markdown shows it, on one line: no markup, no HTML, nothing that acts on a terminal."""
    shown = printable(" ".join(text.split())).encode("utf-8", "backslashreplace").decode()
    shown = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(
        r"([\\`*_{}\[\]#|~!$])|(?<=\w)(://|@)",
        lambda found: f"\\{found[1]}" if found[1] else f"\u200b{found[2]}",
        shown,
    )


def _table(found: Study) -> Iterator[str]:
    chosen = columns(found)
    yield "| | run | verdict | " + " | ".join(safe(column.head) for column in chosen) + " |"
    yield "| ---: | :--- | :--- |" + " ---: |" * len(chosen)
    for place, entry in enumerate(found.entries, 1):
        yield (
            f"| {place} | {safe(entry.name)} | {_cell(standing(found, entry))} | "
            + " | ".join(_cell(column.cell(entry)) for column in chosen)
            + " |"
        )


def _against(found: Study) -> Iterator[str]:
    rows = list(rivals(found))
    if not rows or found.verdict is None:
        return
    yield f"Against {safe(found.verdict.groups[0][0])}, on the items that both answered:"
    yield ""
    yield "| run | items | difference | p (Holm) | this n could see | items to settle it |"
    yield "| :--- | ---: | ---: | ---: | ---: | ---: |"
    for row in rows:
        yield f"| {safe(row.name)} | {safe(row.n)} | {_cell(row.difference)} | {safe(row.p)} | {safe(row.detectable)} | {safe(row.needed)} |"
    yield ""


def _cell(cell: Cell) -> str:
    return safe(f"{cell.main} {cell.minor}".strip())


def _pictures(title: str, pictures: list[Picture], folder: str) -> Iterator[str]:
    if pictures:
        yield f"## {safe(title)}"
        yield ""
    for picture in pictures:
        yield f"![{safe(picture.alt)}]({folder}/{picture.name}.png)"
        yield ""


def _code(value: object) -> str:
    return re.sub(r"[`\s]+", " ", printable(str(value)))
