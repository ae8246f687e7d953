"""Words as counts and weights."""

from __future__ import annotations

import numpy as np
import pytest

from pricer.predictors.answers import Scale
from pricer.predictors.protocol import Examples
from pricer.predictors.words import Cut, Terms, document, tokens
from tests.pricer.predictors.toys import listing


def test_document_holds_every_part_of_a_listing() -> None:
    one = listing(1)
    text = document(one)
    assert all(part in text for part in (one.title, one.brand or "", one.category or "", one.details, one.description))


def test_model_numbers_stay_whole() -> None:
    assert tokens("An AC-220 of 3.5 V.") == ["an", "ac-220", "of", "3.5", "v"]


def test_rows_are_counts() -> None:
    terms = Terms.learn(["red red car", "blue car"], Cut(weighted=False))
    assert terms.vocabulary == ("blue", "car", "red")
    assert terms.rows(["red red car car car"]).toarray().tolist() == [[0, 3, 2]]


def test_weights_follow_the_formula() -> None:
    row = Terms.learn(["red red car", "blue car"], Cut()).rows(["red red car"]).toarray()[0]
    red, car = (1 + np.log(2)) * (np.log(3 / 2) + 1), np.log(3 / 3) + 1
    assert row == pytest.approx(np.array([0, car, red]) / np.hypot(red, car))


def test_only_the_commonest_terms_are_kept() -> None:
    assert Terms.learn(["red car", "blue car", "red"], Cut(most=2)).vocabulary == ("car", "red")


def test_empty_texts_have_no_terms_but_rows() -> None:
    assert Terms.learn(["", ""], Cut()).rows(["anything"]).sum() == 0


def test_numbers_below_zero_are_not_logged() -> None:
    assert not Scale.of(np.array([-1.0, 5.0])).logged


def test_scale_stays_within_the_training_answers() -> None:
    scale = Scale.of(np.array([2.0, 50.0]))
    assert [guess.value for guess in scale.guesses(np.array([-9.0, 900.0, np.inf]))] == [2.0, 50.0, 50.0]


def test_scale_comes_back_with_six_digits() -> None:
    assert Scale(True, 0, 1000).back(np.log1p(np.array([123.4567891])))[0] == 123.457


def test_error_is_in_the_unit() -> None:
    scale = Scale.of(np.array([0.0, 99.0]))
    assert (
        scale.error(np.log1p(np.array([10.0, 20.0])), Examples((listing(0), listing(1)), (11.0, 23.0))) == (1 + 3) / 2
    )
