"""The report: what it says of thought-out runs, that it needs nothing else, and that nothing from the data acts in it."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image

from pricer.errors import BadInput
from pricer.evaluation.report import Written, write_report
from pricer.evaluation.report.entries import names
from pricer.evaluation.report.markdown import markdown
from pricer.evaluation.report.study import study
from pricer.evaluation.run import Run, load_run
from pricer.predictors.protocol import Guess
from tests.pricer.evaluation.report.made import BARE, HOSTILE, hostile, labelled, run_of, text_of, toys
from tests.pricer.evaluation.toys import items, plan
from tests.pricer.products.test_report import Seen


@dataclass(frozen=True)
class Report:
    """What was written, and the texts of it."""

    written: Written
    page: str
    summary: str


def report_of(made: Callable[[Path], list[Run]], folder: Path) -> Report:
    written = write_report(made(folder / "runs"), folder / "out")
    return Report(written, written.page.read_text(encoding="utf-8"), written.markdown.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The toys' report, written once."""
    return report_of(toys, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def harmful(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report on hostile texts, written once."""
    return report_of(hostile, tmp_path_factory.mktemp("harmful"))


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report on labels, written once."""
    return report_of(labelled, tmp_path_factory.mktemp("labels"))


def rows_of(page: str) -> list[list[str]]:
    return [[re.sub(r"\s+", " ", cell) for cell in row] for row in Seen(page).rows]


def row_of(page: str, name: str, cells: int) -> list[str]:
    """The first row of so many cells whose head holds the name."""
    return next(row for row in rows_of(page) if len(row) == cells and name in row[0])


# --- what it says


def test_the_table_holds_the_errors_of_each_run(plain: Report) -> None:
    mean = sum(10.0 * number + 10 for number in range(30)) / 30
    assert row_of(plain.page, "ridge", 10)[1] == "$5.00[5.00, 5.00]"
    assert row_of(plain.page, "maker/large", 10)[1].startswith(f"${0.5 * mean:.2f}[")
    assert row_of(plain.page, "ridge", 10)[4].startswith("$5.00")  # all guesses are 5 too high


def test_runs_stand_by_their_error(plain: Report) -> None:
    heads = [row[0] for row in rows_of(plain.page) if len(row) == 10][1:]
    assert [re.findall(r"ridge|large|local", head)[0] for head in heads] == ["ridge", "large", "local"]


def test_the_verdict_stands_first_and_says_that_no_llm_is_needed(plain: Report) -> None:
    assert "ridge did best on the 20 examples that every run answered" in plain.page
    assert "no LLM is needed for this" in plain.page
    assert "**ridge did best" in plain.summary


def test_a_run_is_told_better_or_worse_by_the_paired_test(plain: Report) -> None:
    assert "best" in row_of(plain.page, "ridge", 10)[0]
    assert "worse" in row_of(plain.page, "maker/large", 10)[0]


def test_the_headline_says_what_so_many_items_can_show(tmp_path: Path) -> None:
    truths = [item.target or 0 for item in items(50)]
    runs = [
        run_of(tmp_path / "a", truths, predictor="a"),
        run_of(tmp_path / "b", [truth + (0, 2)[place % 2] for place, truth in enumerate(truths)], predictor="b"),
    ]
    spread = (50 / 49) ** 0.5  # of the differences 0 and 2
    assert (
        f"What 50 items can show with 80 % power is a true difference from a of ${2.8016 * spread / 50**0.5:.2f}."
        in text_of(runs)
    )


def test_more_labels_than_a_matrix_can_show_are_told_one_by_one(tmp_path: Path) -> None:
    names = [f"label {number}" for number in range(21)]
    told = [replace(item, target=None, label=name) for item, name in zip(items(21), names, strict=True)]
    task = plan()["task"] | {"unit": None, "labels": names}
    page = text_of([run_of(tmp_path / "many", [Guess(label=name) for name in names], of=told, task=task)])
    assert "There are too many for a confusion matrix" in page
    assert ["label 20", "1.00", "1.00", "1.00"] in rows_of(page)


def test_costs_are_per_thousand_items_and_unknown_ones_are_not_nothing(plain: Report) -> None:
    assert row_of(plain.page, "ridge", 10)[5] == "$0"
    assert row_of(plain.page, "maker/large", 10)[5] == f"${1000 * 0.002:.2f}"
    assert row_of(plain.page, "local", 10)[5] == "not known"
    assert re.search(r"Not drawn, because the cost is not known: <bdi>local</bdi>", plain.page)


def test_failures_are_counted_apart_with_their_reason(plain: Report) -> None:
    assert row_of(plain.page, "local", 10)[7] == "10of 30"
    assert "local: 10 of 30 answers failed (33.3\u00a0%: 10 refused); its error is of the rest." in plain.page
    assert re.search(r"Failures: 10 of 10", plain.page)


def test_the_worst_answer_comes_first_with_its_reply_word_for_word(plain: Report) -> None:
    ladder = plain.page[plain.page.index('id="answers"') :]
    large = ladder[ladder.index("maker/large") :]
    assert large.index("thing 29") < large.index(
        "thing 28"
    )  # 1.5 times the truth is off the most where the truth is largest
    assert "$450.00" in large[: large.index("thing 28")]  # 1.5 * 300


def test_errors_by_band_are_those_of_the_band(plain: Report) -> None:
    row = row_of(plain.page, "$10 to $25", 5)
    assert row[1:4] == ["2", "$5.00*", f"${0.5 * (10 + 20) / 2:.2f}*"]


def test_the_method_holds_the_tariff_its_source_and_the_command(plain: Report) -> None:
    assert "$0.15 in and $0.6 out per million tokens; source list; as of 2026-10-26" in plain.page
    assert "assay evaluate --predictor ridge" in plain.page


def test_a_probe_is_shown_where_one_was_kept(plain: Report) -> None:
    assert "Nothing was recalled." in plain.page
    assert ["items asked", "40"] in rows_of(plain.page)


def test_every_picture_is_a_file_and_stands_in_the_page_and_the_summary(plain: Report) -> None:
    assert len(plain.written.pictures) == 4 + 2 * 3
    for picture in plain.written.pictures:
        assert Image.open(io.BytesIO(picture.read_bytes())).width > 500
        assert f"](pictures/{picture.name})" in plain.summary
    assert plain.page.count('role="img"') == len(plain.written.pictures)


def test_the_summary_holds_the_table(plain: Report) -> None:
    assert "| 1 | ridge | best | \\$5.00 \\[5.00, 5.00\\] |" in plain.summary


def test_labels_have_accuracy_and_a_confusion_matrix(labels: Report) -> None:
    assert row_of(labels.page, "maker/able", 7)[1].startswith(f"{100 * 9 / 11:.1f} %")
    rows = [row for row in rows_of(labels.page) if len(row) == 8]
    assert [
        "bad",
        "250 %",
        "125 %",
        "125 %",
        "0",
        "0.50",
        "1.00",
        "0.67",
    ] in rows  # 2 of 4 right, none of others taken for bad
    assert ["good", "00 %", "375 %", "00 %", "1", "1.00", "0.75", "0.86"] in rows  # the failure in a column of its own


def test_a_run_of_failures_alone_has_no_error(tmp_path: Path) -> None:
    page = text_of(
        [run_of(tmp_path / "none", ["refused: no"] * 6), run_of(tmp_path / "some", [10.0] * 6, predictor="mean")]
    )
    assert "Nothing was answered: 6 failures (6 <bdi>refused</bdi>)" in page
    assert "not compared" in row_of(page, "toy", 10)[0]
    assert row_of(page, "toy", 10)[1] == "–"


def test_failures_alone_still_make_a_report(tmp_path: Path) -> None:
    written = write_report([run_of(tmp_path / "none", ["refused: no"] * 3)], tmp_path / "out")
    assert written.pictures == ()
    assert "The runs were not compared" in written.markdown.read_text()


def test_one_run_alone_is_told_without_a_comparison(tmp_path: Path) -> None:
    page = text_of([run_of(tmp_path / "one", [item.target or 0 for item in items(8)])])
    assert "there is no other run to compare it with" in page
    assert "Each run against" not in page


def test_a_run_of_few_answers_is_compared_apart(tmp_path: Path) -> None:
    truths = [item.target or 0 for item in items(40)]
    runs = [
        run_of(tmp_path / "a", [truth + 1 for truth in truths], predictor="a"),
        run_of(tmp_path / "b", [truth + 2 for truth in truths], predictor="b"),
        run_of(tmp_path / "few", [truth + 9 for truth in truths[:10]], of=items(40), predictor="few"),
    ]
    found = study(runs)
    assert found.comparison is not None
    assert found.comparison.n == 40
    assert [found.shared(entry) for entry in found.entries] == [40, 40, 10]
    assert "on the 10 items that both answered" in text_of(runs)
    assert "few: incomplete, 10 of 40 items asked" in text_of(runs)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"synthetic": True}, "SYNTHETIC SAMPLE."),
        ({"near_copies": 3}, "Near copies: 3 rows for training nearly copy a scored item"),
    ],
)
def test_a_reader_is_warned_of_data_that_flatter(tmp_path: Path, data: dict[str, object], said: str) -> None:
    runs = [run_of(tmp_path / "one", [10.0] * 8, data=plan()["data"] | data)]
    assert said in text_of(runs)
    assert said.rstrip(".") in markdown(study(runs), replace(BARE, scatters=(None,), curves=(None,)), "pictures")


