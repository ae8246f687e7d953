"""Tuning a small language model with an adapter."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from pricer.errors import BadInput
from pricer.evaluation.material import Material
from pricer.predictors.protocol import Examples, Guess, Task
from pricer.predictors.tuned.base import base
from pricer.predictors.tuned.causal import TunedCausal
from pricer.tuning.knobs import Knobs
from pricer.tuning.lora import Row, adapter_of, answer_loss, collator, metric_of, train_lora, untuned_causal
from pricer.tuning.record import Record
from pricer.tuning.schedule import schedule
from pricer.tuning.training import STOP, Ended
from tests.pricer.predictors.toys import LABELS, NUMBERS, examples, priced
from tests.pricer.predictors.tuned.tiny import tiny_folder

TINY = Knobs(
    learning_rate=2e-2, batch_size=8, epochs=2, evaluations=2, lora_targets=("q_proj", "v_proj"), max_tokens=32
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_folder(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads of tests that run side by side would wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def material(task: Task = NUMBERS, count: int = 24) -> Material:
    return Material("toys", "", "test", task, (), examples(task, count), examples(task, 8, seed=1))


def job(folder: Path) -> Record:
    record = Record(folder)
    record.write_plan({})
    return record


def train(base_name: str, record: Record, knobs: Knobs = TINY, toys: Material | None = None) -> tuple[Any, Ended]:
    toys, knobs = toys or material(), knobs.rated("lora")
    return train_lora(base_name, toys, knobs, schedule(knobs, len(toys.train.listings)), record, lambda *told: None)


def test_training_lowers_the_validation_loss(folder: str, tmp_path: Path) -> None:
    record = job(tmp_path / "job")
    train(folder, record, TINY)
    first, last = (point.loss for point in record.points() if point.split == "validation")
    assert first is not None and last is not None and last < first


def test_steps_are_those_of_the_schedule(folder: str, tmp_path: Path) -> None:
    record = job(tmp_path / "job")
    _, ended = train(folder, record)
    assert (ended.how, record.status().step) == ("done", 2 * math.ceil(24 / 8))


def test_the_same_seed_gives_the_same_adapter(folder: str, tmp_path: Path) -> None:
    one, other = (train(folder, job(tmp_path / name))[0] for name in ("one", "other"))
    assert all(np.array_equal(one.arrays[name], other.arrays[name]) for name in one.arrays)


def test_stopped_training_goes_on_to_the_same_adapter(folder: str, tmp_path: Path) -> None:
    whole, _ = train(folder, job(tmp_path / "whole"))
    record = job(tmp_path / "halved")
    (record.folder / STOP).touch()
    assert train(folder, record)[0] is None
    (record.folder / STOP).unlink()
    halved, ended = train(folder, record)
    assert ended.how == "done" and any(event.kind == "resumed" for event in record.events())
    assert all(halved.arrays[name] == pytest.approx(whole.arrays[name], abs=1e-6) for name in whole.arrays)


def test_metric_is_written_beside_the_best_validation_loss(folder: str, tmp_path: Path) -> None:
    record = job(tmp_path / "job")
    _, ended = train(folder, record)
    told = {point.step: point.metric for point in record.points() if point.split == "validation"}
    assert [step for step, metric in told.items() if metric is not None] == [ended.best_step]


def test_metric_is_measured_at_every_evaluation_where_that_costs_little(folder: str, tmp_path: Path) -> None:
    record, knobs = job(tmp_path / "job"), Knobs(batch_size=8, epochs=4, evaluations=2, max_tokens=32)
    toys = Material("toys", "", "test", NUMBERS, (), priced(40), priced(2, seed=1))
    train(folder, record, knobs, toys)
    assert record.status().metric_name == "mae_usd"
    assert all(point.metric is not None for point in record.points() if point.split == "validation")


def test_labels_are_learned_too(folder: str, tmp_path: Path) -> None:
    model, _ = train(folder, job(tmp_path / "job"), TINY, material(LABELS))
    said = model.predict(material(LABELS).train.listings)
    assert all(one.label in LABELS.labels or one.failure for one in said)


def test_a_training_writes_nothing_on_the_streams(
    folder: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    train(folder, job(tmp_path / "job"))
    assert capfd.readouterr() == ("", "")


def test_frozen_layers_have_no_adapter(folder: str, tmp_path: Path) -> None:
    knobs = Knobs(epochs=1, evaluations=1, frozen_layers=1, max_tokens=16)
    model, _ = train(folder, job(tmp_path / "job"), knobs, material(count=8))
    assert all(".layers.1." in name for name in model.arrays)


def test_all_layers_frozen_is_refused(folder: str) -> None:
    with pytest.raises(BadInput, match="fewer than the 2 layers"):
        adapter_of(Knobs(frozen_layers=2), base(folder).model)


def test_unknown_targets_are_answered_with_those_that_there_are(folder: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="found c_attn; there are down_proj"):
        train(folder, job(tmp_path / "job"), Knobs(lora_targets=("c_attn",)))


def test_examples_longer_than_the_model_reads_are_refused(folder: str, tmp_path: Path) -> None:
    long = priced(1).listings[0]
    long = type(long)(**{**{name: getattr(long, name) for name in long.__slots__}, "text": "filter " * 600})
    toys = Material("toys", "", "test", NUMBERS, (), Examples((long,), (5.0,)), Examples((), ()))
    with pytest.raises(BadInput, match="reads 512 tokens"):
        train(folder, job(tmp_path / "job"), Knobs(max_tokens=600), toys)


def test_answers_of_a_batch_end_in_the_last_column() -> None:
    batch = collator(3, keeps=True)([Row((5, 6, 7), (8, 2)), Row((5,), (2,))])
    assert batch["input_ids"].tolist() == [[5, 6, 7, 8, 2], [3, 3, 3, 5, 2]]
    assert batch["labels"].tolist() == [[-100, -100, -100, 8, 2], [-100, -100, -100, -100, 2]]
    assert batch["position_ids"].tolist() == [[0, 1, 2, 3, 4], [0, 0, 0, 0, 1]]
    assert batch["logits_to_keep"] == 2 + 1


def test_loss_is_of_the_answers_tokens_alone() -> None:
    logits = torch.zeros(1, 3, 4)
    logits[0, 0, 1] = math.log(3)  # foretells the token in the second column of three: 3 of 6 shares
    labels = torch.tensor([[-100, -100, 1, 2]])
    loss = answer_loss()(SimpleNamespace(logits=logits), labels)
    assert float(loss) == pytest.approx((math.log(2) + math.log(4)) / 2)


def test_loss_of_a_part_of_a_step_is_divided_by_the_whole_steps_tokens() -> None:
    outputs, labels = SimpleNamespace(logits=torch.zeros(1, 2, 4)), torch.tensor([[-100, 1]])
    assert float(answer_loss()(outputs, labels, 5)) == pytest.approx(math.log(4) / 5)


def test_silence_counts_as_the_median_of_the_answers() -> None:
    held = Examples(priced(3).listings, (10.0, 20.0, 60.0))
    said = [Guess(value=12.0), Guess(failure="no number"), Guess(failure="no number")]
    assert metric_of(NUMBERS, said, held) == pytest.approx((2 + 0 + 40) / 3)


def test_unread_label_is_a_wrong_one() -> None:
    held = Examples(priced(2).listings, ("small", "large"))
    said = [Guess(label="small"), Guess(failure="no label")]
    assert metric_of(LABELS, said, held) == pytest.approx((1 + 0 + 0) / 3)


def test_untuned_model_is_asked_as_the_tuned_one_is(folder: str, tmp_path: Path) -> None:
    model, _ = train(folder, job(tmp_path / "job"))
    plain = untuned_causal(folder, material(), TINY)
    assert (plain.asking, plain.base_fingerprint, plain.adapter) == (model.asking, model.base_fingerprint, None)


def test_smollm2_is_tuned(tmp_path: Path) -> None:
    knobs = Knobs(batch_size=1, epochs=1, evaluations=1, max_tokens=16)
    toys = Material("toys", "", "test", NUMBERS, (), priced(2), priced(1, seed=1))
    model, ended = train("local/smollm2-135m", job(tmp_path / "job"), knobs, toys)
    assert isinstance(model, TunedCausal)
    assert (model.name, ended.best_step) == ("smollm2-135m + LoRA", 2)
