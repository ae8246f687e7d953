"""The report: a data set's figures and charts as one page that needs nothing but itself, and the charts as pictures beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pricer.errors import BadInput, MissingExtra, PricerError
from pricer.files import replacing
from pricer.products import wording
from pricer.products.charts import pictures
from pricer.products.dataset import Dataset
from pricer.products.describe import describe
from pricer.products.description import Description
from pricer.products.figures import count, share
from pricer.products.pictures import Picture
from pricer.products.text import printable

if TYPE_CHECKING:
    from jinja2 import Environment

PAGE = "report.html"
TEMPLATE = Path(__file__).with_name("report.html")


@dataclass(frozen=True, slots=True)
class Report:
    """What was written: the page, and the pictures beside it."""

    page: Path
    pictures: tuple[Path, ...]


def write_report(dataset: Dataset, out: Path) -> Report:
    """Write `report.html` and its pictures into the folder `out`; the page comes last, so that a page is always complete."""
    description = describe(dataset)
    drawn = pictures(description)
    text = page(description, drawn)
    _make(out)
    beside = [(out / f"{picture.name}.png", picture.png) for picture in drawn]
    for path, content in (*beside, (out / PAGE, text.encode())):
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    return Report(out / PAGE, tuple(path for path, _ in beside))


def page(description: Description, drawn: tuple[Picture, ...]) -> str:
    """The page as text. Whatever comes from the data is escaped, and shown without what acts on a reader's screen."""
    charts = {picture.name: picture for picture in drawn}
    template = _environment(wording.number_of(description)).from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(d=description, m=description.manifest, charts=charts, **wording.told(description)) + "\n"


def _environment(number: Any) -> Environment:
    """Jinja with everything escaped, loud about a name that is missing."""
    try:
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup
    except ImportError:
        raise MissingExtra("Jinja2", "full") from None

    def shown(value: object) -> object:
        if isinstance(value, Markup) or not isinstance(value, str):
            return value
        return printable(value).encode("utf-8", "backslashreplace").decode()

    made = Environment(autoescape=True, undefined=StrictUndefined, finalize=shown, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {
        "count": count,
        "share": share,
        "number": number,
        "samples": wording.samples,
        "svg": Markup,
    }
    return made


def _make(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise BadInput(f"--out {out.name!r}: wanted a folder, found a file")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PricerError(f"could not make the folder {out.name!r}: {error.strerror or error}") from error
