"""Fields of listings as tokens, measures and sparse rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pricer.predictors.fields import FIELDS, measures, words
from pricer.predictors.sparse import Vocabularies, Vocabulary, beside
from pricer.products.items import Listing
from tests.pricer.predictors.toys import listing

EMPTY = Listing("e", "", "", "", "", "{}", None, None)
FIELD = {field.name: field for field in FIELDS}


def titled(title: str) -> Listing:
    return replace(EMPTY, title=title)


def test_number_and_its_unit_are_two_words() -> None:
    assert words("24V 3.5GHz") == ["24", "v", "3.5", "ghz"]


def test_models_of_a_series_share_a_beginning() -> None:
    one, other = (set(FIELD["models"].tokens(titled(title))) for title in ("Epson WF4720", "Epson WF4740"))
    assert "^wf47" in one & other
    assert "wf4720" not in other


def test_attribute_gives_its_name_its_value_and_their_words() -> None:
    one = replace(EMPTY, details='{"Item Color": "Dark  Red"}')
    assert FIELD["attributes"].tokens(one) == ["item color", "item color=dark red", "item color:dark", "item color:red"]


def test_features_written_as_pairs_are_attributes_too() -> None:
    assert "cable length=4.6" in FIELD["attributes"].tokens(replace(EMPTY, features="cable length: 4.6; type: Cat6"))


def test_measures_are_in_one_unit() -> None:
    found = measures(replace(EMPTY, title="64 GB card", details='{"Item Weight": "2 pounds"}'))
    assert [found["title storage_gb"], found["any weight g"]] == pytest.approx([64, 2 * 453.592])


def test_what_is_not_stated_is_no_measure() -> None:
    assert not {"rank", "pack", "year", "size", "any weight g"} & measures(EMPTY).keys()


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_field_reads_an_empty_listing(field: object) -> None:
    assert Vocabulary.learn(FIELD[getattr(field, "name", "")], [EMPTY]).rows([EMPTY]).nnz == 0


def test_weights_follow_the_formula() -> None:
    vocabulary = Vocabulary.learn(FIELD["features"], [replace(EMPTY, features=text) for text in ("a a b", "a b", "a")])
    a, b = (1 + np.log(2)) * (np.log(4 / 4) + 1), np.log(4 / 3) + 1
    row = vocabulary.rows([replace(EMPTY, features="a a b c")]).toarray()[0]
    assert vocabulary.terms == ("a", "b")
    assert row == pytest.approx(np.array([a, b]) / np.hypot(a, b), rel=1e-6)


def test_only_the_commonest_terms_are_kept() -> None:
    listings = [replace(EMPTY, features=text) for text in ("a b", "a b", "a")]
    assert Vocabulary.learn(FIELD["features"], listings, most=1).terms == ("a",)


def test_row_does_not_depend_on_its_neighbours() -> None:
    listings = [listing(number) for number in range(20)]
    learned = Vocabularies.learn(listings)
    alone, among = beside(learned.rows(listings[5:6])), beside(learned.rows(listings))
    assert np.array_equal(alone.toarray()[0], among.toarray()[5])


def test_field_times_its_weight_is_as_long_as_the_weight() -> None:
    listings = [listing(number) for number in range(20)]
    rows = beside(Vocabularies.learn(listings).rows(listings), {"title": 0.5})
    assert np.linalg.norm(rows.toarray(), axis=1) == pytest.approx(np.full(20, 0.5), rel=1e-5)


def test_listings_that_share_nothing_still_have_rows() -> None:
    learned = Vocabularies.learn([titled("one")])
    assert beside(learned.rows([EMPTY, EMPTY])).shape == (2, 1)


def test_restored_vocabularies_give_the_same_rows() -> None:
    listings = [listing(number) for number in range(20)]
    learned = Vocabularies.learn(listings)
    again = beside(Vocabularies.restore(learned.state()).rows(listings))
    assert (again != beside(learned.rows(listings))).nnz == 0
