"""The map: what is sampled, where it is placed, how truly, and that the page lets no text of a product act."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from agent.data import data as commands
from pricer.errors import BadInput
from pricer.store.map import MOST_ITEMS, TITLE_CHARS, Map, document, draw
from pricer.store.map_page import NONE, OTHERS, block, data, grouped, page, write_map
from pricer.store.product import Product
from pricer.store.projection import kept, nearest, principal, project
from pricer.store.store import create
from tests.pricer.store.toys import ToyEncoder, shelf

HOSTILE = (
    "</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "<!-- <script>", "<b>bold</b><a href='javascript:alert(1)'>x</a>",
    "{{ 7 * 7 }}", "price \u202e99.9$", "bell \x07 escape \x1b[31m", "half \ud800 a pair", "line \u2028 end", "&lt;b&gt;", "日本語 🛒",
)  # fmt: skip


@dataclass(frozen=True)
class Toy:
    """A store in memory."""

    held: tuple[Product, ...]
    vectors: NDArray[np.float32]
    name: str = "toys"
    portion: int = 50

    def count(self) -> int:
        return len(self.held)

    def everything(self) -> Iterator[tuple[list[Product], NDArray[np.float32]]]:
        for start in range(0, len(self.held), self.portion):
            yield list(self.held[start : start + self.portion]), self.vectors[start : start + self.portion]

    def reversed(self) -> Toy:
        """The same store, yielding the last first."""
        return replace(self, held=self.held[::-1], vectors=self.vectors[::-1], portion=7)


def toys(total: int, clumps: int = 3) -> Toy:
    """Products of as many categories as there are clumps of unit vectors, in turn; product 7 costs 7."""
    generator = np.random.default_rng(0)
    centres = np.eye(clumps, 24)
    vectors = np.stack([centres[place % clumps] for place in range(total)]) + 0.05 * generator.normal(size=(total, 24))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    held = tuple(
        Product(
            f"i{place}",
            f"Thing {place}",
            "",
            f"kind {place % clumps}",
            price=place or None,
            source=f"t.jsonl:{place + 1}",
        )
        for place in range(total)
    )
    return Toy(held, vectors.astype(np.float32))


def hostile() -> Toy:
    """A store whose every text is meant to do harm, in its name too."""
    bare = toys(len(HOSTILE) * 2)
    texts = HOSTILE * 2
    held = tuple(
        replace(product, id=f"{text} {place}", title=f"{text} {place}", category=text, label=text, source=text)
        for place, (product, text) in enumerate(zip(bare.held, texts, strict=True))
    )
    return replace(bare, held=held, name=HOSTILE[0])


@pytest.fixture(scope="module")
def drawn() -> Map:
    """The map of 120 toys, drawn once."""
    return draw(toys(120))


def told(text: str) -> dict[str, Any]:
    """The block of data of a page."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    read: dict[str, Any] = json.loads(found[1])
    return read


def page_without_library(made: Map) -> str:
    """The page less Plotly's own script."""
    return re.sub(r"<script>/\*\*.*?</script>", "", page(made), count=1, flags=re.DOTALL)


# --- the sample


def test_a_store_of_more_than_the_items_wanted_is_sampled_and_the_rest_is_counted() -> None:
    made = draw(toys(90), items=11)
    assert (len(made.spots), made.of) == (11, 90)


def test_the_sample_is_those_whose_hashes_are_the_lowest() -> None:
    lowest = sorted((f"i{place}" for place in range(90)), key=lambda one: hashlib.sha256(f"0:{one}".encode()).digest())[
        :11
    ]
    assert [spot.id for spot in draw(toys(90), items=11).spots] == lowest


def test_another_seed_draws_another_sample() -> None:
    assert draw(toys(90), items=9, seed=1).spots != draw(toys(90), items=9, seed=2).spots


def test_the_order_in_which_a_store_yields_its_products_changes_no_byte_of_the_page() -> None:
    assert page(draw(toys(40), items=30)) == page(draw(toys(40).reversed(), items=30))


