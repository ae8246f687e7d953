"""Training examples are what the predictor sends, with the answer last."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricer.errors import BadInput, PricerError
from pricer.evaluation.material import Material
from pricer.predictors.chat.answered import Wishes
from pricer.predictors.chat.chat import ChatModel
from pricer.predictors.chat.labels import read_label
from pricer.predictors.chat.openai_chat import request
from pricer.predictors.chat.providers import Connection
from pricer.predictors.chat.replies import read_number
from pricer.predictors.protocol import Examples, Task
from pricer.products.items import Listing
from pricer.tuning.chat_file import Limits, check_file
from pricer.tuning.examples import (
    HELD_OUT,
    OTHERWISE,
    STATED,
    TWICE,
    UNREADABLE,
    answered,
    conversation,
    write_examples,
    written,
)
from tests.pricer.predictors import toys

PRICES = Task()
TASKS = (PRICES, Task("weight", "kg", question="How heavy?"), toys.LABELS)


def listing(text: str, id_: str = "") -> Listing:
    return Listing(id_ or text, text, text, "", "", "", None, None)


def material(train: Examples, validation: Examples | None = None, task: Task = PRICES) -> Material:
    return Material("toy", "0", "test", task, (), train, validation or Examples((), ()))


def texts(*rows: tuple[str, Any]) -> Examples:
    return Examples(tuple(listing(text, f"{text}#{n}") for n, (text, _) in enumerate(rows)), tuple(a for _, a in rows))


def rows(path: Path) -> list[Any]:
    return [json.loads(line)["messages"] for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_messages_are_those_that_the_chat_predictor_sends(task: Task) -> None:
    model = ChatModel(Connection("openai", "toy", "openai-chat", "http://127.0.0.1", "k", "K", own_machine=True), task)
    one = toys.listing(1)
    assert conversation(task, one) == request("toy", model.messages(one), Wishes(8), official=True)["messages"]


def test_the_answer_is_the_last_turn_and_in_no_other() -> None:
    messages = answered(PRICES, listing("An oak chair"), 43.99)["messages"]
    assert [one["role"] for one in messages] == ["system", "user", "assistant"]
    assert messages[-1]["content"] == "44.00"
    assert not any("44" in one["content"] for one in messages[:-1])


@given(st.floats(0.01, 10**7))
def test_a_price_is_read_back_as_the_number_that_was_written(usd: float) -> None:
    assert read_number(written(PRICES, usd), PRICES).value == float(written(PRICES, usd))


@given(st.floats(-(10**14), 10**14), st.sampled_from([None, "kg", "years"]))
def test_any_number_is_read_back_to_six_digits(value: float, unit: str | None) -> None:
    task = Task("amount", unit)
    assert read_number(written(task, value), task).value == float(f"{value:.6g}")


@pytest.mark.parametrize(
    ("unit", "value", "said"),
    [
        ("usd", 43.5, "44.00"),
        ("usd", 1299.0, "1299.00"),
        ("usd", 0.3, "0.30"),
        ("eur", 12.345, "12.35"),
        ("kg", 12.0, "12"),
        (None, 1234567.0, "1234570"),
    ],
)
def test_numbers_are_written_plainly(unit: str | None, value: float, said: str) -> None:
    assert written(Task("amount", unit), value) == said


@pytest.mark.parametrize("label", ["small", "A/C", "very good"])
def test_a_label_is_written_word_for_word_and_read_back(label: str) -> None:
    task = Task("size", None, ("other", label))
    assert read_label(written(task, label), task).label == label


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_both_files_pass_the_strict_check(task: Task, tmp_path: Path) -> None:
    made = write_examples(material(toys.examples(task, 40), toys.examples(task, 20, seed=1), task), tmp_path)
    assert made.validation is not None
    assert check_file(made.training, validation=made.validation).problems == ()
    assert check_file(made.validation).problems == ()


def test_the_files_hold_what_is_reported(tmp_path: Path) -> None:
    made = write_examples(material(toys.priced(12), toys.priced(3, seed=1)), tmp_path)
    assert made.validation is not None
    assert (len(rows(made.training)), len(rows(made.validation))) == (made.n_training, made.n_validation) == (12, 3)


@pytest.mark.parametrize("text", ["Chair, was $43.99", "Chair for $44", "Chair 43.99 new", "Chair, 44 dollars"])
def test_a_text_that_states_its_price_is_left_out_and_listed(text: str, tmp_path: Path) -> None:
    made = write_examples(material(texts((text, 43.99), ("An oak chair", 20.0))), tmp_path)
    assert (made.n_training, made.reasons) == (1, {STATED: 1})


def test_a_label_that_stands_in_its_text_is_kept(tmp_path: Path) -> None:
    task = Task("mood", None, ("bad", "good"))
    assert write_examples(material(texts(("a good day", "good")), task=task), tmp_path).n_training == 1


def test_a_question_asked_twice_is_kept_once(tmp_path: Path) -> None:
    made = write_examples(material(texts(("Oak chair", 20.0), ("Oak chair", 20.2), ("Oak chair", 30.0))), tmp_path)
    assert (made.n_training, made.reasons) == (1, {TWICE: 1, OTHERWISE: 1})


def test_a_question_of_validation_is_not_trained_on(tmp_path: Path) -> None:
    made = write_examples(material(texts(("Oak chair", 20.0), ("Lamp", 9.0)), texts(("Oak chair", 20.0))), tmp_path)
    assert [(one.id, one.split, one.reason) for one in made.findings] == [("Oak chair#0", "train", HELD_OUT)]


@pytest.mark.parametrize("answer", [-5.0, float("nan")])
def test_an_answer_that_cannot_be_read_back_is_left_out(answer: float, tmp_path: Path) -> None:
    made = write_examples(material(texts(("Oak chair", answer), ("Lamp", 9.0))), tmp_path)
    assert made.reasons == {UNREADABLE: 1}


def test_a_text_cannot_end_its_fence(tmp_path: Path) -> None:
    text = 'Lamp</listing>"}]}\n{"messages": []} \u2028 end'
    made = write_examples(material(texts((text, 9.0))), tmp_path)
    (line,) = made.training.read_bytes().splitlines()
    assert json.loads(line)["messages"][1]["content"].count("</listing>") == 1


def test_without_validation_no_file_is_left_from_before(tmp_path: Path) -> None:
    write_examples(material(toys.priced(3), toys.priced(3, seed=1)), tmp_path)
    made = write_examples(material(toys.priced(3)), tmp_path)
    assert made.validation is None
    assert [path.name for path in tmp_path.iterdir()] == ["training.jsonl"]


def test_nothing_to_train_on_is_refused_with_the_reasons(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"toy: wanted training examples, found none.*1 the text states the answer"):
        write_examples(material(texts(("Chair $20", 20.0))), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_files(tmp_path: Path) -> None:
    made = write_examples(material(toys.priced(3)), tmp_path)
    before = made.training.read_bytes()
    (tmp_path / "validation.jsonl").mkdir()
    with pytest.raises(PricerError, match=r"validation\.jsonl"):
        write_examples(material(toys.priced(5), toys.priced(2, seed=1)), tmp_path)
    assert made.training.read_bytes() == before


def test_a_question_of_ones_own_is_what_the_model_is_trained_on() -> None:
    asked = conversation(replace(PRICES, question="Price in 1999?"), listing("Lamp"))[0]["content"]
    assert "Price in 1999?" in asked


def test_examples_of_numbers_beside_money_pass_too(tmp_path: Path) -> None:
    task = Task("pages", None)
    made = write_examples(material(texts(*[(f"Book {n} for $9", float(n)) for n in range(1, 12)]), task=task), tmp_path)
    assert check_file(made.training, limits=Limits(least_examples=11)).ok
