"""The map as a page: one HTML file that asks for nothing, in which no text of a product can act.

Plotly is given numbers and colours alone. Words (titles, categories, ids) travel as a block of data and are shown by `textContent`, so that
neither the browser nor Plotly's own reading of `<b>` and `<a>` ever takes them for markup.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pricer.errors import BadInput, PricerError
from pricer.files import replacing
from pricer.installed import require
from pricer.products.dataset import installed
from pricer.products.text import printable
from pricer.store.map import ITEMS, Map, Report, Shelf, document, draw
from pricer.store.projection import Projection

if TYPE_CHECKING:
    from jinja2 import Environment

PAGE = "map.html"
FOLDER = Path(__file__).parent
NAMED = 10  # groups with a colour and a shape of their own; all others share one
OTHERS, NONE = -1, -2  # the group of what is in none of these, and of what states none
NAME_CHARS = 60


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, and what the map amounts to."""

    page: Path
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """A category or label in the legend: how many items it has, and what its points look like."""

    name: str
    items: int


@dataclass(frozen=True, slots=True)
class Grouping:
    """The legend of one way to colour, the largest group first, and the group of each item: its place, `OTHERS` or `NONE`."""

    named: tuple[Group, ...]
    others: int
    none: int
    of: tuple[int, ...]


def write_map(
    store: Shelf,
    out: Path,
    items: int = ITEMS,
    seed: int = 0,
    *,
    synthetic: bool = False,
    report: Report = lambda *_: None,
) -> Written:
    """Write `map.html` into the folder `out`; the same store, `items` and `seed` give the same bytes on the same machine.

    `synthetic` marks products that a program made up.

    `BadInput` for an empty store, for a number of items that cannot be drawn, and when `out` is a file.
    """
    require("a map", "full", "jinja2", "numpy", "plotly", "sklearn")
    if out.exists() and not out.is_dir():
        raise BadInput(f"--out {out.name!r}: wanted a folder, found a file")
    made = draw(store, items, seed, report)
    text = page(made, synthetic=synthetic)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PricerError(f"could not make the folder {out.name!r}: {error.strerror or error}") from error
    with replacing(out / PAGE) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Written(out / PAGE, {"page": str(out / PAGE), **document(made)})


def is_synthetic(dataset: str | None) -> bool:
    """Whether a loaded data set of that name says that a program made its records up."""
    return any(one.name == dataset and one.manifest.get("source", {}).get("synthetic") for one in installed())


def page(made: Map, *, synthetic: bool = False) -> str:
    """The page as text, marked if its products are made up."""
    library, script = _library(), (FOLDER / "map.js").read_text(encoding="utf-8")
    template = _environment().from_string((FOLDER / "map.html").read_text(encoding="utf-8"))
    categories = grouped([spot.category for spot in made.spots])
    return (
        template.render(
            map=made, synthetic=synthetic, drawn=len(made.spots), categories=categories, labels=grouped([spot.label for spot in made.spots]),
            priced=sum(spot.price is not None for spot in made.spots), projections=(made.flat, made.solid),
            data=block(data(made)), library=library, script=script, hashes=[_digest(library), _digest(script)],
        )
        + "\n"
    )  # fmt: skip


def data(made: Map) -> dict[str, Any]:
    """What the script needs, a column for each property."""
    spots = made.spots
    return {
        "id": [_shown(spot.id) for spot in spots],
        "title": [_shown(spot.title) for spot in spots],
        "source": [_shown(spot.source) for spot in spots],
        "price": [spot.price for spot in spots],
        "category": _grouping([spot.category for spot in spots]),
        "label": _grouping([spot.label for spot in spots]),
        "flat": _columns(made.flat),
        "solid": _columns(made.solid),
        "closest": made.closest.tolist(),
        "says": {"flat": _says(made.flat), "solid": _says(made.solid)},
    }


def grouped(names: list[str | None]) -> Grouping:
    """The groups of items by name: the ten largest by themselves, equal ones in the order of their names."""
    counts = Counter(name for name in names if name is not None)
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    places = {name: place for place, name in enumerate(ranked[:NAMED])}
    of = tuple(NONE if name is None else places.get(name, OTHERS) for name in names)
    return Grouping(tuple(Group(_brief(name), counts[name]) for name in places), of.count(OTHERS), of.count(NONE), of)


def block(told: object) -> str:
    """JSON that can stand in a script element: nothing in it can end the element or begin another."""
    text = json.dumps(told, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _grouping(names: list[str | None]) -> dict[str, Any]:
    """The legend and the whole name of each item, every name said once."""
    made, distinct = grouped(names), sorted({name for name in names if name is not None})
    places = {name: place for place, name in enumerate(distinct)}
    return {
        "named": [[group.name, group.items] for group in made.named], "others": made.others, "none": made.none, "group": made.of,
        "names": [_shown(name) for name in distinct], "name": [None if name is None else places[name] for name in names],
    }  # fmt: skip


def _columns(projection: Projection) -> list[list[float]]:
    columns: list[list[float]] = projection.places.T.tolist()
    return columns


def _says(projection: Projection) -> str:
    """The line under the picture: what the projection shown keeps."""
    kept, name = projection.kept, f"{projection.dimensions}-D by {projection.method}"
    if kept is None:
        return f"{name}; too few products to compare neighbours."
    return f"{name}: {100 * kept.share:.1f} % of the {kept.neighbours} nearest are kept, trustworthiness {kept.trustworthiness:.3f}."


def _brief(name: str) -> str:
    shown = _shown(name)
    return shown if len(shown) <= NAME_CHARS else shown[: NAME_CHARS - 1] + "…"


def _shown(text: str) -> str:
    """The text with characters that steer a screen, and halves of characters, shown as what they are."""
    return printable(text).encode("utf-8", "backslashreplace").decode()


def _library() -> str:
    """Plotly's script as its package brings it; line ends as the browser will read them, or its hash would not be this text's."""
    from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

    text: str = get_plotlyjs()
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    assert "</script" not in text.lower()  # it would end its element
    return text


def _digest(script: str) -> str:
    """What the page's policy allows: this script and no other."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _environment() -> Environment:
    """Jinja with everything escaped, loud about a name that is missing."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def safe(value: object) -> object:
        return value if isinstance(value, Markup) or not isinstance(value, str) else _shown(value)

    made = Environment(autoescape=True, undefined=StrictUndefined, finalize=safe, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {"ours": Markup, "count": lambda number: f"{number:,}"}
    return made
