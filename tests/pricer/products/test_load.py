"""Loading whole data sets: the same bytes every time, resumed after a kill, never half-written."""

from __future__ import annotations

import gc
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pricer.errors import BadInput, PricerError
from pricer.products.dataset import Dataset, installed, open_dataset
from pricer.products.engine import Engine
from pricer.products.load import Options, Request, load, request
from pricer.products.shards import Shard
from pricer.products.sources import files
from pricer.query.run import query
from tests.pricer.products.toys import NAMES, raw, usual, write_lines

ONE = Engine(workers=1)
# Daft leaves the pipes of its worker processes to the garbage collector.
SEVERAL = pytest.mark.filterwarnings("ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning")


@dataclass(frozen=True)
class Lines:
    """A source of several JSON lines files, each one shard. Its description says nothing of the files' content."""

    paths: tuple[Path, ...]

    def describe(self) -> dict[str, Any]:
        return {"kind": "jsonl", "name": "toys", "columns": NAMES, "synthetic": False}

    def shards(self, work: Path) -> Iterator[Shard]:
        for place, path in enumerate(self.paths):
            yield Shard(place, "lines", str(path), path.name, 0, path.stat().st_size if path.exists() else 10_000)


@pytest.fixture
def toys(tmp_path: Path) -> Lines:
    """Three files of 20 records: variants, duplicates and faults among them."""
    records = [raw(number) for number in range(60)]
    records[7] = raw(6, parent_asin="VARIANT", title=f"{raw(6)['title']} red")
    records[30] = raw(6, parent_asin="COPY")
    records[12] = raw(12, price=None)
    records[50] = raw(50, price="$1.00 - $9.00")
    paths = [write_lines(tmp_path / f"{place}.jsonl", records[20 * place : 20 * place + 20]) for place in range(3)]
    return Lines(tuple(paths))


def loaded(source: Any, root: Path, engine: Engine = ONE, **options: Any) -> Dataset:
    return load(Request(source, usual(), "toys", **options), engine, root)


def contents(dataset: Dataset) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(dataset.folder.iterdir())}


def test_every_record_is_kept_or_dropped(toys: Lines, tmp_path: Path) -> None:
    funnel = loaded(toys, tmp_path).manifest["funnel"]
    assert funnel == {
        "raw": 60,
        "kept": 57,
        "dropped": {"exact duplicate": 1, "price is a range": 1, "price missing": 1},
    }


