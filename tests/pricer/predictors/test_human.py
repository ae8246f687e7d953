from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pricer.errors import BadInput
from pricer.predictors.human import Human, read_filled
from pricer.predictors.human_task import COLUMNS, TEMPLATE, code_of, codes, write_task
from pricer.predictors.protocol import Guess, Task
from pricer.products.items import Item, Listing

PRICE = Task(least=0.5, most=999.49)
LABELS = Task("sentiment", None, ("negative", "neutral", "positive"))
HOSTILE = '<img src=x onerror="document.title=1"></script><script>document.title=2</script>'


def _listing(number: int, title: str | None = None) -> Listing:
    title = title or f"thing {number}"
    return Listing(f"ASIN-{number}", title, f"{title}\n\nmade of brass, number {number}", "", "", "", None, "Things")


LISTINGS = [_listing(number) for number in range(6)]


def _sheet(folder: Path) -> list[dict[str, str]]:
    [path] = folder.glob("*.csv")
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))


def _filled(folder: Path, answers: dict[int, str], seed: int = 1, **other: Any) -> Path:
    """A sheet with a row for each number in `answers`, written as told."""
    rows = [[code_of(f"ASIN-{number}", seed), answer] for number, answer in answers.items()]
    return _written(folder, [["code", "answer"], *rows], **other)


def _written(folder: Path, rows: list[list[str]], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    path = folder / "filled.csv"
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def _read(path: Path, task: Task = PRICE, seed: int = 1) -> list[Guess]:
    return read_filled(path, LISTINGS, task, seed).predict(LISTINGS)


# --- what is written


def test_the_sheet_has_the_columns_a_person_needs_and_opens_in_a_spreadsheet(tmp_path: Path) -> None:
    written = write_task(LISTINGS, PRICE, tmp_path, 1, "csv")
    assert written.files[0].read_bytes().startswith(b"\xef\xbb\xbfcode,")
    rows = _sheet(tmp_path)
    assert tuple(rows[0]) == COLUMNS
    assert {row["title"] for row in rows} == {one.title for one in LISTINGS}
    assert {row["answer"] + row["note"] for row in rows} == {""}


def test_no_file_holds_an_id_a_price_or_the_order_of_the_items(tmp_path: Path) -> None:
    items = [Item(_listing(number), 777.125 + number, None, 0, "", "test", 0) for number in range(30)]
    written = write_task([item.listing for item in items], PRICE, tmp_path, 1)
    for path in written.files:
        text = path.read_text("utf-8-sig")
        assert "ASIN" not in text
        assert not [item.target for item in items if str(item.target) in text]
    titles = [row["title"] for row in _sheet(tmp_path)]
    assert titles != [item.listing.title for item in items]
    assert sorted(titles) == sorted(item.listing.title for item in items)


def test_the_same_task_is_the_same_bytes_and_another_seed_another_order_and_other_codes(tmp_path: Path) -> None:
    first = write_task(LISTINGS, PRICE, tmp_path / "a", 1)
    again = write_task(list(reversed(LISTINGS)), PRICE, tmp_path / "b", 1)
    other = write_task(LISTINGS, PRICE, tmp_path / "c", 2)
    assert [one.read_bytes() for one in first.files] == [one.read_bytes() for one in again.files]
    assert first.key != other.key
    assert not set(codes(LISTINGS, 1)) & set(codes(LISTINGS, 2))


def test_a_cell_that_a_spreadsheet_would_run_is_text(tmp_path: Path) -> None:
    write_task(
        [_listing(0, "=HYPERLINK(1)"), _listing(1, "@sum"), _listing(2, "-40 degrees")], PRICE, tmp_path, 1, "csv"
    )
    assert all(row["title"].startswith("'") for row in _sheet(tmp_path))


def test_what_acts_on_a_screen_is_written_out(tmp_path: Path) -> None:
    write_task([_listing(0, "bell \x07 \u202eback \ud800")], PRICE, tmp_path, 1, "csv")
    assert _sheet(tmp_path)[0]["title"] == r"bell \x07 \u202eback \ud800"


def test_the_leaflet_says_the_question_and_the_labels(tmp_path: Path) -> None:
    write_task(LISTINGS, LABELS, tmp_path, 1, "csv")
    [leaflet] = tmp_path.glob("*.txt")
    assert "negative, neutral, positive" in leaflet.read_text()


@pytest.mark.parametrize(
    ("least", "most", "words"),
    [
        (0.5, 999.49, "All lie between $0.50 and $999.49."),
        (None, 5.0, "at most $5.00."),
        (1.0, None, "at least $1.00."),
        (None, None, "No range, no words.\n"),
    ],
)
def test_the_valid_range_is_told(tmp_path: Path, least: float | None, most: float | None, words: str) -> None:
    write_task(LISTINGS, Task(least=least, most=most), tmp_path, 1, "csv")
    [leaflet] = tmp_path.glob("*.txt")
    assert words in leaflet.read_text()


def test_the_page_names_no_address_and_lets_only_its_own_script_run(tmp_path: Path) -> None:
    text = write_task(LISTINGS, PRICE, tmp_path, 1, "html").files[0].read_text()
    assert not re.findall(r"https?:|//[a-z]", text)
    assert "default-src 'none'" in text
    assert "script-src 'sha256-" in text


def test_hostile_text_is_shown_and_never_part_of_the_page(tmp_path: Path) -> None:
    hostile = Task("kind", None, (HOSTILE, "plain"), question=HOSTILE)
    text = write_task([_listing(0, HOSTILE)], hostile, tmp_path, 1, "html").files[0].read_text()
    assert "<img" not in text
    assert text.count("<script") == TEMPLATE.read_text().count("<script") == 1


def test_items_that_share_an_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="found 1 ids for 2 items"):
        write_task([_listing(0), _listing(0)], PRICE, tmp_path, 1)


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="wanted csv, html or both, found 'pdf'"):
        write_task(LISTINGS, PRICE, tmp_path, 1, "pdf")  # type: ignore[arg-type]


