"""The learned distance: what pairs are compared by, what the trees make of it, and when it is used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pricer.predictors import distance
from pricer.predictors.distance import Distance, Reach
from pricer.predictors.finder import Finder
from pricer.predictors.neighbours import Nearest
from pricer.predictors.pairs import Sides, columns, logarithms, often
from pricer.predictors.protocol import Examples
from pricer.predictors.saved import Provenance, load, save
from pricer.predictors.similar import FEWEST, Similar, SimilarLearner, Vote
from tests.encoders import tiny_encoder
from tests.pricer.predictors.toys import LABELS, NUMBERS, labelled, listing, priced

MADE = Provenance("toys", "f" * 64, 1, "some", FEWEST, 40)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.fixture(scope="module")
def model(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Similar:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_HOME", str(tmp_path_factory.mktemp("home")))
        return SimilarLearner(encoder=tiny).fit(NUMBERS, priced(FEWEST), priced(40, seed=1), 0)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "home"))


def error(model: Similar, examples: Examples) -> float:
    guesses = np.array([guess.value for guess in model.predict(examples.listings)], dtype=np.float64)
    return float(np.abs(guesses - np.array(examples.answers, dtype=np.float64)).mean())


def test_the_distance_beats_the_plain_vote_where_what_is_said_tells_it(model: Similar) -> None:
    held_out = priced(60, seed=2)
    assert model.judged is not None
    assert error(model, held_out) < error(replace(model, judged=None), held_out)


def test_a_pair_that_costs_alike_is_nearer_than_one_that_does_not(model: Similar) -> None:
    assert model.judged is not None
    held_out = priced(30, seed=2)
    looks = model.known.looks(held_out.listings)
    nearest, _ = model.known.nearest(held_out.listings, 30, looks=looks)
    told = model.judged.distance.values(model.known, held_out.listings, looks, nearest.places)
    apart = np.abs(np.log1p(np.array(held_out.answers, dtype=np.float64))[:, None] - model.answers[nearest.places])
    assert told[apart < 0.1].mean() < told[apart > 1].mean() - 1


def test_saved_it_guesses_the_same(model: Similar, tmp_path: Path) -> None:
    listings = priced(30, seed=2).listings
    save(model, NUMBERS, tmp_path / "model", MADE)
    back = load(tmp_path / "model", NUMBERS).model
    assert isinstance(back, Similar)
    assert back.predict(listings) == model.predict(listings)
    assert back.unguarded().predict(listings) == model.unguarded().predict(listings)


def test_a_guess_does_not_depend_on_its_neighbours_in_the_list(model: Similar) -> None:
    listings = priced(30, seed=2).listings
    together = model.predict(listings)
    assert model.predict(listings[::-1])[::-1] == together
    assert model.predict(listings[4:5]) == together[4:5]


def test_the_same_examples_and_seed_give_the_same_trees(model: Similar) -> None:
    assert model.judged is not None
    again = Distance.learn(model.known, priced(FEWEST), model.answers, 0)
    assert again is not None
    assert again.trees == model.judged.distance.trees


def test_without_the_guard_a_twin_answers_by_the_vote(model: Similar) -> None:
    known = priced(FEWEST).listings[0]
    twin = replace(known, id="twin", title=f"{known.title} with number 1 2 3 4 5")
    assert model.unguarded().predict([twin]) == replace(model, judged=None).unguarded().predict([twin])


def test_the_retrieval_tells_how_many_candidates_were_judged(model: Similar) -> None:
    assert model.judged is not None
    assert model.retrieval(priced(3, seed=2).listings)["k"] == model.judged.reach.count


def test_few_examples_are_voted_on(tiny: str) -> None:
    assert SimilarLearner(encoder=tiny).fit(NUMBERS, priced(FEWEST - 1), priced(10, seed=1), 0).judged is None


def test_without_validation_there_is_the_vote(tiny: str) -> None:
    plain = SimilarLearner(encoder=tiny).fit(NUMBERS, priced(FEWEST), Examples((), ()), 0)
    assert (plain.judged, plain.vote) == (None, Vote())


def test_labels_are_voted_on(tiny: str) -> None:
    assert SimilarLearner(encoder=tiny).fit(LABELS, labelled(FEWEST), labelled(10, seed=1), 0).judged is None


def test_where_all_are_of_one_family_there_is_no_distance_to_learn(tiny: str) -> None:
    train = priced(40)
    finder = Finder.learn(Examples(train.listings, train.answers, ("one",) * 40), tiny)
    assert Distance.learn(finder, train, np.array(train.answers, dtype=np.float64), 0) is None


def test_no_pair_is_of_one_family(tiny: str) -> None:
    train = priced(40)
    families = tuple(str(number // 2) for number in range(40))
    asking, others = distance.strange_pairs(Finder.learn(Examples(train.listings, train.answers, families), tiny), 0)
    assert not (asking // 2 == others // 2).any()


def test_a_pair_s_columns_do_not_depend_on_the_pairs_beside_it(model: Similar) -> None:
    assert model.judged is not None
    sides = Sides.known(model.known, model.judged.distance.measured)
    rows, places = np.array([0, 5, 9, 40]), np.array([7, 2, 9, 100])
    np.testing.assert_array_equal(
        columns(sides, sides, rows, places)[2:3], columns(sides, sides, rows[2:3], places[2:3])
    )


def test_a_measure_that_one_listing_states_alone_is_not_compared() -> None:
    assert often([{"weight": 1.0, "span": 2.0}, {"weight": 3.0}]) == ("weight",)


def test_measures_that_are_not_finite_are_taken_as_not_stated() -> None:
    assert logarithms([{"weight": float("inf")}, {"weight": 3.0}], ("weight",)).indptr.tolist() == [0, 0, 1]


def test_the_measures_of_a_pair_are_compared_by_their_logarithms(model: Similar) -> None:
    names = ("first", "second", "third")
    measured = logarithms([{"first": 2.0, "second": 8.0, "third": 1.0}, {"first": 2.0, "second": 4.0}], names)
    whole = Sides.of(model.known, model.known.looks([listing(1), listing(2)]), measured)
    row = columns(whole, whole, np.array([0]), np.array([1]))[0]
    octave = np.log(8.001 / 4.001)
    shared, own, its, differing, mean, size, most = row[-10:-3]
    assert (shared, own, its, differing) == (2, 1, 0, 1)
    assert [mean, size, most] == pytest.approx([octave / 2, octave / 2, octave])
    assert row[-3:-1] == pytest.approx([0, octave])
    assert np.isnan(row[-1])


def test_candidates_weigh_by_a_power_of_their_distance() -> None:
    nearest = Nearest(np.array([[0, 1, 2]]), np.array([[0.9, 0.8, 0.7]], dtype=np.float32))
    found = Reach(count=2, reach=0.5).values(nearest, np.log([[1.0, 2.0, 1.0]]), np.array([10.0, 20.0, 99.0]))
    assert found == pytest.approx([(10 * 1 + 20 * 2**-2) / (1 + 2**-2)])


def test_relatives_at_cosine_zero_count_only_where_there_is_nothing_else() -> None:
    nearest = Nearest(np.array([[0, 1], [0, 1]]), np.array([[0.5, 0.0], [0.0, 0.0]], dtype=np.float32))
    found = Reach(count=2).values(nearest, np.zeros((2, 2)), np.array([10.0, 20.0]))
    assert found == pytest.approx([10, 15])
