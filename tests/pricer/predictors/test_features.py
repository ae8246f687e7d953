"""What is read of a listing as numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from pricer.predictors.encoding import WEIGHT, Encoding, folds, out_of_fold
from pricer.predictors.features import FEATURES, Columns, look
from pricer.predictors.protocol import Examples
from pricer.predictors.quantities import attributes, largest, measure, pack, rank, sides_cm, weight_g
from pricer.products.items import Listing
from tests.pricer.predictors.toys import listing, priced

BARE = Listing("b", "A thing", "A thing", "", "", "", None, None)


@pytest.mark.parametrize(
    ("text", "grams"),
    [
        ("Item Weight: 1.5 Pounds", 1.5 * 453.592),
        ("weighs 9.1 ounces", 9.1 * 28.3495),
        ('"Item Weight":"1,200 g"', 1200),
        ("Weight 2 kg", 2000),
        ("weightless", None),
    ],
)
def test_weight_is_read_in_grams(text: str, grams: float | None) -> None:
    assert weight_g(text) == (None if grams is None else pytest.approx(grams))


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("10 x 2.5 x 7.2 inches", (10 * 2.54, 2.5 * 2.54, 7.2 * 2.54)),
        ('7.75"L x 3"W', (7.75 * 2.54, 3 * 2.54)),
        ("30 x 20 x 10 mm", (3, 2, 1)),
        ("4 x 4", ()),
    ],
)
def test_sides_are_read_in_centimetres(text: str, sides: tuple[float, ...]) -> None:
    assert sides_cm(text) == pytest.approx(sides)


def test_rank_is_read_with_its_commas() -> None:
    assert rank("Best Sellers Rank: #12,345 in Toys") == 12345
    assert rank("frank 5") is None


@pytest.mark.parametrize(("text", "count"), [("Pack of 12", 12), ("6-Pack", 6), ("100 count", 100), ("one", None)])
def test_pack_is_read(text: str, count: int | None) -> None:
    assert pack(text) == count


def test_largest_quantity_is_kept_in_one_unit() -> None:
    assert largest("512 MB or 2TB, 1.5 GHz") == {"storage_gb": 2000.0, "frequency_mhz": 1500.0}


def test_attributes_come_from_details_and_from_pairs() -> None:
    one = replace(BARE, details='{"Item Weight":"2 lb"}', features="width: 527.0; colour: red")
    assert attributes(one) == {"item weight": "2 lb", "width": "527.0", "colour": "red"}


def test_details_that_are_not_json_are_passed_over() -> None:
    assert attributes(replace(BARE, details="{broken")) == {}


@pytest.mark.parametrize(("written", "number"), [("527.0", 527.0), ("2 kg", 2000.0), ("red", None)])
def test_measure_is_the_leading_number_in_one_unit(written: str, number: float | None) -> None:
    assert measure(written) == number


def test_unknown_is_not_a_number() -> None:
    row = Columns((), ()).table([look(BARE)])[0]
    assert math.isnan(row[[feature.name for feature in FEATURES].index("log_weight")])


def test_frequent_numeric_attributes_become_columns() -> None:
    columns = Columns.learn([look(listing(number)) for number in range(30)])
    assert columns.attributes == ("item weight",)
    assert columns.table([look(listing(0))]).shape == (1, len(columns.names))


def test_encoding_is_mixed_with_the_overall_mean() -> None:
    one, two = replace(BARE, brand="one"), replace(BARE, brand="two")
    table = Encoding.learn([one, one, two], np.array([1.0, 3.0, 8.0])).table([one, replace(BARE, brand="new")])
    assert table[:, 0] == pytest.approx([(1 + 3 + WEIGHT * 4) / (2 + WEIGHT), 4])


def test_training_listing_does_not_see_its_own_answer() -> None:
    train = priced(60)
    values = np.array(train.answers, dtype=np.float64)
    changed = values.copy()
    changed[0] += 1000
    own = folds(train) == folds(train)[0]
    assert (out_of_fold(train, values)[own] == out_of_fold(train, changed)[own]).all()


def test_near_duplicates_share_a_fold() -> None:
    train = priced(40)
    together = Examples(train.listings, train.answers, ("same",) * 40)
    assert len(set(folds(together).tolist())) == 1
