"""Schedules: exact steps for whole and broken epochs, the rate at each, when it is evaluated; and what knobs are refused or doubted."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricer.errors import BadInput
from pricer.tuning.knobs import Knobs, doubts
from pricer.tuning.schedule import Schedule, schedule


def made(n_train: int = 1000, **knobs: object) -> Schedule:
    return schedule(Knobs(**knobs).rated("encoder"), n_train)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("epochs", "batch_size", "accumulation", "steps"),
    [
        (0.25, 16, 1, 16),  # 1000 / 16 = 62.5, 63 an epoch; a quarter of them 15.75
        (1.0, 16, 1, 63),
        (2.34, 16, 1, 148),  # 147.42
        (0.25, 8, 4, 8),  # 32 at a step: 31.25, 32 an epoch
        (1.0, 8, 4, 32),
        (2.34, 8, 4, 75),  # 74.88
        (2.34, 100, 1, 24),  # 10 an epoch: 23.4
        (0.01, 1000, 1, 1),  # never less than one
    ],
)
def test_epochs_batch_and_accumulation_decide_the_steps(
    epochs: float, batch_size: int, accumulation: int, steps: int
) -> None:
    assert made(epochs=epochs, batch_size=batch_size, accumulation=accumulation).steps == steps


def test_the_effective_batch_counts_the_devices() -> None:
    assert schedule(Knobs(batch_size=8, accumulation=4).rated("lora"), 1000, devices=2).effective_batch == 8 * 4 * 2


def test_a_tenth_more_than_two_epochs_does_not_become_a_step_more_by_rounding() -> None:
    assert made(100, epochs=2.1, batch_size=10).steps == 21  # 2.1 x 10 is 21.000000000000004 in floats of some orders


def test_the_rate_climbs_from_nothing_and_falls_to_almost_nothing() -> None:
    found = made(160, batch_size=16, epochs=1, warmup_share=0.2, learning_rate=0.01)  # 10 steps, 2 of warm-up
    assert [found.rate(step) for step in (1, 2, 3, 10)] == pytest.approx([0, 0.005, 0.01, 0.01 / 8])


def test_a_cosine_is_at_half_its_peak_half_way() -> None:
    found = made(160, batch_size=16, warmup_share=0, schedule="cosine", learning_rate=0.01)
    assert found.rate(6) == pytest.approx(0.005)


def test_a_constant_rate_stays() -> None:
    found = made(160, batch_size=16, warmup_share=0, schedule="constant", learning_rate=0.01)
    assert {found.rate(step) for step in range(1, 11)} == {0.01}


@given(st.integers(1, 5000), st.integers(1, 64), st.integers(1, 8), st.floats(0.01, 9), st.integers(1, 40))
def test_validation_is_measured_after_the_last_step_and_never_after_the_end(
    n_train: int, batch_size: int, accumulation: int, epochs: float, evaluations: int
) -> None:
    found = made(n_train, batch_size=batch_size, accumulation=accumulation, epochs=epochs, evaluations=evaluations)
    assert found.evaluate_at[-1] == found.steps
    assert len(set(found.evaluate_at)) == len(found.evaluate_at) <= evaluations
    assert found.steps >= math.floor(epochs * n_train / (batch_size * accumulation))


def test_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(BadInput, match="at least one training example"):
        made(0)


@pytest.mark.parametrize(
    ("knobs", "wanted"),
    [
        ({"learning_rate": -1.0}, "learning_rate: wanted 0 to 10"),
        ({"learning_rate": 0.0}, "more than 0"),
        ({"epochs": math.nan}, "epochs: wanted 0 to 1000, found nan"),
        ({"batch_size": 0}, "batch_size: wanted 1 to 4096"),
        ({"dropout": 1.0}, "dropout: wanted 0 to 0.95"),
        ({"schedule": "stairs"}, "schedule: wanted one of linear, cosine, constant"),
        ({"lora_targets": ()}, "lora_targets: wanted at least one"),
    ],
)
def test_impossible_knobs_are_refused_by_name(knobs: dict[str, object], wanted: str) -> None:
    with pytest.raises(BadInput, match=wanted):
        Knobs(**knobs)  # type: ignore[arg-type]


def test_usual_knobs_raise_no_doubt() -> None:
    assert doubts(Knobs().rated("encoder"), "encoder", 8000, 500) == []


@pytest.mark.parametrize(
    ("knobs", "reason"),
    [
        (Knobs(learning_rate=0.01), "overshoot"),
        (Knobs(learning_rate=1e-7), "hardly move"),
        (Knobs(epochs=30), "by heart"),
        (Knobs(batch_size=4000), "few to settle in"),
        (Knobs(batch_size=1), "mostly noise"),
        (Knobs(warmup_share=0.8), "almost over"),
        (Knobs(dropout=0.7), "underfitting"),
    ],
)
def test_unusual_knobs_are_doubted_with_the_reason(knobs: Knobs, reason: str) -> None:
    assert any(reason in one for one in doubts(knobs, "encoder", 8000, 500))
