"""The map in a real browser, opened as a file: it draws, it fits, it asks for nothing, and no text of a product acts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pricer.store.map_page import write_map
from tests.pricer.store.test_map import HOSTILE, hostile

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path (Debian: apt-get install chromium)")
SWITCHES = (
    "--headless", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
SIZES = {(1280, 800): "light", (390, 844): "dark"}
HINT = "willReadFrequently"  # of the browser to Plotly, about speed
POINTS = "#plot .scatterlayer .points path"
FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
PAPER = "getComputedStyle(document.documentElement).getPropertyValue('--paper').trim()"


@dataclass
class Visit:
    """A page that was opened, what it asked for, and what it complained of."""

    page: Any
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def heard(self, text: str) -> None:
        if HINT not in text:
            self.complaints.append(text)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium, used by all tests here."""
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The map of a store whose every text is meant to do harm."""
    return write_map(hostile(), tmp_path_factory.mktemp("map")).page


@pytest.fixture(scope="module", params=list(SIZES), ids=lambda size: f"{size[0]}")
def opened(request: pytest.FixtureRequest, browser: Any, written: Path) -> Iterator[Visit]:
    """The map opened from its file at the size of a desk by day, or of a phone by night: loaded once, for a load is long."""
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=SIZES[request.param])
    visit = Visit(context.new_page())
    visit.page.on("request", lambda asked: visit.asked.append(asked.url))
    visit.page.on("console", lambda said: visit.heard(said.text))
    visit.page.on("pageerror", lambda error: visit.heard(str(error)))
    visit.page.on("dialog", lambda dialog: visit.heard(dialog.message))
    visit.page.goto(written.as_uri())
    visit.page.locator(POINTS).first.wait_for()
    yield visit
    context.close()


@pytest.fixture
def visit(opened: Visit) -> Visit:
    """The map as it was when it was opened, whatever another test did to it."""
    page = opened.page
    page.mouse.move(0, 0)
    page.fill("#search", "")
    page.locator("#found").wait_for(state="hidden")
    for held in page.locator("text=let go").all():
        held.click()
    page.click("#dimensions button[value=flat]")
    page.click("#colours button[value=category]")
    return opened


def test_every_product_is_a_point(visit: Visit) -> None:
    assert visit.page.locator(POINTS).count() == 2 * len(HOSTILE)


def test_the_page_fits_its_window(visit: Visit) -> None:
    across, there = visit.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert across <= there


def test_a_search_finds_titles_and_tells_a_product_in_words_alone(visit: Visit) -> None:
    visit.page.fill("#search", "</SCRIPT>")
    visit.page.locator("#list button").first.wait_for()
    assert visit.page.locator("#list button").count() == 2
    visit.page.focus("#list button")
    visit.page.keyboard.press("Enter")
    assert HOSTILE[0] in visit.page.locator("#card .name").inner_text()
    assert visit.page.locator("#card .list button").count() == 5  # its nearest by the vectors
    assert visit.page.locator("#card b, #card img, #card a, #card script, #plot a").count() == 0


def test_pointing_at_a_product_tells_what_it_is(visit: Visit) -> None:
    visit.page.locator("#plot").scroll_into_view_if_needed()
    box = visit.page.locator(POINTS).first.bounding_box()
    for step in range(60):  # the map hears of the pointer once it is drawn
        visit.page.mouse.move(box["x"] + box["width"] / 2 + step % 2, box["y"] + box["height"] / 2)
        with suppress(sync_api.TimeoutError):
            visit.page.locator("#tip").wait_for(timeout=500)
            break
    assert visit.page.locator("#tip dt").all_inner_texts() == ["price", "category", "label", "id", "source"]
    assert visit.page.locator("#tip b, #tip img, #tip a, #tip script").count() == 0


def test_a_group_of_the_legend_can_be_hidden_by_the_keyboard(visit: Visit) -> None:
    visit.page.focus("#legend li button")
    visit.page.keyboard.press("Space")
    assert visit.page.locator("#legend li button").first.get_attribute("aria-pressed") == "false"
    assert visit.page.locator(POINTS).count() == 2 * (len(HOSTILE) - 1)
    visit.page.click("text=show all")
    assert visit.page.locator(POINTS).count() == 2 * len(HOSTILE)


def test_the_third_dimension_the_price_and_the_other_light_are_shown_without_a_complaint(
    visit: Visit, written: Path
) -> None:
    page = visit.page
    page.click("#colours button[value=price]")
    assert page.locator("#legend .scale").is_visible()
    page.click("#dimensions button[value=solid]")
    page.locator("#plot canvas").first.wait_for()
    assert "3-D by" in page.locator("#kept").inner_text()
    page.focus("#plot")
    for key in ("ArrowLeft", "ArrowUp", "+", "-", "0"):
        page.keyboard.press(key)
    before = page.evaluate(PAPER)
    page.emulate_media(color_scheme="dark" if before == "#fff" else "light")
    page.evaluate(FRAMES)
    assert page.evaluate("document.getElementById('plot').layout.paper_bgcolor") != before
    page.emulate_media(color_scheme="light" if before == "#fff" else "dark")
    assert page.evaluate("window.alert.name") == "alert"
    assert visit.asked == [written.as_uri()]
    assert visit.complaints == []
