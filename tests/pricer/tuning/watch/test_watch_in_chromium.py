"""The pages in a real browser: they draw, they fit, they follow, they ask for nothing else, and no text of a record acts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pricer.tuning.record import Record, Status
from pricer.tuning.watch.knobs_page import write_knobs_page
from pricer.tuning.watch.page import write_page
from pricer.tuning.watch.serving import serving
from tests.pricer.tuning.watch.jobs import HOSTILE, evaluated, falling, job, plan
from tests.pricer.tuning.watch.test_knobs_page import recorded

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path (Debian: apt-get install chromium)")
SWITCHES = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
DESK, PHONE = (1280, 800), (390, 844)
SIZES = {DESK: "light", PHONE: "dark"}
BOTH = pytest.mark.parametrize("visit", [DESK, PHONE], indirect=True, ids=["desk", "phone"])
WIDTHS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
TOPS = "Array.from(document.querySelectorAll('.plot, .facts, .flags'), each => [each.offsetTop, each.offsetHeight])"
GONE = "not updating: the server does not answer"


@dataclass
class Visit:
    """A page that was opened, what it asked for, and what it complained of."""

    page: Any
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).inner_text())

    def says(self, selector: str, words: str) -> None:
        """Wait until it does."""
        self.page.locator(selector, has_text=words).wait_for()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium, used by all tests here."""
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        yield opened
        opened.close()


@pytest.fixture
def visit(request: pytest.FixtureRequest, browser: Any) -> Iterator[Visit]:
    """A window the size of a desk by day, or of another of `SIZES` where a test names it."""
    width, height = size = getattr(request, "param", DESK)
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=SIZES[size])
    made = Visit(context.new_page())
    made.page.on("request", lambda asked: made.asked.append(asked.url))
    made.page.on("console", lambda said: made.complaints.append(said.text))
    made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
    made.page.on("dialog", lambda dialog: made.complaints.append(dialog.message))
    yield made
    context.close()


@BOTH
def test_hostile_record_is_drawn_fits_asks_for_nothing_and_does_nothing(visit: Visit, tmp_path: Path) -> None:
    status = Status("running", steps=40, metric_name=HOSTILE, why=HOSTILE)
    record = job(tmp_path / "job", falling(30), status, plan(base=HOSTILE, data={"name": HOSTILE}, doubts=[HOSTILE]))
    record.add_event(HOSTILE, HOSTILE * 3)
    write_page(record, tmp_path / "page.html")
    visit.page.goto((tmp_path / "page.html").as_uri())
    visit.says("#events", "alert(1)")
    assert visit.page.locator(".plot path.line").count() >= 5
    across, there = visit.page.evaluate(WIDTHS)
    assert across <= there
    assert visit.page.locator("main img, main script, main a").count() == 0
    assert visit.asked == [(tmp_path / "page.html").as_uri()]
    assert visit.complaints == []


@BOTH
def test_live_page_follows_the_record_without_a_shift_until_it_has_ended(visit: Visit, tmp_path: Path) -> None:
    record = job(tmp_path / "job", falling(20))
    with serving(record) as url:
        visit.page.goto(url)
        visit.says("#done", "step 20 of 40")
        before = visit.page.evaluate(TOPS)
        for point in falling(40)[22:]:
            record.add_point(point)
        visit.says("#done", "step 40 of 40")
        assert visit.page.evaluate(TOPS) == before
        record.write_status(Status("done", step=40, steps=40, metric_name="MAE"))
        visit.says("#fresh", "ended")
    assert visit.text("#state") == "done"
    assert set(visit.asked) == {url, f"{url}record.json"}
    assert visit.complaints == []


def test_page_whose_server_went_away_stays_and_says_that_it_does_not_update(visit: Visit, tmp_path: Path) -> None:
    record = job(tmp_path / "job", falling(20))
    with ExitStack() as running:
        visit.page.goto(running.enter_context(serving(record)))
        visit.says("#fresh", "live")
    visit.says("#fresh", GONE)
    assert "step 20 of 40" in visit.text("#done")
    assert visit.page.locator(".plot path.line").count() >= 5


def test_ring_marks_the_best_and_the_warning_is_in_words(visit: Visit, tmp_path: Path) -> None:
    worse = [evaluated(40 + 10 * rise, 1 + rise, 60.0 + rise) for rise in range(1, 5)]
    learned = [point for point in falling(80) if point.split == "train" and point.step > 40]
    write_page(job(tmp_path / "job", [*falling(40), *learned, *worse]), tmp_path / "page.html")
    visit.page.goto((tmp_path / "page.html").as_uri())
    assert visit.page.locator("circle.best").count() == 1
    assert "overfitting since step 40" in visit.text("#flags")


