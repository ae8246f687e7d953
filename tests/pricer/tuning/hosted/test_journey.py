"""An order at each of the three hosts, from the files to the tuned model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pricer.errors import BadInput
from pricer.predictors.chat.providers import connection
from pricer.tuning.hosted.host import Checkpoint
from pricer.tuning.knobs import Knobs
from tests.pricer.tuning.hosted.loopback import KEY
from tests.pricer.tuning.hosted.worlds import DOUBLES, JOBS, LINE, World, every_host, world


@pytest.fixture(scope="module", params=tuple(DOUBLES))
def finished(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A job that was followed to its end and looked at once more; it is only read."""
    with world(request.param, tmp_path_factory.mktemp("finished")) as at:
        at.started().ended()
        at.host.refresh(at.record)
        yield at


def test_an_order_ends_with_the_name_of_the_tuned_model(finished: World) -> None:
    at = finished
    assert at.record.status().state == "done"
    model = at.record.status().remote_model
    assert model is not None
    assert "prices-co-" in model
    assert at.record.status().why is None


def test_both_files_arrive_whole(finished: World) -> None:
    at = finished
    assert sorted(data for _, data in at.double.files.values()) == [(LINE * 10).encode(), (LINE * 40).encode()]


@every_host
def test_a_training_without_validation_sends_one_file(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path, validation=None) as at:
        assert at.started().ended() == "done"
        assert len(at.double.files) == 1


