"""The gallery: every picture of a report, by where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pricer.evaluation.report import across, grouped, tradeoff
from pricer.evaluation.report.curves import curve
from pricer.evaluation.report.look import mark
from pricer.evaluation.report.scatter import frame, scatter
from pricer.evaluation.report.study import Study
from pricer.products.pictures import Picture, style


@dataclass(frozen=True, slots=True)
class Gallery:
    """Pictures across runs, and of each run in the order of the study; None where there is nothing to draw."""

    errors: Picture | None
    cost: Picture | None
    latency: Picture | None
    bands: Picture | None
    categories: Picture | None
    scatters: tuple[Picture | None, ...]
    curves: tuple[Picture | None, ...]

    def all(self) -> Iterator[Picture]:
        """Every picture that there is."""
        for one in (self.errors, self.cost, self.latency, self.bands, self.categories, *self.scatters, *self.curves):
            if one is not None:
                yield one


def gallery(found: Study) -> Gallery:
    """All pictures of a study."""
    bands, categories = grouped.bands(found), grouped.categories(found)
    drawable = [entry for entry in found.entries if entry.loss is not None]
    with style():
        return Gallery(
            across.errors(found) if drawable else None,
            tradeoff.cost(found),
            tradeoff.latency(found),
            grouped.chart("bands", "bands of the truth", bands, found) if bands and drawable else None,
            grouped.chart("categories", "categories", categories, found) if categories and drawable else None,
            _scatters(found),
            tuple(curve(_name(place, entry.name, "running"), entry, found.task, mark(place)) for place, entry in enumerate(found.entries)),
        )  # fmt: skip


def _scatters(found: Study) -> tuple[Picture | None, ...]:
    if found.task.is_label:
        return tuple(None for _ in found.entries)
    shared = frame(found.entries)
    return tuple(
        scatter(_name(place, entry.name, "scatter"), entry, found.task, shared) if entry.loss is not None else None
        for place, entry in enumerate(found.entries)
    )


def _name(place: int, run: str, kind: str) -> str:
    """A file's name that is different for every run and holds nothing but letters, digits and hyphens."""
    safe = re.sub(r"[^a-z0-9]+", "-", run.lower()).strip("-")[:40].strip("-")
    return f"{place + 1:02}-{safe or 'run'}-{kind}"
