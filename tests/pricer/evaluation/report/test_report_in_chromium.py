"""The report in a real browser, opened as a file: it shows, it fits, it opens its answers, it can be read in light and dark."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pricer.evaluation.report import write_report
from tests.pricer.evaluation.report.made import hostile, labelled, toys

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path (Debian: apt-get install chromium)")
SWITCHES = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
SIZES = ((1280, 800), (390, 844))
BOXES = "all => all.map(one => one.getBoundingClientRect()).map(box => [box.width, box.height])"
READ = ".verdict p, .mind li, .facts dt, .facts dd, thead th, tbody td, tbody th, td small, .tag, figcaption, .note, summary, caption, dt, svg text"
# Relative luminance and contrast as in WCAG 2.2; colours that let what is behind them through are laid over it.
CONTRAST = """all => {
  const parts = said => { const found = said.match(/[\\d.]+/g).map(Number); return found.length > 3 ? found : [...found, 1]; };
  const over = (top, under) => top.slice(0, 3).map((part, place) => part * top[3] + under[place] * (1 - top[3]));
  const light = colour => colour.map(part => part / 255).map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = one => { const own = parts(getComputedStyle(one).backgroundColor);
    if (own[3] === 1) { return own.slice(0, 3); }
    return over(own, one.parentElement ? ground(one.parentElement) : [255, 255, 255]); };
  return all.filter(one => one.textContent.trim() && one.getClientRects().length).map(one => {
    const style = getComputedStyle(one), behind = ground(one.closest('svg') ? one.closest('.panel') : one);
    const ink = over(parts(one.closest('svg') ? style.fill : style.color), behind);
    const [a, b] = [light(ink), light(behind)].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), one.className + ' ' + one.textContent.trim().slice(0, 40)]; });
}"""


@dataclass
class Visit:
    """A page that was opened, what it asked for, and what it complained of."""

    page: Any
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium, used by all tests here."""
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        yield opened
        opened.close()


@pytest.fixture(scope="module", params=[toys, hostile, labelled], ids=["toys", "hostile", "labelled"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report, written once for all tests here."""
    folder = tmp_path_factory.mktemp("report")
    return write_report(request.param(folder / "runs"), folder / "out").page


def visited(browser: Any, report: Path, size: tuple[int, int], **settings: Any) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **settings)
    visit = Visit(context.new_page())
    visit.page.on("request", lambda asked: visit.asked.append(asked.url))
    visit.page.on("console", lambda said: visit.complaints.append(said.text))
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on("dialog", lambda dialog: visit.complaints.append(dialog.message))
    visit.page.goto(report.as_uri())
    yield visit
    context.close()


@pytest.fixture(
    params=[(size, scripts) for size in SIZES for scripts in (True, False)], ids=lambda one: f"{one[0][0]}-{one[1]}"
)
def visit(request: pytest.FixtureRequest, browser: Any, report: Path) -> Iterator[Visit]:
    """The report opened from its file at the size of a desk or a phone, with scripts and without."""
    size, scripts = request.param
    yield from visited(browser, report, size, java_script_enabled=scripts)


@pytest.fixture(params=["light", "dark"])
def coloured(request: pytest.FixtureRequest, browser: Any, report: Path) -> Iterator[Visit]:
    """The report by day and by night."""
    yield from visited(browser, report, SIZES[0], color_scheme=request.param)


def test_the_page_shows_fits_opens_and_keeps_to_itself(visit: Visit, report: Path) -> None:
    page = visit.page
    assert visit.asked == [report.as_uri()]
    assert page.locator("h1").is_visible()
    assert min(width for width, _ in boxes(page, "figure svg")) > 250
    assert min(height for _, height in boxes(page, "figure svg text")) > 8  # letters that can be read
    for summary in (".cases > summary", ".cases[open] .case > summary", ".numbers > summary"):
        page.locator(summary).first.click()
    assert page.locator(".case[open] dl").first.is_visible()
    across, there = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert across <= there
    assert visit.complaints == []


def test_all_text_stands_out_from_what_is_behind_it(coloured: Visit) -> None:
    coloured.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    faint = [found for found in coloured.page.locator(READ).evaluate_all(CONTRAST) if found[0] < 4.5]
    assert faint == []


def test_the_filter_leaves_the_answers_that_hold_the_words(browser: Any, tmp_path: Path) -> None:
    report = write_report(toys(tmp_path / "runs")[:1], tmp_path / "out").page
    for visit in visited(browser, report, SIZES[0]):
        visit.page.get_by_label("Show only answers that contain").fill("thing 29")
        visit.page.wait_for_function("document.querySelector('#filter span').textContent")
        assert visit.page.locator(".case:visible").count() == 1
        assert visit.page.locator("#filter span").inner_text() == "1 of 45"


def boxes(page: Any, chosen: str) -> list[list[float]]:
    """Width and height of each element that a selector finds, in pixels."""
    found: list[list[float]] = page.locator(chosen).evaluate_all(BOXES)
    return found
