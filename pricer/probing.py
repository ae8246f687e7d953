"""The contamination probe of a run: the same model asked in other ways, each a run of its own inside the run, under the same cap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pricer.errors import BadInput
from pricer.evaluation import run as runs
from pricer.evaluation.material import Material
from pricer.evaluation.runner import Conversation
from pricer.predictors.chat.chat import ChatModel
from pricer.predictors.chat.probes import AS_IS, RECALL, probe_report, probes
from pricer.products.items import Item
from pricer.request import Request

SIGNIFICANT = 0.05


def probed(request: Request, material: Material, model: ChatModel, talk: Conversation) -> dict[str, Any]:
    """What the probe of the first items found, as `probe` of the result: figures by variant and a sentence; None when it was stopped."""
    if material.task.is_label:
        raise BadInput("--probe: wanted a number to predict, found labels; recall to the cent says nothing about them")
    items = material.items[: request.chat.probe]
    folder, guesses = talk.writer.run.folder, dict[str, list[float | None]]()
    guesses[AS_IS] = _values(talk.writer, items)
    for variant, asker in probes(model, request.wanted.seed).items():
        if variant == AS_IS:
            continue
        plan = talk.writer.run.plan | {"settings": {"probe": variant, **talk.writer.run.plan["settings"]}}
        with runs.writing(folder / f"probe {variant}".replace(" ", "-"), plan, items) as writer:
            inner = Conversation(asker, writer, request.limits, talk.budget, talk.tariff, talk.report, talk.free)
            ended = inner.run()
            guesses[variant] = _values(writer, items)
        if ended.why != "done":
            return {"probe": None}
    told = {
        name: asdict(found) for name, found in probe_report([item.target or 0.0 for item in items], guesses).items()
    }
    return {"probe": {"n": len(items), "variants": told, "says": _probe_says(told, RECALL, material.task.unit)}}


def _values(writer: runs.Writer, items: Sequence[Item]) -> list[float | None]:
    return [
        writer.lines.answers[item.listing.id].guess.value if item.listing.id in writer.lines.answers else None
        for item in items
    ]


def _probe_says(told: dict[str, dict[str, Any]], recall: str, unit: str | None) -> str:
    """The probe in a sentence: errors by variant, and whether prices are recalled more often than chance."""
    sign = "$" if unit == "usd" else ""
    means = {name: one["mean_absolute_error"] for name, one in told.items()}
    errors = ", ".join(f"{name} {'–' if mean is None else f'{sign}{mean:.2f}'}" for name, mean in means.items())
    found = told[recall]
    if found["exact_share"] is None:
        return f"error {errors}; asked to recall, it answers nothing readable"
    known = (
        "more often than chance: it may have seen these items"
        if found["chance_p"] < SIGNIFICANT
        else "no more often than chance"
    )
    return f"error {errors}; recalled to the cent {found['exact_share']:.1%} (by chance {found['chance_share']:.1%}): {known}"
