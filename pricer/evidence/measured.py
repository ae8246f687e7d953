"""What was measured of the approaches: the best complete run of each on one data set, compared on the items that they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from pricer.errors import BadInput
from pricer.evaluation.compared import per_thousand
from pricer.evaluation.paired import Comparison, Pair, compare
from pricer.evaluation.run import runs_folder
from pricer.evidence.tries import Reader, Try, groups, tries

FEWEST = 20
"""A run that would leave fewer shared items than these, and fewer than half of what is shared without it, is left apart."""


@dataclass(frozen=True, slots=True)
class Row:
    """The best run of one approach, and of how many it is the best. `loss` is over the shared items."""

    best: Try
    loss: float
    usd_per_1000: Decimal | None
    out_of: int


@dataclass(frozen=True, slots=True)
class Effect:
    """The same chat model with retrieval and without, in that order in `pair`; `usd_more` is for 1,000 items, None when not known."""

    found: Try
    plain: Try
    n: int
    pair: Pair
    usd_more: Decimal | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was measured on one data set. `rows` stand from the best to the worst and are empty where no two approaches could be
    compared; `apart` names approaches that share too few items. `others` are further data sets where several approaches were tried,
    `skipped` counts the runs that are damaged, unfinished or mostly unanswered."""

    dataset: str | None = None
    rows: tuple[Row, ...] = ()
    comparison: Comparison | None = None
    effect: Effect | None = None
    apart: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    skipped: int = 0

    @property
    def compared(self) -> Comparison:
        """The comparison behind the rows, which there must be."""
        assert self.comparison is not None, "asked of evidence without rows"
        return self.comparison

    def pair(self, first: Row, second: Row) -> Pair:
        """How the first stands against the second."""
        return self.compared.pair(first.best.title, second.best.title)


def measured(folder: Path | None = None, dataset: str | None = None) -> Evidence:
    """The evidence in `folder`, by default where runs lie: on `dataset`, or on the one where most approaches were tried, the newest
    of several. Runs that cannot be used are skipped and counted."""
    usable, skipped = tries(folder or runs_folder())
    reader, found = Reader(), groups(usable)
    names = list(dict.fromkeys(group[0].dataset for group in found))
    wanted = (group for group in found if is_named(group[0].dataset, dataset))
    evidence = next((one for group in wanted if (one := _compared(group, reader))), Evidence())
    others = tuple(name for name in names if name != evidence.dataset)
    return replace(evidence, others=others, skipped=skipped + reader.damaged)


def is_named(name: str, dataset: str | None) -> bool:
    """Whether `dataset` means the data set of that name, with or without the ending of a file; None means any."""
    return dataset in (None, name, name.partition(".")[0])


def is_clear(pair: Pair) -> bool:
    """Whether a difference is more than chance: its interval excludes zero, and so says the test adjusted for all pairs."""
    return pair.is_resolved and excludes_zero(pair)


def excludes_zero(pair: Pair) -> bool:
    """Whether the interval of the difference does; an interval that is not known does not."""
    interval = pair.difference_ci
    return interval is not None and (interval.low > 0 or interval.high < 0)


def _compared(group: Sequence[Try], reader: Reader) -> Evidence | None:
    """The best runs of the group side by side; None when no two approaches share items and truths.

    A data set that was loaded anew under its name has other items or truths: what agrees with the newest is compared first.
    """
    newest = sorted(group, key=lambda one: (one.started_at, one.n), reverse=True)
    for fingerprint in dict.fromkeys(one.data[0] for one in newest):
        agreeing = _agreeing(group, fingerprint, reader)
        together, apart = _together(list(_best_of_each(agreeing, reader)), reader)
        if len(together) < 2:
            continue
        try:
            rows, comparison = _side_by_side(together, agreeing, reader)
        except BadInput:  # they agree with the fullest, but not with each other
            continue
        effect = _effect(agreeing, reader)
        return Evidence(group[0].dataset, rows, comparison, effect, tuple(one.title for one in apart))
    return None