@pytest.mark.parametrize("points", [0, 1])
def test_page_of_hardly_any_measurement_draws_what_there_is(visit: Visit, tmp_path: Path, points: int) -> None:
    write_page(job(tmp_path / "job", falling(1)[:points]), tmp_path / "page.html")
    visit.page.goto((tmp_path / "page.html").as_uri())
    assert (
        visit.page.locator(".plot .blank").count() == 3 - 2 * points
    )  # the planned learning rate is drawn in any case
    assert visit.complaints == []


@BOTH
def test_chart_is_read_by_the_keyboard(visit: Visit, tmp_path: Path) -> None:
    write_page(job(tmp_path / "job", falling()), tmp_path / "page.html")
    visit.page.goto((tmp_path / "page.html").as_uri())
    chart = visit.page.locator(".plot").nth(1)
    chart.focus()
    chart.press("ArrowRight")
    chart.press("ArrowRight")
    assert chart.locator(".tip").inner_text().split("\n") == ["step 20", "validation 40"]
    across, there = visit.page.evaluate(WIDTHS)
    assert across <= there


@pytest.fixture
def knobs(visit: Visit, tmp_path: Path) -> Visit:
    """The page of three runs: two rates with small batches, and the lower rate with a large one."""
    runs = [
        recorded("slow", 30.0, learning_rate=1e-5, batch_size=8),
        recorded("fast", 20.0, learning_rate=1e-4, batch_size=8),
        recorded("wide", 25.0, learning_rate=1e-5, batch_size=32),
    ]
    write_knobs_page(runs, tmp_path / "knobs.html")
    visit.page.goto((tmp_path / "knobs.html").as_uri())
    return visit


def test_knob_moves_to_a_recorded_run_by_the_keyboard(knobs: Visit) -> None:
    assert knobs.text("#card strong") == "run slow"
    knobs.page.get_by_role("slider", name="learning rate").press("ArrowRight")
    assert knobs.text("#card strong") == "run fast"
    assert knobs.text("#card dd >> nth=0") == "20"
    assert knobs.page.get_by_role("slider", name="learning rate").get_attribute("aria-valuetext") == "1e-4"
    assert knobs.complaints == []


def test_combination_that_was_not_run_says_so_and_names_the_nearest(knobs: Visit) -> None:
    knobs.page.get_by_role("slider", name="learning rate").press("ArrowRight")
    knobs.page.get_by_role("slider", name="batch size").press("ArrowRight")
    assert knobs.text("#card").startswith("Not run.")
    assert knobs.page.locator("#card button").all_inner_texts()[:2] == ["batch size 8", "learning rate 1e-5"]
    knobs.page.locator("#card button").nth(1).press("Enter")
    assert knobs.text("#card strong") == "run wide"
    assert knobs.page.get_by_role("slider", name="learning rate").input_value() == "0"


@BOTH
def test_run_of_the_table_can_be_chosen_and_the_page_fits(knobs: Visit) -> None:
    knobs.page.get_by_role("button", name="run wide").press("Enter")
    assert knobs.text("#card strong") == "run wide"
    assert knobs.page.evaluate("document.activeElement.textContent") == "run wide"
    across, there = knobs.page.evaluate(WIDTHS)
    assert across <= there
    assert len(knobs.asked) == 1


def test_hostile_run_is_shown_in_words_alone(visit: Visit, tmp_path: Path) -> None:
    runs = [recorded(HOSTILE, schedule=HOSTILE, batch_size=8), recorded("b", batch_size=16)]
    write_knobs_page(runs, tmp_path / "knobs.html")
    visit.page.goto((tmp_path / "knobs.html").as_uri())
    assert "alert(1)" in visit.text("#card")
    assert visit.page.locator("main img, main script, main a").count() == 0
    assert visit.complaints == []


def test_only_run_has_nothing_to_move(visit: Visit, tmp_path: Path) -> None:
    write_knobs_page([recorded("a")], tmp_path / "knobs.html")
    visit.page.goto((tmp_path / "knobs.html").as_uri())
    assert "One run is recorded" in visit.text("#about")
    assert visit.page.locator("#knobs input").count() == 0


def test_record_is_left_as_it_was(tmp_path: Path) -> None:
    record = Record(job(tmp_path / "job", falling(10)).folder)
    before = {path.name: path.read_bytes() for path in record.folder.iterdir()}
    with serving(record):
        write_page(record, tmp_path / "page.html")
    assert {path.name: path.read_bytes() for path in record.folder.iterdir()} == before
