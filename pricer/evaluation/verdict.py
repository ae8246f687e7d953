"""What a comparison says: which runs are best, which of those is cheapest, whether an LLM is needed at all, in plain English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from pricer.errors import BadInput
from pricer.evaluation.paired import Comparison
from pricer.evaluation.sentences import sentences
from pricer.evaluation.significance import SIGNIFICANT, holm


@dataclass(frozen=True, slots=True)
class Claim:
    """That run `better` is better than run `worse`; it `holds` when it is so at the adjusted 5 % level, in this direction.

    `difference` is the mean loss of `better` less that of `worse`; `p_holm` is adjusted for the claims made together.
    """

    better: str
    worse: str
    difference: float
    p_holm: float
    holds: bool

    def told(self) -> dict[str, object]:
        """As JSON."""
        return {
            "better": self.better, "worse": self.worse, "difference": self.difference, "p_holm": self.p_holm, "holds": self.holds,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """The runs in groups, and what follows for the buyer.

    `groups` are made greedily: the best run takes with it all that cannot be told apart from it at the 5 % level after Holm's
    adjustment over all pairs, then the best of the rest does the same. Inside a group runs stand by their loss, and a later one may
    well differ from another that is not the first. `cheapest` is the run of the best group that costs least, the better of two
    that cost the same; None when no cost in that group is known. `cost_unknown` names those of the best group that could not take
    part. `no_llm_needed` says that LLMs were compared and that a run without one is in the best group.
    """

    comparison: Comparison
    groups: tuple[tuple[str, ...], ...]
    usd_per_1000: Mapping[str, Decimal | None]
    cheapest: str | None
    cost_unknown: tuple[str, ...]
    without_llm: frozenset[str]
    no_llm_needed: bool

    def told(self) -> dict[str, object]:
        """As JSON; amounts are strings, so that they stay exact."""
        return {
            "groups": [list(group) for group in self.groups], "cheapest": self.cheapest, "cost_unknown": list(self.cost_unknown),
            "usd_per_1000": {name: None if cost is None else str(cost) for name, cost in self.usd_per_1000.items()},
            "no_llm_needed": self.no_llm_needed, "sentences": self.sentences(), "comparison": self.comparison.told(),
        }  # fmt: skip

    def holds(self, order: Sequence[str]) -> list[Claim]:
        """For runs claimed to stand from the best to the worst, whether each is better than the next."""
        return claims(self.comparison, order)

    def sentences(self) -> list[str]:
        """The verdict as a reader wants it, a sentence or two each."""
        return sentences(self)


def judge(
    comparison: Comparison,
    *,
    usd_per_1000: Mapping[str, Decimal | None] | None = None,
    without_llm: AbstractSet[str] = frozenset(),
) -> Verdict:
    """The verdict; a run that `usd_per_1000` (what 1,000 items cost) does not name has an unknown cost."""
    given = usd_per_1000 or {}
    for name in (*given, *without_llm):
        _check_known(comparison, name)
    costs = {name: given.get(name) for name in comparison.losses}
    groups = _groups(comparison)
    priced = [(cost, place, name) for place, name in enumerate(groups[0]) if (cost := costs[name]) is not None]
    return Verdict(
        comparison,
        groups,
        costs,
        min(priced)[2] if priced else None,
        tuple(name for name in groups[0] if costs[name] is None),
        frozenset(without_llm),
        not set(comparison.losses) <= without_llm and not without_llm.isdisjoint(groups[0]),
    )


def claims(comparison: Comparison, order: Sequence[str]) -> list[Claim]:
    """Each claim that a run of `order`, from the best to the worst, is better than the next; `BadInput` unless two runs or more."""
    for name in order:
        _check_known(comparison, name)
    if len(order) < 2 or len(set(order)) < len(order):
        raise BadInput(f"wanted two or more different runs, from the best to the worst, found {', '.join(order)!r}")
    pairs = [comparison.pair(better, worse) for better, worse in pairwise(order)]
    return [
        Claim(pair.first, pair.second, pair.difference, p, p < SIGNIFICANT and pair.difference < 0)
        for pair, p in zip(pairs, holm([pair.p for pair in pairs]), strict=True)
    ]


def _check_known(comparison: Comparison, name: str) -> None:
    if name not in comparison.losses:
        raise BadInput(f"wanted runs out of {', '.join(comparison.losses)}, found {name!r}")


def _groups(comparison: Comparison) -> tuple[tuple[str, ...], ...]:
    rest = sorted(comparison.losses, key=lambda name: (comparison.losses[name], name))
    groups = []
    while rest:
        first = rest[0]
        groups.append((first, *(name for name in rest[1:] if not comparison.pair(first, name).is_resolved)))
        rest = [name for name in rest if name not in groups[-1]]
    return tuple(groups)
