"""The report: what the page says, that it needs nothing else, and that nothing from the data acts in it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from rich.console import Console

from agent.screen import show_dataset
from pricer.errors import BadInput
from pricer.products.dataset import Dataset
from pricer.products.describe import describe, document
from pricer.products.report import Report, write_report
from pricer.products.verdicts import coincidence, duplicates, prompts
from pricer.products.wording import struck
from tests.pricer.products.shelf import drop, item, shelved

HOSTILE = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</style><svg onload=alert(1)>", "{{ 7 * 7 }}", "$x^2$ \\alpha",
    "price \u202e99.9$\u202c", "bell \x07 escape \x1b[31m null", "日本語のカテゴリ 🛒", "עברית", "&amp; &lt;b&gt;", "-->", "x" * 300,
)  # fmt: skip


class Seen(HTMLParser):
    """The elements of a page, their attributes, and the text of its tables' rows."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.rows: list[list[str]] = []
        self.within = False
        self.feed(page)
        self.rows = [[" ".join(cell.split()) for cell in row] for row in self.rows]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
            self.within = True

    def handle_endtag(self, tag: str) -> None:
        self.within = self.within and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.within:
            self.rows[-1][-1] += data


def toys(folder: Path, **changed: Any) -> Dataset:
    """Twenty items in three splits and a few drops."""
    splits = ["train"] * 12 + ["validation"] * 4 + ["test"] * 4
    items = [item(number, split=split, target=number * 7.5) for number, split in enumerate(splits, 1)]
    return shelved(
        folder, items, [drop("price missing"), drop("price is a range", "$1 - $2"), drop("price missing")], **changed
    )


def hostile(folder: Path) -> Dataset:
    """A data set whose every text is meant to do harm."""
    items = [
        item(number, title=text, category=text, family="one", split=("train", "validation", "test")[number % 3])
        for number, text in enumerate(HOSTILE, 1)
    ]
    dataset = shelved(folder, items, [drop("price unreadable", text) for text in HOSTILE])
    manifest = dataset.manifest
    rule = manifest["rules"][0] | {
        "name": HOSTILE[0],
        "reason": HOSTILE[1],
        "pattern": HOSTILE[2],
        "samples": [[text, ""] for text in HOSTILE],
    }
    audit = manifest["audit"] | {
        "straddlers": 2,
        "examples": [["title", 0.9, "i1", "i2"], ["text", 0.8, HOSTILE[0], HOSTILE[1]]],
    }
    source = manifest["source"] | {"name": HOSTILE[0], "licence": HOSTILE[1], "note": HOSTILE[2]}
    source["files"] = [{"name": HOSTILE[1], "bytes": 1, "sha256": "0" * 64}]
    before = manifest["before"] | {"category": dict.fromkeys(HOSTILE, 2)}
    target = {"name": HOSTILE[1], "unit": None, "is_label": False}
    columns = {"parts": [["title", HOSTILE[0]], ["split", HOSTILE[1]]], "text": [HOSTILE[2]]}
    changed = {
        "name": HOSTILE[0],
        "rules": [rule],
        "audit": audit,
        "source": source,
        "before": before,
        "target": target,
        "columns": columns,
    }
    return Dataset(dataset.folder, manifest | changed)


def labelled(folder: Path) -> Dataset:
    """A data set of labels."""
    items = [
        item(number, target=None, label=label, split=split)
        for number, (label, split) in enumerate(
            [("good", "train"), ("bad", "train"), ("日本", "validation"), ("good", "test")]
        )
    ]
    return shelved(folder, items, target={"name": "mood", "unit": None, "is_label": True})


@dataclass(frozen=True)
class Written:
    """A data set, its report and the text of its page."""

    dataset: Dataset
    report: Report

    @property
    def text(self) -> str:
        return self.report.page.read_text(encoding="utf-8")