def test_copies_that_were_dropped_are_no_warning(tmp_path: Path) -> None:
    data = plan()["data"] | {"near_copies": 3, "copies_dropped": True}
    assert "Near copies" not in text_of([run_of(tmp_path / "one", [10.0] * 8, data=data)])


def test_runs_on_different_truths_are_shown_and_not_compared(tmp_path: Path) -> None:
    other = [replace(item, target=1.0) for item in items(8)]
    page = text_of([run_of(tmp_path / "a", [10.0] * 8), run_of(tmp_path / "b", [10.0] * 8, of=other, predictor="b")])
    assert "wanted one truth for item" in page


def test_runs_of_one_predictor_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    runs = [run_of(tmp_path / name, [10.0] * 3) for name in ("x", "y")]
    assert names(runs) == ["x", "y"]
    assert names([*runs, load_run(tmp_path / "x")]) == ["x", "y", "x #2"]


# --- what it refuses


def test_runs_of_different_tasks_are_refused_by_name(tmp_path: Path) -> None:
    runs = [run_of(tmp_path / "a", [10.0] * 3), *labelled(tmp_path / "l")]
    with pytest.raises(
        BadInput, match=r"wanted runs of one task, found 'price' \(usd\) in a and 'mood' \(bad, good, so-so\) in able"
    ):
        study(runs)


