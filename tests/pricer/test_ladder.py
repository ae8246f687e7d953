from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pricer.errors import BadInput
from pricer.evaluation.compared import compared
from pricer.evaluation.material import Wanted
from pricer.ladder import evaluate, models_folder
from pricer.request import Request, Watch

COLOURS = ("red", "green", "blue", "black", "white", "golden", "silver")
THINGS = ("teapot", "chair", "lamp", "drill", "camera")


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """Two hundred products whose price is that of their kind, more or less."""
    rows = []
    for n in range(200):
        kind = n % len(THINGS)
        words = f"{COLOURS[n % 7]} {THINGS[kind]} number {n * 37} with {n % 11} parts from {1950 + n % 60}"
        split = "test" if n % 4 == 3 else "validation" if n % 4 == 2 else "train"
        rows.append(
            {
                "id": f"p{n}",
                "title": words,
                "category": THINGS[kind],
                "price_usd": 20.0 * (kind + 1) + n % 3,
                "split": split,
            }
        )
    path = tmp_path / "prices.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def _request(file: Path, predictor: str = "median", **other: object) -> Request:
    return Request(Wanted(file=file), predictor, **other)  # type: ignore[arg-type]


def test_a_constant_is_scored_by_hand(prices: Path) -> None:
    told = evaluate(_request(prices, "mean")).result
    rows = [json.loads(line) for line in prices.read_text().splitlines()]
    train = [row["price_usd"] for row in rows if row["split"] == "train"]
    test = [row["price_usd"] for row in rows if row["split"] == "test"]
    mean = sum(train) / len(train)
    assert told["mae_usd"] == pytest.approx(sum(abs(price - mean) for price in test) / len(test), rel=1e-5)
    assert (told["n"], told["failures"], told["cost_usd"]) == (len(test), 0, "0")


def test_what_the_category_says_is_better_than_a_constant_and_that_holds(prices: Path) -> None:
    runs = [evaluate(_request(prices, name)).run.name for name in ("category-median", "median")]
    told = compared(runs, ordered=True)
    assert told["order_holds"]
    assert told["groups"] == [["category-median"], ["median"]]
    assert not compared(runs[::-1], ordered=True)["order_holds"]


def test_a_finished_run_is_scored_again_without_the_model(prices: Path) -> None:
    first = evaluate(_request(prices))
    stages: list[str] = []
    again = evaluate(_request(prices), Watch(stage=lambda name, *_: stages.append(name)))
    assert again.ended == "replayed"
    assert again.result == first.result
    assert stages == ["reading"]


def test_beginning_afresh_keeps_the_old_run_beside_the_new(prices: Path) -> None:
    first = evaluate(_request(prices))
    again = evaluate(_request(prices, fresh=True))
    assert again.ended == "done"
    assert again.run.folder == first.run.folder
    assert (first.run.folder.parent / f"{first.run.name}.1" / "answers.jsonl").is_file()


def test_a_model_is_trained_once_for_the_same_data(prices: Path) -> None:
    evaluate(_request(prices, "tfidf-ridge"))
    stages: list[str] = []
    evaluate(_request(prices, "tfidf-ridge", fresh=True), Watch(stage=lambda name, *_: stages.append(name)))
    assert "training tfidf-ridge" not in stages
    assert len(list(models_folder().iterdir())) == 1


def test_a_damaged_model_is_trained_again(prices: Path) -> None:
    first = evaluate(_request(prices, "tfidf-ridge"))
    next(models_folder().glob("*/arrays.npz")).write_bytes(b"broken")
    again = evaluate(_request(prices, "tfidf-ridge", fresh=True))
    assert again.result["mae"] == first.result["mae"]


def test_a_saved_model_is_scored_on_a_file_it_has_not_seen(prices: Path, tmp_path: Path) -> None:
    evaluate(_request(prices, "tfidf-ridge"))
    folder = next(models_folder().iterdir())
    fresh = tmp_path / "fresh.jsonl"
    fresh.write_text(
        "".join(json.dumps({"title": f"purple {thing} of the year 3000", "price_usd": 50}) + "\n" for thing in THINGS)
    )
    told = evaluate(_request(fresh, str(folder))).result
    assert told["predictor"] == "tfidf-ridge"
    assert told["n"] == len(THINGS)


def test_a_saved_model_is_not_scored_on_what_it_was_trained_on(prices: Path, tmp_path: Path) -> None:
    evaluate(_request(prices, "tfidf-ridge"))
    seen = tmp_path / "seen.jsonl"
    seen.write_text(
        "".join(line + "\n" for line in prices.read_text().splitlines() if '"train"' in line).replace(
            '"split": "train"', '"x": 1'
        )
    )
    with pytest.raises(BadInput, match="has not seen, found 100 of 100"):
        evaluate(_request(seen, str(next(models_folder().iterdir()))))


def test_labels_are_scored_as_labels(tmp_path: Path) -> None:
    rows = [
        {"post": f"{'lovely' if n % 3 else 'horrid'} day number {n * 31} of {n}", "mood": "good" if n % 3 else "bad"}
        for n in range(90)
    ]
    path = tmp_path / "posts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    wanted = Wanted(file=path, text=("post",), target="mood")
    told = evaluate(Request(wanted, "tfidf-logistic")).result
    assert told["accuracy"] == 1.0
    assert told["macro_f1"] == 1.0
    assert sum(map(sum, told["confusion"])) == told["n"]
    assert "mae" not in told
    best = evaluate(Request(wanted, "best")).result
    assert best["accuracy"] == 1.0
    assert list(best["chosen"].values()) == [1.0]


def test_a_learner_of_numbers_is_refused_for_labels(tmp_path: Path) -> None:
    rows = [{"post": f"text {n} {n * 3}", "mood": ("good", "bad")[n % 2]} for n in range(40)]
    path = tmp_path / "posts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(BadInput, match="wanted a learner that answers with a label"):
        evaluate(Request(Wanted(file=path, text=("post",), target="mood"), "tfidf-ridge"))


def test_only_chat_takes_a_model(prices: Path) -> None:
    from pricer.request import Chat

    with pytest.raises(BadInput, match="only --predictor chat asks a model"):
        evaluate(replace(_request(prices), chat=Chat("openai/gpt-5.1")))


def test_a_run_folder_of_other_settings_is_not_overwritten(prices: Path, tmp_path: Path) -> None:
    evaluate(_request(prices, folder=tmp_path / "run"))
    with pytest.raises(BadInput, match="was made with other settings"):
        evaluate(_request(prices, "mean", folder=tmp_path / "run"))


def test_a_learner_that_reports_is_watched_and_says_what_it_chose(prices: Path) -> None:
    stages: list[str] = []
    told = evaluate(_request(prices, "best"), Watch(stage=lambda name, *_: stages.append(name))).result
    assert len(set(stages)) > 3
    assert sum(told["chosen"].values()) == pytest.approx(1, abs=1e-3)
