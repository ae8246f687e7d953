"""Jobs here: planned with a measured time, trained in a process of their own, killed, stopped, gone on with, and judged."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from pricer.errors import BadInput
from pricer.evaluation.material import Wanted
from pricer.process import held
from pricer.tuning import job
from pricer.tuning.knobs import Knobs
from pricer.tuning.plan import Wish, document_of, plan, planned, wish_of
from pricer.tuning.record import Record, record_of, tuning_folder
from pricer.tuning.training import last_checkpoint
from pricer.tuning.verdict import Serving, verdict
from tests.pricer.tuning import toys

DEADLINE_S = 300.0


@pytest.fixture
def wish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wish:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "home"))
    data = toys.file_of(tmp_path / "toys.jsonl")
    knobs = Knobs(learning_rate=0.01, batch_size=8, epochs=1, evaluations=2, max_tokens=16)
    return Wish("encoder", Wanted(file=data, text=("text",), target="price"), toys.bert(tmp_path), knobs)


def kept(wish: Wish) -> Record:
    """The wish as a job that is planned, without the probe."""
    ready = planned(wish)
    record = Record(tuning_folder() / ready.id)
    record.write_plan(document_of(ready))
    return record


def until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(0.05)


def test_a_plan_measures_the_time_and_trains_nothing(wish: Wish) -> None:
    document = plan(wish)
    estimate = document["estimate"]
    assert estimate["seconds_low"] <= estimate["seconds"] <= estimate["seconds_high"]
    assert estimate["usd"] == "0"
    record = record_of(document["id"])
    assert (record.status().state, record.model.exists(), record.points()) == ("planned", False, [])


def test_a_plan_says_steps_and_examples(wish: Wish) -> None:
    told = document_of(planned(wish))
    n_train = told["data"]["n_train"]
    assert told["schedule"]["steps"] == -(-n_train // 8)
    assert told["schedule"]["effective_batch"] == 8


def test_the_same_wish_is_the_same_job_and_another_rate_another(wish: Wish) -> None:
    other = Wish(wish.method, wish.wanted, wish.base, Knobs(learning_rate=0.02, batch_size=8, max_tokens=16))
    assert planned(wish).id == planned(wish).id != planned(other).id


def test_a_wish_is_read_back_from_its_plan_as_it_was(wish: Wish) -> None:
    ready = planned(wish)
    again = wish_of(json.loads(json.dumps(document_of(ready))))
    assert planned(again).id == ready.id
    assert again.knobs == ready.wish.knobs


def test_an_unknown_encoder_and_more_frozen_layers_than_there_are_are_refused(wish: Wish) -> None:
    with pytest.raises(BadInput, match="wanted one of the encoders"):
        planned(Wish("encoder", wish.wanted, "maxilm"))
    with pytest.raises(BadInput, match="wanted 0 to the 2 layers"):
        planned(Wish("encoder", wish.wanted, wish.base, Knobs(frozen_layers=3)))


def test_a_job_that_was_killed_is_told_as_stopped_and_goes_on_to_its_end(wish: Wish) -> None:
    record = kept(
        Wish(
            wish.method,
            wish.wanted,
            wish.base,
            Knobs(learning_rate=0.01, batch_size=4, epochs=12, evaluations=20, max_tokens=16),
        )
    )
    job.start(record)
    until(lambda: last_checkpoint(record.folder) is not None)
    pid = next(int(path.name) for path in Path("/proc").glob("[0-9]*") if str(record.folder).encode() in _command(path))
    os.kill(pid, signal.SIGKILL)
    until(lambda: not held(record.folder / job.LOCK))
    torn = job.status_of(record)
    assert torn.state == "stopped"
    assert f"assay tune start {record.id}" in str(torn.why)
    reached = max(point.step for point in record.points())
    job.start(record)
    until(lambda: job.status_of(record).state not in ("running", "queued"))
    assert job.status_of(record).state == "done"
    assert "resumed" in [event.kind for event in record.events()]
    assert max(point.step for point in record.points()) == record.status().steps > reached


def test_a_stopped_job_goes_on_and_is_judged_beside_its_base_and_baselines(wish: Wish) -> None:
    record = kept(wish)
    record.folder.joinpath("stop").touch()
    assert job.work(record).state == "stopped"
    with pytest.raises(BadInput, match="wanted a trained model"):
        verdict(record)
    record.folder.joinpath("stop").unlink()
    assert job.work(record).state == "done"
    document = verdict(record, against=["mean", "median"], serving=Serving(Decimal("0.50"), Decimal("0.73")))
    assert [row["role"] for row in document["rows"]] == ["tuned", "base", "mean", "median"]
    assert {told["says"] for told in document["against"].values()} <= {
        "better than",
        "worse than",
        "cannot be told apart from",
    }
    assert document["n"] == document["rows"][0]["n"]
    assert "= 500,000 requests a month" in document["cost"][-1]  # 0.50 x 730 hours / (0.73 / 1,000)


def test_cancelling_what_does_not_run_changes_nothing(wish: Wish) -> None:
    record = kept(wish)
    assert not job.cancel(record)
    assert not (record.folder / "stop").exists()


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