def test_the_drops_are_stored_with_their_lines(toys: Lines, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    drops = pq.read_table(loaded(toys, tmp_path).folder / "dropped.parquet").to_pylist()
    told = {(drop["reason"], drop["source_file"], drop["source_line"]) for drop in drops}
    assert ("price missing", "0.jsonl", 13) in told
    assert ("price is a range", "2.jsonl", 11) in told
    assert len(told) == 3


def test_variants_lie_in_one_split(toys: Lines, tmp_path: Path) -> None:
    items = {item.listing.id: item for item in loaded(toys, tmp_path).items()}
    original = items.get("B000000006") or items["COPY"]
    assert original.family == items["VARIANT"].family
    assert original.split == items["VARIANT"].split


@SEVERAL
@pytest.mark.parametrize("workers", [2, 3])
def test_any_number_of_workers_gives_the_same_bytes(toys: Lines, tmp_path: Path, workers: int) -> None:
    one = contents(loaded(toys, tmp_path / "one"))
    several = contents(loaded(toys, tmp_path / "several", Engine(workers=workers)))
    gc.collect()
    assert one == several


def test_the_split_of_an_item_depends_on_its_family_alone(toys: Lines, tmp_path: Path) -> None:
    whole = {item.listing.id: item.split for item in loaded(toys, tmp_path / "whole").items()}
    backwards = loaded(Lines(toys.paths[::-1]), tmp_path / "backwards")
    assert {item.listing.id: item.split for item in backwards.items()} == whole
    alone = loaded(Lines(toys.paths[1:2]), tmp_path / "alone")
    assert {name: whole[name] for name in (item.listing.id for item in alone.items()) if name in whole} == {
        item.listing.id: item.split for item in alone.items() if item.listing.id in whole
    }


def test_an_interrupted_load_goes_on_with_the_shards_that_are_left(toys: Lines, tmp_path: Path) -> None:
    last = toys.paths[2]
    hidden = last.rename(last.with_suffix(".later"))
    with pytest.raises(PricerError, match="1 shards left"):
        loaded(toys, tmp_path / "resumed")
    parts = list((tmp_path / "resumed").rglob("part-00000[01].json"))
    stamps = {path: path.stat().st_mtime_ns for path in parts}
    assert len(parts) == 2
    assert installed(tmp_path / "resumed") == []
    hidden.rename(last)
    seen: list[tuple[str, int, int]] = []
    wanted = Request(toys, usual(), "toys")
    resumed = load(wanted, ONE, tmp_path / "resumed", lambda *told: seen.append(told))
    assert ("curating", 2, 3) in seen
    assert len(stamps) == 2
    assert contents(resumed) == contents(loaded(toys, tmp_path / "straight"))
    assert not list((tmp_path / "resumed").rglob("part-*"))


def test_a_limit_takes_the_first_records_of_the_source(toys: Lines, tmp_path: Path) -> None:
    limited = loaded(toys, tmp_path, limit=25)
    assert limited.manifest["funnel"]["raw"] == 25
    assert {item.listing.id for item in limited.items()} <= {f"B{number:09}" for number in range(25)} | {"VARIANT"}


def test_loading_again_replaces_the_old_set_and_leaves_nothing_else(toys: Lines, tmp_path: Path) -> None:
    loaded(toys, tmp_path, limit=10)
    again = loaded(toys, tmp_path)
    assert again.manifest["funnel"]["raw"] == 60
    assert sorted(path.name for path in (tmp_path / "datasets").iterdir()) == [".work", "toys"]
    assert list((tmp_path / "datasets" / ".work").iterdir()) == []


def test_a_set_that_was_being_replaced_when_the_process_died_comes_back(toys: Lines, tmp_path: Path) -> None:
    folder = loaded(toys, tmp_path).folder
    folder.rename(folder.with_name(".toys.old"))
    nothing = Lines((tmp_path / "nothing.jsonl",))
    with pytest.raises(PricerError):
        loaded(nothing, tmp_path)
    assert open_dataset("toys", tmp_path).manifest["funnel"]["raw"] == 60


def test_stated_splits_are_kept_and_straddling_training_items_dropped(tmp_path: Path) -> None:
    records = [raw(number, split="train") for number in range(20)]
    records += [raw(3, parent_asin="TWIN", title=f"{raw(3)['title']} red", split="test"), raw(30, split="validation")]
    dataset = loaded(Lines((write_lines(tmp_path / "a.jsonl", records),)), tmp_path)
    assert dataset.manifest["funnel"]["dropped"] == {"near-duplicate of a test item": 1}
    assert [item.listing.id for item in dataset.items("test")] == ["TWIN"]
    assert len(list(dataset.items("train"))) == 19
    assert dataset.manifest["audit"]["straddlers"] == 0


@pytest.mark.parametrize("damage", ["manifest", "truncated", "missing", "format"])
def test_a_damaged_data_set_is_refused_with_the_remedy(toys: Lines, tmp_path: Path, damage: str) -> None:
    folder = loaded(toys, tmp_path).folder
    manifest, items = folder / "manifest.json", folder / "items-00000.parquet"
    if damage == "manifest":
        manifest.write_text(manifest.read_text()[:100])
    elif damage == "truncated":
        items.write_bytes(items.read_bytes()[:-10])
    elif damage == "missing":
        items.unlink()
    else:
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format": 99}))
    with pytest.raises(BadInput, match="load it again"):
        open_dataset("toys", tmp_path)


def test_an_unknown_data_set_names_the_nearest(toys: Lines, tmp_path: Path) -> None:
    loaded(toys, tmp_path)
    with pytest.raises(BadInput, match="did you mean toys"):
        open_dataset("toyz", tmp_path)


@pytest.mark.parametrize("name", ["../toys", ".work", "", "a/b", "x" * 65])
def test_a_name_that_is_no_folder_name_is_refused(toys: Lines, name: str) -> None:
    with pytest.raises(BadInput, match="--name"):
        Request(toys, usual(), name)


def test_faults_in_a_file_are_counted_with_their_lines(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    good = [json.dumps(raw(number)).encode() for number in range(4)]
    broken = [
        good[0],
        b'{"title": "cut',
        good[1],
        b"caf\xe9 " + good[2],
        b"[1, 2]",
        good[3],
        json.dumps(raw(9, price="None")).encode(),
    ]
    path = tmp_path / "mixed.jsonl"
    path.write_bytes(b"\n".join(broken) + b'\n{"title": "the end is mis')
    dataset = load(request(files.local([str(path)])), ONE, tmp_path)
    drops = pq.read_table(dataset.folder / "dropped.parquet").to_pylist()
    assert [(drop["source_line"], drop["reason"]) for drop in drops] == [
        (2, "not JSON"), (4, "not UTF-8"), (5, "not an object"), (7, "price missing"), (8, "truncated line"),
    ]  # fmt: skip
    assert dataset.manifest["funnel"]["kept"] == 3


def test_a_corrupt_gzip_gives_what_came_before_the_damage(tmp_path: Path) -> None:
    packed = gzip.compress("".join(json.dumps(raw(number)) + "\n" for number in range(400)).encode())
    path = tmp_path / "half.jsonl.gz"
    path.write_bytes(packed[: len(packed) // 2])
    funnel = load(request(files.local([str(path)])), ONE, tmp_path).manifest["funnel"]
    assert 50 < funnel["kept"] < 400
    assert any("gzip" in reason for reason in funnel["dropped"])


def test_a_table_of_numbers_without_a_price_has_no_price_filter(tmp_path: Path) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text(
        "subject,body,hours\n" + "".join(f"{raw(n)['title']},{raw(n)['description'][0]},{n * 1000}\n" for n in range(5))
    )
    wanted = request(files.local([str(path)]), Options(text=("subject", "body"), target="hours"))
    dataset = load(wanted, ONE, tmp_path)
    assert dataset.manifest["target"] == {"name": "hours", "unit": None, "is_label": False}
    assert [item.target for item in dataset.items()] == [0.0, 1000.0, 2000.0, 3000.0, 4000.0]


# The command as a process of its own, so that it can be killed and run out of room for real.
COMMAND = [sys.executable, "-m", "agent", "data", "load"]


def run_load(home: Path, *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    code = f"{before}\nimport sys\nfrom agent.cli import main\nsys.argv[1:] = {['data', 'load', *arguments]!r}\nmain()"
    environment = {**os.environ, "ASSAY_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@SEVERAL
def test_a_killed_load_leaves_nothing_that_opens_and_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "many.jsonl", [raw(number) for number in range(25_000)])
    environment = {**os.environ, "ASSAY_HOME": str(tmp_path / "killed")}
    process = subprocess.Popen([*COMMAND, str(path), "--workers", "1"], env=environment, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list((tmp_path / "killed").rglob("part-000000.json")):
        time.sleep(0.01)
    assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert installed(tmp_path / "killed") == []
    wanted = request(files.local([str(path)]))
    resumed = load(wanted, ONE, tmp_path / "killed")
    straight = load(wanted, Engine(workers=2), tmp_path / "straight")
    gc.collect()
    assert contents(resumed) == contents(straight)


def test_a_stopped_load_says_that_it_can_go_on(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "many.jsonl", [raw(number) for number in range(25_000)])
    environment = {**os.environ, "ASSAY_HOME": str(tmp_path / "home")}
    process = subprocess.Popen(
        [*COMMAND, str(path), "--workers", "1"], env=environment, stderr=subprocess.PIPE, text=True
    )
    while process.poll() is None and not list((tmp_path / "home").rglob("part-000000.json")):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1, said
    assert "goes on where this one stopped" in said
    assert "Traceback" not in said
    assert installed(tmp_path / "home") == []


def test_a_full_disk_is_named_and_leaves_no_data_set(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "toys.jsonl", [raw(number) for number in range(300)])
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))"
    done = run_load(tmp_path / "home", str(path), "--workers", "1", before=limit)
    assert done.returncode == 1, done.stderr
    assert "could not write" in done.stderr
    assert "Traceback" not in done.stderr
    assert installed(tmp_path / "home") == []
    assert run_load(tmp_path / "home", str(path), "--workers", "1").returncode == 0


def test_a_missing_column_ends_with_code_2_and_the_columns_there_are(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "toys.jsonl", [raw(1)])
    done = run_load(tmp_path / "home", str(path), "--target", "cost", "--json")
    assert done.returncode == 2
    assert "main_category" in json.loads(done.stdout)["error"]


def test_settings_decide_what_a_load_resumes(toys: Lines, tmp_path: Path) -> None:
    fewer = replace(usual(), text_tokens=20)
    short = load(Request(toys, fewer, "toys"), ONE, tmp_path)
    assert max(item.tokens for item in short.items()) <= 20
    assert max(item.tokens for item in loaded(toys, tmp_path).items()) > 20


def test_a_set_aside_is_no_data_set_on_any_door(toys: Lines, tmp_path: Path) -> None:
    folder = loaded(toys, tmp_path).folder
    folder.rename(folder.with_name(".toys.old"))
    assert installed(tmp_path) == []
    assert query("SELECT * FROM datasets", home=tmp_path).rows == ()
