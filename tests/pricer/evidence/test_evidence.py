"""What was measured of the approaches, and what that does to the advice."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.approach import advise
from catalog.approach import task as checked_task
from pricer.evaluation.run import ANSWERS, ITEMS, PLAN, RESULT, runs_folder
from pricer.evidence.measured import Evidence, measured
from pricer.evidence.tries import approach_of
from pricer.evidence.weighing import Weighed, weighed
from pricer.evidence.words import says
from pricer.products.items import Item
from tests.pricer.evaluation.toys import items as toys
from tests.pricer.evaluation.toys import plan
from tests.pricer.evidence.runs import MODEL, began, chat, measure

ROOT = Path(__file__).resolve().parents[3]
# a rule of thumb that says few-shot
TASK: dict[str, Any] = {
    "requests_per_month": 1000, "input_tokens": 500, "output_tokens": 5, "input_usd_per_mtok": 1, "output_usd_per_mtok": 4,
    "labelled_examples": 50, "answer_is_number_or_label": True,
}  # fmt: skip
LABELLED = {"name": "kind", "unit": None, "labels": ["a", "b"], "question": None, "least": None, "most": None}


def titles(evidence: Evidence) -> list[str]:
    return [row.best.title for row in evidence.rows]


def told(evidence: Evidence, dataset: str | None = None) -> str:
    return " ".join(says(evidence, dataset))


def advised(dataset: str | None = None, **more: Any) -> Weighed:
    task = checked_task(**(TASK | more))
    return weighed(advise(task), task, measured(dataset=dataset), dataset)


def kinds(count: int) -> list[Item]:
    return [replace(item, target=None, label="ab"[place % 2]) for place, item in enumerate(toys(count))]


# --- which approach a run tries


@pytest.mark.parametrize(
    ("planned", "approach"),
    [
        ({"predictor": "tfidf-ridge", "llm": False}, "baseline"),
        ({"predictor": "chat", "model": MODEL, "llm": True, "settings": {"shots": 0}}, "prompt"),
        ({"predictor": "chat", "model": MODEL, "llm": True, "settings": {"shots": 5}}, "few-shot"),
        ({"predictor": "chat", "model": MODEL, "llm": True, "settings": {"shots": 5, "similar": 3}}, "retrieval"),
        ({"predictor": "similar", "llm": False}, "retrieval"),
        ({"predictor": "blend", "llm": False}, "retrieval"),
        ({"predictor": "tuned-qwen", "llm": True}, "fine-tune"),
        ({"predictor": "chat", "model": "openai/ft:gpt-4o-mini:me::1", "llm": True}, "fine-tune"),
        (
            {"predictor": "chat", "model": "openai/ft:x", "llm": True, "settings": {"similar": 3}},
            "fine-tune + retrieval",
        ),
        ({"predictor": "human", "llm": False}, None),
    ],
)
def test_a_plan_tells_the_approach(planned: dict[str, Any], approach: str | None) -> None:
    assert approach_of(plan(**planned)) == approach


# --- what is compared


def test_the_best_run_of_each_approach_stands_best_first() -> None:
    measure("mean", 30)
    measure("ridge", 10)
    chat("asked", 20)
    evidence = measured()
    assert [(row.best.folder.name, row.out_of) for row in evidence.rows] == [("ridge", 2), ("asked", 1)]


def test_the_difference_is_paired_with_an_interval_that_excludes_zero() -> None:
    measure("ridge", 10)
    chat("asked", 20, wobble=2)
    row = advised().rows[1]
    assert row["difference"] == pytest.approx(20 - 10)  # the wobbles sum to nothing
    assert row["difference_ci95"][0] > 0
    assert row["excludes_zero"] is row["told_apart"] is True


def test_cost_for_a_thousand_items_is_the_runs_own_and_null_where_unknown() -> None:
    measure("ridge", 10)
    chat("asked", 20, usd="0.0002")
    chat("shown", 25, shots=3, usd=None)
    costs = {row["approach"]: row["cost_per_1k_usd"] for row in advised().rows}
    assert costs == {"baseline": "0", "prompt": "0.2", "few-shot": None}  # 1,000 x $0.0002


def test_a_run_on_a_part_of_the_items_is_compared_on_the_shared_ones() -> None:
    measure("ridge", 10, items=toys(60))
    chat("asked", 20, items=toys(25))
    assert measured().compared.n == 25


def test_a_trial_of_few_items_does_not_shrink_what_the_others_are_compared_on() -> None:
    measure("ridge", 10, items=toys(60))
    chat("asked", 20, items=toys(60))
    chat("shown", 1, shots=3, items=toys(5))
    evidence = measured()
    assert (titles(evidence), evidence.compared.n) == (["baseline", "prompt"], 60)
    assert "Too few shared items to compare: few-shot." in told(evidence)


def test_a_lucky_trial_is_not_the_best_run_of_its_approach() -> None:
    measure("ridge", 10)
    chat("asked", 20)
    chat("lucky", 0, items=toys(3))
    assert [row.best.folder.name for row in measured().rows] == ["ridge", "asked"]


def test_other_fingerprints_of_the_same_file_are_compared_where_the_truths_agree() -> None:
    measure("ridge", 10, items=toys(30), fingerprint="split by families")
    chat("asked", 20, items=toys(60), fingerprint="every row")
    assert measured().compared.n == 30


def test_runs_before_the_data_were_loaded_anew_are_not_mixed_with_later_ones() -> None:
    before = [replace(item, target=(item.target or 0) + 1) for item in toys(40)]
    for old in (
        measure("old", 1, items=before, fingerprint="old"),
        chat("asked-before", 2, items=before, data=data("pans")),
    ):
        began(old, "2026-01-01T00:00:00Z")
    measure("ridge", 10)
    chat("asked", 20)
    assert [row.best.folder.name for row in measured().rows] == ["ridge", "asked"]


def test_runs_that_predict_something_else_are_not_compared() -> None:
    measure("ridge", 10)
    chat("asked", 0, items=kinds(40), task=LABELLED)
    assert measured().rows == ()


def test_most_approaches_come_first_and_then_the_newest_data_set() -> None:
    for dataset, at in (("old", "2026-01-01T00:00:00Z"), ("new", "2026-02-01T00:00:00Z")):
        began(measure(f"ridge-{dataset}", 10, dataset=dataset, fingerprint=dataset), at)
        began(chat(f"asked-{dataset}", 20, data=data(dataset)), at)
    assert (measured().dataset, measured().others) == ("new", ("old",))
    began(chat("shown", 20, shots=3, data=data("old")), "2026-01-01T00:00:00Z")
    assert measured().dataset == "old"


def data(dataset: str) -> dict[str, Any]:
    return {"name": dataset, "fingerprint": dataset, "split": "test"}


def test_labels_are_compared_by_accuracy() -> None:
    asked = kinds(40)
    measure("logistic", 0, items=asked, wobble=0, task=LABELLED)
    chat("asked", 0, items=asked, wobble=1, task=LABELLED)  # wrong wherever the wobble is above 0: two of five
    first, second = advised().rows
    assert (first["accuracy"], second["accuracy"]) == (1.0, pytest.approx(1 - 2 / 5))
    assert second["difference"] == pytest.approx(2 / 5)


def test_looking_up_without_an_llm_and_with_one_are_rows_of_their_own() -> None:
    measure("similar", 10)
    chat("found", 20, similar=5)
    assert titles(measured()) == ["retrieval without an LLM", "retrieval"]


# --- retrieval on and off


def test_retrieval_is_told_for_the_same_model_with_what_it_costs_more() -> None:
    chat("asked", 30, usd="0.0001")
    chat("found", 20, similar=5, usd="0.0003", wobble=2)
    said = told(measured())
    assert f"Retrieval makes {MODEL} better by $10.00 [" in said
    assert "at $0.20 more per 1,000 (40 items, runs found, asked)" in said  # 1,000 x ($0.0003 - $0.0001)


def test_retrieval_of_one_model_is_not_credited_to_another() -> None:
    chat("asked", 30)
    chat("found", 20, similar=5, model="other/model")
    assert measured().effect is None


def test_retrieval_is_compared_with_a_prompt_of_as_many_examples() -> None:
    chat("asked", 25)
    chat("shown", 30, shots=4)
    chat("found", 20, similar=5, shots=4)
    effect = measured().effect
    assert effect
    assert effect.plain.folder.name == "shown"


def test_a_cost_that_nobody_knows_is_not_called_nothing() -> None:
    chat("asked", 30, usd=None)
    chat("found", 20, similar=5)
    assert "at an unknown cost more per 1,000" in told(measured())


# --- what cannot be used


def test_damaged_unfinished_and_unanswered_runs_are_skipped_and_counted() -> None:
    measure("ridge", 10)
    chat("asked", 20)
    chat("stopped", 50, stop_at=10)
    chat("failing", 1, failing=30)
    (measure("torn", 1) / PLAN).write_text("{")
    (measure("answerless", 1) / ANSWERS).write_text('{"id": "i0"}\n')
    evidence = measured()
    assert [row.best.folder.name for row in evidence.rows] == ["ridge", "asked"]
    assert evidence.skipped == 4
    assert "4 runs were skipped" in told(evidence)


@pytest.mark.parametrize(
    "text", ["", "[]", "null", '{"n": 40}', '{"n": "x", "failures": 0, "mae": 1, "complete": true}']
)
@pytest.mark.parametrize("file", [PLAN, RESULT])
def test_a_file_that_is_no_plan_or_result_is_skipped(file: str, text: str) -> None:
    (measure("ridge", 10) / file).write_text(text)
    assert measured().skipped == 1


def test_items_that_cannot_be_read_are_counted_too() -> None:
    measure("ridge", 10, items=toys(30))
    chat("asked", 20)
    (runs_folder() / "ridge" / ITEMS).write_text("{}\n")
    evidence = measured()
    assert (evidence.rows, evidence.skipped) == ((), 1)


@pytest.mark.parametrize("dataset", [None, "pans"])
def test_runs_that_share_too_few_items_are_named_as_the_reason(dataset: str | None) -> None:
    measure("ridge", 10)
    chat("asked", 20, items=toys(6))
    assert "The runs on pans share too few answered items" in told(measured(dataset=dataset), dataset)


def test_without_runs_the_advice_is_unchanged_and_says_how_to_measure() -> None:
    task = checked_task(**TASK)
    found = advised()
    assert (found.recommended, found.because, found.rows) == ("few-shot", advise(task).because, ())
    assert [said for said in found.says if "assay evaluate" in said] == list(found.says)


def test_without_runs_nothing_heavy_is_imported() -> None:
    heavy = ("numpy", "pyarrow", "sklearn", "duckdb", "filelock", "pricer.ladder")
    code = f"import sys; from pricer.evidence.measured import measured; measured(); print([n for n in {heavy!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, check=True)
    assert done.stdout.strip() == "[]"


# --- what the evidence does to the advice


def test_a_free_baseline_that_beats_every_llm_is_said_first_and_changes_nothing() -> None:
    measure("ridge", 10)
    chat("asked", 20)
    found = advised()
    assert found.recommended == "few-shot"
    assert found.because.startswith(
        "A measurement contradicts this: on pans, baseline (ridge), which is free, beats every LLM"
    )
    assert "runs ridge, asked" in found.because


def test_what_the_rule_says_is_contradicted_when_something_else_is_clearly_better() -> None:
    chat("asked", 10)
    chat("shown", 20, shots=3)
    found = advised()
    assert f"few-shot ({MODEL}) is worse than prompt ({MODEL}) by $10.00" in found.because


def test_a_difference_that_chance_explains_contradicts_nothing() -> None:
    measure("ridge", 20)
    chat("asked", 20.01, wobble=8)
    assert "contradicts" not in advised().because


def test_a_named_data_set_decides_for_the_best() -> None:
    measure("ridge", 10)
    chat("asked", 20)
    found = advised("pans")
    assert found.recommended == "baseline"
    assert "run ridge" in found.because
    assert "the rule of thumb would say few-shot" in found.because
    assert found.runs == {"baseline": "ridge", "prompt": "asked"}


def test_a_named_data_set_decides_for_the_cheapest_of_those_that_cannot_be_told_apart() -> None:
    chat("asked", 20.01, usd="0.0001", wobble=8)
    chat("shown", 20, shots=3, usd="0.0009")
    found = advised("pans")
    assert found.recommended == "prompt"
    assert "cannot be told apart from the best" in found.because
    assert any("more items" in flip for flip in found.flips)


def test_what_would_flip_it_names_the_approaches_that_were_not_compared() -> None:
    measure("ridge", 10)
    chat("asked", 20)
    assert any("few-shot, retrieval, fine-tune" in flip for flip in advised("pans").flips)


def test_a_task_that_needs_citations_is_not_given_to_what_cannot_cite() -> None:
    measure("ridge", 10)
    chat("found", 20, similar=5)
    assert advised("pans", needs_citations=True).recommended == "retrieval"
    assert "contradicts" not in advised(needs_citations=True).because


def test_where_nothing_measured_can_cite_the_rule_stands_and_says_so() -> None:
    measure("ridge", 10)
    chat("asked", 20)
    found = advised("pans", needs_citations=True)
    assert found.recommended == "retrieval"
    assert found.because.startswith("Nothing that was measured on pans can cite")


def test_a_data_set_that_was_not_measured_changes_nothing_and_says_which_were() -> None:
    measure("ridge", 10)
    chat("asked", 20)
    found = advised("pots")
    assert (found.recommended, found.rows) == ("few-shot", ())
    assert "of 'pots' yet; approaches were tried on pans" in found.says[0]


def test_a_file_is_found_by_its_name_without_the_ending() -> None:
    measure("ridge", 10, dataset="tickets.csv")
    chat("asked", 20, data=data("tickets.csv") | {"fingerprint": "f"})
    assert measured(dataset="tickets").dataset == "tickets.csv"


def test_many_failures_are_said_of_what_is_recommended() -> None:
    chat("asked", 10, failing=10)
    chat("shown", 20, shots=3)
    assert "it failed on 10 of 40 items" in advised("pans").because


def test_the_rows_and_sentences_are_json_and_small() -> None:
    measure("ridge", 10)
    chat("asked", 20)
    chat("shown", 22, shots=3)
    chat("found", 18, similar=3)
    found = advised()
    assert len(found.says) <= 3
    assert len(json.dumps([found.rows, found.says])) < 4000