def _agreeing(group: Sequence[Try], fingerprint: str, reader: Reader) -> list[Try]:
    """The tries that share items with the fullest of this fingerprint, and know the same truths for all of these."""
    fullest = sorted((one for one in group if one.data[0] == fingerprint), key=lambda one: -one.n)
    known = next((truths for one in fullest if (truths := reader.truths(one))), {})
    judged: dict[tuple[str, str], bool] = {}
    for one in group:
        if not judged.get(one.data):
            told = reader.truths(one)
            shared = known.keys() & told.keys()
            judged[one.data] = bool(shared) and all(known[item] == told[item] for item in shared)
    return [one for one in group if judged[one.data]]


def _best_of_each(group: Sequence[Try], reader: Reader) -> Iterator[Try]:
    """For each approach the readable run with the least loss, of those that asked about enough items."""
    for title in dict.fromkeys(one.title for one in group):
        of_it = [one for one in group if one.title == title]
        most = max(one.n for one in of_it)
        enough = [one for one in of_it if one.n >= FEWEST or 2 * one.n >= most]
        best = next(
            (one for one in sorted(enough, key=lambda one: (one.loss, one.folder.name)) if reader.run(one)), None
        )
        if best:
            yield best


def _together(chosen: Sequence[Try], reader: Reader) -> tuple[list[Try], list[Try]]:
    """Those that share enough items, and those that would leave too few for the others."""
    answered = {one.title: _answered(one, reader) for one in chosen}
    together: list[Try] = []
    apart: list[Try] = []
    common: set[str] = set()
    for one in sorted(chosen, key=lambda one: -len(answered[one.title])):
        shared = common & answered[one.title] if together else answered[one.title]
        is_enough = len(shared) > 1 and (len(shared) >= FEWEST or 2 * len(shared) >= len(common))
        (together if is_enough else apart).append(one)
        common = shared if is_enough else common
    return together, apart


def _answered(one: Try, reader: Reader) -> set[str]:
    run = reader.run(one)
    return {outcome.item_id for outcome in run.outcomes if outcome.guess.failure is None} if run else set()


def _side_by_side(together: Sequence[Try], group: Sequence[Try], reader: Reader) -> tuple[tuple[Row, ...], Comparison]:
    runs = {one.title: run for one in together if (run := reader.run(one))}
    task = next(iter(runs.values())).task
    comparison = compare({title: run.outcomes for title, run in runs.items()}, task)
    rows = (
        Row(one, comparison.losses[one.title], per_thousand(runs[one.title]), sum(other.title == one.title for other in group))
        for one in together
    )  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (row.loss, row.best.llm, row.best.title))), comparison


def _effect(group: Sequence[Try], reader: Reader) -> Effect | None:
    """What retrieval changes for the chat model that is best with it, of those that were also asked without."""
    chats = sorted((one for one in group if one.llm and one.plan["predictor"] == "chat"), key=lambda one: one.loss)
    for found in (one for one in chats if one.approach == "retrieval"):
        plain = [one for one in chats if one.by == found.by and one.approach in ("prompt", "few-shot")]
        for one in sorted(plain, key=lambda one: (one.shots != found.shots, one.loss)):
            if effect := _difference(found, one, reader):
                return effect
    return None


def _difference(found: Try, plain: Try, reader: Reader) -> Effect | None:
    """The two on the items that both answered; None when these are too few, or a run is damaged."""
    with_it, without = reader.run(found), reader.run(plain)
    if not with_it or not without:
        return None
    try:
        comparison = compare({"with": with_it.outcomes, "without": without.outcomes}, with_it.task)
    except BadInput:
        return None
    costs = per_thousand(with_it), per_thousand(without)
    more = None if costs[0] is None or costs[1] is None else costs[0] - costs[1]
    return Effect(found, plain, comparison.n, comparison.pairs[0], more)
