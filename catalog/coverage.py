"""How much the catalogue knows about the models that can be had now, beside what it promises to know."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catalog.models import Catalog, Model
from catalog.status import is_current, live_offerings


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """A figure and the least it should be. For shares `count` of `of` models know the fact; `of` None is a plain count."""

    name: str
    count: int
    of: int | None
    at_least: float

    @property
    def value(self) -> float:
        """The share as a fraction, or the count."""
        return self.count if self.of is None else self.count / max(self.of, 1)

    @property
    def met(self) -> bool:
        """Whether the promise holds."""
        return self.value >= self.at_least

    @property
    def text(self) -> str:
        """For people: `507 of 521 (97 %, promised 95 %)`."""
        if self.of is None:
            return f"{self.count:,} (promised {self.at_least:,.0f})"
        return f"{self.count} of {self.of} ({self.value:.0%}, promised {self.at_least:.0%})"


def coverage(catalog: Catalog, today: dt.date) -> tuple[CoverageRow, ...]:
    """The coverage on `today`, one row a promise."""
    current = [model for model in catalog.models if is_current(model, today)]
    opened = [model for model in current if model.open_weights.value]
    closed = [model for model in current if model.open_weights.value is False]
    return (
        CoverageRow("current models", len(current), None, 400),
        CoverageRow("makers", len({model.maker for model in current}), None, 20),
        CoverageRow("offerings that can be bought", sum(len(live_offerings(m, today)) for m in current), None, 2000),
        _share("open or closed", current, lambda m: m.open_weights.known, 1.0),
        _share("release date", current, lambda m: m.release_date.known, 0.95),
        _share("context (total or input)", current, lambda m: m.context_tokens.known or m.max_input_tokens.known, 0.97),
        _share("API price, closed models", closed, lambda m: any(o.prices for o in live_offerings(m, today)), 0.95),
        _share("licence, open models", opened, lambda m: m.license.known, 0.85),
        _share("parameters, open models", opened, lambda m: m.parameters_b.known, 0.85),
        _share("knowledge cutoff", current, lambda m: m.knowledge_cutoff.known, 0.55),
        _share("arena rating or benchmark", current, lambda m: bool(m.ratings or m.benchmarks), 0.40),
        _share("training tokens", current, lambda m: m.training_tokens_t.known, 0.0),
        _share("tool calling", current, lambda m: m.tool_calling.known, 0.0),
        _share("structured output", current, lambda m: m.structured_output.known, 0.0),
    )


def _share(name: str, models: Sequence[Model], known: Callable[[Model], bool], at_least: float) -> CoverageRow:
    return CoverageRow(name, sum(1 for model in models if known(model)), len(models), at_least)
