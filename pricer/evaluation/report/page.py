"""The page: everything of a report in one HTML file that asks for nothing and in which nothing from the data acts."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from pricer.evaluation.report import grouped, wording
from pricer.evaluation.report.confusion import matrices
from pricer.evaluation.report.curves import firmness
from pricer.evaluation.report.drill import RAW, TEXT, TITLE, drill
from pricer.evaluation.report.gallery import Gallery
from pricer.evaluation.report.look import RUN_COLOURS, RUN_SHAPES
from pricer.evaluation.report.method import method, probes
from pricer.evaluation.report.study import SYNTHETIC, Study, warnings
from pricer.evaluation.report.table import columns, rivals, standing
from pricer.evaluation.report.tradeoff import front, priced
from pricer.products.text import printable

if TYPE_CHECKING:
    from jinja2 import Environment

BRIEF = 80  # characters of a name
FEW_REASONS = 12
FOLDER = Path(__file__).parent
GLYPHS = dict(zip(RUN_SHAPES, "●■▲◆▼✚✖★◀▶⬟", strict=True))


def page(found: Study, shown: Gallery) -> str:
    """The page as text."""
    style, script = ((FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    template = _environment().from_string((FOLDER / "page.html").read_text(encoding="utf-8"))
    words = {
        "study": found, "synthetic": SYNTHETIC if found.is_synthetic else None,
        "shown": shown, "entries": found.entries, "task": found.task, "warnings": warnings(found),
        "columns": columns(found), "rivals": list(rivals(found)), "bands": grouped.bands(found),
        "categories": grouped.categories(found), "front": {point.place for point in front(priced(found))},
        "loss_name": wording.loss_name(found.task), "probes": probes(found.entries), "drills": [drill(entry) for entry in found.entries],
        "matrices": matrices(found), "style": style, "script": script, "script_hash": _hash(script), "dates": _dates(found),
    }  # fmt: skip
    return template.render(**words, **_writers(found)) + "\n"


def _writers(found: Study) -> dict[str, object]:
    """What the template writes figures with."""
    show = wording.shower(found.task)
    return {
        "show": lambda value: wording.UNKNOWN if value is None else show(value),
        "ends": wording.share_between if found.task.is_label else lambda value: wording.between(value, found.task.unit),
        "amount": lambda value: wording.amount(value, found.task.unit),
        "firmness": lambda entry: firmness(entry, found.task),
        "method": method, "standing": lambda entry: standing(found, entry), "dollars": wording.dollars,
        "seconds": wording.seconds, "count": wording.count, "sentence": wording.sentence,
        "cut_title": lambda text: wording.cut(text, TITLE), "cut_text": lambda text: wording.cut(text, TEXT),
        "cut_raw": lambda text: wording.cut(text, RAW), "colour": lambda place: place % len(RUN_COLOURS),
        "glyph": lambda place: GLYPHS[RUN_SHAPES[place % len(RUN_SHAPES)]],
    }  # fmt: skip


def _environment() -> Environment:
    """Jinja with everything escaped, loud about a name that is missing."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def safe(value: object) -> object:
        if isinstance(value, Markup) or not isinstance(value, str):
            return value
        return printable(value).encode("utf-8", "backslashreplace").decode()

    made = Environment(autoescape=True, undefined=StrictUndefined, finalize=safe, trim_blocks=True, lstrip_blocks=True)
    made.filters["brief"] = lambda text: wording.cut(text, BRIEF)
    made.filters["first_few"] = lambda rows: rows[:FEW_REASONS]
    made.filters["ours"] = Markup  # of our own files and figures only, never of anything from the data
    return made


def _hash(script: str) -> str:
    """What the page's policy allows: this script and no other."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _dates(found: Study) -> str:
    """The days on which the runs began: one, or the first and the last."""
    days = sorted({str(at)[:10] for entry in found.entries if (at := entry.run.plan.get("started_at"))})
    return wording.UNKNOWN if not days else days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
