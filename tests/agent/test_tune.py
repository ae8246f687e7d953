"""`assay tune`: planned, started, shown, swept and judged from the command line; files checked; nothing sent without a cap."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from agent.tune import tune
from pricer.errors import BadInput
from pricer.tuning.record import record_of
from tests.pricer.tuning import toys

GOOD = '{"messages": [{"role": "user", "content": "What is %d?"}, {"role": "assistant", "content": "a number"}]}\n'


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return ["--data", str(toys.file_of(tmp_path / "toys.jsonl")), "--text", "text", "--target", "price"]


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(tune, arguments, env={"COLUMNS": "120"})


def document(*arguments: str) -> Any:
    result = ran(*arguments, "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


def refusal(*arguments: str) -> str:
    result = ran(*arguments)
    assert isinstance(result.exception, BadInput), result.output
    return str(result.exception)


def test_from_plan_to_verdict(data: list[str], tmp_path: Path) -> None:
    knobs = [
        "--base",
        toys.bert(tmp_path),
        "--max-tokens",
        "16",
        "--batch-size",
        "8",
        "--evaluations",
        "2",
        "--learning-rate",
        "0.01",
    ]
    plan = document("plan", *data, *knobs, "--epochs", "1.5")
    assert plan["schedule"]["steps"] == 14  # 72 to learn from, 9 steps an epoch: 13.5
    assert plan["estimate"]["seconds"] > 0
    assert [one["state"] for one in document("status")["jobs"]] == ["planned"]

    done = document("start", plan["id"])
    assert (done["state"], done["step"]) == ("done", 14)
    assert Path(done["model"]).is_dir()
    assert "done" in ran("status", plan["id"]).stdout

    assert ran("watch", plan["id"], "--out", str(tmp_path / "job.html")).exit_code == 0
    assert plan["id"] in (tmp_path / "job.html").read_text()
    assert "1 trainings" in ran("knobs", "--out", str(tmp_path / "knobs.html")).stdout

    told = document("verdict", plan["id"], "--against", "mean")
    assert [row["role"] for row in told["rows"]] == ["tuned", "base", "mean"]
    assert told["verdict"][0].startswith("tuned ")
    assert told["verdict"][0].split("tuned ")[1].startswith(told["against"]["base"]["says"])


def test_a_sweep_tries_settings_on_equal_budgets_and_says_what_to_use(data: list[str], tmp_path: Path) -> None:
    told = document(
        "sweep", *data, "--base", toys.bert(tmp_path), "--max-tokens", "16", "--trials", "2", "--best", "1", "--seeds", "1", "--name", "toys"
    )  # fmt: skip
    assert len(told["trials"]) == 2
    assert told["ruling"]["standing"] in ("better", "worse", "cannot be told apart")
    assert ran("knobs", "toys", "--out", str(tmp_path / "knobs.html")).exit_code == 0


def test_a_hosts_plan_is_priced_and_nothing_is_sent_without_a_cap(data: list[str]) -> None:
    plan = document("plan", *data, "--method", "openai", "--base", "gpt-4.1-mini", "--epochs", "3")
    assert plan["estimate"]["usd"] is not None
    assert any("2027-01-06" in note for note in plan["notes"])
    assert "no cap is set" in refusal("start", plan["id"])
    assert "more than the cap" in refusal("start", plan["id"], "--max-cost-usd", "0.0001")
    assert record_of(plan["id"]).status().state == "planned"


def test_a_bad_training_file_is_told_by_line_and_column_with_exit_code_2(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text("".join(GOOD % number for number in range(10)) + '{"messages": [],}\n')
    result = ran("check", str(path))
    assert result.exit_code == 2
    assert "line 11, column" in result.stdout


def test_a_good_training_file_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "good.jsonl"
    path.write_text("".join(GOOD % number for number in range(10)))
    assert document("check", str(path))["examples"] == 10


def test_examples_are_written_for_a_users_own_file(data: list[str], tmp_path: Path) -> None:
    told = document("examples", *data, "--out", str(tmp_path / "files"))
    assert told["n_training"] + sum(told["left_out"].values()) >= told["n_training"] > 0
    assert len((tmp_path / "files" / "training.jsonl").read_text().splitlines()) == told["n_training"]


def test_offers_are_priced_for_a_file_and_closed_ones_are_called_so() -> None:
    rows = document("offers", "openai", "--tokens", "1000000", "--epochs", "2")["offers"]
    mini = next(row for row in rows if row["model"].startswith("gpt-4.1-mini"))
    assert (mini["usd"], mini["standing"], mini["closes"]) == ("10.00", "closing", "2027-01-06")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["start", "encoder-nothing-00000000"], "no tuning job"),
        (["plan", "--data", "x.csv", "--epochs", "0"], "more than 0"),
        (["plan", "--data", "x.csv", "--schedule", "stairs"], "wanted one of linear, cosine, constant"),
        (["plan", "--data", "x.csv", "--method", "magic"], "wanted one of encoder, lora"),
        (["knobs"], "no training was recorded yet"),
    ],
)
def test_bad_input_is_refused_in_words(data: list[str], arguments: list[str], said: str) -> None:
    assert said in refusal(*arguments)
