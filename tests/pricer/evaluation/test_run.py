from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from pricer.errors import BadInput
from pricer.evaluation.run import ANSWERS, PLAN, Answer, default_name, find_run, load_run, runs_folder, writing
from pricer.predictors.protocol import Guess
from tests.pricer.evaluation.toys import guess, items, plan


def _answer(value: float) -> Answer:
    return Answer(guess(value), 1, Decimal("0.001"))


def test_an_answer_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    with writing(tmp_path / "r", plan(), items(2)) as writer:
        writer.asked("i0")
        writer.answered("i0", _answer(12.5))
    run = load_run(tmp_path / "r")
    assert run.lines.answers == {"i0": _answer(12.5)}
    assert not run.complete
    assert run.cost_usd == Decimal("0.001")


def test_an_answer_outlives_the_process_as_soon_as_it_is_kept(tmp_path: Path) -> None:
    with writing(tmp_path / "r", plan(), items(2)) as writer:
        writer.answered("i1", _answer(3))
        assert load_run(tmp_path / "r").lines.answers["i1"].guess.value == 3


def test_a_run_knows_truths_and_texts_without_its_data_set(tmp_path: Path) -> None:
    with writing(tmp_path / "r", plan(), items(3)):
        pass
    assert list(load_run(tmp_path / "r").items) == items(3)


def test_a_line_cut_short_by_a_kill_is_dropped_and_the_next_one_is_whole(tmp_path: Path) -> None:
    with writing(tmp_path / "r", plan(), items(2)) as writer:
        writer.answered("i0", _answer(1))
    with (tmp_path / "r" / ANSWERS).open("ab") as file:
        file.write(b'{"id": "i1", "att')
    with writing(tmp_path / "r", plan(), items(2)) as writer:
        assert set(writer.lines.answers) == {"i0"}
        writer.answered("i1", _answer(2))
    assert [line[:2] for line in (tmp_path / "r" / ANSWERS).read_text().splitlines()] == ['{"', '{"']
    assert load_run(tmp_path / "r").complete


def test_a_damaged_line_is_refused_with_its_place(tmp_path: Path) -> None:
    with writing(tmp_path / "r", plan(), items(2)) as writer:
        writer.answered("i0", _answer(1))
    with (tmp_path / "r" / ANSWERS).open("ab") as file:
        file.write(b"no json\n")
    with pytest.raises(BadInput, match=r"r/answers.jsonl:2: wanted one JSON object, found b'no json"):
        load_run(tmp_path / "r")


def test_two_writers_cannot_hold_one_run(tmp_path: Path) -> None:
    with (
        writing(tmp_path / "r", plan(), items(1)),
        pytest.raises(BadInput, match="another process is writing it"),
        writing(tmp_path / "r", plan(), items(1)),
    ):
        pass


def test_a_folder_with_other_settings_is_refused_by_naming_them(tmp_path: Path) -> None:
    with writing(tmp_path / "r", plan(), items(1)):
        pass
    with (
        pytest.raises(BadInput, match=r"other settings \(seed: 0 there, 1 now\)"),
        writing(tmp_path / "r", plan(seed=1), items(1)),
    ):
        pass


def test_what_may_have_been_billed_in_vain_is_known_after_a_kill(tmp_path: Path) -> None:
    with writing(tmp_path / "r", plan(), items(3)) as writer:
        writer.asked("i0")  # answered
        writer.answered("i0", _answer(1))
        writer.asked("i1")  # a 429, then killed in flight
        writer.free("i1")
        writer.asked("i1")
        writer.asked("i2")  # timed out twice, then given up
        writer.asked("i2")
        writer.answered("i2", Answer(Guess(failure="no answer: x"), 2, Decimal(0)), settles=0)
    assert load_run(tmp_path / "r").lines.vain == {"i1": 1, "i2": 2}


def test_the_last_answer_to_an_item_counts(tmp_path: Path) -> None:
    with writing(tmp_path / "r", plan(), items(1)) as writer:
        writer.answered("i0", _answer(1))
        writer.answered("i0", _answer(2))
    assert [one.guess.value for one in load_run(tmp_path / "r").outcomes] == [2]


def test_a_cost_that_is_not_known_is_not_zero(tmp_path: Path) -> None:
    with writing(tmp_path / "r", plan(), items(2)) as writer:
        writer.answered("i0", _answer(1))
        writer.answered("i1", Answer(guess(2), 1, None))
    assert load_run(tmp_path / "r").cost_usd is None


def test_the_same_plan_has_the_same_default_name_and_another_seed_another() -> None:
    assert default_name(plan()) == default_name(plan())
    assert default_name(plan()) != default_name(plan(seed=1))
    assert default_name(plan(model="openai/gpt-5.1")).startswith("openai-gpt-5.1-toys-")


def test_a_run_is_found_by_its_name_in_the_home_folder() -> None:
    with writing(runs_folder() / "mine", plan(), items(1)):
        pass
    assert find_run("mine") == runs_folder() / "mine"
    with pytest.raises(BadInput, match=r"no run 'yours'.*mine"):
        find_run("yours")


def test_a_plan_of_another_format_is_refused(tmp_path: Path) -> None:
    with writing(tmp_path / "r", plan(), items(1)):
        pass
    told = json.loads((tmp_path / "r" / PLAN).read_text())
    (tmp_path / "r" / PLAN).write_text(json.dumps(told | {"format": 99}))
    with pytest.raises(BadInput, match="wanted format 1, found 99"):
        load_run(tmp_path / "r")
