"""Paired comparisons: what two runs may be told."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from pricer.errors import BadInput
from pricer.evaluation.paired import compare
from pricer.evaluation.significance import (
    detectable_difference,
    holm,
    needed_items,
    share_difference_interval,
    sign_flip_ps,
)
from tests.pricer.evaluation.guesses import KIND, USD, labelled, priced

TRUTHS = [10.0, 20.0, 30.0, 40.0]


def off_by(*errors: float | str) -> list[float | str]:
    return [error if isinstance(error, str) else truth + error for truth, error in zip(TRUTHS, errors, strict=True)]


def test_the_difference_is_of_mean_absolute_errors() -> None:
    runs = {"near": priced(TRUTHS, off_by(1, -1, 2, 0)), "far": priced(TRUTHS, off_by(3, 4, -3, 2))}
    (pair,) = compare(runs, USD).pairs
    assert pair.difference == (1 + 1 + 2 + 0) / 4 - (3 + 4 + 3 + 2) / 4


def test_all_sixteen_sign_patterns_of_four_items_are_counted() -> None:
    runs = {"near": priced(TRUTHS, off_by(1, -1, 2, 0)), "far": priced(TRUTHS, off_by(3, 4, -3, 2))}
    # the differences -2, -3, -1, -2 all point one way: only they and their mirror image reach 8
    assert compare(runs, USD).pairs[0].p == 2 / 16


def test_random_patterns_agree_with_all_of_them() -> None:
    row = np.random.default_rng(3).normal(0.4, 1, (1, 13))
    (exact,), (drawn,) = sign_flip_ps(row, flips=8_192), sign_flip_ps(row, flips=8_191, seed=1)
    assert drawn == pytest.approx(exact, abs=0.02)


def test_random_patterns_count_the_observed_one() -> None:
    assert sign_flip_ps(np.ones((1, 40)), flips=999) == [1 / 1_000]


def test_equal_runs_have_a_p_of_one_and_nothing_to_detect() -> None:
    runs = {"one": priced(TRUTHS, off_by(1, 2, 3, 4)), "same": priced(TRUTHS, off_by(1, 2, 3, 4))}
    (pair,) = compare(runs, USD).pairs
    assert (pair.p, pair.difference, pair.detectable, pair.needed_n) == (1, 0, None, None)


def test_holm_multiplies_the_smallest_by_all_and_never_falls() -> None:
    # sorted 0.01, 0.02, 0.03, 0.04: times 4, 3, 2, 1 is 0.04, 0.06, 0.06, 0.04, and the last may not fall below 0.06
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.03 * 2, 0.01 * 4, 0.03 * 2, 0.02 * 3])


def test_holm_stops_at_one() -> None:
    assert holm([0.6, 0.7]) == [1, 1]


def test_pairs_are_adjusted_together() -> None:
    runs = {name: priced(TRUTHS, off_by(*[size] * 4)) for name, size in (("a", 1), ("b", 2), ("c", 3))}
    assert [pair.p_holm for pair in compare(runs, USD).pairs] == [3 * 2 / 16] * 3


def test_only_items_that_all_runs_answered_count() -> None:
    runs = {"whole": priced(TRUTHS, off_by(1, 2, 3, 90)), "torn": priced(TRUTHS, off_by(1, 2, 5, "timeout"))}
    found = compare(runs, USD)
    assert (found.n, found.left_out, found.unanswered) == (3, 1, {"whole": 0, "torn": 1})
    assert found.losses == {"whole": (1 + 2 + 3) / 3, "torn": (1 + 2 + 5) / 3}


def test_runs_over_different_items_are_compared_on_the_common_ones() -> None:
    runs = {"first": priced(TRUTHS, off_by(1, 2, 3, 4))[:3], "last": priced(TRUTHS, off_by(1, 2, 3, 4))[1:]}
    found = compare(runs, USD)
    assert (found.n, found.left_out, found.unanswered) == (2, 2, {"first": 1, "last": 1})


def test_one_common_item_is_refused_with_the_counts() -> None:
    runs = {"few": priced(TRUTHS, off_by(1, "a", "a", "a")), "all": priced(TRUTHS, off_by(1, 2, 3, 4))}
    with pytest.raises(BadInput, match=r"at least 2 items .* found 1 \(answered: few 1, all 4\)"):
        compare(runs, USD)


def test_runs_that_disagree_about_a_truth_are_refused() -> None:
    runs = {"old": priced([1, 2], [1, 2]), "new": priced([1, 3], [1, 2])}
    with pytest.raises(BadInput, match=r"one truth for item item-0001, found 2\.0 and 3\.0 in the runs old and new"):
        compare(runs, USD)


def test_no_run_is_refused() -> None:
    with pytest.raises(BadInput, match="at least one run"):
        compare({}, USD)


def test_a_single_run_has_no_pairs() -> None:
    assert compare({"alone": priced(TRUTHS, off_by(1, 2, 3, 4))}, USD).pairs == ()


def test_a_pair_seen_from_the_other_side_is_its_mirror() -> None:
    draw = Random(1)
    truths = [draw.uniform(1, 9) for _ in range(30)]
    runs = {name: priced(truths, [draw.uniform(1, 9) for _ in truths]) for name in "ab"}
    found = compare(runs, USD)
    pair, mirror = found.pair("a", "b"), found.pair("b", "a")
    assert pair.difference_ci is not None
    assert mirror.difference_ci is not None
    assert (mirror.difference, mirror.p) == (-pair.difference, pair.p)
    assert (mirror.difference_ci.low, mirror.difference_ci.high) == (-pair.difference_ci.high, -pair.difference_ci.low)


def test_a_pair_of_unknown_runs_is_refused() -> None:
    with pytest.raises(BadInput, match="two different runs out of alone"):
        compare({"alone": priced(TRUTHS, off_by(1, 2, 3, 4))}, USD).pair("alone", "other")


def test_wrong_labels_are_losses_of_one() -> None:
    runs = {"x": labelled("abca", "abcb"), "y": labelled("abca", "bbab")}
    found = compare(runs, KIND)
    assert found.losses == {"x": 1 / 4, "y": 3 / 4}
    assert found.pairs[0].difference == 1 / 4 - 3 / 4


def test_labels_that_never_differ_still_have_an_interval() -> None:
    # one item more on either side: shares of 1 / 102, so the spread is sqrt((1/102 + 1/102) / 102)
    half = 1.959964 * math.sqrt(2 / 102 / 102)
    assert share_difference_interval(np.zeros(100)).told() == pytest.approx([-half, half])


def test_the_order_of_the_items_changes_nothing() -> None:
    draw = Random(2)
    truths = [draw.uniform(1, 99) for _ in range(50)]
    runs = {name: priced(truths, [draw.uniform(1, 99) for _ in truths]) for name in "abc"}
    shuffled = {name: draw.sample(outcomes, 50) for name, outcomes in runs.items()}
    assert compare(shuffled, USD, seed=5).pairs == compare(runs, USD, seed=5).pairs


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_figures_grow_with_the_unit(size: float) -> None:
    draw = Random(3)
    truths = [draw.uniform(1, 9) for _ in range(20)]
    guesses = {name: [draw.uniform(1, 9) for _ in truths] for name in "ab"}
    small = compare({name: priced(truths, found) for name, found in guesses.items()}, USD).pairs[0]
    large = compare(
        {name: priced([t * size for t in truths], [g * size for g in found]) for name, found in guesses.items()}, USD
    ).pairs[0]
    assert small.detectable is not None
    assert [large.difference, large.detectable] == pytest.approx([small.difference * size, small.detectable * size])
    assert (large.p, large.needed_n) == (small.p, small.needed_n)


def test_two_equally_good_runs_are_called_different_in_at_most_7_of_100_sets() -> None:
    random = np.random.default_rng(11)
    truths = random.lognormal(3.5, 1, (400, 250))
    first, second = (np.abs(truths * np.exp(random.normal(0, 0.5, truths.shape)) - truths) for _ in range(2))
    assert np.mean(np.array(sign_flip_ps(first - second, flips=2_000)) < 0.05) <= 0.07


def test_the_detectable_difference_is_found_in_about_80_of_100_sets() -> None:
    shift = detectable_difference(3.0, 100)
    assert shift is not None
    differences = np.random.default_rng(12).normal(shift, 3.0, (600, 100))
    assert np.mean(np.array(sign_flip_ps(differences, flips=2_000)) < 0.05) == pytest.approx(0.8, abs=0.05)


def test_the_detectable_difference_is_28_standard_errors_in_ten() -> None:
    assert detectable_difference(3.0, 100) == pytest.approx((1.96 + 0.8416) * 3 / 10)


def test_the_needed_items_make_the_observed_difference_detectable() -> None:
    assert needed_items(3.0, 0.5) == math.ceil((2.8016 * 3 / 0.5) ** 2)


def test_what_is_told_is_json() -> None:
    runs = {name: priced(range(1, 11), range(place, 10 + place)) for place, name in enumerate("ab")}
    told = compare(runs, USD).told()
    assert json.loads(json.dumps(told)) == told


def test_one_absurd_guess_counts_as_the_end_of_the_valid_range() -> None:
    task = replace(USD, least=0.5, most=999.0)
    runs = {"sane": priced(TRUTHS, off_by(1, 1, 1, 1)), "mad": priced(TRUTHS, [1e38, 20.0, 30.0, 40.0])}
    found = compare(runs, task)
    assert found.losses["mad"] == (999.0 - 10.0) / 4
    assert found.pair("sane", "mad").difference == 1.0 - (999.0 - 10.0) / 4
