"""Scores of labels, each by hand."""

from __future__ import annotations

import json
from random import Random

import pytest

from pricer.errors import BadInput
from pricer.evaluation.labels import LabelScore, score_labels
from tests.pricer.evaluation.guesses import KIND, labelled, priced

SIX = labelled("aaabbc", "aabbba")  # a: 2 of 3 right, once guessed for c; b: 2 of 2, once guessed for a; c: never


def test_accuracy_is_over_the_answered_items() -> None:
    assert score_labels(labelled("aab", "ab-"), KIND).accuracy == 1 / 2


def test_accuracy_with_failures_as_wrong_is_over_all() -> None:
    assert score_labels(labelled("aab", "ab-"), KIND).accuracy_with_failures_as_wrong == 1 / 3


def test_macro_f1_is_the_mean_of_the_labels_f1() -> None:
    a, b, c = 2 * 2 / (2 * 2 + 1 + 1), 2 * 2 / (2 * 2 + 1 + 0), 0
    assert score_labels(SIX, KIND).macro_f1 == pytest.approx((a + b + c) / 3)


def test_a_label_that_never_occurs_is_left_out_of_macro_f1() -> None:
    a, b = 2 * 1 / (2 * 1 + 1), 2 * 1 / (2 * 1 + 1)
    assert score_labels(labelled("aab", "abb"), KIND).macro_f1 == pytest.approx((a + b) / 2)


def test_failures_as_wrong_are_missed_truths_in_macro_f1() -> None:
    found = score_labels(labelled("aabb", "a-bb"), KIND)
    assert found.macro_f1 == 1
    assert found.macro_f1_with_failures_as_wrong == pytest.approx((2 * 1 / (2 * 1 + 1) + 1) / 2)


def test_each_label_has_its_precision_recall_and_support() -> None:
    first, second, third = score_labels(SIX, KIND).by_label
    assert first == LabelScore("a", 3, 2 / 3, 2 / 3, 2 * 2 / (3 + 3))
    assert second == LabelScore("b", 2, 2 / 3, 2 / 2, 2 * 2 / (2 + 3))
    assert third == LabelScore("c", 1, None, 0 / 1, 0.0)


def test_confusion_has_a_row_for_each_truth_and_failures_last() -> None:
    assert score_labels(labelled("aabc", "ab-b"), KIND).confusion == ((1, 1, 0, 0), (0, 0, 0, 1), (0, 1, 0, 0))


def test_majority_share_is_of_all_truths() -> None:
    assert score_labels(labelled("aaab", "bb--"), KIND).majority_share == 3 / 4


def test_nothing_answered_leaves_the_figures_unknown() -> None:
    found = score_labels(labelled("ab", "--"), KIND)
    assert (found.accuracy, found.accuracy_ci, found.macro_f1, found.macro_f1_ci) == (None, None, None, None)
    assert (found.accuracy_with_failures_as_wrong, found.failures_by_reason) == (0, {"unreadable": 2})


def test_no_outcomes_at_all_leave_the_figures_unknown() -> None:
    found = score_labels([], KIND)
    assert (found.accuracy_with_failures_as_wrong, found.majority_share) == (None, None)


def test_the_order_of_the_items_changes_no_figure() -> None:
    draw = Random(2)
    outcomes = labelled(draw.choices("abc", k=50), draw.choices("abc-", k=50))
    assert score_labels(draw.sample(outcomes, 50), KIND, seed=4) == score_labels(outcomes, KIND, seed=4)


def test_the_interval_of_macro_f1_holds_it_and_repeats_with_its_seed() -> None:
    draw = Random(3)
    outcomes = labelled(draw.choices("abc", k=90), draw.choices("abc", k=90))
    one, again = score_labels(outcomes, KIND, seed=1), score_labels(outcomes, KIND, seed=1)
    assert one.macro_f1 is not None
    assert one.macro_f1_ci is not None
    assert one.macro_f1_ci.low < one.macro_f1 < one.macro_f1_ci.high
    assert one.macro_f1_ci == again.macro_f1_ci


def test_what_is_told_is_json() -> None:
    told = json.loads(json.dumps(score_labels(SIX, KIND).told()))
    assert told["confusion"][2] == [1, 0, 0, 0]
    assert told["accuracy_ci"][0] < told["accuracy"] == pytest.approx(4 / 6)


def test_a_guess_that_is_no_label_of_the_task_is_refused() -> None:
    with pytest.raises(BadInput, match="one of a, b, c as the guess of item 'item-0000', found 'z'"):
        score_labels(labelled("a", "z"), KIND)


def test_a_number_where_a_label_is_wanted_is_refused() -> None:
    with pytest.raises(BadInput, match="as the truth of item 'item-0000', found None"):
        score_labels(priced([1], [1]), KIND)