# --- what is read


@pytest.mark.parametrize(
    ("said", "usd"),
    [
        ("$45", 45.0),
        ("45.00", 45.0),
        ("1,299", 1299.0),
        ("12,50", 12.5),
        ("US$ 7", 7.0),
        ("1 299,00", 1299.0),
        ("0", 0.0),
    ],
)
def test_a_price_is_read_as_people_write_it(tmp_path: Path, said: str, usd: float) -> None:
    assert _read(_filled(tmp_path, {0: said}, delimiter=";"))[0] == Guess(usd, raw=said)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("40-50", "price is a range"),
        ("cheap", "price unreadable"),
        ("€ 45", "another currency"),
        ("1.299", "unreadable"),
    ],
)
def test_an_answer_that_cannot_be_read_is_a_failure_that_keeps_it(tmp_path: Path, said: str, why: str) -> None:
    guess = _read(_filled(tmp_path, {0: said}))[0]
    assert guess.value is None
    assert why in str(guess.failure)
    assert guess.raw == said


def test_what_is_not_answered_is_a_failure_and_never_zero(tmp_path: Path) -> None:
    guesses = _read(_filled(tmp_path, {0: "3", 1: " "}))
    assert [guess.failure for guess in guesses] == [None, "no answer", *["no answer given"] * 4]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_sheet_is_read_as_any_spreadsheet_saves_it(tmp_path: Path, delimiter: str, encoding: str) -> None:
    rows = [[code_of(f"ASIN-{number}", 1).upper(), "größe\nzwei", str(number), ""] for number in (5, 3, 0, 1, 4, 2)]
    path = _written(tmp_path, [["Code", "extra", "ANSWER", ""], *rows, ["", "", "", ""]], delimiter, encoding)
    assert [guess.value for guess in _read(path)] == [0, 1, 2, 3, 4, 5]


def test_a_first_line_that_names_the_delimiter_is_skipped(tmp_path: Path) -> None:
    path = _filled(tmp_path, {0: "4,5"}, delimiter=";")
    path.write_text("sep=;\n" + path.read_text())
    assert _read(path)[0].value == 4.5


@pytest.mark.parametrize(
    ("said", "unit", "number"),
    [
        ("-3.25", None, -3.25),
        ("1e3", None, 1000),
        ("12.5 kg", "kg", 12.5),
        ("1,5", None, 1.5),
        ("12,345.678", None, None),
        ("nan", None, None),
    ],
)
def test_a_number_that_is_no_price_is_read_plainly(
    tmp_path: Path, said: str, unit: str | None, number: float | None
) -> None:
    path = _filled(tmp_path, {0: said}, delimiter=";")
    assert _read(path, Task("weight", unit))[0].value == number


@pytest.mark.parametrize(("said", "label"), [("neutral", "neutral"), (" Positive ", "positive"), ("fine", None)])
def test_a_label_is_one_of_the_task(tmp_path: Path, said: str, label: str | None) -> None:
    guess = _read(_filled(tmp_path, {0: said}), LABELS)[0]
    assert guess.label == label
    assert (guess.failure is None) is (label is not None)


def _page_answers(folder: Path, **other: Any) -> Path:
    key = write_task(LISTINGS, PRICE, folder / "task", 1, "csv").key
    one = {"code": code_of("ASIN-2", 1), "answer": "$19", "note": "looks solid"}
    path = folder / "answers.json"
    path.write_text(json.dumps({"format": "llm-assay-answers", "task": key, "name": "Ada", "answers": [one]} | other))
    return path


def test_what_the_page_downloads_is_read_with_its_name(tmp_path: Path) -> None:
    human = read_filled(_page_answers(tmp_path), LISTINGS, PRICE, 1)
    assert human == Human("Ada", {"ASIN-2": Guess(19, raw="$19")})


def test_a_person_without_a_name_is_called_human(tmp_path: Path) -> None:
    assert read_filled(_page_answers(tmp_path, name=" "), LISTINGS, PRICE, 1).name == "human"


def test_a_sheet_may_name_the_person(tmp_path: Path) -> None:
    path = _written(tmp_path, [["code", "answer", "name"], [code_of("ASIN-0", 1), "3", "Bob\x1b"]])
    assert read_filled(path, LISTINGS, PRICE, 1).name == "Bob"


