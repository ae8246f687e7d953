"""Training a tiny encoder for real: exact steps and rates, the same seed the same curve, stopped and killed trainings that go on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pricer.errors import BadInput
from pricer.evaluation.material import Material
from pricer.predictors.answers import numbers
from pricer.predictors.saved import State
from pricer.predictors.tuned.encoder import TunedEncoder
from pricer.tuning import encoder
from pricer.tuning.encoder import train_encoder, untuned_encoder
from pricer.tuning.knobs import Knobs
from pricer.tuning.record import Point, Record
from pricer.tuning.schedule import Schedule, schedule
from pricer.tuning.training import STOP, Diary, Judge, Measured, last_checkpoint
from tests.pricer.tuning import toys

KNOBS = Knobs(learning_rate=0.01, batch_size=8, epochs=2, evaluations=4, max_tokens=16, dropout=0.1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return toys.bert(tmp_path_factory.mktemp("bert"))


class Killed(BaseException):
    """The end of a process."""


@dataclass(frozen=True, slots=True)
class Mortal(Record):
    """A record whose process dies when it is to write about a step."""

    dies_at: int

    def add_point(self, point: Point) -> None:
        if point.step == self.dies_at:
            raise Killed
        Record.add_point(self, point)


def trained(
    base: str, record: Record, knobs: Knobs = KNOBS, material: Material | None = None
) -> tuple[TunedEncoder | None, Schedule]:
    found = material or toys.material()
    times = schedule(knobs, len(found.train.listings))
    record.write_plan({})
    return train_encoder(base, found, knobs, times, record, lambda *_: None)[0], times


def near(points: list[tuple[int, str, float | None, float | None]]) -> list[Any]:
    return [(step, split, pytest.approx(loss), pytest.approx(metric)) for step, split, loss, metric in points]


def losses(record: Record) -> list[tuple[int, str, float | None, float | None]]:
    return [(point.step, point.split, point.loss, point.metric) for point in record.points()]


@pytest.mark.parametrize(("epochs", "batch_size", "accumulation"), [(0.25, 8, 1), (1.0, 5, 2), (2.34, 7, 3)])
def test_the_trainer_takes_exactly_the_steps_and_rates_of_the_schedule(
    base: str, tmp_path: Path, epochs: float, batch_size: int, accumulation: int
) -> None:
    record = Record(tmp_path / "job")
    _, times = trained(base, record, replace(KNOBS, epochs=epochs, batch_size=batch_size, accumulation=accumulation))
    found = [(point.step, point.learning_rate) for point in record.points() if point.split == "train"]
    assert [step for step, _ in found] == list(range(1, times.steps + 1))
    assert [rate for _, rate in found] == pytest.approx([times.rate(step) for step in range(1, times.steps + 1)])


def test_the_same_seed_gives_the_same_curve_and_another_seed_another(base: str, tmp_path: Path) -> None:
    records = [Record(tmp_path / name) for name in ("a", "b", "c")]
    for record, seed in zip(records, (1, 1, 2), strict=True):
        trained(base, record, replace(KNOBS, seed=seed))
    assert losses(records[0]) == losses(records[1])
    assert losses(records[0]) != losses(records[2])


def test_the_order_differs_in_each_epoch_and_is_the_same_again(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    collate = encoder.collate

    def listening(batch: Any) -> Any:
        seen.extend(float(one["answer"]) for one in batch)
        return collate(batch)

    monkeypatch.setattr(encoder, "collate", listening)
    trained(base, Record(tmp_path / "a"))
    first, count = list(seen), 48
    seen.clear()
    trained(base, Record(tmp_path / "b"))
    assert seen == first
    assert first[:count] != first[count : 2 * count]
    assert sorted(first[:count]) == sorted(first[count : 2 * count])


@pytest.mark.parametrize("dies_at", [1, 3, 4, 8, 12])
def test_killed_at_any_moment_it_ends_as_if_nothing_had_happened(base: str, tmp_path: Path, dies_at: int) -> None:
    whole, torn = Record(tmp_path / "whole"), Record(tmp_path / "torn")
    model, _ = trained(base, whole)
    with pytest.raises(Killed):
        trained(base, Mortal(torn.folder, dies_at))
    again, _ = trained(base, torn)
    assert losses(torn) == near(losses(whole))
    assert model is not None
    assert again is not None
    np.testing.assert_allclose(again.outputs(["red shoe"]), model.outputs(["red shoe"]), atol=1e-6)


@pytest.mark.parametrize("patience", [0, 2])
def test_killed_between_its_last_checkpoint_and_its_end_it_takes_no_further_step(
    base: str, tmp_path: Path, patience: int
) -> None:
    record = Record(tmp_path / "job")
    knobs = replace(KNOBS, epochs=1.4, learning_rate=0.3, patience=patience, evaluations=20)
    model, _ = trained(base, record, knobs)
    before = losses(record)
    again, _ = trained(base, record, knobs)
    assert losses(record) == before
    assert model is not None
    assert again is not None
    np.testing.assert_array_equal(again.outputs(["red shoe"]), model.outputs(["red shoe"]))


def test_a_checkpoint_that_was_not_written_to_its_end_is_not_gone_on_from(base: str, tmp_path: Path) -> None:
    record = Record(tmp_path / "job")
    trained(base, record)
    last = last_checkpoint(record.folder)
    assert last is not None
    half = last.with_name("checkpoint-999")
    half.mkdir()
    assert last_checkpoint(record.folder) == last


def test_asked_to_stop_it_keeps_a_checkpoint_and_goes_on_later(base: str, tmp_path: Path) -> None:
    record, whole = Record(tmp_path / "job"), Record(tmp_path / "whole")
    record.write_plan({})
    (record.folder / STOP).touch()
    assert trained(base, record)[0] is None
    assert record.status().step == 1
    (record.folder / STOP).unlink()
    assert trained(base, record)[0] is not None
    trained(base, whole)
    assert losses(record) == near(losses(whole))


def test_a_loss_that_is_no_number_ends_the_training_with_what_to_do(tmp_path: Path) -> None:
    record = Record(tmp_path / "job")
    record.write_plan({})
    diary = Diary(record, schedule(KNOBS, 48), Judge(lambda: Measured(0.0)), 0, 0)
    assert (diary.logged(4, 0.5, 0.01), diary.logged(5, math.nan, 0.01)) == (False, True)
    assert "no number any more after step 5" in str(diary.fault)
    assert "lower the learning rate" in str(diary.fault)
    assert [point.loss for point in record.points()] == [0.5, None]


def test_patience_ends_it_and_the_best_checkpoint_is_the_result(base: str, tmp_path: Path) -> None:
    record = Record(tmp_path / "job")
    _, times = trained(base, record, replace(KNOBS, learning_rate=0.3, epochs=20, evaluations=40, patience=3))
    status = record.status()
    measured = [point for point in record.points() if point.split == "validation"]
    assert status.step < times.steps
    assert status.best_step == min(measured, key=lambda point: point.metric or 0).step
    assert status.step == measured[-1].step
    assert [event.kind for event in record.events()] == ["early"]


def test_tuning_learns_what_the_solved_head_did_not(base: str, tmp_path: Path) -> None:
    found = toys.material(160, 60)
    knobs = replace(KNOBS, epochs=12, dropout=0.0)
    model, _ = trained(base, Record(tmp_path / "job"), knobs, found)
    assert model is not None

    def error(one: TunedEncoder) -> float:
        guesses = one.predict(found.validation.listings)
        pairs = zip(guesses, numbers(found.validation), strict=True)
        return float(np.mean([abs((guess.value or 0) - answer) for guess, answer in pairs]))

    assert error(model) < error(untuned_encoder(base, found, knobs))


def test_labels_are_learned_with_a_head_of_one_output_each(base: str, tmp_path: Path) -> None:
    found, record = toys.material(90, 30, labels=True), Record(tmp_path / "job")
    model, _ = trained(base, record, replace(KNOBS, label_smoothing=0.1, epochs=6), found)
    assert model is not None
    assert model.head.shape == (16, 3)
    assert {guess.label for guess in model.predict(found.validation.listings)} <= set(toys.LABELS)
    assert (record.status().metric_name, record.status().lower_is_better) == ("macro_f1", False)


def test_frozen_layers_and_word_vectors_stay_as_they_were(base: str, tmp_path: Path) -> None:
    found = toys.material()
    before = untuned_encoder(base, found, KNOBS).body
    model, _ = trained(base, Record(tmp_path / "job"), replace(KNOBS, frozen_layers=1), found)
    assert model is not None
    changed = {name for name, array in model.body.items() if not np.array_equal(array, before[name])}
    assert changed
    assert all(name.startswith("encoder.layer.1.") for name in changed)


def test_a_saved_model_guesses_the_same(base: str, tmp_path: Path) -> None:
    found = toys.material()
    model, _ = trained(base, Record(tmp_path / "job"), KNOBS, found)
    assert model is not None
    state = model.state()
    again = TunedEncoder.restore(found.task, State(state.told, state.arrays, state.texts))
    listings = [item.listing for item in found.items]
    assert again.predict(listings) == model.predict(listings)


def test_a_guess_does_not_depend_on_its_neighbours(base: str, tmp_path: Path) -> None:
    found = toys.material()
    model = untuned_encoder(base, found, KNOBS)
    listings = [item.listing for item in found.items]
    assert [model.predict([one])[0] for one in listings] == model.predict(listings)


def test_an_encoder_of_another_build_is_refused(tmp_path: Path) -> None:
    from tests.pricer.store import models

    with pytest.raises(BadInput, match="wanted a BERT"):
        untuned_encoder(str(models.static(tmp_path / "static")), toys.material(), KNOBS)
