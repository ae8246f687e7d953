"""`assay store` and `assay similar` through the real command: from a data set to products found, added, removed, checked and mended."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.cli import main
from pricer.store.lexical import FILE
from tests.encoders import tiny_encoder
from tests.pricer.store.toys import keep_dataset, scribble, shelf

HOSTILE = "\x1b[31mred\x1b[0m [bold]lamp[/bold]"


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def assay(home: Path, *arguments: str) -> Done:
    """The command from its arguments to its exit code, in this process: another would load the encoder's libraries each time."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("ASSAY_HOME", str(home))
        patch.setenv("COLUMNS", "100")
        patch.setattr(sys, "argv", ["assay", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    return Done(int(ended.value.code or 0), out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a data set of thirty things and a store of it."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_HOME", str(folder))
        keep_dataset(shelf(30))
    made = told(folder, "store", "index", "things", "--encoder", tiny_encoder(folder / "encoder"))
    assert (made["store"], made["added"], made["products"]) == ("things", 30, 30)
    return folder


def told(home: Path, *arguments: str, code: int = 0) -> Any:
    done = assay(home, *arguments, "--json")
    assert done.returncode == code, done.stderr + done.stdout
    return json.loads(done.stdout)


def rows(tmp_path: Path, *lines: str, name: str = "more.jsonl") -> str:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_indexing_again_finds_nothing_to_do(home: Path) -> None:
    again = told(home, "store", "index", "things", "--encoder", str(home / "encoder"))
    assert (again["added"], again["changed"], again["deleted"], again["unchanged"]) == (0, 0, 0, 30)


def test_the_list_tells_products_encoder_and_data_set(home: Path) -> None:
    (row,) = told(home, "store", "list")["stores"]
    assert (row["name"], row["dataset"], row["server"]) == ("things", "things", None)
    assert row["products"] >= 30


def test_without_a_store_the_command_says_how_to_make_one(tmp_path: Path) -> None:
    done = assay(tmp_path, "similar", "a lamp")
    assert done.returncode == 2
    assert "assay store index DATASET" in done.stderr


def test_a_search_cites_price_category_and_source(home: Path) -> None:
    found = told(home, "similar", "thing 17 of kind 3", "--k", "2", "--way", "words")
    assert found["store"] == "things"
    assert found["hits"][0] | {"score": 0} == {
        "rank": 1, "id": "p17", "title": "thing 17", "price": 17.0, "category": "kind 3", "similarity": None, "score": 0,
        "source": "things.jsonl:18",
    }  # fmt: skip


def test_a_search_keeps_to_category_and_price(home: Path) -> None:
    found = told(home, "similar", "thing", "--category", "kind 3", "--least", "5", "--most", "20", "--way", "words")
    assert {hit["id"] for hit in found["hits"]} == {"p10", "p17"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("similar", " "), "wanted a text"),
        (("similar", "lamp", "--k", "51"), "1 to 50"),
        (("similar", "lamp", "--category", "kind3"), "did you mean kind 3"),
        (("similar", "lamp", "--least", "9", "--most", "1"), "price range"),
        (("similar", "lamp", "--way", "fuzzy"), "hybrid, dense, words"),
        (("similar", "lamp", "--store", "thigns"), "did you mean things?"),
        (("store", "check", "thigns"), "did you mean things?"),
        (("store", "index", "thigns"), "no data set named 'thigns'"),
    ],
)
def test_a_refusal_says_what_to_change(home: Path, arguments: tuple[str, ...], said: str) -> None:
    done = assay(home, *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_products_added_by_hand_are_found_and_stay_until_they_are_removed(home: Path, tmp_path: Path) -> None:
    file = rows(tmp_path, "id,title,price,category,colour", "h1,brass lamp,$25.50,lamps,gold", name="more.csv")
    added = told(home, "store", "add", "things", file)
    assert (added["added"], added["left_out_columns"]) == (1, ["colour"])
    told(home, "store", "index", "things", "--encoder", str(home / "encoder"))
    (hit,) = told(home, "similar", "brass lamp", "--k", "1")["hits"]
    assert (hit["id"], hit["price"], hit["source"]) == ("h1", 25.5, "more.csv:2")
    gone = told(home, "store", "remove", "things", "h1", "h2")
    assert (gone["deleted"], gone["unknown_ids"]) == (1, ["h2"])


def test_one_bad_row_keeps_the_whole_file_out_and_is_named(home: Path, tmp_path: Path) -> None:
    good = json.dumps({"id": "b1", "title": "oak desk"})
    bad = ('{"id": "b2"}', "[1]", "{", '{"id": "b1", "title": "twice"}', '{"id": "b3", "title": "x", "price": "cheap"}')
    done = assay(home, "store", "add", "things", rows(tmp_path, good, *bad))
    assert done.returncode == 2
    assert all(f"more.jsonl:{line}: " in done.stderr for line in range(2, 7))
    assert "b1" not in {hit["id"] for hit in told(home, "similar", "oak desk", "--way", "words")["hits"]}


def test_control_characters_and_markup_of_a_product_are_shown_as_what_they_are(home: Path, tmp_path: Path) -> None:
    file = rows(tmp_path, json.dumps({"id": "x\x1b[2J", "title": HOSTILE, "category": "e\u202evil"}))
    told(home, "store", "add", "things", file)
    done = assay(home, "similar", "red lamp", "--k", "1", "--way", "words", "--detailed")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "[bold]lamp[/bold]" in done.stdout
    told(home, "store", "remove", "things", "x\x1b[2J")


def test_a_damaged_store_is_found_out_named_and_mended(home: Path) -> None:
    assert told(home, "store", "check", "things")["faults"] == []
    scribble(home / "stores" / "things" / FILE)
    assert told(home, "store", "check", "things", code=1)["faults"]
    done = assay(home, "similar", "lamp", "--way", "words")
    assert done.returncode == 1
    assert "assay store repair things" in done.stderr
    told(home, "store", "repair", "things")
    assert told(home, "store", "check", "things")["faults"] == []
    assert told(home, "similar", "thing 17", "--way", "words")["hits"]