def written(made: Callable[[Path], Dataset], folder: Path) -> Written:
    """A data set and its report, in folders of their own."""
    dataset = made(folder / "data")
    return Written(dataset, write_report(dataset, folder / "out"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The toys' report, written once."""
    return written(toys, tmp_path_factory.mktemp("toys"))


@pytest.fixture(scope="module", params=[toys, hostile, labelled])
def each(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Every report, written once."""
    return written(request.param, tmp_path_factory.mktemp("each"))


def test_the_funnel_is_an_addition_of_the_manifests_numbers(plain: Written) -> None:
    rows = [row for row in Seen(plain.text).rows if row and row[0] in ("", "−", "=")]
    ledger = [(row[0], int(row[1].replace(",", ""))) for row in rows if len(row) == 4]
    assert ledger == [("", 23), ("−", 2), ("−", 1), ("=", 20)]
    assert 23 - 2 - 1 == 20


def test_the_pages_figures_are_those_of_the_manifest_and_the_files(plain: Written) -> None:
    rows = Seen(plain.text).rows
    assert ["train", "12", "60.0 %", "12"] in rows
    assert ["all", "20", "100.0 %", "20"] in rows
    assert ["Tools", "20", "20", "12", "4", "4"] in rows
    assert ["$50.00 to below $75.00", "1", "3"] in rows  # 52.5, 60 and 67.5
    assert ["text-moneycould be the answer", "was $43.00, a bargain", "1,234", "1,111"] in rows
    mean = 7.5 * (1 + 12) / 2
    assert next(row[:2] for row in rows if len(row) == 9 and row[0] == "train") == ["train", "7.50"]
    assert f"{mean:.2f}" == next(row[8] for row in rows if len(row) == 9 and row[0] == "train")


def test_where_the_data_come_from_is_told(plain: Written) -> None:
    dataset, page = plain.dataset, plain.text
    for told in (
        dataset.manifest["fingerprint"],
        dataset.manifest["source"]["files"][0]["sha256"],
        "not stated",
        "llama3",
        "text_tokens 160",
    ):
        assert told in page


def test_the_page_refers_to_nothing_outside_itself(each: Written) -> None:
    page, seen = each.text, Seen(each.text)
    links = [
        value
        for _, name, value in seen.attributes
        if name in ("href", "src", "srcset", "action", "data", "poster", "xlink:href")
    ]
    assert all(link.startswith("#") or link == "data:," for link in links)
    assert not [style for style in re.findall(r"url\(([^)]*)\)", page) if not style.startswith("#")]
    assert "@import" not in page
    assert not seen.tags & {"script", "iframe", "object", "embed", "form", "base", "img", "audio", "video"}
    assert ("meta", "http-equiv", "Content-Security-Policy") in seen.attributes


def test_nothing_from_the_data_acts(tmp_path: Path) -> None:
    page = written(hostile, tmp_path).text
    seen = Seen(page)
    assert not [name for _, name, _ in seen.attributes if name.startswith("on")]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7 * 7 }}" in page
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)
    assert "日本語のカテゴリ" in page


def test_every_chart_has_words_for_those_who_cannot_see_it(plain: Written) -> None:
    alts = [value for tag, name, value in Seen(plain.text).attributes if tag == "div" and name == "aria-label"]
    assert len(alts) == plain.text.count("<svg") == 5
    assert alts[0] == "23 records read, minus 2 (price missing), minus 1 (price is a range), equals 20 items kept."


def test_the_pictures_lie_beside_the_page(plain: Written) -> None:
    folder = plain.report.page.parent
    assert {path.name for path in folder.iterdir()} == {"report.html", *(path.name for path in plain.report.pictures)}
    assert [path.stem for path in plain.report.pictures] == ["funnel", "price", "tokens", "categories", "splits"]
    for path in plain.report.pictures:
        with Image.open(path) as picture:
            assert picture.width == 4.2 * 200


def test_writing_twice_gives_the_same_bytes(each: Written, tmp_path: Path) -> None:
    again = write_report(each.dataset, tmp_path)
    for one, two in zip((each.report.page, *each.report.pictures), (again.page, *again.pictures), strict=True):
        assert one.read_bytes() == two.read_bytes()


def test_labels_take_the_place_of_prices(tmp_path: Path) -> None:
    found = written(labelled, tmp_path)
    assert [path.stem for path in found.report.pictures] == ["funnel", "tokens", "categories", "labels"]
    assert ["good", "1", "0", "1", "2"] in Seen(found.text).rows
    assert ["日本", "0", "1", "0", "1"] in Seen(found.text).rows


def test_a_synthetic_sample_is_marked_and_a_real_one_is_not(plain: Written, tmp_path: Path) -> None:
    source = {"kind": "sample", "name": "synthetic sample", "synthetic": True, "size": 23}
    made_up = Dataset(plain.dataset.folder, plain.dataset.manifest | {"source": source})
    assert "SYNTHETIC SAMPLE" not in plain.text
    assert "SYNTHETIC SAMPLE" in written(lambda _: made_up, tmp_path).text


def test_an_empty_data_set_has_a_page(tmp_path: Path) -> None:
    assert "items kept" in written(lambda folder: shelved(folder, [], [drop("price missing")]), tmp_path).text


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("mine")
    with pytest.raises(BadInput, match="wanted a folder"):
        write_report(toys(tmp_path / "toys"), tmp_path / "report")


@pytest.mark.parametrize(
    ("before", "after", "gone"),
    [
        ("Batteries Included?: No", "", ["Batteries Included?: No"]),
        ("costs $200+ per order", "costs + per order", ["$200"]),
        (
            "Listed 2021, Date first listed on May 3, 2021, by A",
            "Listed 2021, by A",
            ["Date first listed on May 3, 2021,"],
        ),
        ("電池XY12345678付き", "電池付き", ["XY12345678"]),
        ("a part number b Part Number c", "a b c", ["part number", "Part Number"]),
        ("word " * 31 + "www.a a", "word " * 31 + "an apple", ["www.a…"]),
        ("same", "same", []),
    ],
)
def test_what_a_rule_took_out_is_struck(before: str, after: str, gone: list[str]) -> None:
    stretches = struck(before[:160], after[:160])
    assert [one.text for one in stretches if one.is_struck] == gone
    assert "".join(one.text for one in stretches).strip("…") == before[:160]


def test_a_sampled_audit_states_its_bound(tmp_path: Path) -> None:
    dataset = toys(tmp_path / "toys")
    audit = dataset.manifest["audit"] | {"exhaustive": False, "held_out_compared": 4}
    found = duplicates(describe(Dataset(dataset.folder, dataset.manifest | {"audit": audit})))
    assert found.because.startswith("a sample of 4 of 8 validation and test items")
    assert "at most 75.0\u00a0%" in found.because  # 3 / 4


def test_leaks_are_called_so(tmp_path: Path) -> None:
    dataset = toys(tmp_path / "toys")
    held = dataset.manifest["audit"]["prompts"] | {"holding_the_answer": 1}
    changed = {"audit": dataset.manifest["audit"] | {"straddlers": 2, "prompts": held}}
    changed["coincidences"] = {"own_dollar_in_text": 100, "neighbours_dollar_in_text": 40}
    found = describe(Dataset(dataset.folder, dataset.manifest | changed))
    assert (duplicates(found).says, duplicates(found).is_good) == ("2 pairs", False)
    assert (prompts(found).says, prompts(found).is_good) == ("1 of 20", False)
    assert not coincidence(found).is_good  # 100 is above 40 + 2 sqrt(140) = 63.7


def test_the_terminal_shows_the_same_figures_and_obeys_none_of_the_data(each: Written) -> None:
    dataset = each.dataset
    shown = io.StringIO()
    show_dataset(Console(file=shown, width=120, highlight=False), document(describe(dataset)))
    assert re.search(rf"= +{dataset.manifest['funnel']['kept']}  items kept", shown.getvalue())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown.getvalue())
