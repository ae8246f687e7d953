"""The deep network: torch trains it, numpy reads it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from pricer.predictors.answers import Scale
from pricer.predictors.deep import Deep, DeepLearner, Shape
from pricer.predictors.protocol import Examples
from pricer.predictors.training import make_network, values_of
from tests.pricer.predictors.toys import NUMBERS, priced

TINY = Shape(buckets=64, width=8, blocks=2, batch=16, epochs=2)


def test_arrays_guess_what_torch_guesses() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = make_network(TINY)
    rows = csr_matrix(np.random.default_rng(0).random((5, 64)) * (np.arange(64) % 7 == 0))
    arrays = {name: array.numpy() for name, array in network.state_dict().items()}
    deep = Deep(arrays, TINY.blocks, 1.0, 2.0, Scale(False, 0, 1))
    assert deep.values(rows) == pytest.approx(values_of(network, rows, torch.device("cpu")) * 2 + 1, abs=1e-5)


def test_training_leaves_the_callers_randomness_alone() -> None:
    before = torch.get_rng_state()
    DeepLearner(shape=TINY).fit(NUMBERS, priced(20), Examples((), ()), 1)
    assert torch.equal(torch.get_rng_state(), before)


def test_network_learns() -> None:
    train = priced(60)
    shape = Shape(buckets=256, width=16, blocks=1, dropout=0.0, batch=10, epochs=20, learning_rate=1e-2)
    guesses = DeepLearner(shape=shape).fit(NUMBERS, train, Examples((), ()), 1).predict(train.listings)
    costs = np.array(train.answers, dtype=np.float64)
    error = np.abs(np.array([guess.value for guess in guesses], dtype=np.float64) - costs).mean()
    assert error < np.abs(costs - np.median(costs)).mean() / 2
