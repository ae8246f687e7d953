"""Kept vectors: nothing is encoded twice, and neither a kill, a second process nor a damaged file costs more than a block."""

from __future__ import annotations

import hashlib
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pricer.errors import PricerError
from pricer.store.vectors import BLOCK, Vectors

ENDLESS = """
import sys
from tests.pricer.store.test_vectors import Scripted, Vectors, texts
from pathlib import Path
def told(done, total):
    print(done, flush=True)
    if done == int(sys.argv[2]):
        sys.stdin.read()
Vectors(Scripted(), Path(sys.argv[1])).passages(texts(1000), told)
"""
TOGETHER = """
import sys
from tests.pricer.store.test_vectors import Scripted, Vectors, texts
from pathlib import Path
print("ready", flush=True)
sys.stdin.readline()
for start in range(0, 3000, 100):
    Vectors(Scripted(), Path(sys.argv[1])).passages(texts(3000)[start : start + 100])
"""


class Scripted:
    """Vectors made of the words' hash, and a list of all that was encoded."""

    name, fingerprint, dimensions = "scripted", "0123456789abcdef", 8

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded.extend(texts)
        return np.array([vector(text) for text in texts], np.float32).reshape(-1, self.dimensions)

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise AssertionError("queries are never kept")


def vector(text: str) -> NDArray[np.float32]:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    row = np.random.default_rng(seed).normal(size=8)
    return (row / np.linalg.norm(row)).astype(np.float32)


def texts(count: int) -> list[str]:
    return [f"product {number}" for number in range(count)]


def rows_of(some: Sequence[str]) -> NDArray[np.float32]:
    return np.array([vector(text) for text in some])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vectors" / "kept.sqlite"


def test_vectors_come_in_the_order_of_the_texts(path: Path) -> None:
    np.testing.assert_array_equal(Vectors(Scripted(), path).passages(["b", "a", "b"]), rows_of(["b", "a", "b"]))


def test_equal_texts_are_encoded_once(path: Path) -> None:
    encoder = Scripted()
    Vectors(encoder, path).passages(["b", "a", "b"])
    assert sorted(encoder.encoded) == ["a", "b"]


def test_only_what_is_missing_is_encoded(path: Path) -> None:
    Vectors(Scripted(), path).passages(["a", "b"])
    encoder = Scripted()
    Vectors(encoder, path).passages(["a", "c", "b"])
    assert encoder.encoded == ["c"]


def test_kept_vectors_are_those_that_were_encoded(path: Path) -> None:
    Vectors(Scripted(), path).passages(texts(700))
    np.testing.assert_array_equal(Vectors(Scripted(), path).passages(texts(700)), rows_of(texts(700)))


def test_no_texts_make_no_rows(path: Path) -> None:
    assert Vectors(Scripted(), path).passages([]).shape == (0, 8)


def test_progress_counts_the_texts_that_have_their_vectors(path: Path) -> None:
    told: list[tuple[int, int]] = []
    Vectors(Scripted(), path).passages([*texts(BLOCK + 1), "product 0"], lambda done, total: told.append((done, total)))
    assert (told[0], told[-1]) == ((0, BLOCK + 2), (BLOCK + 2, BLOCK + 2))


def test_the_file_is_named_for_the_encoder_and_its_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    assert Vectors(Scripted()).path == tmp_path / "vectors" / "scripted-0123456789ab.sqlite"


def test_a_text_that_no_encoding_can_write_has_its_place(path: Path) -> None:
    vectors = Vectors(Surrogates(), path)
    np.testing.assert_array_equal(vectors.passages(["\ud800", "a"]), vectors.passages(["\ud800", "a"]))


class Surrogates(Scripted):
    """As above, for texts with half a surrogate pair."""

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return super().passages([repr(text) for text in texts])


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_killed_in_the_middle_nothing_that_was_kept_is_encoded_again(path: Path, blocks: int) -> None:
    with child(ENDLESS, path, str(blocks * BLOCK)) as process:
        assert process.stdout is not None
        while process.stdout.readline().strip() != str(blocks * BLOCK):
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    encoder = Scripted()
    found = Vectors(encoder, path).passages(texts(1000))
    assert len(encoder.encoded) == 1000 - blocks * BLOCK
    np.testing.assert_array_equal(found, rows_of(texts(1000)))


def test_two_processes_fill_one_file_at_once(path: Path) -> None:
    with child(TOGETHER, path) as one, child(TOGETHER, path) as other:
        for process in (one, other):
            assert process.stdout is not None
            assert process.stdin is not None
            assert process.stdout.readline() == "ready\n"
            process.stdin.write("go\n")
            process.stdin.flush()
        assert (one.wait(), other.wait()) == (0, 0)
    encoder = Scripted()
    np.testing.assert_array_equal(Vectors(encoder, path).passages(texts(3000)), rows_of(texts(3000)))
    assert encoder.encoded == []


def child(script: str, *arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("damage", [b"no database at all" * 500, b""])
def test_a_file_that_is_no_database_is_begun_anew(path: Path, damage: bytes) -> None:
    Vectors(Scripted(), path).passages(texts(10))
    path.write_bytes(damage)
    encoder = Scripted()
    np.testing.assert_array_equal(Vectors(encoder, path).passages(texts(10)), rows_of(texts(10)))
    assert len(encoder.encoded) == 10


def test_a_file_damaged_inside_gives_right_vectors_all_the_same(path: Path) -> None:
    Vectors(Scripted(), path).passages(texts(2000))
    body = bytearray(path.read_bytes())
    body[4096:-4096] = b"\xff" * len(body[4096:-4096])
    path.write_bytes(body)
    np.testing.assert_array_equal(Vectors(Scripted(), path).passages(texts(2000)), rows_of(texts(2000)))


def test_a_damaged_file_is_set_aside_and_not_deleted(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 500)
    Vectors(Scripted(), path).passages(["a"])
    assert path.with_name("kept.damaged").read_bytes() == b"no database at all" * 500


@pytest.mark.parametrize("blob", [b"short", np.full(8, 3, "<f4").tobytes(), np.full(8, np.nan, "<f4").tobytes()])
def test_a_row_that_is_no_vector_of_length_1_is_encoded_again(path: Path, blob: bytes) -> None:
    Vectors(Scripted(), path).passages(["a", "b"])
    file = sqlite3.connect(path)
    with file:
        file.execute("UPDATE vectors SET vector = ? WHERE key = ?", (blob, hashlib.sha256(b"a").digest()))
    file.close()
    encoder = Scripted()
    np.testing.assert_array_equal(Vectors(encoder, path).passages(["a", "b"]), rows_of(["a", "b"]))
    assert encoder.encoded == ["a"]


def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PricerError, match=r"file/kept\.sqlite"):
        Vectors(Scripted(), tmp_path / "file" / "kept.sqlite").passages(["a"])
