"""Words find products: exact names and numbers in any writing, whatever a query holds, and never after damage in silence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricer.errors import PricerError
from pricer.store.lexical import Words
from pricer.store.product import Filter, Product
from pricer.store.spelling import document_words, query_words

ROOT = Path(__file__).resolve().parents[3]
SHELF = (
    Product("pan", "Iron pan", "Iron pan, 26 cm, pre-seasoned", "Kitchen", "Lodge", 30.0, split="train"),
    Product("wok", "Steel wok", "Steel wok with lid, 32 cm", "Kitchen", "Joyce", 45.0, split="test"),
    Product("saw", "Hand saw", "Hand saw HX-4520, steel blade", "Tools", "Stanley", 12.5, split="train"),
    Product("nabe", "土鍋セット", "土鍋セット 9号 日本製", "Kitchen", None, None, split="train"),
    Product("cafe", "Cafetière", "Cafetière à piston, 1 litre", "Kitchen", "Bodum", 25.0, split="validation"),
)


@pytest.fixture
def words(tmp_path: Path) -> Words:
    """A small word index."""
    one = Words(tmp_path / "things")
    one.folder.mkdir()
    one.put(SHELF)
    return one


def ids(words: Words, text: str, only: Filter | None = None, k: int = 5) -> list[str]:
    return [one.id for one in words.search(text, k, only)]


def test_a_model_number_finds_its_product(words: Words) -> None:
    assert ids(words, "hx-4520") == ["saw"]


def test_the_product_with_more_and_rarer_words_of_the_query_comes_first(words: Words) -> None:
    found = words.search("steel wok with a lid", 5)
    assert [one.id for one in found] == ["wok", "saw"]
    assert found[0].score > found[1].score > 0


def test_case_accents_and_full_width_letters_make_no_difference(words: Words) -> None:
    assert ids(words, "CAFETIERE") == ids(words, "ｃａｆｅｔｉｅｒｅ") == ["cafe"]


@pytest.mark.parametrize("text", ["土鍋", "鍋", "日本製の鍋", "セット"])
def test_japanese_is_found_by_words_of_one_and_two_characters_inside_a_text_without_blanks(
    words: Words, text: str
) -> None:
    assert ids(words, text) == ["nabe"]


@pytest.mark.parametrize("text", ["", "  ", "the of and", "zebra", "!!! ---", "\x00", "\ud800"])
def test_nothing_to_search_for_finds_nothing(words: Words, text: str) -> None:
    assert ids(words, text) == []


@pytest.mark.parametrize(
    "text", ['pan" OR "saw', "pan*", "NEAR(pan wok)", "body:pan", "-pan", "^pan", "(pan", 'pan"; DROP TABLE words; --']
)
def test_operators_in_a_query_are_words_like_any(words: Words, text: str) -> None:
    assert "pan" in ids(words, text)
    assert len(words.known()) == len(SHELF)


@given(st.text(max_size=80))
def test_any_text_can_be_searched_for(text: str) -> None:
    assert not set(query_words(text)) - set(document_words(text))
    assert all(not word.isspace() and '"' not in word for word in document_words(text))


@pytest.mark.parametrize(
    ("only", "found"),
    [
        (Filter(category="Tools"), ["saw"]),
        (Filter(least=40), ["wok"]),
        (Filter(most=20), ["saw"]),
        (Filter(splits=("test",)), ["wok"]),
        (Filter("Kitchen", 40, 50, ("train",)), []),
    ],
)
def test_a_filter_holds_for_every_hit(words: Words, only: Filter, found: list[str]) -> None:
    assert ids(words, "steel", only) == found


def test_a_filter_that_leaves_few_hits_is_answered_by_commoner_words_too(tmp_path: Path) -> None:
    words = Words(tmp_path)
    words.put(Product(f"c{n}", "common", f"common{' rare' if n < 3 else ''}", "A" if n else "B") for n in range(2_500))
    assert set(ids(words, "rare common", Filter(category="A"), k=4)) > {"c1", "c2"}
    assert len(ids(words, "rare common", Filter(category="A"), k=4)) == 4


def test_putting_a_product_again_replaces_its_words(words: Words) -> None:
    words.put([Product("pan", "Copper pan", "Copper pan")])
    assert (ids(words, "iron"), ids(words, "copper"), words.count()) == ([], ["pan"], len(SHELF))


def test_what_is_dropped_is_not_found_and_counts_for_nothing(words: Words) -> None:
    fresh = Words(words.folder.parent / "fresh")
    fresh.folder.mkdir()
    fresh.put(SHELF[1:])
    words.drop(["pan", "never there"])
    assert [one.score for one in words.search("cm steel", 5)] == [one.score for one in fresh.search("cm steel", 5)]
    assert ids(words, "iron pan") == []


def test_the_index_knows_what_it_holds(words: Words) -> None:
    assert words.known() == {product.id: product.content_hash for product in SHELF}
    assert words.categories() == ["Kitchen", "Tools"]
    assert words.has_category("Tools")
    assert not words.has_category("tools")


@pytest.mark.parametrize("damage", ["cut", "scribbled", "emptied", "missing"])
def test_a_damaged_file_is_named_with_the_command_that_mends_it(words: Words, damage: str) -> None:
    body = words.path.read_bytes()
    for path in words.folder.glob("*-wal"):
        path.unlink()
    if damage == "missing":
        words.path.unlink()
    else:
        words.path.write_bytes({"cut": body[:5000], "scribbled": b"\x07" * len(body), "emptied": b""}[damage])
    with pytest.raises(PricerError, match="assay store repair things"):
        words.search("pan", 5)
    words.clear()
    words.put(SHELF)
    assert (ids(words, "iron"), words.faults()) == (["pan"], [])


def test_a_sound_file_has_no_faults_and_a_broken_index_has(words: Words) -> None:
    import sqlite3

    assert words.faults() == []
    with sqlite3.connect(words.path) as db:
        db.execute("DELETE FROM words_idx")
        db.execute("DELETE FROM words_data WHERE id > 10")
    db.close()
    assert words.faults()


def test_a_writer_killed_in_the_middle_of_a_batch_leaves_the_batch_before_it(words: Words) -> None:
    code = f"""
import os, signal
from pathlib import Path
from pricer.store.lexical import Words
from pricer.store.product import Product

def batch():
    yield Product("new", "new iron", "new iron")
    yield Product("newer", "newer iron", "newer iron")

import pricer.store.postings as postings
whole = postings.forget
def killed(db, ids):
    whole(db, ids)
    postings.learn(db, [Product("new", "new iron", "new iron")])
    os.kill(os.getpid(), signal.SIGKILL)
postings.forget = killed
Words(Path({str(words.folder)!r})).put(batch())
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**os.environ}, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert (ids(words, "iron"), words.count(), words.faults()) == (["pan"], len(SHELF), [])


def test_a_long_query_is_answered_by_its_rarest_words_and_scored_by_all(words: Words) -> None:
    long = "iron pan " + " ".join(f"word{n}" for n in range(20_000))
    assert ids(words, long) == ["pan"]
