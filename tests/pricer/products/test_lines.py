"""JSON lines: cut anywhere, packed or plain, the same records come out with the same line numbers, and every fault is counted."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricer.errors import BadInput, PricerError
from pricer.products.shards import Raw, Shard
from pricer.products.sources import chunks, lines, read, staging


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def all_of(shards: Iterable[Shard]) -> list[Raw]:
    return [raw for shard in shards for raw in read(shard)]


def loaded(path: Path) -> list[Raw]:
    return all_of(lines.shards(path, path.name, path.parent / "work"))


def objects(raws: Sequence[Raw]) -> list[tuple[int, object]]:
    return [(raw.line, raw.fields) for raw in raws]


def faults(raws: Sequence[Raw]) -> list[tuple[int, str]]:
    return [(raw.line, raw.fault) for raw in raws if raw.fault]


# What a line of a file may be: good, blank, or broken in one of the ways there are.
LINE = st.one_of(
    st.builds(lambda text: json.dumps({"t": text}).encode(), st.text(max_size=20)),
    st.sampled_from([b"", b"  ", b"{", b"[1]", b"7", b'{"a":NaN}', b"\xff\xfe{", b'{"a":"\\ud83d"}', b'{"a":1}\r']),
)


@given(st.lists(LINE, max_size=30), st.integers(1, 8), st.integers(1, 60), st.booleans())
def test_cut_anywhere_the_records_and_line_numbers_are_those_of_the_whole(
    given_lines: list[bytes], most_lines: int, most_bytes: int, ends: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "a.jsonl", b"\n".join(given_lines) + (b"\n" if ends else b""))
        whole = Shard(0, "lines", str(path), "a.jsonl", 0, path.stat().st_size)
        shards = list(lines.cut(path, "a.jsonl", most_lines, most_bytes))
        assert all_of(shards) == list(read(whole))
        assert [shard.stop for shard in shards[:-1]] == [shard.start for shard in shards[1:]]


@given(st.lists(LINE, max_size=30), st.integers(1, 8), st.integers(1, 60), st.integers(1, 9))
def test_packed_lines_are_those_of_the_plain_file(
    given_lines: list[bytes], most_lines: int, most_bytes: int, members: int
) -> None:
    plain = b"\n".join(given_lines)
    step = max(1, -(-len(plain) // members))
    packed = b"".join(gzip.compress(plain[at : at + step]) for at in range(0, len(plain), step))
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "a.jsonl.gz", packed)
        unpacked = chunks.unpacked(path)
        blocks = list(staging.blocks(Path(folder), unpacked, most_lines=most_lines, most_bytes=most_bytes))
        shards = [staging.block_shard(Path(folder), block, "a.jsonl.gz") for block in blocks]
        whole = Shard(0, "lines", str(written(Path(folder) / "a.jsonl", plain)), "a.jsonl", 0, len(plain))
        assert all_of(shards) == list(read(whole))


@given(st.lists(st.binary(max_size=9), max_size=40), st.integers(1, 5), st.integers(1, 20), st.integers(1, 7))
def test_where_blocks_end_does_not_depend_on_the_chunks(
    given_lines: list[bytes], most_lines: int, most_bytes: int, step: int
) -> None:
    data = b"\n".join(given_lines)
    small = [data[at : at + step] for at in range(0, len(data), step)]

    def ends(given_chunks: Sequence[bytes]) -> list[int]:
        at, found = 0, []
        for piece in chunks.pieces(given_chunks, most_lines, most_bytes):
            at += len(piece.data)
            found += [at] if piece.ends else []
        assert at == len(data)
        return found

    assert ends(small) == ends([data])


def test_a_block_ends_at_the_first_line_end_with_ten_thousand_lines_or_sixteen_megabytes_behind_it(
    tmp_path: Path,
) -> None:
    many = written(tmp_path / "many.jsonl", b"{}\n" * 25_000)
    assert [shard.first_line for shard in lines.cut(many, "many.jsonl")] == [1, 10_001, 20_001]
    long = b'"' + b"x" * (2**20 - 3) + b'"\n'
    large = written(tmp_path / "large.jsonl", long * 17)
    assert [shard.first_line for shard in lines.cut(large, "large.jsonl")] == [1, 17]


def test_each_fault_names_its_line_and_shows_its_first_eighty_characters(tmp_path: Path) -> None:
    body = b'{"a":1}\n\n{"a":\n[1]\n\xe9t\xe9\n' + b"x" * 200 + b'\n{"a":1}{"b":2}\n{"a": "cut o'
    raws = loaded(written(tmp_path / "a.jsonl", body))
    assert raws == [
        Raw(1, {"a": 1}),
        Raw(3, None, "not JSON", '{"a":'),
        Raw(4, None, "not an object", "[1]"),
        Raw(5, None, "not UTF-8", "byte 0xe9 at offset 0 of the line: �t�"),
        Raw(6, None, "not JSON", "x" * 80),
        Raw(7, None, "not JSON", '{"a":1}{"b":2}'),
        Raw(8, None, "truncated line", '{"a": "cut o'),
    ]


def test_a_last_line_cut_within_a_character_is_truncated(tmp_path: Path) -> None:
    raws = loaded(written(tmp_path / "a.jsonl", '{"a":"é"}\n{"a":"é'.encode()[:-1]))
    assert faults(raws) == [(2, "truncated line")]


def test_a_last_line_without_an_end_that_can_be_read_is_a_record(tmp_path: Path) -> None:
    assert objects(loaded(written(tmp_path / "a.jsonl", b'{"a":1}'))) == [(1, {"a": 1})]


def test_what_python_writes_beyond_json_is_read(tmp_path: Path) -> None:
    body = b'{"a":NaN,"b":[-Infinity],"c":"\\ud83d!","d":"\\ud83d\\ude00"}\n{"\\udc00":{"e":"\\udc00"}}\n'
    raws = loaded(written(tmp_path / "a.jsonl", body))
    assert objects(raws) == [
        (1, {"a": None, "b": [float("-inf")], "c": "\ufffd!", "d": "😀"}),
        (2, {"\ufffd": {"e": "\ufffd"}}),
    ]


def test_nesting_too_deep_to_read_is_a_fault(tmp_path: Path) -> None:
    assert faults(loaded(written(tmp_path / "a.jsonl", b"[" * 200_000 + b"\n"))) == [(1, "not JSON")]


def test_byte_order_mark_and_windows_line_ends_are_tolerated(tmp_path: Path) -> None:
    body = b'\xef\xbb\xbf{"a":1}\r\n\r\n{"a":2}\r\n'
    assert objects(loaded(written(tmp_path / "a.jsonl", body))) == [(1, {"a": 1}), (3, {"a": 2})]
    assert objects(loaded(written(tmp_path / "a.jsonl.gz", gzip.compress(body)))) == [(1, {"a": 1}), (3, {"a": 2})]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings_are_refused_with_the_command_that_mends_them(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path / "a.jsonl", '{"a":1}\n'.encode(encoding))
    with pytest.raises(BadInput, match=r"a\.jsonl: wanted UTF-8 text, found UTF-.*iconv -f UTF-"):
        list(lines.shards(path, "a.jsonl", tmp_path))
    with pytest.raises(BadInput, match="iconv"):
        lines.columns(path, "a.jsonl")


def test_a_line_too_long_is_a_fault_and_the_next_one_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE_BYTES", 1_000)
    body = b'{"a":"' + b"x" * 3_000_000 + b'"}\n{"a":1}\n' + b"y" * 1_000 + b"\n" + b"z" * 2_000
    raws = loaded(written(tmp_path / "a.jsonl", body))
    assert objects(raws) == [(1, None), (2, {"a": 1}), (3, None), (4, None)]
    assert faults(raws) == [(1, "line too long"), (3, "line too long"), (4, "line too long")]


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
def test_a_truncated_gzip_gives_every_whole_line_before_and_one_fault(tmp_path: Path, kept: float) -> None:
    body = b"".join(b'{"n":%d,"x":"%s"}\n' % (n, os.urandom(20).hex().encode()) for n in range(1, 30_001))
    packed = gzip.compress(body)
    raws = loaded(written(tmp_path / "a.jsonl.gz", packed[: int(len(packed) * kept)]))
    *good, damage = raws
    assert damage.fault == "gzip damaged"
    assert damage.line == len(good) + 1
    assert [raw.fields and raw.fields["n"] for raw in good] == list(range(1, len(good) + 1))
    assert len(good) > 30_000 * kept * 0.95


def test_a_corrupt_gzip_gives_everything_up_to_the_damage(tmp_path: Path) -> None:
    body = b"".join(b'{"n":%d}\n' % n for n in range(1, 20_001))
    packed = bytearray(gzip.compress(body))
    half = len(packed) // 2
    packed[half : half + 64] = b"\xff" * 64
    raws = loaded(written(tmp_path / "a.jsonl.gz", bytes(packed)))
    sound = [raw for raw in raws[:5_000] if raw.fields == {"n": raw.line}]
    assert len(sound) == 5_000
    assert [raw.line for raw in raws if raw.fault == "gzip damaged"] == [raws[-1].line]


def test_what_follows_a_gzip_and_is_none_is_damage_behind_all_lines(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl.gz", gzip.compress(b'{"a":1}\n{"a":') + gzip.compress(b"2}\n") + b"junk")
    assert objects(loaded(path)) == [(1, {"a": 1}), (2, {"a": 2}), (3, None)]


def test_a_bad_checksum_is_one_fault_behind_all_lines(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(b'{"a":1}\n{"a":2}\n'))
    packed[-8] ^= 1
    raws = loaded(written(tmp_path / "a.jsonl.gz", bytes(packed)))
    assert objects(raws) == [(1, {"a": 1}), (2, {"a": 2}), (3, None)]
    assert raws[2].found is not None
    assert "incorrect data check" in raws[2].found


def test_padding_behind_a_gzip_is_no_damage(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl.gz", gzip.compress(b'{"a":1}\n') + b"\0" * 600)
    assert objects(loaded(path)) == [(1, {"a": 1})]


def test_a_file_that_is_only_called_gz_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="wanted gzip"):
        loaded(written(tmp_path / "a.jsonl.gz", b'{"a":1}\n'))


def test_staged_blocks_are_reused_while_whole_and_made_again_when_one_is_gone(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl.gz", gzip.compress(b'{"a":1}\n' * 25_000))
    work = tmp_path / "work"
    first = list(lines.shards(path, path.name, work))
    assert [shard.first_line for shard in first] == [1, 10_001, 20_001]
    times = [Path(shard.path).stat().st_mtime_ns for shard in first]
    assert list(lines.shards(path, path.name, work)) == first
    assert [Path(shard.path).stat().st_mtime_ns for shard in first] == times
    Path(first[1].path).unlink()
    assert list(lines.shards(path, path.name, work)) == first
    assert len(all_of(first)) == 25_000


def test_staging_that_was_stopped_is_begun_again_and_leaves_no_part(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl.gz", gzip.compress(b'{"a":1}\n' * 25_000))
    stopped = lines.shards(path, path.name, tmp_path / "work")
    next(stopped)
    stopped.close()  # type: ignore[attr-defined] # a generator
    assert len(all_of(lines.shards(path, path.name, tmp_path / "work"))) == 25_000
    assert not list((tmp_path / "work").rglob("*.tmp"))


def test_a_file_that_changed_is_staged_anew(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl.gz", gzip.compress(b'{"a":1}\n'))
    loaded(path)
    written(path, gzip.compress(b'{"a":2}\n{"a":3}\n'))
    assert objects(loaded(path)) == [(1, {"a": 2}), (2, {"a": 3})]


def test_a_small_array_of_objects_is_read_by_place(tmp_path: Path) -> None:
    body = b'\xef\xbb\xbf [{"a":1},\n {"b":[2]}]'
    path = written(tmp_path / "a.json", body)
    assert objects(loaded(path)) == [(1, {"a": 1}), (2, {"b": [2]})]
    assert lines.columns(path, "a.json") == ["a", "b"]
    assert objects(loaded(written(tmp_path / "a.json.gz", gzip.compress(body))))[1] == (2, {"b": [2]})


@pytest.mark.parametrize(
    ("body", "words"), [(b"[1, 2]", "entry 1"), (b'[{"a":1}, 2]', "entry 2"), (b'[{"a":1}', "broken JSON")]
)
def test_an_array_that_is_none_of_objects_is_refused(tmp_path: Path, body: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        loaded(written(tmp_path / "a.json", body))


def test_a_large_array_is_refused_with_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LARGEST_ARRAY_BYTES", 5)
    with pytest.raises(BadInput, match=r"jq -c '\.\[\]'"):
        loaded(written(tmp_path / "a.json", b'[{"a":1}]'))


def test_json_called_json_but_written_as_lines_is_read_as_lines(tmp_path: Path) -> None:
    assert objects(loaded(written(tmp_path / "a.json", b'{"a":1}\n{"a":2}\n'))) == [(1, {"a": 1}), (2, {"a": 2})]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_columns_are_those_of_the_first_hundred_records(tmp_path: Path, name: str) -> None:
    body = b'nonsense\n{"b":1}\n' + b'{"a":1}\n' * 99 + b'{"late":1}\n'
    path = written(tmp_path / name, gzip.compress(body) if name.endswith("gz") else body)
    assert lines.columns(path, name) == ["b", "a"]


def test_an_empty_file_has_no_shards_and_no_columns(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", b"")
    assert loaded(path) == []
    assert lines.columns(path, "a.jsonl") == []


def test_a_full_disk_is_said_in_words(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    folder = tmp_path / "stage"
    folder.mkdir()
    (folder / "000000.tmp").symlink_to("/dev/full")
    with pytest.raises(PricerError, match="no space left"):
        list(staging.staged(folder, lambda into: staging.blocks(into, [b"x" * 9_000_000 + b"\n"])))
    shutil.rmtree(folder)
