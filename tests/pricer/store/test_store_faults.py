"""A store that was killed goes on, one that is damaged says so and is built anew, and two processes do not spoil each other's work."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pricer.errors import BadInput, PricerError
from pricer.store import seal
from pricer.store.product import Changes, Product
from pricer.store.store import Store, create, open_store
from tests.pricer.store.toys import (
    ToyEncoder,
    index_file,
    keep_dataset,
    product,
    scribble,
    shelf,
    truncate,
)

PART = 300  # products: more than one batch
WHOLE = 1100  # products: more than Chroma keeps out of its index files
HEAD = "import sys; from pricer.store.store import *; from tests.pricer.store.toys import *; toy = ToyEncoder()\n"
SYNC = f"create('things', encoder=toy).sync(shelf({WHOLE}), lambda done, total: print(done, flush=True))\n"


@pytest.fixture
def toy() -> ToyEncoder:
    return ToyEncoder()


def fill(toy: ToyEncoder, count: int) -> Iterator[Store]:
    """A store of a data set, with a product added by hand and one removed, closed."""
    store = create("things", encoder=toy, dataset=keep_dataset(shelf(count)))
    store.sync(store.source())
    store.add([product(5000, "added by hand")])
    store.remove(["p0"])
    store.close()
    yield store
    store.close()


@pytest.fixture
def filled(toy: ToyEncoder) -> Iterator[Store]:
    yield from fill(toy, WHOLE)


@pytest.fixture
def small(toy: ToyEncoder) -> Iterator[Store]:
    yield from fill(toy, PART)


EXPECTED = {f"p{number}" for number in (*range(1, WHOLE), 5000)}
FEW = {f"p{number}" for number in (*range(1, PART), 5000)}


def ids(store: Store) -> set[str]:
    return {one.id for products, _ in store.everything() for one in products}


@contextmanager
def child(code: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that runs the code; it is killed in the end."""
    command = [sys.executable, "-c", HEAD + code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    said = process.stdout.readline().decode()
    assert said, "the other process ended"
    return said.strip()


def test_a_sync_killed_at_any_batch_goes_on_where_it_was(toy: ToyEncoder) -> None:
    for until in ("256", "1024"):
        with child(SYNC) as process:
            while line(process) != until:
                pass
            process.send_signal(signal.SIGKILL)
    store = create("things", encoder=toy)
    changes = store.sync(shelf(WHOLE))
    assert changes.added + changes.unchanged == WHOLE
    assert changes.unchanged >= 1024
    assert len(toy.encoded) <= WHOLE - 1024
    assert store.check() == []


def test_a_torn_index_of_a_killed_writer_is_written_again_by_the_same_sync(filled: Store, toy: ToyEncoder) -> None:
    toy.encoded.clear()
    seal.mark(filled.folder / "chroma/1")
    truncate(index_file(filled.folder))
    assert filled.sync(shelf(WHOLE)).added == len(EXPECTED)
    assert filled.check() == []
    assert toy.encoded == []


def test_a_sound_index_of_a_killed_writer_is_used_as_it_is(filled: Store) -> None:
    folder = filled.folder / "chroma/1"
    (folder / seal.SEAL).unlink()
    seal.mark(folder)
    assert ids(filled) == EXPECTED
    assert filled.check() == []


DAMAGE: list[tuple[str, Callable[[Path], None], str]] = [
    ("data_level0.bin", truncate, "data_level0.bin not as it was written"),
    ("data_level0.bin", scribble, "data_level0.bin not as it was written"),
    ("header.bin", Path.unlink, "header.bin not as it was written"),
    ("chroma.sqlite3", truncate, "malformed|not as it was written"),
    ("chroma.sqlite3", Path.unlink, "chroma.sqlite3 is missing"),
]


@pytest.mark.parametrize(("name", "damage", "said"), DAMAGE, ids=[f"{name} {do.__name__}" for name, do, _ in DAMAGE])
def test_damage_is_named_with_its_remedy_and_repaired_without_encoding(
    filled: Store, toy: ToyEncoder, name: str, damage: Callable[[Path], None], said: str
) -> None:
    damage(filled.folder / "chroma/1" / name if name == seal.DATABASE else index_file(filled.folder, name))
    with pytest.raises(PricerError, match=rf"(?s){said}.*mend it: assay store repair things") as caught:
        filled.nearest(toy.queries(["thing 3"]), 1)
    assert caught.value.__cause__ is None
    assert any(name in fault for fault in filled.check())
    toy.encoded.clear()
    filled.repair()
    assert (ids(filled), filled.check(), toy.encoded) == (EXPECTED, [], [])


def test_a_scribbled_database_is_found_by_the_check(small: Store) -> None:
    scribble(small.folder / "chroma/1/chroma.sqlite3")
    assert any("chroma.sqlite3 is damaged" in fault for fault in small.check())


def test_a_repair_that_was_stopped_leaves_the_old_collection_in_use_and_goes_on(small: Store, toy: ToyEncoder) -> None:
    class Stopped(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        small.repair(stop)
    assert ids(small) == FEW
    assert small.repair() == Changes(added=len(FEW) - 256, unchanged=256)
    assert ids(small) == FEW
    assert [path.name for path in (small.folder / "chroma").iterdir()] == ["2"]


def test_an_open_reader_follows_a_repair(small: Store, toy: ToyEncoder) -> None:
    reader = open_store("things", encoder=toy)
    assert reader.count() == len(FEW)
    small.repair()
    assert reader.nearest(toy.queries(["added by hand"]), 1)[0][0].product.id == "p5000"


def test_a_lost_word_index_is_found_and_made_again(small: Store) -> None:
    small.words.clear()
    assert small.check() == [f"the word index differs from the collection in {len(FEW)} places"]
    assert small.sync(shelf(PART)).unchanged == len(FEW)
    assert small.check() == []


def test_what_was_noted_and_not_applied_is_found_and_applied_by_a_sync(small: Store) -> None:
    small._journal.add([product(6000)])
    assert small.check() == ["1 changes by hand are not applied yet"]
    small.sync(small.source())
    assert small.products(["p6000"]) == [product(6000)]


def test_a_torn_last_line_of_the_journal_is_cut(small: Store) -> None:
    with (small.folder / "journal.jsonl").open("a") as file:
        file.write('{"removed": "p1')
    small.add([product(6000)])
    small.sync(small.source())
    assert ids(small) == FEW | {"p6000"}


def test_a_damaged_line_of_the_journal_is_named(small: Store) -> None:
    path = small.folder / "journal.jsonl"
    path.write_text("{}\n" + path.read_text())
    with pytest.raises(BadInput, match=r"things/journal.jsonl:1: .* found b'\{\}.n'; mend or delete that line"):
        small.sync(small.source())


def test_while_one_process_writes_another_reads_and_may_not_write(small: Store, toy: ToyEncoder) -> None:
    waiting = "print('in', flush=True); sys.stdin.readline(); yield product(1)"
    with child(f"def slow():\n    {waiting}\nopen_store('things', encoder=toy).sync(slow())") as process:
        assert line(process) == "in"
        assert small.nearest(toy.queries(["added by hand"]), 1)[0][0].product.id == "p5000"
        with pytest.raises(BadInput, match="store things: another process is writing it"):
            small.add([product(1)])


def test_what_another_process_wrote_is_found_by_an_open_reader(small: Store, toy: ToyEncoder) -> None:
    assert small.count() == len(FEW)
    with child(
        "print(open_store('things', encoder=toy).add([product(7000, 'of another process')]), flush=True)"
    ) as process:
        assert line(process).startswith("Changes(added=1")
    assert small.nearest(toy.queries(["of another process"]), 1)[0][0].product == product(7000, "of another process")


def test_a_store_without_a_data_set_is_built_anew_from_itself(toy: ToyEncoder) -> None:
    store = create("loose", encoder=toy)
    store.sync(shelf(20))
    store.repair()
    assert ids(store) == {one.id for one in shelf(20)}


def test_a_damaged_store_without_a_data_set_says_that_it_must_be_indexed_again(toy: ToyEncoder) -> None:
    store = create("loose", encoder=toy)
    store.sync(shelf(20))
    store.close()
    (store.folder / "chroma/1/chroma.sqlite3").unlink()
    with pytest.raises(BadInput, match="made without a data set by name: index its products again"):
        store.repair()


def test_products_whose_source_breaks_off_delete_nothing(small: Store) -> None:
    def broken() -> Iterator[Product]:
        yield product(1)
        raise BadInput("the data set is damaged")

    with pytest.raises(BadInput, match="the data set is damaged"):
        small.sync(broken())
    assert ids(small) == FEW
