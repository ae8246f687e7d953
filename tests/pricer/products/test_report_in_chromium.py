"""The report in a real browser, opened as a file: it shows, it fits, it asks for nothing, with scripts and without."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pricer.products.report import write_report
from tests.pricer.products.test_report import hostile, labelled, toys

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path (Debian: apt-get install chromium)")
SWITCHES = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
SIZES = ((1280, 800), (390, 844))
BOXES = "all => all.map(one => one.getBoundingClientRect()).map(box => [box.width, box.height])"


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
    return write_report(request.param(folder / "data"), folder).page


@pytest.fixture(
    params=[(size, scripts) for size in SIZES for scripts in (True, False)], ids=lambda one: f"{one[0][0]}-{one[1]}"
)
def visit(request: pytest.FixtureRequest, browser: Any, report: Path) -> Iterator[Visit]:
    """The report opened from its file at the size of a desk or a phone, with scripts and without."""
    (width, height), scripts = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, java_script_enabled=scripts)
    visit = Visit(context.new_page())
    visit.page.on("request", lambda asked: visit.asked.append(asked.url))
    visit.page.on("console", lambda said: visit.complaints.append(said.text))
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on("dialog", lambda dialog: visit.complaints.append(dialog.message))
    visit.page.goto(report.as_uri())
    yield visit
    context.close()


def test_the_page_shows_fits_and_keeps_to_itself(visit: Visit, report: Path) -> None:
    page = visit.page
    assert visit.asked == [report.as_uri()]
    assert visit.complaints == []
    assert page.locator("h1").is_visible()
    assert min(width for width, _ in boxes(page, "figure svg")) > 250
    assert min(height for _, height in boxes(page, "figure svg")) > 60
    assert min(height for _, height in boxes(page, "figure svg text")) > 8  # letters that can be read
    across, there = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert across <= there
    numbers = page.locator("details").first
    numbers.locator("summary").click()
    assert numbers.locator("table, dl").first.is_visible()


def boxes(page: Any, chosen: str) -> list[list[float]]:
    """Width and height of each element that a selector finds, in pixels."""
    found: list[list[float]] = page.locator(chosen).evaluate_all(BOXES)
    return found