def test_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="wanted at least one run"):
        write_report([], tmp_path / "out")


def test_a_file_in_the_place_of_the_folder_is_refused_before_work(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(BadInput, match="--out 'out': wanted a folder, found a file"):
        write_report([run_of(tmp_path / "a", [10.0] * 3)], tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


# --- what it is made of


def test_the_same_runs_give_the_same_bytes_over_an_older_report(tmp_path: Path) -> None:
    run = run_of(tmp_path / "a", [10.0] * 3)
    first = write_report([run], tmp_path / "out").page.read_bytes()
    (tmp_path / "out" / "report.html").write_text("older")
    assert write_report([run, run], tmp_path / "out").page.read_bytes() == first
    assert not list(tmp_path.glob("out/**/*.tmp"))


def test_the_page_refers_to_nothing_outside_itself(plain: Report, harmful: Report, labels: Report) -> None:
    for page in (plain.page, harmful.page, labels.page):
        seen = Seen(page)
        links = [
            value
            for _, name, value in seen.attributes
            if name in ("href", "src", "srcset", "action", "data", "xlink:href")
        ]
        assert all(link.startswith("#") or link == "data:," for link in links)
        assert not [address for address in re.findall(r"url\(([^)]*)\)", page) if not address.startswith("#")]
        assert not seen.tags & {"iframe", "object", "embed", "form", "base", "img", "audio", "video"}


def test_nothing_from_the_data_or_a_model_acts(harmful: Report) -> None:
    seen = Seen(harmful.page)
    assert harmful.page.count("<script") == 1  # ours, and the policy names its hash
    assert not [name for _, name, _ in seen.attributes if name.startswith("on")]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in harmful.page
    assert "{{ 7 * 7 }}" in harmful.page
    assert "日本語" in harmful.page


@pytest.mark.parametrize("part", ["page", "summary"])
def test_no_character_acts_on_a_terminal_or_turns_text_around(harmful: Report, part: str) -> None:
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", getattr(harmful, part))


def test_no_text_from_the_data_is_markup_in_the_summary(harmful: Report) -> None:
    assert "<script" not in harmful.summary
    assert "http://" not in harmful.summary
    assert {line.count(" | ") for line in harmful.summary.splitlines() if line.startswith("| ")} >= {11}


def test_long_replies_are_cut_with_their_length(harmful: Report) -> None:
    assert HOSTILE[12] not in harmful.page
    assert "[cut: 900 characters]" in harmful.page


def test_every_table_has_a_caption_and_every_head_a_scope(plain: Report, labels: Report) -> None:
    for page in (plain.page, labels.page):
        assert len(re.findall("<table", page)) == len(re.findall("<caption>", page))
        assert not re.findall(r"<th(?! scope|ead)", page)


def test_an_answer_without_time_or_price_is_shown_as_unknown(tmp_path: Path) -> None:
    page = text_of([run_of(tmp_path / "a", [Guess(10.0)] * 3, usd=None)])
    assert "1, –, not known" in page


def test_importing_the_report_loads_nothing_heavy() -> None:
    code = "import sys, pricer.evaluation.report; print({'matplotlib', 'numpy', 'jinja2'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
