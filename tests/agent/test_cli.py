"""The `assay` command as users run it: a process, its exit code, what it prints where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.pricer.evidence.runs import chat, measure

ASSAY = [sys.executable, "-m", "agent"]
ROOT = Path(__file__).resolve().parents[2]
QUESTION = (
    "open weights, commercial use, tool calling, 10k requests a day of 2,000 tokens in and 300 out, under $400 a month"
)


def run(*arguments: str, home: Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ASSAY_HOME": str(home), "COLUMNS": "120", "NO_COLOR": "1"}
    return subprocess.run(
        [*ASSAY, *arguments], cwd=ROOT, env=environment, input=stdin or "", text=True, capture_output=True, check=False
    )


def document(*arguments: str, home: Path) -> Any:
    return json.loads(run(*arguments, "--json", home=home).stdout)


def test_ask_prints_a_decision_with_reasons_and_exit_code_0(tmp_path: Path) -> None:
    done = run("ask", QUESTION, home=tmp_path)
    assert done.returncode == 0
    assert "Understood" in done.stdout
    assert "300,000 requests a month" in done.stdout
    assert "Facts as of" in done.stdout


def test_ask_json_has_the_shape_outsiders_rely_on(tmp_path: Path) -> None:
    found = document("ask", QUESTION, home=tmp_path)
    assert {"requirements", "answered_by", "shortlist", "rejected"} <= set(found)
    assert found["answered_by"] == "planner"
    entry = found["shortlist"][0]
    assert {"model", "facts", "monthly_cost_usd", "reasons", "unknowns", "sources"} <= set(entry)
    assert set(entry["facts"]) >= {
        "open_weights", "license", "release_date", "knowledge_cutoff", "parameters_b", "training_tokens_t", "context_tokens",
        "max_output_tokens", "input_usd_per_mtok", "output_usd_per_mtok", "tool_calling", "structured_output", "reasoning",
        "modalities_in",
    }  # fmt: skip
    assert isinstance(entry["monthly_cost_usd"], str)
    assert sum(found["rejected"]["by_reason"].values()) == found["rejected"]["total"]


def test_the_command_and_the_tool_give_the_same_shortlist(tmp_path: Path) -> None:
    from catalog.requirements import requirements
    from server.tools import recommend_models

    asked = document("ask", QUESTION, home=tmp_path)
    told = recommend_models(requirements(**asked["requirements"]))
    assert asked["shortlist"] == told["shortlist"]


def test_a_japanese_question_is_answered_with_japanese_labels(tmp_path: Path) -> None:
    done = run("ask", "24GBのGPU1枚で動く、商用利用可のモデルは?", home=tmp_path)
    assert done.returncode == 0
    assert "理解" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ask", "   "], "empty"),
        (["ask", "long " * 20_000], "characters"),
        (["ask", "self-hosted on our own GPUs, only from OpenRouter"], "exclude each other"),
        (["models", "show", "gpt-4o-min"], "openai/gpt-4o-mini"),
        (["models", "compare", "gpt-4o", "--requests-per-month", "-5"], "requests_per_month"),
        (["models", "compare", "gpt-4o", "--requests-per-month", "many"], "valid integer"),
        (["ask"], "question"),
        (["models", "--json"], "list, show, compare"),
        (["ask", "cheapest for -5 requests a day"], "negative"),
    ],
)
def test_bad_input_is_refused_with_exit_code_2_and_a_word_on_how_to_mend_it(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = run(*arguments, home=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_refusal_with_json_is_one_json_document_on_stdout(tmp_path: Path) -> None:
    done = run("models", "show", "gpt-4o-min", "--json", home=tmp_path)
    assert done.returncode == 2
    assert "gpt-4o-mini" in json.loads(done.stdout)["error"]


def test_a_corrupt_refreshed_snapshot_is_named_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "catalog" / "snapshot.json.xz"
    path.parent.mkdir()
    path.write_bytes(b"half a file")
    done = run("ask", "cheapest model", home=tmp_path)
    assert done.returncode == 2
    assert str(path) in done.stderr
    assert "delete it" in done.stderr


def test_nothing_that_qualifies_names_the_conflict_and_the_nearest_relaxation(tmp_path: Path) -> None:
    found = document("ask", "arena at least 1500, open weights", home=tmp_path)
    assert found["shortlist"] == []
    assert "open weights" in found["conflict"]
    assert found["relax"]


def test_models_list_filters_and_show_gives_every_claim_with_source_and_date(tmp_path: Path) -> None:
    rows = document("models", "list", "qwen3", home=tmp_path)["models"]
    assert rows
    assert all("qwen3" in row["model"] for row in rows)
    claims = document("models", "show", "gpt-4o", home=tmp_path)["facts"]["knowledge_cutoff"]
    assert len({claim["value"] for claim in claims}) > 1
    assert all(claim["source"] and claim["as_of"] for claim in claims)


def test_a_list_in_a_pipe_is_not_cut_to_the_width_of_a_terminal(tmp_path: Path) -> None:
    environment = {**os.environ, "ASSAY_HOME": str(tmp_path)}
    environment.pop("COLUMNS", None)
    done = subprocess.run(
        [*ASSAY, "models", "list", "qwen3-30b"], cwd=ROOT, env=environment, text=True, capture_output=True, check=True
    )
    assert "apache-2.0" in done.stdout
    assert "…" not in done.stdout


def test_a_narrow_terminal_gets_fewer_columns_not_cut_ones(tmp_path: Path) -> None:
    environment = {**os.environ, "ASSAY_HOME": str(tmp_path), "COLUMNS": "80"}
    done = subprocess.run(
        [*ASSAY, "models", "list", "qwen3-30b"], cwd=ROOT, env=environment, text=True, capture_output=True, check=True
    )
    assert "…" not in done.stdout


def test_coverage_prints_every_promise_as_met(tmp_path: Path) -> None:
    assert all(row["met"] for row in document("models", "--coverage", home=tmp_path).values())


def test_advice_comes_with_break_even_arithmetic(tmp_path: Path) -> None:
    found = document(
        "advise", "--requests-per-month", "100000", "--input-tokens", "500", "--output-tokens", "5", "--model", "gpt-4o",
        "--labelled-examples", "500", "--training-usd-per-mtok", "25", home=tmp_path,
    )  # fmt: skip
    assert found["recommended"] == "fine-tune"
    assert any("break-even" in line for line in found["arithmetic"])


ADVISE = (
    "advise", "--requests-per-month", "1000", "--input-tokens", "500", "--output-tokens", "5", "--model", "gpt-4o", "--labelled-examples", "50",
)  # fmt: skip


def test_advice_follows_what_was_measured_on_a_named_data_set(assay_home: Path) -> None:
    measure("ridge", 10)
    chat("asked", 20)
    found = document(*ADVISE, "--dataset", "pans", home=assay_home)
    assert found["recommended"] == "baseline"
    assert [row["run"] for row in found["measured"]] == ["ridge", "asked"]


def test_advice_shows_the_measured_runs_without_letting_them_act_on_the_terminal(assay_home: Path) -> None:
    measure("ridge", 10, predictor="ridge\x1b[31m")
    chat("asked", 20)
    shown = run(*ADVISE, home=assay_home).stdout
    assert "A measurement contradicts this" in shown
    assert "$ per 1,000" in shown
    assert "\x1b[31m" not in shown


def test_help_imports_none_of_the_heavy_libraries() -> None:
    code = "import sys, agent.cli; print([n for n in ('pydantic', 'mcp', 'rich', 'duckdb', 'chromadb', 'langchain') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_model_server_prints_nothing_before_it_speaks_the_protocol(tmp_path: Path) -> None:
    done = run("serve", home=tmp_path, stdin="")
    assert done.stdout == ""