@every_host
def test_the_job_passes_through_queue_and_running_to_done(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.started()
        states = [at.record.status().state] + [at.host.refresh(at.record).state for _ in range(5)]
        assert list(dict.fromkeys(states)) == ["queued", "running", "done"]


def test_each_loss_is_kept_once_however_often_it_is_told(finished: World) -> None:
    at = finished
    lines = [json.loads(line) for line in (at.record.folder / "metrics.jsonl").read_text().splitlines()]
    keys = [(line["step"], line["split"]) for line in lines]
    assert len(keys) == len(set(keys))
    assert [line["loss"] for line in lines if line["split"] == "train"] == [1 / step for step in range(1, 11)]


def test_the_epoch_of_a_loss_is_its_share_of_the_steps(finished: World) -> None:
    at = finished
    epochs = {point.step: point.epoch for point in at.record.points() if point.split == "train"}
    assert (epochs[5], epochs[10]) == (2 * 5 / 10, 2 * 10 / 10)


def test_the_best_step_is_the_one_with_the_lowest_loss_on_the_whole_validation_file(finished: World) -> None:
    at = finished
    status = at.record.status()
    assert (status.best_step, status.best_metric) == (10, 1.5 / 10)


def test_steps_and_time_are_told(finished: World) -> None:
    at = finished
    status = at.record.status()
    assert (status.step, status.steps, status.elapsed_s) == (10, 10, 600.0)


def test_each_event_is_kept_once(finished: World) -> None:
    at = finished
    texts = [event.text for event in at.record.events()]
    assert len(texts) == len(set(texts))
    assert sum("→ done" in text for text in texts) == 1


@pytest.mark.parametrize("name", ["openai", "together"])
def test_a_sentence_said_twice_at_the_host_is_two_events(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.double.said = ["Job restarted", "Job restarted"]
        at.started().ended()
        assert sum("Job restarted" in event.text for event in at.record.events()) == 2


@every_host
def test_an_order_started_before_is_not_sent_again(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.started()
        calls = len(at.double.calls)
        at.started()
        assert len(at.double.calls) == calls


def test_a_record_keeps_the_ids_of_the_host(finished: World) -> None:
    at = finished
    remote = json.loads((at.record.folder / "remote.json").read_text())
    assert set(remote["files"]) == {"training", "validation"}
    assert remote["job"] == at.record.status().remote
    assert [job.split("/")[-1] for job in [remote["job"]]] == list(at.double.jobs)


def test_the_key_travels_in_the_head_of_each_request_alone(finished: World) -> None:
    at = finished
    bare = [one for one in at.double.asked if one.path != "/signed"]
    assert {one.headers["authorization"] for one in bare} == {f"Bearer {KEY}"}
    assert not any(KEY in f"{one.path}{one.query}{one.body}" for one in at.double.asked)


@every_host
def test_a_job_cancelled_from_here_is_stopped(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.started()
        status = at.host.cancel(at.record)
        assert (status.state, status.why) == ("stopped", "cancelled")


@every_host
def test_cancelling_what_was_never_started_asks_nobody(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        assert at.host.cancel(at.record).state == "stopped"
        assert at.double.calls == []


@every_host
def test_an_ended_job_is_not_started_again(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.started()
        at.host.cancel(at.record)
        with pytest.raises(BadInput, match=r"has ended \(stopped\): plan a new one"):
            at.started()
        assert len(at.double.jobs) == 1


@every_host
def test_a_record_takes_no_second_order(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.started()
        other = replace(at.order, knobs=Knobs(epochs=3))
        with pytest.raises(BadInput, match="with other files or settings: plan a new one"):
            at.host.create(other, at.record)
        assert (at.record.status().state, at.record.status().why) == ("queued", None)


@every_host
def test_looking_at_what_was_never_started_says_so(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at, pytest.raises(BadInput, match="was not started"):
        at.host.refresh(at.record)


def test_openai_pauses_and_resumes(tmp_path: Path) -> None:
    with world("openai", tmp_path) as at:
        at.started()
        assert at.host.pause(at.record).state == "paused"
        assert at.host.resume(at.record).state == "queued"
        assert at.ended() == "done"


def test_fireworks_resumes_what_the_host_has_halted(tmp_path: Path) -> None:
    with world("fireworks", tmp_path) as at:
        at.started()
        next(iter(at.double.jobs.values())).paused = True
        assert at.host.refresh(at.record).why == "account suspended"
        assert at.host.resume(at.record).state == "queued"


@pytest.mark.parametrize(("name", "verb"), [("together", "pause"), ("together", "resume"), ("fireworks", "pause")])
def test_a_host_that_cannot_halt_says_so(name: str, verb: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.started()
        with pytest.raises(BadInput, match=f"{name} cannot {verb} a job"):
            getattr(at.host, verb)(at.record)


def test_openai_keeps_checkpoints_with_their_losses(tmp_path: Path) -> None:
    with world("openai", tmp_path) as at:
        at.started()
        (only,) = at.host.checkpoints(at.record)
        assert (only.step, only.train_loss, only.validation_loss) == (5, 0.5, 0.75)
        assert only.model.endswith(":ckpt-step-5")


def test_together_keeps_checkpoints_by_name(tmp_path: Path) -> None:
    with world("together", tmp_path) as at:
        assert at.started().host.checkpoints(at.record) == (Checkpoint(5, "acme/tuned-5"),)


def test_fireworks_keeps_the_model_at_the_end(tmp_path: Path) -> None:
    with world("fireworks", tmp_path) as at:
        at.started().ended()
        (only,) = at.host.checkpoints(at.record)
        assert only.model == at.record.status().remote_model


def test_openai_is_ordered_a_supervised_training(tmp_path: Path) -> None:
    with world("openai", tmp_path) as at:
        at.started()
        (body,) = at.double.bodies("POST /v1/fine_tuning/jobs")
        hyperparameters = {"n_epochs": 2, "batch_size": 8, "learning_rate_multiplier": "auto"}
        assert body["method"] == {"type": "supervised", "supervised": {"hyperparameters": hyperparameters}}
        assert (body["seed"], body["model"]) == (0, "gpt-4.1-mini-2025-04-14")


def test_together_is_ordered_an_adapter_with_the_knobs(tmp_path: Path) -> None:
    with world(
        "together", tmp_path, knobs=Knobs(epochs=2, batch_size=4, accumulation=2, schedule="constant", patience=2)
    ) as at:
        at.started()
        body = at.double.bodies("POST /v1/fine-tunes")[-1]
        assert (body["batch_size"], body["n_epochs"], body["learning_rate"]) == (4 * 2, 2, 2e-4)
        assert body["training_type"] | {"lora_trainable_modules": ""} == {
            "type": "Lora", "lora_r": 8, "lora_alpha": 16, "lora_dropout": 0.1, "lora_trainable_modules": "",
        }  # fmt: skip
        assert body["lr_scheduler"] == {"lr_scheduler_type": "linear", "lr_scheduler_args": {"min_lr_ratio": 1.0}}
        assert (body["early_stopping_enabled"], body["early_stopping_patience"]) == (True, 2)


def test_fireworks_is_ordered_an_adapter_with_the_knobs(tmp_path: Path) -> None:
    with world("fireworks", tmp_path) as at:
        at.started()
        (body,) = at.double.bodies(f"POST {JOBS['fireworks']}")
        assert body["baseModel"] == "accounts/fireworks/models/llama-v3p1-8b-instruct"
        assert (body["epochs"], body["batchSizeSamples"], body["loraRank"]) == (2, 8, 8)
        assert body["learningRateWarmupSteps"] == 1  # a tenth of 40 / 8 x 2 steps


def test_knobs_that_a_host_does_not_know_are_named(tmp_path: Path) -> None:
    with world("openai", tmp_path, knobs=Knobs(epochs=2, learning_rate=1e-4, lora_rank=4)) as at:
        at.started()
        assert any("openai does not know learning_rate, lora_rank" in event.text for event in at.record.events())


def test_a_tuned_model_is_a_name_that_the_chat_predictor_takes(finished: World) -> None:
    at = finished
    model = at.record.status().remote_model
    provider = "compatible" if at.host.name == "fireworks" else at.host.name
    way = connection(f"{provider}/{model}", "http://127.0.0.1:1/v1", environment={})
    assert way.model == model


def test_a_host_without_losses_still_ends(tmp_path: Path) -> None:
    with world("together", tmp_path) as at:
        at.double.metrics = False
        assert at.started().ended() == "done"
        assert at.record.points() == []


def test_the_signed_address_of_losses_stays_out_of_the_record(tmp_path: Path) -> None:
    with world("fireworks", tmp_path) as at:
        at.started().ended()
        assert at.record.points()
        assert "secret-of-the-address" not in at.kept()
