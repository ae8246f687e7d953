from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from pricer.evaluation.run import Answer, runs_folder, writing
from pricer.predictors.protocol import Guess
from pricer.query.run import query
from tests.pricer.evaluation.toys import guess, items, plan


def _two_answers(name: str) -> None:
    told = plan(data={"name": "toys", "fingerprint": "f", "split": "test"}, model="openai/gpt-5.1")
    with writing(runs_folder() / name, told, items(3)) as writer:
        writer.answered("i0", Answer(guess(12.0), 1, Decimal("0.25")))
        writer.answered("i1", Answer(Guess(failure="refused", raw="I cannot"), 1, Decimal("0.5")))


def test_runs_and_answers_can_be_asked_in_sql() -> None:
    _two_answers("one")
    found = query(
        "SELECT r.run, r.n, r.failures, r.cost_usd, count(a.guess) AS guesses, sum(a.input_tokens) AS tokens "
        "FROM runs r JOIN answers a USING (run) GROUP BY ALL"
    )
    assert list(found.rows[0][:3]) == ["one", 3, 1]
    assert Decimal(str(found.rows[0][3])) == Decimal("0.25") + Decimal("0.5")
    assert list(found.rows[0][4:]) == [1, 50]


def test_a_run_joins_the_model_it_asked() -> None:
    _two_answers("one")
    assert query("SELECT m.maker FROM runs r JOIN models m ON m.id = r.model").rows == (("openai",),)


def test_a_damaged_run_is_left_out_and_the_others_answer(assay_home: Path) -> None:
    _two_answers("good")
    _two_answers("bad")
    (runs_folder() / "bad" / "plan.json").write_text("{")
    assert query("SELECT run FROM runs").rows == (("good",),)


def test_a_failed_answer_has_no_guess() -> None:
    _two_answers("one")
    found = query("SELECT guess, failure, raw_reply FROM answers WHERE failure IS NOT NULL")
    assert found.rows == ((None, "refused", "I cannot"),)