def test_a_long_title_is_cut_and_an_infinite_price_is_none() -> None:
    odd = Product("a", "x" * 999, "", price=float("inf"))
    spot = draw(Toy((odd,), np.ones((1, 4), dtype=np.float32))).spots[0]
    assert (len(spot.title), spot.price) == (TITLE_CHARS, None)


def test_an_empty_store_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"'toys'.*found none"):
        draw(Toy((), np.empty((0, 4), dtype=np.float32)))


@pytest.mark.parametrize("items", [0, -1, MOST_ITEMS + 1])
def test_a_number_of_items_that_cannot_be_drawn_is_refused(items: int) -> None:
    with pytest.raises(BadInput, match=f"--items {items}"):
        draw(toys(3), items=items)


# --- the projection


@pytest.mark.parametrize("total", [1, 2, 5, 11, 12, 13])
def test_few_items_are_placed_within_the_frame(total: int) -> None:
    made = draw(toys(total))
    for projection in (made.flat, made.solid):
        assert projection.places.shape == (total, projection.dimensions)
        assert np.abs(projection.places).max() <= 1
    assert page(made)


def test_vectors_that_are_all_the_same_lie_on_one_place() -> None:
    same = replace(toys(30), vectors=np.ones((30, 6), dtype=np.float32))
    assert not draw(same).flat.places.any()


def test_clumps_of_the_vectors_are_clumps_of_the_map(drawn: Map) -> None:
    for projection in (drawn.flat, drawn.solid):
        near = nearest(projection.places, 5)
        kinds = np.array([spot.category for spot in drawn.spots])
        assert (kinds[near] == kinds[:, None]).all()


def test_the_closest_of_an_item_are_the_largest_cosines(drawn: Map) -> None:
    vectors = {product.id: vector for product, vector in zip(toys(120).held, toys(120).vectors, strict=True)}
    rows = np.stack([vectors[spot.id] for spot in drawn.spots])
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, -2)
    assert np.array_equal(drawn.closest, np.argsort(-cosines, axis=1, kind="stable")[:, :5])


def test_principal_components_are_those_of_scikit_learn_up_to_their_sign() -> None:
    from sklearn.decomposition import PCA

    vectors = np.random.default_rng(1).normal(size=(60, 8)).astype(np.float32)
    expected = PCA(n_components=3, svd_solver="full").fit_transform(vectors.astype(np.float64))
    assert np.allclose(np.abs(principal(vectors, 3)), np.abs(expected))


def test_trustworthiness_is_that_of_scikit_learn() -> None:
    from sklearn.manifold import trustworthiness

    generator = np.random.default_rng(2)
    vectors, places = generator.normal(size=(80, 6)), generator.normal(size=(80, 2))
    found = kept(vectors, places)
    assert found
    assert found.trustworthiness == pytest.approx(trustworthiness(vectors, places, n_neighbors=10))


def test_what_is_not_flattened_keeps_every_neighbour() -> None:
    places = np.random.default_rng(3).normal(size=(50, 2))
    found = kept(places, places * 7)
    assert found
    assert (found.share, found.trustworthiness) == (1, 1)


def test_the_share_kept_counts_neighbours_by_hand() -> None:
    line = np.array([[0.0], [1.0], [2.1], [10.0], [11.0]])  # two neighbours each: (5 - 1) // 2
    swapped = line[[0, 1, 3, 2, 4]]  # the third and the fourth change places
    found = kept(line, swapped)
    assert found
    # by row: {1,2}/{1,3}, {0,2}/{0,3}, {1,0}/{4,3}, {4,2}/{1,0}, {3,2}/{2,3}
    assert (found.neighbours, found.share) == (2, (1 + 1 + 0 + 0 + 2) / 10)


def test_fewer_than_three_items_have_nothing_to_keep() -> None:
    assert kept(np.eye(2), np.eye(2)) is None


def test_the_same_seed_gives_the_same_places() -> None:
    vectors = toys(40).vectors
    axes = principal(vectors)
    assert np.array_equal(project(vectors, axes, 2, 5).places, project(vectors, axes, 2, 5).places)


