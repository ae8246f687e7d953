"""Retrieval as a predictor: the similar listings' answers, the guard, the blend."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pricer.errors import BadInput
from pricer.predictors.best import BestLearner
from pricer.predictors.blend import Blend, BlendLearner
from pricer.predictors.finder import Finder
from pricer.predictors.protocol import Examples, Task
from pricer.predictors.saved import Provenance, Trained, load, save
from pricer.predictors.similar import Similar, SimilarLearner, Vote
from pricer.products.items import Listing
from tests.encoders import tiny_encoder
from tests.pricer.predictors.toys import LABELS, NUMBERS, examples, priced

MADE = Provenance("toys", "f" * 64, 1, "some", 120, 40)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "home"))


def similar(task: Task, tiny: str) -> Similar:
    return SimilarLearner(encoder=tiny).fit(task, examples(task, 120), examples(task, 40, seed=1), 0)


def twin(known: Listing) -> Listing:
    return replace(known, id=f"twin of {known.id}")


def long(one: Listing, number: int) -> Listing:
    """A listing whose title is its own, so that no other is its near-duplicate."""
    return replace(one, title=f"{one.title} number {number} {number + 1} {number + 2} {number + 3}")


def test_it_beats_the_median_where_like_things_cost_alike(tiny: str) -> None:
    held_out = priced(60, seed=2)
    truths = np.array(held_out.answers)
    guesses = np.array([guess.value for guess in similar(NUMBERS, tiny).predict(held_out.listings)])
    assert np.abs(guesses - truths).mean() < np.abs(np.median(np.array(priced(120).answers, float)) - truths).mean() / 2


@pytest.mark.parametrize("task", [NUMBERS, LABELS], ids=["price", "size"])
def test_saved_it_guesses_the_same(task: Task, tiny: str, tmp_path: Path) -> None:
    model, listings = similar(task, tiny), examples(task, 30, seed=2).listings
    save(model, task, tmp_path / "model", MADE)
    assert load(tmp_path / "model", task).model.predict(listings) == model.predict(listings)


@pytest.mark.parametrize("task", [NUMBERS, LABELS], ids=["price", "size"])
def test_a_guess_does_not_depend_on_its_neighbours_in_the_list(task: Task, tiny: str) -> None:
    model, listings = similar(task, tiny), examples(task, 30, seed=2).listings
    together = model.predict(listings)
    assert model.predict(listings[::-1])[::-1] == together
    assert model.predict(listings[4:5]) == together[4:5]


def test_the_twin_of_a_listing_does_not_answer_for_it(tiny: str) -> None:
    train = priced(40)
    known = Examples(tuple(long(one, number) for number, one in enumerate(train.listings)), (999.0, *train.answers[1:]))
    finder = Finder.learn(known, tiny)
    nearest, dropped = finder.nearest([twin(known.listings[0])], 5)
    assert 0 not in nearest.places[0].tolist()
    assert (dropped.neighbours, dropped.listings) == (1, 1)


def test_without_the_guard_the_twin_answers(tiny: str) -> None:
    train = priced(40)
    known = Examples(tuple(long(one, number) for number, one in enumerate(train.listings)), (999.0, *train.answers[1:]))
    model = replace(SimilarLearner(encoder=tiny).fit(NUMBERS, known, Examples((), ()), 0), vote=Vote(count=1))
    assert model.unguarded().predict([twin(known.listings[0])])[0].value == 999.0
    assert model.predict([twin(known.listings[0])])[0].value != 999.0


def test_the_family_of_a_twin_does_not_answer_either(tiny: str) -> None:
    train = priced(40)
    families = ("one", "one", *(str(number) for number in range(38)))
    known = Examples(tuple(long(one, number) for number, one in enumerate(train.listings)), train.answers, families)
    nearest, _ = Finder.learn(known, tiny).nearest([twin(known.listings[0])], 38)
    assert {0, 1}.isdisjoint(nearest.places[0].tolist())


def test_a_model_of_another_encoder_is_refused_with_the_remedy(tiny: str) -> None:
    model = similar(NUMBERS, tiny)
    meaning = replace(model.known.meaning, fingerprint="0" * 64)
    other = replace(model, known=replace(model.known, meaning=meaning))
    with pytest.raises(BadInput, match=r"wanted 000000000000, .*--fresh"):
        other.predict(priced(1, seed=2).listings)


def test_the_blend_weighs_retrieval_among_its_members_and_comes_back_the_same(tiny: str, tmp_path: Path) -> None:
    blend = BlendLearner(encoder=tiny).fit(NUMBERS, priced(80), priced(30, seed=1), 0)
    assert sum(blend.chosen.values()) == pytest.approx(1)
    assert min(blend.chosen.values()) >= 0
    save(blend, NUMBERS, tmp_path / "model", MADE)
    back: Trained = load(tmp_path / "model", NUMBERS).model
    assert isinstance(back, Blend)
    listings = priced(10, seed=2).listings
    assert back.predict(listings) == blend.predict(listings)
    assert back.unguarded().predict(listings) == blend.unguarded().predict(listings)


def test_the_blend_is_no_worse_on_validation_than_either_of_its_members(tiny: str) -> None:
    train, validation = priced(80), priced(30, seed=1)
    blend = BlendLearner(encoder=tiny).fit(NUMBERS, train, validation, 0)
    truths = np.array(validation.answers, float)
    for learner in (BestLearner(again=False), SimilarLearner(encoder=tiny)):
        guesses = learner.fit(NUMBERS, train, validation, 0).predict(validation.listings)
        alone = np.abs(np.array([guess.value for guess in guesses]) - truths).mean()
        assert blend.validation_score is not None
        assert blend.validation_score <= alone + 1e-6


def test_the_blend_refuses_labels() -> None:
    with pytest.raises(BadInput, match="found labels"):
        BlendLearner().fit(LABELS, examples(LABELS, 10), examples(LABELS, 10), 0)
