"""The study: all runs of a report with what their comparison says, and what a reader has to be warned of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pricer.errors import BadInput
from pricer.evaluation.paired import Comparison, Pair, compare
from pricer.evaluation.report.entries import Entry, entries, one_task
from pricer.evaluation.report.wording import count, share, shower
from pricer.evaluation.run import Run
from pricer.evaluation.verdict import Verdict, judge
from pricer.predictors.protocol import Task

BEST, TIED, WORSE, BETTER, APART = "best", "cannot be told apart", "worse", "better, on fewer items", "not compared"
MANY_FAILURES = 0.02
SYNTHETIC = "A program made these records up. Nothing here says anything about real products or prices."
FEW = 0.5  # a run with less than this share of the answers of the fullest would leave little to compare the others on


@dataclass(frozen=True, slots=True)
class Study:
    """Runs of one task, the least error first. `verdict` is None when they cannot be compared, and `why_not` says why.

    `apart` holds runs with less than half of the answers of the fullest, each compared with the best on the items the two share: in
    the verdict they would shrink what all others are compared on.
    """

    task: Task
    entries: tuple[Entry, ...]
    verdict: Verdict | None
    why_not: str | None
    seed: int
    apart: Mapping[str, Comparison] = field(default_factory=dict)

    @property
    def is_synthetic(self) -> bool:
        """Whether any run was made on records that a program made up."""
        return any(entry.run.plan["data"].get("synthetic") for entry in self.entries)

    @property
    def best(self) -> str | None:
        """The name of the run with the least error among those of the verdict."""
        return self.verdict.groups[0][0] if self.verdict else None

    def pair(self, entry: Entry) -> Pair | None:
        """A run beside the best one; None of the best itself and of what was not compared."""
        compared = self.apart.get(entry.name) or self.comparison
        if compared is None or self.best is None or entry.name == self.best or entry.name not in compared.losses:
            return None
        return compared.pair(entry.name, self.best)

    def shared(self, entry: Entry) -> int:
        """How many items the run was compared on; 0 if it was not."""
        compared = self.apart.get(entry.name) or self.comparison
        return compared.n if compared and entry.name in compared.losses else 0

    @property
    def comparison(self) -> Comparison | None:
        """The paired comparison behind the verdict."""
        return self.verdict.comparison if self.verdict else None

    def standing(self, entry: Entry) -> str:
        """Whether a run is the best, cannot be told apart from it, or is worse."""
        if entry.name == self.best and (self.apart or (self.comparison and self.comparison.pairs)):
            return BEST
        pair = self.pair(entry)
        if pair is None:
            return APART
        if not pair.is_resolved:
            return TIED
        return WORSE if pair.difference > 0 else BETTER

    def sentences(self) -> list[str]:
        """The verdict in words, with what so many items could show; of incomparable runs, why there is none."""
        if self.verdict is None:
            return [f"The runs were not compared: {self.why_not}."]
        return [*self.verdict.sentences(), *_power(self.verdict, self.task)]


def study(runs: Sequence[Run], *, seed: int = 0) -> Study:
    """The study of these runs, each folder once; `BadInput` when there is none or when their tasks differ."""
    unique = list({run.folder.resolve(): run for run in runs}.values())
    task = one_task(unique)
    found = entries(unique, seed=seed)
    most = max(entry.scores.answered for entry in found)
    full = [entry for entry in found if entry.scores.answered >= max(2, FEW * most)]
    if not full:
        return Study(task, found, None, "none has two answers", seed)
    try:
        compared = compare({entry.name: entry.outcomes for entry in full}, task, seed=seed)
    except BadInput as refusal:
        return Study(task, found, None, str(refusal), seed)
    verdict = judge(compared, usd_per_1000=_costs(full), without_llm=_without_llm(full))
    best = next(entry for entry in full if entry.name == verdict.groups[0][0])
    rest = {
        entry.name: found_apart
        for entry in found
        if entry not in full and (found_apart := _beside(best, entry, task, seed))
    }
    return Study(task, found, verdict, None, seed, rest)


def warnings(found: Study) -> list[str]:
    """What a reader must know before believing a figure, the gravest first."""
    return [
        *_about_data([entry.run.plan["data"] for entry in found.entries]),
        *_about_common(found),
        *(said for entry in found.entries for said in _about_run(entry)),
    ]


def _power(verdict: Verdict, task: Task) -> Iterator[str]:
    """The true differences from the best run that the test sees with 80 % power, from the least to the most of the other runs."""
    best, compared, show = verdict.groups[0][0], verdict.comparison, shower(task)
    seen = [compared.pair(name, best).detectable for name in compared.losses if name != best]
    sizes = sorted({show(size): size for size in seen if size is not None}.items(), key=lambda size: size[1])
    if sizes:
        written = sizes[0][0] if len(sizes) == 1 else f"{sizes[0][0]} to {sizes[-1][0]}, depending on the run"
        yield f"What {count(compared.n)} items can show with 80 % power is a true difference from {best} of {written}."


def _beside(best: Entry, entry: Entry, task: Task, seed: int) -> Comparison | None:
    """A run of few answers compared with the best one; None where they share too little."""
    try:
        return compare({best.name: best.outcomes, entry.name: entry.outcomes}, task, seed=seed)
    except BadInput:
        return None


def _costs(found: Sequence[Entry]) -> dict[str, Decimal | None]:
    return {
        entry.name: None if entry.run.cost_usd is None else 1000 * entry.run.cost_usd / len(entry.outcomes)
        for entry in found
    }


def _without_llm(found: Sequence[Entry]) -> set[str]:
    return {entry.name for entry in found if not entry.run.plan.get("llm", entry.run.plan.get("model") is not None)}


def _about_data(data: Sequence[dict[str, Any]]) -> Iterator[str]:
    if len({(one.get("name"), one.get("fingerprint")) for one in data}) > 1:
        yield "The runs were made on different data or different versions of it; see the method for each."
    copies = max((one.get("near_copies") or 0 for one in data if not one.get("copies_dropped")), default=0)
    if copies:
        yield (
            f"Near copies: {count(copies)} rows for training nearly copy a scored item, which flatters whatever learned from them: "
            "--drop-copies keeps them out."
        )


def _about_common(found: Study) -> Iterator[str]:
    for name, compared in found.apart.items():
        yield (
            f"{name} has less than half of the answers of others and is in no sentence of the verdict: it was compared with {found.best} "
            f"alone, on the {count(compared.n)} items that both answered."
        )
    absent = [entry.name for entry in found.entries if not found.shared(entry)]
    if found.verdict and absent:
        yield f"Without enough answers to be compared: {', '.join(absent)}."


def _about_run(entry: Entry) -> Iterator[str]:
    asked, answered = len(entry.run.items), len(entry.outcomes)
    if answered < asked:
        yield (
            f"{entry.name}: incomplete, {count(answered)} of {count(asked)} items asked; go on with the command that began it."
        )
    failures = entry.scores.failures
    if failures and failures >= MANY_FAILURES * answered:
        reasons = ", ".join(f"{count(often)} {reason}" for reason, often in entry.scores.failures_by_reason.items())
        yield (
            f"{entry.name}: {count(failures)} of {count(answered)} answers failed ({share(failures / answered)}: {reasons}); "
            "its error is of the rest."
        )