# --- the groups and the page


def test_the_ten_largest_groups_are_named_and_the_rest_share_one() -> None:
    names = [f"c{place:02}" for place in range(12) for _ in range(20 - place)] + [None]
    made = grouped(names)
    assert [(group.name, group.items) for group in made.named] == [(f"c{place:02}", 20 - place) for place in range(10)]
    assert (made.others, made.none) == ((20 - 10) + (20 - 11), 1)
    assert made.of[-2:] == (OTHERS, NONE)


def test_the_document_tells_what_was_drawn_and_what_is_kept(drawn: Map) -> None:
    made = document(drawn)
    assert (made["store"], made["items"], made["of"], made["seed"]) == ("toys", 120, 120, 0)
    assert [(one["dimensions"], one["neighbours"], one["measured_on"]) for one in made["projections"]] == [
        (2, 10, 120),
        (3, 10, 120),
    ]
    assert all(0 < one["neighbours_kept_share"] <= one["trustworthiness"] <= 1 for one in made["projections"])


def test_the_data_on_the_page_are_those_of_the_map(drawn: Map) -> None:
    read = told(page(drawn))
    assert read == json.loads(json.dumps(data(drawn)))
    assert read["price"][[spot.id for spot in drawn.spots].index("i7")] == 7


def test_hostile_texts_neither_end_the_block_of_data_nor_begin_another() -> None:
    text = page_without_library(draw(hostile()))
    assert text.count("<script") == 2  # the data and our own
    assert text.count("</script") == 2
    assert "<img" not in text
    assert "<!--" not in text


def test_hostile_texts_come_back_from_the_block_as_they_were_shown() -> None:
    titles = " ".join(told(page(draw(hostile())))["title"])
    assert "</script><script>alert(1)</script>" in titles
    assert "\\u202e99.9$" in titles
    assert "\\x1b[31m" in titles


def test_a_block_holds_no_character_that_markup_knows() -> None:
    assert block("</script>&") == '"\\u003c/script\\u003e\\u0026"'


def test_the_policy_allows_the_two_scripts_of_the_page_and_no_other(drawn: Map) -> None:
    text = page(drawn)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    hashes = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts}
    assert set(re.findall(r"'sha256-([^']+)'", text)) == hashes
    assert len(hashes) == 2
    assert "default-src 'none'" in text


def test_missing_categories_and_prices_leave_a_page() -> None:
    bare = tuple(Product(f"i{place}", "", "") for place in range(6))
    read = told(page(draw(Toy(bare, toys(6).vectors))))
    assert (read["category"]["none"], read["price"]) == (6, [None] * 6)


def test_writing_tells_where_the_page_is(tmp_path: Path) -> None:
    written = write_map(toys(5), tmp_path / "deep" / "out")
    assert written.page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert written.document["page"] == str(tmp_path / "deep" / "out" / "map.html")


def test_a_store_on_disk_is_drawn_by_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    with closing(create("things", encoder=ToyEncoder())) as store:
        store.add(shelf(9))
    ran = CliRunner().invoke(commands, ["map", "things", "--out", str(tmp_path / "out"), "--items", "5", "--json"])
    assert ran.exit_code == 0, ran.output
    written = json.loads(ran.stdout)
    assert (written["items"], written["of"], written["page"]) == (5, 9, str(tmp_path / "out" / "map.html"))


def test_products_that_a_program_made_up_are_marked_on_the_page(drawn: Map) -> None:
    assert "SYNTHETIC SAMPLE" in page(drawn, synthetic=True)
    assert "SYNTHETIC SAMPLE" not in page(drawn)


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(BadInput, match="wanted a folder, found a file"):
        write_map(toys(5), tmp_path / "taken")


def test_progress_ends_at_its_total() -> None:
    seen: list[tuple[str, int, int]] = []
    draw(toys(120), report=lambda *stage: seen.append(stage))
    assert ("reading vectors", 120, 120) in seen
    assert seen[-1] == ("projecting", 2, 2)
