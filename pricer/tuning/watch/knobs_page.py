"""A page of recorded runs: one control for each knob in which they differ, and never a curve that nobody measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pricer.errors import BadInput, PricerError
from pricer.files import write_text
from pricer.tuning.record import Point
from pricer.tuning.watch.curves import curve, planned_rate, smoothed
from pricer.tuning.watch.offline import assembled
from pricer.tuning.watch.page import columns

ASIDE = frozenset({"n_train", "method"})  # set beside the knobs, shown like one
# How a page calls a knob; the others go by their own names.
WORDS = {
    "learning_rate": "learning rate", "batch_size": "batch size", "accumulation": "accumulation", "epochs": "epochs",
    "n_train": "training examples", "weight_decay": "weight decay", "warmup_share": "warm-up share", "schedule": "rate schedule",
    "label_smoothing": "label smoothing", "lora_rank": "LoRA rank", "lora_alpha": "LoRA alpha", "lora_targets": "LoRA layers",
    "frozen_layers": "frozen layers", "max_tokens": "tokens at most",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run that took place: its settings, its measurements, and `final`, the figures that it ended with."""

    id: str
    label: str
    knobs: Mapping[str, Any]
    schedule: Mapping[str, Any]
    points: Sequence[Point]
    final: Mapping[str, float | None] = field(default_factory=dict)
    n_train: int | None = None
    method: str | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """A knob in which runs differ: its settings in order, and where each lies between 0 and 1, numbers by their ratio if all are above 0."""

    name: str
    words: str
    settings: tuple[Any, ...]
    places: tuple[float, ...]
    is_number: bool


def knobs_page(runs: Sequence[Recorded]) -> str:
    """The page as text; `BadInput` for no run, and for two with one id."""
    ids = [run.id for run in runs]
    if not runs or len(set(ids)) < len(ids):
        raise BadInput(f"wanted recorded runs, each with an id of its own, found {', '.join(ids)[:80] or 'none'}")
    made = controls(runs)
    told = {
        "controls": [
            {"name": each.name, "words": each.words, "settings": each.settings, "places": each.places, "number": each.is_number} for each in made
        ],
        "runs": [_run(run, made) for run in runs],
    }  # fmt: skip
    return assembled("knobs", "Recorded fine-tunings by their settings", told)


def write_knobs_page(runs: Sequence[Recorded], path: Path) -> None:
    """Write the page, all or nothing; the folder is made."""
    text = knobs_page(runs)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PricerError(f"could not make the folder {path.parent.name!r}: {error.strerror or error}") from error
    write_text(text, path)


def controls(runs: Sequence[Recorded]) -> tuple[Control, ...]:
    """One for each knob with more than one setting among the runs, the best known ones first."""
    there = {name for run in runs for name in run.knobs} | ASIDE
    names = [*(name for name in WORDS if name in there), *sorted(there - WORDS.keys())]
    return tuple(made for name in names if (made := _control(name, [_setting(run, name) for run in runs])))


def _control(name: str, settings: Sequence[Any]) -> Control | None:
    distinct = set(settings)
    if len(distinct) < 2:
        return None
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in distinct)
    ordered = (
        tuple(sorted(distinct)) if numeric else tuple(sorted(distinct, key=lambda value: (value is None, str(value))))
    )
    return Control(name, WORDS.get(name, name.replace("_", " ")), ordered, _places(ordered) if numeric else (), numeric)


def _places(ordered: Sequence[float]) -> tuple[float, ...]:
    """Each number's place between the least (0) and the most (1)."""
    turned = [math.log(value) for value in ordered] if ordered[0] > 0 else [float(value) for value in ordered]
    return tuple((value - turned[0]) / (turned[-1] - turned[0]) for value in turned)


def _setting(run: Recorded, name: str) -> Any:
    """What the run had there, as something that can be compared; None where it does not say."""
    value = getattr(run, name) if name in ASIDE else run.knobs.get(name)
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _run(run: Recorded, made: Sequence[Control]) -> dict[str, Any]:
    """A run for the page: its place in each control, its figures and its curves."""
    train = curve(run.points, "train", "loss")
    planned = planned_rate({"knobs": dict(run.knobs), "schedule": dict(run.schedule)})
    curves = {
        "train": train, "smooth": smoothed(train), "validation": curve(run.points, "validation", "loss"),
        "metric": curve(run.points, "validation", "metric"), "planned": planned, "rate": curve(run.points, "train", "learning_rate"),
    }  # fmt: skip
    return {
        "id": run.id, "label": run.label, "at": [each.settings.index(_setting(run, each.name)) for each in made],
        "final": dict(run.final), "schedule": dict(run.schedule), "curves": {name: columns(each) for name, each in curves.items()},
    }  # fmt: skip
