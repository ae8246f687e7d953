"""A store holds what its data set holds, as it was changed by hand, and finds it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricer.errors import BadInput
from pricer.store.product import Changes, Filter, Product
from pricer.store.store import Store, create, installed, open_store
from tests.pricer.store.toys import DIMENSIONS, ToyEncoder, keep_dataset, product, shelf


@pytest.fixture
def toy() -> ToyEncoder:
    return ToyEncoder()


@pytest.fixture
def store(toy: ToyEncoder) -> Iterator[Store]:
    store = create("things", encoder=toy)
    yield store
    store.close()


def content(store: Store) -> dict[str, Product]:
    return {one.id: one for products, _ in store.everything() for one in products}


def by_id(products: list[Product]) -> dict[str, Product]:
    return {one.id: one for one in products}


def test_after_a_sync_the_store_holds_exactly_the_products(store: Store) -> None:
    assert store.sync(shelf(300)) == Changes(added=300)
    assert content(store) == by_id(shelf(300))


def test_a_second_sync_neither_encodes_nor_writes(store: Store, toy: ToyEncoder) -> None:
    store.sync(shelf(300))
    sealed = (store.folder / "chroma/1/seal.json").read_bytes()
    assert store.sync(shelf(300)) == Changes(unchanged=300)
    assert len(toy.encoded) == 300
    assert (store.folder / "chroma/1/seal.json").read_bytes() == sealed


def test_a_sync_writes_what_has_changed_and_deletes_what_is_gone(store: Store) -> None:
    store.sync(shelf(10))
    now = [*shelf(8, start=2)[:-1], product(9, "another text"), product(10)]
    assert store.sync(now) == Changes(added=1, changed=1, deleted=2, unchanged=7)
    assert content(store) == by_id(now)


def test_a_changed_price_alone_is_written_without_encoding(store: Store, toy: ToyEncoder) -> None:
    store.sync(shelf(10))
    dearer = Product(**{name: getattr(product(1), name) for name in Product.__dataclass_fields__} | {"price": 99.0})
    assert store.sync([dearer, *shelf(8, start=2), product(0)]).changed == 1
    assert store.products(["p1"])[0].price == 99.0
    assert len(toy.encoded) == 10


def test_of_two_products_with_one_id_the_first_counts(store: Store) -> None:
    store.sync([product(1), product(1, "a second text")])
    assert content(store) == {"p1": product(1)}


def test_what_was_added_by_hand_is_found_at_once(store: Store, toy: ToyEncoder) -> None:
    store.sync(shelf(50))
    added = product(99, "an entirely different lamp")
    assert store.add([added]) == Changes(added=1)
    assert store.nearest(toy.queries(["an entirely different lamp"]), 1)[0][0].product == added


def test_what_was_changed_by_hand_survives_a_sync(store: Store) -> None:
    store.sync(shelf(10))
    store.add([product(3, "mended by hand"), product(70)])
    assert store.remove(["p4", "nobody"]) == Changes(deleted=1)
    store.sync(shelf(10))
    expected = by_id(shelf(10)) | {"p3": product(3, "mended by hand"), "p70": product(70)}
    del expected["p4"]
    assert content(store) == expected


def test_a_product_comes_back_as_it_was(store: Store) -> None:
    bare = Product(id="bare", title="only a title", text="")
    full = Product("full", "Ünïcode 灯", "text\n灯", "Lamps", "Acme", 12.5, "lamp", "f1", "train", "a.jsonl.gz:7")
    store.sync([bare, full])
    assert store.products(["full", "nobody", "bare"]) == [full, bare]


FILTERS = [
    Filter(category="kind 3"),
    Filter(least=10.0),
    Filter(most=50.0),
    Filter(least=10.0, most=10.0),
    Filter(splits=("train", "test")),
    Filter(category="kind 1", least=5.0, most=90.0, splits=("validation",)),
    Filter(),
]


def passes(one: Product, only: Filter) -> bool:
    priced = only.least is None and only.most is None
    inside = one.price is not None and (only.least or 0) <= one.price <= (only.most or 1e9)
    return (
        only.category in (None, one.category) and (not only.splits or one.split in only.splits) and (priced or inside)
    )


def test_a_filter_leaves_exactly_what_passes_it(store: Store, toy: ToyEncoder) -> None:
    store.sync(shelf(100))
    for only in FILTERS:
        found = store.nearest(toy.queries(["thing"]), 100, only)[0]
        assert {near.product.id for near in found} == {one.id for one in shelf(100) if passes(one, only)}, only


def test_the_nearest_are_those_of_an_exact_search(store: Store, toy: ToyEncoder) -> None:
    store.sync(shelf(500))
    queries = toy.queries([f"thing {number} in colour 3" for number in range(0, 500, 25)])
    exact = queries @ toy.queries([one.passage for one in shelf(500)]).T
    found = store.nearest(queries, 10)
    similarities = np.array([[near.similarity for near in row] for row in found])
    assert similarities == pytest.approx(-np.sort(-exact, axis=1)[:, :10], abs=1e-5)


def test_everything_gives_each_product_beside_its_vector(store: Store, toy: ToyEncoder) -> None:
    store.sync(shelf(120))
    portions = list(store.everything(portion=50))
    assert [len(products) for products, _ in portions] == [50, 50, 20]
    for products, vectors in portions:
        assert vectors == pytest.approx(toy.queries([one.passage for one in products]), abs=1e-6)


def test_progress_ends_with_all_of_them(store: Store) -> None:
    heard: list[tuple[int, int]] = []
    store.sync(shelf(600), lambda done, total: heard.append((done, total)))
    assert heard == [(256, 600), (512, 600), (600, 600)]


def test_a_total_that_is_not_known_is_given_as_nothing(store: Store) -> None:
    heard: list[tuple[int, int]] = []
    store.sync(iter(shelf(300)), lambda done, total: heard.append((done, total)))
    assert heard == [(256, 0), (300, 300)]


def test_a_store_is_opened_again_by_name(store: Store, toy: ToyEncoder) -> None:
    store.sync(shelf(5))
    assert open_store("things", encoder=toy).count() == 5
    assert [one.name for one in installed()] == ["things"]


def test_an_unknown_store_is_refused_with_its_neighbour(store: Store) -> None:
    with pytest.raises(BadInput, match="no store named 'thing'; did you mean things"):
        open_store("thing")


def test_another_encoder_is_refused_with_the_way_out(store: Store) -> None:
    with pytest.raises(BadInput, match=r"holds vectors of toy .* the encoder is other .* index the products again"):
        open_store("things", encoder=ToyEncoder("other"))


def test_making_a_store_again_with_other_arguments_is_refused(store: Store, toy: ToyEncoder) -> None:
    assert create("things", encoder=toy).folder == store.folder
    with pytest.raises(BadInput, match="dataset: None there, 'shoes' now"):
        create("things", dataset="shoes", encoder=toy)


def test_the_fingerprint_stands_with_the_collection(store: Store, toy: ToyEncoder) -> None:
    with store.reading() as collection:
        assert (collection.chroma.metadata or {})["fingerprint"] == toy.fingerprint


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (Product("", "a", "b"), "wanted an id and a title or text"),
        (Product("a", "", " "), "wanted an id and a title or text"),
        (Product("a", "b", "c", price=float("nan")), "wanted a price that is a number"),
        (Product("a", "b", "\ud800"), "wanted text that UTF-8 can hold"),
    ],
)
def test_a_product_that_cannot_be_kept_is_refused(store: Store, wrong: Product, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        store.add([wrong])
    assert store.count() == 0


def test_vectors_of_another_length_are_refused(store: Store) -> None:
    with pytest.raises(BadInput, match=rf"wanted vectors of shape \(n, {DIMENSIONS}\)"):
        store.nearest(np.zeros((1, 3), dtype=np.float32), 1)


def test_an_empty_store_finds_nothing(store: Store, toy: ToyEncoder) -> None:
    assert store.nearest(toy.queries(["lamp"]), 3) == [[]]


def test_the_source_is_the_data_set_that_it_was_made_from(toy: ToyEncoder) -> None:
    things = create("bound", encoder=toy, dataset=keep_dataset(shelf(12)), splits=("train", "test"))
    assert list(things.source()) == [one for one in shelf(12) if one.split != "validation"]


def test_the_words_are_kept_in_step(store: Store) -> None:
    store.sync(shelf(40))
    store.add([product(90)])
    store.remove(["p7"])
    assert store.words.known() == {key: one.content_hash for key, one in content(store).items()}


def test_importing_the_store_loads_nothing_heavy_and_says_nothing() -> None:
    heavy = ("chromadb", "numpy", "torch", "sentence_transformers", "pyarrow", "httpx")
    code = f"import sys, pricer.store.store; assert not [name for name in {heavy} if name in sys.modules]"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


NUMBERS = st.integers(0, 5)
PRODUCTS = st.builds(product, NUMBERS, st.sampled_from([None, "one text", "two texts"]))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sync"), st.lists(PRODUCTS, max_size=5, unique_by=lambda one: one.id)),
        st.tuples(st.just("add"), st.lists(PRODUCTS, max_size=3, unique_by=lambda one: one.id)),
        st.tuples(st.just("remove"), st.lists(NUMBERS.map("p{}".format), max_size=3)),
    ),
    max_size=6,
)


@settings(max_examples=10)
@given(steps=STEPS)
def test_any_steps_leave_what_a_dictionary_would_hold(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Any]]
) -> None:
    store = create("steps", encoder=ToyEncoder(), root=Path(tmp_path_factory.mktemp("steps")))
    data: dict[str, Product] = {}
    by_hand: dict[str, Product | None] = {}
    held: dict[str, Product] = {}
    for step, given_ in steps:
        if step == "sync":
            data = by_id(given_)
            store.sync(given_)
        elif step == "add":
            by_hand |= by_id(given_)
            store.add(given_)
        else:
            by_hand |= dict.fromkeys(one for one in given_ if one in held)
            store.remove(given_)
        held = {key: one for key, one in (data | by_hand).items() if one is not None}
        assert content(store) == held
    assert store.check() == []
    store.close()
