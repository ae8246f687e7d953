"""A task for a person: the same items as any predictor sees, without answer, id or order that would give them away, as files to fill in."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pricer.errors import BadInput, MissingExtra, PricerError
from pricer.files import replacing
from pricer.predictors.protocol import Task
from pricer.products.items import Listing
from pricer.products.text import printable

if TYPE_CHECKING:
    from jinja2 import Environment

COLUMNS = ("code", "title", "text", "category", "answer", "note")
# Letters alone, none a vowel: a spreadsheet takes no code for a number or a date, and a reader none for a word.
LETTERS = "bcdfghjkmnpqrstvwxz"
CODE_LETTERS = 12
ACTS_IN_A_SHEET = ("=", "+", "-", "@", "\t", "\r")
TEMPLATE = Path(__file__).with_name("human_task.html")
SCRIPT = Path(__file__).with_name("human_task.js")
Format = Literal["csv", "html", "both"]


@dataclass(frozen=True, slots=True)
class Written:
    """The files of a task, and the key that they carry in their names: it tells tasks apart."""

    key: str
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """What a person sees of one item."""

    code: str
    title: str
    text: str
    category: str


def write_task(listings: Sequence[Listing], task: Task, folder: Path, seed: int, format: Format = "both") -> Written:  # noqa: A002
    """Write the task into `folder`: a sheet with a leaflet that says how to fill it in, a page, or both.

    Items come in the order of their codes, which is a shuffle by `seed`. The same items, task and seed give the same bytes.
    """
    if format not in ("csv", "html", "both"):
        raise BadInput(f"format of the task: wanted csv, html or both, found {format!r}")
    key, cards = key_of(listings, task, seed), cards_of(listings, seed)
    made: dict[str, bytes] = {}
    if format != "html":
        made[f"task-{key}.csv"] = sheet(cards).encode("utf-8-sig")
        made[f"task-{key}.txt"] = leaflet(task, key, len(cards)).encode()
    if format != "csv":
        made[f"task-{key}.html"] = page(cards, task, key).encode()
    _write(folder, made)
    return Written(key, tuple(folder / name for name in made))


def codes(listings: Sequence[Listing], seed: int) -> dict[str, str]:
    """The listing id for each opaque code. `BadInput` when there is no listing, or when two share an id."""
    ids = {code_of(one.id, seed): one.id for one in listings}
    if not listings:
        raise BadInput("a task for a person: wanted at least one item, found none")
    if len(ids) != len(listings):
        raise BadInput(
            f"a task for a person: wanted items with ids of their own, found {len(ids)} ids for {len(listings)} items"
        )
    return ids


def code_of(id_: str, seed: int) -> str:
    """Twelve letters in three groups that say nothing about the id to who does not know it."""
    number = int.from_bytes(hashlib.sha256(f"{seed}\0{id_}".encode("utf-8", "surrogatepass")).digest()[:16], "big")
    letters = [LETTERS[number // len(LETTERS) ** place % len(LETTERS)] for place in range(CODE_LETTERS)]
    return "-".join("".join(letters[first : first + 4]) for first in range(0, CODE_LETTERS, 4))


def key_of(listings: Sequence[Listing], task: Task, seed: int) -> str:
    """Eight hexadecimal digits that belong to these items, this task and this seed."""
    told = "\0".join([*sorted(codes(listings, seed)), task.name, task.unit or "", question(task), *task.labels])
    return hashlib.sha256(told.encode()).hexdigest()[:8]


def question(task: Task) -> str:
    """What the person is asked about each item."""
    if task.question:
        return task.question
    if task.is_label:
        return f"Which {task.name} does this belong to?"
    if task.name == "price" or task.unit == "usd":
        return "What does this product cost, in US dollars?"
    return f"What is the {task.name} of this" + (f", in {task.unit}?" if task.unit else "?")


def cards_of(listings: Sequence[Listing], seed: int) -> list[Card]:
    """What is shown of each listing, in the order of the codes, without characters that act on a reader's screen."""
    ids = codes(listings, seed)
    by_id = {one.id: one for one in listings}
    return [_card(code, by_id[ids[code]]) for code in sorted(ids)]


def sheet(cards: Sequence[Card]) -> str:
    """The cards as CSV with empty columns for answer and note."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for card in cards:
        writer.writerow([card.code, *(_inert(cell) for cell in (card.title, card.text, card.category)), "", ""])
    return out.getvalue()


def leaflet(task: Task, key: str, count: int) -> str:
    """How to fill in the sheet."""
    allowed = (
        f"Answer with one of: {', '.join(task.labels)}."
        if task.is_label
        else "Answer with one number. No range, no words."
    )
    return (
        f"{printable(question(task))}\n\n{printable(allowed)}{_bounds(task)}\n\n"
        f"Open task-{key}.csv in a spreadsheet and fill in the column 'answer' for its {count} items. 'note' is yours. Leave an answer\n"
        "empty where you do not know; it counts as not answered. Do not change the column 'code'. Do not look the items up.\n"
        "Save as CSV; comma or semicolon does not matter, nor does the order of rows.\n"
        "To be named in the results, add a column 'name' with your name in its first row.\n"
    )


def page(cards: Sequence[Card], task: Task, key: str) -> str:
    """The task as one page that asks for nothing outside itself; only its own script may run in it."""
    script = SCRIPT.read_text(encoding="utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    template = _environment().from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        cards=cards, key=key, question=question(task), labels=task.labels, bounds=_bounds(task).strip(), script=script, digest=digest,
        unit=task.unit or "", dollars=task.unit == "usd",
    )  # fmt: skip


def _card(code: str, listing: Listing) -> Card:
    title, text = shown(listing.title), shown(listing.text)
    # The text begins with the title; once is enough.
    rest = text[len(title) :].lstrip("\n ") if text.startswith(title) else text
    return Card(code, title, rest, shown(listing.category or ""))


def shown(text: str) -> str:
    """The text with what acts on a screen, and what no file can hold, written out."""
    return printable(text).encode("utf-8", "backslashreplace").decode()


def _inert(cell: str) -> str:
    """The cell so that a spreadsheet takes it for text, never for a formula."""
    return f"'{cell}" if cell.startswith(ACTS_IN_A_SHEET) else cell


def _bounds(task: Task) -> str:
    """What is known of all answers, as a sentence; empty when nothing is."""
    if task.is_label or (task.least is None and task.most is None):
        return ""
    if task.least is None or task.most is None:
        return (
            f" All are at most {_told(task.most, task)}."
            if task.least is None
            else f" All are at least {_told(task.least, task)}."
        )
    return f" All lie between {_told(task.least, task)} and {_told(task.most, task)}."


def _told(bound: float | None, task: Task) -> str:
    assert bound is not None, "only a bound that is there is told"
    return f"${bound:,.2f}" if task.unit == "usd" else f"{bound:,g}"


def _environment() -> Environment:
    """Jinja with everything escaped, loud about a name that is missing."""
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError:
        raise MissingExtra("Jinja2", "full") from None
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _write(folder: Path, made: Mapping[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PricerError(f"could not make the folder {folder.name!r}: {error.strerror or error}") from error
    for name, content in made.items():
        with replacing(folder / name) as temporary:
            temporary.write_bytes(content)
