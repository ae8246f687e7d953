"""Fine-tuning over MCP: the plan first, the user's word, the job, and what other tools say of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pricer.tuning.record import record_of, records
from tests.pricer.tuning import toys
from tests.server.test_runs import user
from tests.server.toys import answer, called, make_dataset, until


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "home"))
    for name in ("OPENAI_API_KEY", "TOGETHER_API_KEY", "FIREWORKS_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    make_dataset(tmp_path / "home", distinct=True)
    return {"dataset": "pans", "base": toys.bert(tmp_path), "batch_size": 4}


def test_a_first_call_returns_the_plan_and_starts_nothing(asked: dict[str, Any]) -> None:
    told = answer("start_fine_tune", asked)
    assert told["state"] == "plan"
    assert told["plan"]["schedule"]["effective_batch"] == 4
    assert "confirm=true" in told["next"]
    assert record_of(told["job_id"]).status().state == "planned"


@pytest.mark.parametrize("approve", [False, True])
def test_a_client_that_can_ask_its_user_does_whatever_the_model_says(asked: dict[str, Any], approve: bool) -> None:
    heard: list[str] = []
    told = answer("start_fine_tune", asked | {"confirm": True}, **user("accept", approve, heard=heard))
    assert len(heard) == 1
    assert "on this machine, free" in heard[0]
    assert (told["state"] == "plan") is not approve
    if approve:
        answer("cancel_job", {"job_id": told["job_id"]})
        until(lambda: answer("get_job", {"job_id": told["job_id"]})["state"] not in ("queued", "running"))


def test_a_confirmed_job_runs_to_its_end_and_is_listed_and_named(asked: dict[str, Any]) -> None:
    told = answer("start_fine_tune", asked | {"confirm": True})
    assert told["state"] in ("queued", "running", "done")
    until(lambda: answer("get_job", {"job_id": told["job_id"]})["state"] not in ("queued", "running"))
    ended = answer("get_job", {"job_id": told["job_id"]})
    assert ended["state"] == "done"
    assert f"assay tune verdict {told['job_id']}" in ended["next"]
    assert told["job_id"] in [row["job_id"] for row in answer("get_job", {})["jobs"]]


def test_at_a_host_nothing_is_sent_without_a_cap_that_covers_the_price(asked: dict[str, Any]) -> None:
    told = answer(
        "start_fine_tune", {"dataset": "pans", "method": "openai", "base": "gpt-4.1-mini", "epochs": 3, "confirm": True}
    )
    assert told["state"] == "plan"
    assert "name a max_cost_usd" in told["next"]
    assert any("2027-01-06" in note for note in told["plan"]["notes"])
    assert [record.status().state for record in records()] == ["planned"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"dataset": "pots"}, "no data set named 'pots'"),
        ({"method": "magic"}, "wanted one of encoder, lora"),
        ({"epochs": 0}, "epochs: wanted a number above 0"),
        ({"learning_rate": "high"}, "learning_rate: wanted a number"),
        ({"base": "maxilm"}, "wanted one of the encoders"),
        ({"method": "together", "base": None}, "wanted the model to tune at together"),
    ],
)
def test_a_refusal_says_what_to_change(asked: dict[str, Any], more: dict[str, Any], said: str) -> None:
    result = called("start_fine_tune", {name: value for name, value in (asked | more).items() if value is not None})
    assert result.is_error
    assert said in result.content[0].text
