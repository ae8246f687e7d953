"""What the planner asks back: only what would change the answer, and at most twice."""

from __future__ import annotations

import datetime as dt

from agent.ask import answer_question

TODAY = dt.date(2026, 11, 21)


def test_a_budget_without_a_volume_is_asked_about() -> None:
    assert "How many requests" in answer_question("open model, $400 a month", TODAY)["questions"][0]


def test_a_question_is_put_in_the_language_of_the_user() -> None:
    assert "リクエスト" in answer_question("オープンなモデル、月400ドルまで", TODAY)["questions"][0]


def test_never_more_than_two_questions() -> None:
    assert len(answer_question("legal contracts, $400 a month, open weights", TODAY)["questions"]) <= 2


def test_nothing_is_asked_when_the_answer_could_not_change() -> None:
    asked = answer_question("commercial use, 1,000 requests a day of 500 tokens in and 50 out, $400 a month", TODAY)
    assert asked["questions"] == []


def test_a_budget_in_another_currency_is_asked_for_in_dollars() -> None:
    assert answer_question("月5万円以内、商用利用可", TODAY)["questions"] == ["月の予算は米ドルでいくらですか。"]
