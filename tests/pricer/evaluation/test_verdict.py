"""What is concluded from a comparison, and in which words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal

import pytest

from pricer.errors import BadInput
from pricer.evaluation.paired import Comparison, Pair
from pricer.evaluation.verdict import judge
from pricer.predictors.protocol import Task
from tests.pricer.evaluation.guesses import KIND, USD


def compared(
    losses: Mapping[str, float],
    resolved: Mapping[tuple[str, str], float] | None = None,
    task: Task = USD,
    left_out: int = 0,
) -> Comparison:
    """A comparison on 250 items with the p-values given; of other pairs 0.5."""
    given, names = resolved or {}, list(losses)
    pairs = [
        Pair(a, b, losses[a] - losses[b], None, p := given.get((a, b), 0.5), p, 0.25, 856)
        for place, a in enumerate(names)
        for b in names[place + 1 :]
    ]
    return Comparison(task, 250, left_out, dict.fromkeys(names[:1], left_out), losses, tuple(pairs))


TRIO = compared({"gpt": 10.0, "ridge": 11.0, "median": 30.0}, {("gpt", "median"): 0.001, ("ridge", "median"): 0.002})


def test_the_best_group_is_the_best_run_and_what_cannot_be_told_from_it() -> None:
    assert judge(TRIO).groups == (("gpt", "ridge"), ("median",))


def test_a_later_group_forms_around_the_best_of_the_rest() -> None:
    found = compared({"d": 4.0, "c": 3.0, "b": 2.0, "a": 1.0}, {("c", "a"): 0.01, ("d", "a"): 0.01})
    assert judge(found).groups == (("a", "b"), ("c", "d"))


def test_a_single_run_is_its_own_group() -> None:
    assert judge(compared({"gpt": 10.0})).groups == (("gpt",),)


def test_the_cheapest_is_sought_in_the_best_group_only() -> None:
    costs = {"gpt": Decimal("2"), "ridge": Decimal("1"), "median": Decimal(0)}
    assert judge(TRIO, usd_per_1000=costs).cheapest == "ridge"


def test_an_unknown_cost_is_not_free_and_is_named() -> None:
    found = judge(TRIO, usd_per_1000={"gpt": Decimal("2"), "ridge": None})
    assert (found.cheapest, found.cost_unknown) == ("gpt", ("ridge",))


def test_no_known_cost_leaves_the_cheapest_open() -> None:
    assert judge(TRIO).cheapest is None


def test_of_two_equally_cheap_the_better_is_the_cheapest() -> None:
    assert judge(TRIO, usd_per_1000={"ridge": Decimal("1.0"), "gpt": Decimal("1.00")}).cheapest == "gpt"


@pytest.mark.parametrize(
    ("without_llm", "needed_none"),
    [({"ridge"}, True), ({"median"}, False), (set[str](), False), ({"gpt", "ridge", "median"}, False)],
)
def test_no_llm_is_needed_when_another_run_is_in_the_best_group(without_llm: set[str], needed_none: bool) -> None:
    assert judge(TRIO, without_llm=without_llm).no_llm_needed is needed_none


def test_a_claim_holds_when_it_is_significant_in_its_direction() -> None:
    first, second = judge(TRIO).holds(["gpt", "ridge", "median"])
    assert (first.holds, second.holds) == (False, True)


def test_claims_are_adjusted_for_being_several() -> None:
    _, second = judge(TRIO).holds(["gpt", "ridge", "median"])
    assert second.p_holm == 2 * 0.002


def test_a_significant_difference_the_other_way_holds_no_claim() -> None:
    (claim,) = judge(TRIO).holds(["median", "gpt"])
    assert (claim.p_holm, claim.difference, claim.holds) == (0.001, 30 - 10, False)


@pytest.mark.parametrize("order", [["gpt"], ["gpt", "gpt"], []])
def test_a_claim_needs_two_different_runs(order: list[str]) -> None:
    with pytest.raises(BadInput, match="two or more different runs"):
        judge(TRIO).holds(order)


def test_a_claim_about_an_unknown_run_is_refused() -> None:
    with pytest.raises(BadInput, match="runs out of gpt, ridge, median, found 'claude'"):
        judge(TRIO).holds(["gpt", "claude"])


def test_a_cost_of_an_unknown_run_is_refused() -> None:
    with pytest.raises(BadInput, match="found 'claude'"):
        judge(TRIO, usd_per_1000={"claude": Decimal(1)})


def test_the_sentences_of_prices() -> None:
    found = judge(
        TRIO,
        usd_per_1000={"gpt": Decimal("0.1234"), "ridge": Decimal(0), "median": Decimal(0)},
        without_llm={"ridge", "median"},
    )
    assert found.sentences() == [
        "gpt did best on the 250 examples that every run answered: it is off by $10.00 on average.",
        "ridge cannot be told apart from gpt on this evidence.",
        "gpt is better than the one other run by more than chance explains.",
        "ridge is as good and free: no LLM is needed for this, on this evidence. About 860 examples would settle it; "
        "a difference below $0.25 is easily missed with 250 examples.",
        "The cheapest of the best group is ridge: free.",
    ]


def test_the_sentences_of_labels() -> None:
    found = judge(compared({"gpt": 0.2, "trees": 0.25}, task=KIND), without_llm={"trees"})
    assert found.sentences() == [
        "gpt did best on the 250 examples that every run answered: it is right on 80.0 %.",
        "trees cannot be told apart from gpt on this evidence.",
        "trees is as good, at an unknown cost: no LLM is needed for this, on this evidence. "
        "About 860 examples would settle it; a difference below 25.0 points is easily missed with 250 examples.",
        "What gpt and trees cost is unknown.",
    ]


def test_an_llm_that_beats_all_others_earns_its_place() -> None:
    found = judge(compared({"gpt": 1.0, "median": 9.0}, {("gpt", "median"): 0.001}), without_llm={"median"})
    assert found.sentences()[-1] == (
        "No run without an LLM is as good as gpt: an LLM earns its place here, on this evidence."
    )


def test_a_run_without_an_llm_can_be_the_best() -> None:
    found = judge(
        compared({"gpt": 9.0, "ridge": 1.0}, {("gpt", "ridge"): 0.001}),
        usd_per_1000={"ridge": Decimal("0.02")},
        without_llm={"ridge"},
    )
    assert found.sentences()[-1] == (
        "ridge is the best at $0.02 per 1,000 items: no LLM is needed for this, on this evidence."
    )


def test_nothing_is_said_about_llms_where_none_was_compared() -> None:
    told = judge(compared({"ridge": 1.0, "median": 2.0}), without_llm={"ridge", "median"}).sentences()
    assert not any("LLM" in sentence for sentence in told)


def test_an_unknown_cost_is_said_beside_the_cheapest_known() -> None:
    told = judge(TRIO, usd_per_1000={"gpt": Decimal("1234.5")}).sentences()
    assert told[-2:] == [
        "The cheapest of the best group whose cost is known is gpt: $1,234.50 per 1,000 items.",
        "What ridge costs is unknown.",
    ]


def test_a_single_run_is_compared_with_nothing() -> None:
    assert judge(compared({"gpt": 2.5}, task=Task(unit="kg"))).sentences() == [
        "gpt is off by 2.5 kg on average on 250 examples; there is no other run to compare it with."
    ]


@pytest.mark.parametrize(("count", "words"), [(1, "1 example was"), (1_200, "1,200 examples were")])
def test_items_left_out_are_counted_with_whom_they_lack(count: int, words: str) -> None:
    told = judge(compared({"gpt": 1.0, "ridge": 2.0}, left_out=count)).sentences()
    assert told[-1] == (f"{words} left out, because not every run answered (without an answer: gpt {count:,}).")


def test_what_is_told_is_json_with_exact_money() -> None:
    told = json.loads(json.dumps(judge(TRIO, usd_per_1000={"gpt": Decimal("0.10")}).told()))
    assert told["usd_per_1000"] == {"gpt": "0.10", "ridge": None, "median": None}
