"""Writing the report: pictures first, then the summary, and the page last, so that a page is always complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pricer.errors import BadInput, PricerError
from pricer.evaluation.report.gallery import gallery
from pricer.evaluation.report.markdown import markdown
from pricer.evaluation.report.page import page
from pricer.evaluation.report.study import study
from pricer.evaluation.run import Run
from pricer.files import replacing
from pricer.installed import require

PAGE, SUMMARY, PICTURES = "report.html", "report.md", "pictures"


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the page, the summary, and the pictures beside them."""

    page: Path
    markdown: Path
    pictures: tuple[Path, ...]


def write_report(runs: Sequence[Run], out: Path, *, seed: int = 0) -> Written:
    """Write `report.html`, `report.md` and `pictures/` into the folder `out`; the same runs and seed give the same bytes.

    `BadInput` when there is no run, when runs were asked different things, and when `out` is a file.
    """
    require("a report", "full", "matplotlib", "jinja2")
    _refuse_file(out)
    found = study(runs, seed=seed)
    shown = gallery(found)
    beside = {out / PICTURES / f"{picture.name}.png": picture.png for picture in shown.all()}
    texts = {out / SUMMARY: markdown(found, shown, PICTURES).encode(), out / PAGE: page(found, shown).encode()}
    _make(out / PICTURES)
    for path, content in (beside | texts).items():
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    return Written(out / PAGE, out / SUMMARY, tuple(beside))


def _refuse_file(out: Path) -> None:
    for folder in (out, out / PICTURES):
        if folder.exists() and not folder.is_dir():
            raise BadInput(f"--out {out.name!r}: wanted a folder, found a file {folder.name!r}")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PricerError(f"could not make the folder {folder.name!r}: {error.strerror or error}") from error
