"""Small networks on sparse rows."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pricer.errors import BadInput
from pricer.predictors.network import MlpLearner, Networks, train_network
from pricer.predictors.protocol import Examples
from pricer.predictors.saved import Provenance, load, save
from pricer.predictors.sparse import Vocabularies, beside
from pricer.predictors.workers import side_by_side
from tests.pricer.predictors.toys import LABELS, NUMBERS, labelled, priced

MADE = Provenance("toys", "f" * 64, 1, "mlp", 300, 40)
NONE = Examples((), ())


@cache
def trained() -> Networks:
    return MlpLearner(count=2).fit(NUMBERS, priced(300), NONE, 3)


def test_jobs_come_back_in_their_order() -> None:
    assert side_by_side([lambda: 1, lambda: 2, lambda: 3]) == [1, 2, 3]


def test_networks_learn_more_than_the_median() -> None:
    new = priced(100, seed=2)
    truth = np.array(new.answers, dtype=float)
    found = np.array([guess.value for guess in trained().predict(new.listings)])
    assert np.abs(found - truth).mean() < np.abs(np.median(truth) - truth).mean() / 2


def test_the_same_seed_gives_the_same_guesses() -> None:
    new = priced(20, seed=2).listings
    again = MlpLearner(count=2).fit(NUMBERS, priced(300), NONE, 3)
    assert again.predict(new) == trained().predict(new)


def test_guess_does_not_depend_on_other_listings() -> None:
    new = priced(10, seed=2).listings
    assert [trained().predict([one])[0] for one in new] == trained().predict(new)


def test_saved_model_guesses_the_same(tmp_path: Path) -> None:
    save(trained(), NUMBERS, tmp_path / "model", MADE)
    new = priced(20, seed=2).listings
    assert load(tmp_path / "model", NUMBERS).model.predict(new) == trained().predict(new)


def test_listings_that_share_no_word_are_learned_as_their_mean() -> None:
    train = priced(2)
    rows = beside(Vocabularies.learn(train.listings).rows(train.listings))
    values = train_network(rows, np.array([5.0, 5.0]), 1).values(rows)
    assert values == pytest.approx(np.full(2, 5.0), abs=1.5)


def test_labels_are_refused() -> None:
    with pytest.raises(BadInput, match="choose a learner for labels"):
        MlpLearner().fit(LABELS, labelled(10), NONE, 1)
