"""Boosted trees."""

from __future__ import annotations

import numpy as np
import pytest

from pricer.predictors.boosting import BoostingLearner
from pricer.predictors.linear import PAIRS
from pricer.predictors.saved import State
from pricer.predictors.themes import Reader
from tests.pricer.predictors.toys import NUMBERS, examples, priced


def test_training_table_and_later_tables_have_the_same_columns() -> None:
    train = priced(40)
    reader, table = Reader.learn(train, PAIRS, 1, np.log1p(np.array(train.answers, dtype=np.float64)))
    assert reader.table(train.listings).shape == table.shape


def test_columns_that_need_no_answer_are_the_same_in_training_and_later() -> None:
    train = priced(40)
    reader, table = Reader.learn(train, PAIRS, 1)
    assert np.array_equal(reader.table(train.listings), table, equal_nan=True)


def test_text_that_is_no_booster_is_refused() -> None:
    model = BoostingLearner(rounds=5).fit(NUMBERS, priced(40), examples(NUMBERS, 10, seed=1), 1)
    state = model.state()
    with pytest.raises(ValueError, match="LightGBM"):
        type(model).restore(NUMBERS, State(state.told, state.arrays, {**state.texts, "trees": "nonsense"}))