def _other_task(folder: Path) -> Path:
    return _page_answers(folder, task="00000000")


def _other_seed(folder: Path) -> Path:
    return _filled(folder, {0: "3", 1: "4"}, seed=2)


def _unknown(folder: Path) -> Path:
    return _written(folder, [["code", "answer"], [code_of("ASIN-0", 1), "3"], ["zzzz", "4"]])


def _twice(folder: Path) -> Path:
    return _written(folder, [["code", "note", "answer"], *[[code_of("ASIN-0", 1), "two\nlines", "3"]] * 2])


def _no_column(folder: Path) -> Path:
    return _written(folder, [["code", "price"], [code_of("ASIN-0", 1), "3"]])


def _empty(folder: Path) -> Path:
    path = folder / "filled.csv"
    path.write_text("")
    return path


def _workbook(folder: Path) -> Path:
    path = folder / "filled.xlsx"
    path.write_bytes(b"PK\x03\x04")
    return path


def _torn(folder: Path) -> Path:
    path = folder / "answers.json"
    path.write_text('{"answers": [')
    return path


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (_other_task, r"answers.json: wanted task [0-9a-f]{8}, found task '00000000'.*another seed"),
        (_other_seed, r"filled.csv: wanted codes of this task, found '[a-z-]+' at line 2.*--seed"),
        (_unknown, r"filled.csv, line 3: wanted a code of this task, found 'zzzz' \(1 such of 2\); put back"),
        (_twice, r"filled.csv, line 4: code [a-z-]+ stands already at line 2; keep one"),
        (_no_column, r"filled.csv:1: wanted one column 'answer', found 0 among 'code, price'"),
        (_empty, r"filled.csv: wanted a sheet with the columns code and answer, found an empty file"),
        (_workbook, r"filled.xlsx: wanted a CSV or JSON file, found a workbook; save it as CSV"),
        (_torn, r"answers.json: wanted the JSON that the page downloads"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_its_place_and_a_way_out(
    tmp_path: Path, made: Callable[[Path], Path], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        _read(made(tmp_path))


# --- the page at work

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
in_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path (Debian: apt-get install chromium)")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium, used by all tests here."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        yield opened
        opened.close()


class Visit:
    """A page opened from its file, what it asked for and what it complained of."""

    def __init__(self, context: Any, path: Path) -> None:
        self.page, self.asked, self.complaints = context.new_page(), [], []
        self.page.on("request", lambda asked: self.asked.append(asked.url))
        self.page.on("console", lambda said: self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(path.as_uri())

    asked: list[str]
    complaints: list[str]

    def download(self, path: Path) -> Path:
        """What the button downloads."""
        with self.page.expect_download() as told:
            self.page.get_by_role("button", name="Download").click()
        told.value.save_as(path)
        return path


@in_chromium
def test_answers_typed_into_the_page_come_back_as_guesses(browser: Any, tmp_path: Path) -> None:
    path = write_task(LISTINGS, PRICE, tmp_path, 1, "html").files[0]
    context = browser.new_context()
    visit = Visit(context, path)
    fields = visit.page.locator("input.answer")
    fields.nth(0).fill("$45")
    visit.page.keyboard.press("Enter")  # to the next card
    visit.page.keyboard.type("1,299")
    fields.nth(2).fill("40-50")
    visit.page.locator("#name").fill("Ada")
    assert visit.page.locator("#done").inner_text() == "2"
    human = read_filled(visit.download(tmp_path / "answers.json"), LISTINGS, PRICE, 1)
    in_order = [human.answers.get(id_) for _, id_ in sorted(codes(LISTINGS, 1).items())]
    assert human.name == "Ada"
    assert in_order[:2] == [Guess(45, raw="$45"), Guess(1299, raw="1,299")]
    assert in_order[2] == Guess(failure="unreadable: price is a range", raw="40-50")
    visit.page.reload()  # what was typed is kept
    visit.page.wait_for_function("document.querySelector('input.answer').value === '$45'")
    assert visit.complaints == []
    assert {one.partition(":")[0] for one in visit.asked} <= {"file", "blob"}
    context.close()


@in_chromium
@pytest.mark.parametrize("width", [320, 1280])
def test_labels_are_chosen_by_keyboard_and_hostile_text_stays_text(browser: Any, tmp_path: Path, width: int) -> None:
    listings = [_listing(0, HOSTILE), _listing(1, "w" * 300)]
    task = Task("kind", None, (HOSTILE, "plain", "a label of very many words that does not end before the screen does"))
    context = browser.new_context(viewport={"width": width, "height": 700})
    visit = Visit(context, write_task(listings, task, tmp_path, 1, "html").files[0])
    visit.page.locator("input[type=radio]").first.focus()
    visit.page.keyboard.press("ArrowDown")
    human = read_filled(visit.download(tmp_path / "answers.json"), listings, task, 1)
    assert [guess.label for guess in human.answers.values()] == ["plain"]
    across, there = visit.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert across <= there
    assert visit.page.title().startswith("Which kind")
    assert visit.complaints == []
    context.close()
