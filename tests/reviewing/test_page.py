"""The page in a real headless Chromium: by keyboard, at speed, through kills and conflicts, for everybody, quietly."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.reviewing.made_collections import keep, key, reject, write_collection
from tests.reviewing.served import TOKEN, find_chromium, serving
from tests.reviewing.test_overlays import find_by_shade
from tryon.formats.decisions import Decision, read_decisions, write_decisions
from tryon.reviewing.finding import Shirts
from tryon.reviewing.pictures import read_collection
from tryon.reviewing.running import open_review
from tryon.reviewing.service import REASONS, Review

pytestmark = pytest.mark.slow

DOUBTS = [0.1, 0.9, 0.5, 0.3]
BY_DOUBT = (1, 2, 3, 0)  # the numbers of the four shirts in the order in which they are shown
DESKTOP = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = find_chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


class Watched:
    """What a page complained about and asked for."""

    def __init__(self, context: BrowserContext, own: str) -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        context.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("request", lambda request: self.requests.append(request.url))
        self._own = own

    def outside(self) -> list[str]:
        return [url for url in self.requests if not url.startswith(self._own)]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport=DESKTOP)  # type: ignore[arg-type]
    opened.set_default_timeout(10_000)
    yield opened
    opened.close()


@pytest.fixture
def review(tmp_path: Path) -> Iterator[Review]:
    folder = write_collection(tmp_path / "shirts", 4, DOUBTS, refused=[1])
    with open_review(read_collection(folder), tmp_path / "d.csv", "anna", lambda: find_by_shade) as opened:
        yield opened


@pytest.fixture
def open_page(context: BrowserContext, review: Review) -> Iterator[Callable[[], Page]]:
    """Opens windows of the review, and checks in the end that all were quiet and asked nobody else."""
    with serving(review) as place:
        watched = Watched(context, f"{place}/{TOKEN}/")

        def open_window() -> Page:
            page = context.new_page()
            page.goto(f"{place}/{TOKEN}/")
            expect(page.locator("#saved")).to_have_text("All saved")
            return page

        yield open_window
        assert watched.complaints == []
        assert watched.requests and watched.outside() == []


@pytest.fixture
def page(open_page: Callable[[], Page]) -> Page:
    return open_page()


def press(page: Page, *keys: str) -> None:
    for each in keys:
        page.keyboard.press(each)


def saved(page: Page, review: Review) -> dict[str, Decision]:
    expect(page.locator("#saved")).to_have_text("All saved")
    return review.store.decisions()


def name_of_current(page: Page) -> str:
    return page.locator("#name").inner_text()


def test_keep_reject_reasons_and_undo_by_keyboard(page: Page, review: Review) -> None:
    assert name_of_current(page) == "Shirt 001", "the most doubtful comes first"
    press(page, "x", "3", "k")
    assert saved(page, review) == {key(1): reject(1, "blurred"), key(2): reject(2, REASONS[2]), key(3): keep(3)}
    assert name_of_current(page) == "Shirt 000"
    expect(page.locator("#counts")).to_contain_text("3 of 4 decided · 1 kept · 2 rejected")
    press(page, "u", "u")
    assert saved(page, review) == {key(1): reject(1, "blurred")}
    assert name_of_current(page) == "Shirt 002"
    press(page, "Control+z", "u")
    assert saved(page, review) == {}
    expect(page.locator("#said")).to_have_text("There is nothing to undo")


def test_own_words_and_a_note(page: Page, review: Review) -> None:
    press(page, "t")
    page.keyboard.type("무늬가 다름, k x 1")
    press(page, "Enter", "t")
    page.keyboard.type("fine cuff")
    press(page, "Tab", "Tab", "Enter")
    press(page, "t", "Escape")
    note = Decision(key(2), "keep", "fine cuff", "anna")
    assert saved(page, review) == {key(1): reject(1, "무늬가 다름, k x 1"), key(2): note}


def test_filters(page: Page) -> None:
    tiles = page.locator("#grid li")
    press(page, "k", "2", "2", "f")
    expect(tiles).to_have_count(1)
    expect(tiles).to_have_attribute("aria-label", "Shirt 001, kept, doubt 0.90")
    press(page, "f")
    expect(tiles).to_have_count(2)
    page.select_option("#why", "several shirts")
    expect(tiles).to_have_count(2)
    page.select_option("#why", "")
    page.select_option("#show", "all")
    page.select_option("#cleaning", "blurred")
    expect(tiles).to_have_count(1)
    page.select_option("#show", "undecided")
    expect(tiles).to_have_count(0)
    expect(page.locator("#empty")).to_have_text("No picture is undecided here. F shows others.")
    page.select_option("#cleaning", "passed")
    expect(tiles).to_have_count(1)


def test_undo_brings_back_what_the_filter_left_out_and_outlives_a_reload(page: Page, review: Review) -> None:
    press(page, "k", "k", "f")
    expect(page.locator("#grid li")).to_have_count(2)
    page.reload()
    expect(page.locator("#saved")).to_have_text("All saved")
    press(page, "u")
    assert saved(page, review) == {key(1): keep(1)}
    assert name_of_current(page) == "Shirt 002"


def test_moving_by_keyboard(page: Page) -> None:
    def places(*keys: str) -> list[str]:
        return [press(page, each) or name_of_current(page)[-1] for each in keys]  # type: ignore[func-returns-value]

    assert places("ArrowRight", "End", "ArrowRight", "Home", "ArrowLeft", "PageDown") == list("200110")
    assert places("Home", "k", "Home", "n") == list("1212")
    focused = page.evaluate("document.activeElement.dataset.sha256")
    assert focused == key(2), "the focus goes with the current picture"
    page.set_viewport_size({"width": 390, "height": 800})  # two in a row
    assert places("Home", "ArrowDown", "ArrowRight", "ArrowUp") == list("1302")


def test_masks_in_grid_and_single_view(page: Page, review: Review) -> None:
    masks = page.locator("#grid img.mask")
    expect(masks).to_have_count(0)
    press(page, "m")
    expect(masks).to_have_count(4)
    assert masks.first.evaluate("mask => mask.decode().then(() => mask.naturalWidth)") == 96
    press(page, "Enter")
    picture, mask = page.locator("#single img").first, page.locator("#single img.mask")
    expect(mask).to_be_visible()
    assert picture.bounding_box() == mask.bounding_box()
    expect(page.locator("#details")).to_contain_text("1 shirt, score 0.80")
    press(page, "m")
    expect(mask).to_have_count(0)
    press(page, "k")
    assert saved(page, review) == {key(1): keep(1)}
    press(page, "Escape")
    expect(page.locator("#grid")).to_be_visible()
    assert name_of_current(page) == "Shirt 002"


def test_the_models_score_orders_what_was_not_cleaned(context: BrowserContext, tmp_path: Path) -> None:
    folder = write_collection(tmp_path / "shirts", 3)
    scores = iter([0.9, 0.2, 0.6])  # of the pictures in the order of their names
    numbers = sorted(range(3), key=key)

    def find(image: NDArray[np.uint8]) -> Shirts:
        return Shirts(np.array([next(scores)]), np.ones((1, *image.shape[:2]), bool))

    with (
        open_review(read_collection(folder), tmp_path / "d.csv", "anna", lambda: find) as review,
        serving(review) as place,
    ):
        page = opened(context, f"{place}/{TOKEN}/")
        expect(page.locator("#order")).to_contain_text("the model saw 3")
        press(page, "o")
        expect(page.locator("#order")).to_contain_text("by the model's score, least certain first")
        shown = page.locator("#grid li").evaluate_all("tiles => tiles.map(tile => tile.dataset.sha256)")
    assert shown == [key(numbers[index]) for index in (1, 2, 0)]


def test_a_picture_that_cannot_be_shown_says_so_and_can_be_rejected(context: BrowserContext, tmp_path: Path) -> None:
    (tmp_path / "shirts").mkdir()
    (tmp_path / "shirts/a.jpg").write_bytes(b"<script>alert(1)</script>")
    with (
        open_review(read_collection(tmp_path / "shirts"), tmp_path / "d.csv", "anna", None) as review,
        serving(review) as place,
    ):
        page = opened(context, f"{place}/{TOKEN}/")
        expect(page.locator("#grid li .fault")).to_contain_text("Cannot be shown.")
        press(page, "9")
        assert [decision.reason for decision in saved(page, review).values()] == ["no photo"]


def test_what_strangers_wrote_is_text(page: Page) -> None:
    expect(page.locator("#details")).to_contain_text("<b>Renderer</b>")
    assert page.locator("#details b").count() == 0
    link = page.locator("#details a")
    assert link.get_attribute("href") == "https://pictures.example/1"
    assert link.get_attribute("rel") == "noopener noreferrer"


def test_slow_pictures_do_not_hold_up_decisions(
    open_page: Callable[[], Page], review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, real = threading.Event(), review.previews.get
    monkeypatch.setattr(review.previews, "get", lambda *which: go_on.wait(20) and real(*which))
    page = open_page()
    press(page, "k", "v", "k", "k")
    assert len(saved(page, review)) == 3
    go_on.set()
    expect(page.locator("#single img")).to_have_js_property("complete", True)


def test_a_key_held_down_decides_once(page: Page, review: Review) -> None:
    for _ in range(5):
        page.keyboard.down("k")
    page.keyboard.up("k")
    assert saved(page, review) == {key(1): keep(1)}


def test_letters_can_be_switched_off(page: Page, review: Review) -> None:
    press(page, "?", "Space", "Escape", "k", "1", "ArrowRight")
    assert name_of_current(page) == "Shirt 002"
    page.reload()
    expect(page.locator("#saved")).to_have_text("All saved")
    press(page, "k")
    assert saved(page, review) == {}
    page.get_by_role("button", name="Keep").click()
    assert saved(page, review) == {key(1): keep(1)}


FOCUSED = """() => { const at = document.activeElement, style = getComputedStyle(at);
    return [at.id || at.textContent.trim(), style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2] }"""
REACHABLE = {
    "show",
    "why",
    "cleaning",
    "toggle-view",
    "toggle-mask",
    "reorder",
    "show-keys",
    "tile-0",
    "keep",
    "reject",
}


def test_everything_can_be_reached_by_tab_and_shows_its_focus(page: Page) -> None:
    seen = []
    page.evaluate("document.activeElement.blur()")
    for _ in range(40):
        press(page, "Tab")
        seen.append(page.evaluate(FOCUSED))
    reached = {name for name, _ in seen}
    assert reached >= REACHABLE | {"own-words"}
    assert any(name.startswith("9") for name in reached)
    assert [name for name, outlined in seen if not outlined and name in REACHABLE] == []


def test_two_windows_do_not_overwrite_each_other(open_page: Callable[[], Page], review: Review) -> None:
    first, second = open_page(), open_page()
    press(first, "k")
    saved(first, review)
    press(second, "1")
    expect(second.locator("#said")).to_contain_text("Not taken: Shirt 001 was decided elsewhere meanwhile")
    assert review.store.decisions() == {key(1): keep(1)}
    press(second, "Home")
    expect(second.locator("#verdict")).to_have_text("kept (anna)")
    press(second, "1")
    assert saved(second, review) == {key(1): reject(1)}
    press(first, "Home")
    expect(first.locator("#verdict")).to_have_text("rejected: no shirt (anna)")
    press(first, "u")
    expect(first.locator("#said")).to_contain_text("Not undone")
    assert saved(first, review) == {key(1): reject(1)}


def test_an_edit_of_the_file_is_contested_in_the_page(page: Page, review: Review) -> None:
    press(page, "k")
    saved(page, review)
    write_decisions(review.store.path, [reject(1, "torn", "ben")])
    review.store.fold()
    press(page, "Home")
    expect(page.locator("#contest")).to_contain_text("“kept” was decided here")
    expect(page.locator("#verdict")).to_have_text("rejected: torn (ben)")
    expect(page.locator("#counts")).to_contain_text("1 contested")
    press(page, "k")
    assert saved(page, review) == {key(1): keep(1)}
    expect(page.locator("#contest")).to_be_hidden()
    review.store.fold()
    assert read_decisions(review.store.path) == {key(1): keep(1)}


def test_a_file_that_cannot_be_written_is_said(page: Page, review: Review) -> None:
    review.store.path.write_text("nonsense\n")
    review.store.fold_and_note()
    expect(page.locator("#problem")).to_contain_text("Decisions are safe, but not in the file yet")
    review.store.path.unlink()
    write_decisions(review.store.path, [])
    review.store.fold_and_note()
    expect(page.locator("#problem")).to_be_hidden()


WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe(page: Page) -> list[str]:
    """The rules of WCAG 2.2 AA and best practice that the page breaks, and its contrasts in the dark, with elements."""
    found = page.evaluate("tags => axe.run({runOnly: tags})", WCAG)["violations"]
    page.emulate_media(color_scheme="dark")
    found += page.evaluate("axe.run({runOnly: {type: 'rule', values: ['color-contrast']}})")["violations"]
    page.emulate_media(color_scheme="light")
    return [f"{one['id']}: {node['html'][:90]}" for one in found for node in one["nodes"]]


def test_axe_finds_nothing(page: Page) -> None:
    page.evaluate((resources.files("axe_playwright_python") / "axe.min.js").read_text())
    assert axe(page) == [], "the grid at the start"
    press(page, "k", "3", "m")
    expect(page.locator("#grid img.mask")).to_have_count(4)
    assert axe(page) == [], "the grid with decisions and masks"
    press(page, "v")
    assert axe(page) == [], "the single view"
    for opening in ("t", "?"):
        press(page, opening)
        assert axe(page) == [], f"the dialog of {opening}"
        press(page, "Escape")
    page.select_option("#cleaning", "blurred")
    page.select_option("#show", "rejected")
    assert axe(page) == [], "an empty list"


@pytest.mark.parametrize("width", [320, 640])
def test_it_fits_narrow_screens_and_zoom(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 640})
    for view in ("grid", "single"):
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
        small = page.evaluate(
            """() => [...document.querySelectorAll('button, select, input')].filter(one => one.checkVisibility())
            .map(one => [one.id || one.textContent, one.getBoundingClientRect()])
            .filter(([, box]) => box.width < 44 || box.height < 44).map(([name]) => name)"""
        )
        assert small == [], view
        press(page, "v")
    press(page, "End")
    bar = page.locator("#keep").bounding_box()
    tile = page.locator("#grid li[aria-selected=true]").bounding_box()
    assert bar is not None and tile is not None
    assert tile["y"] + tile["height"] <= bar["y"], "the current picture is not under the buttons"


def test_the_page_is_small(context: BrowserContext, review: Review) -> None:
    with serving(review) as place:
        page, answers = context.new_page(), []
        page.on("response", lambda answer: answers.append((answer.url, answer)))
        page.goto(f"{place}/{TOKEN}/")
        expect(page.locator("#saved")).to_have_text("All saved")
        page.wait_for_load_state("networkidle")
        own = {url: len(answer.body()) for url, answer in answers if "/previews/" not in url}
    assert len(own) <= 15
    assert sum(own.values()) <= 50_000, own
    assert len(answers) - len(own) == 4, "a preview for each picture in sight, none twice"


@contextmanager
def started(folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`tryon curate` as people start it, and the address that it prints."""
    program = "from tryon.cli import main; main()"
    arguments = ["curate", "shirts", "--decisions", "d.csv", "--person", "anna", "--port", str(port)]
    command = [sys.executable, "-c", program, *arguments]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            yield child, next(line.strip() for line in child.stdout if line.startswith("http"))
        finally:
            child.kill()


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#saved")).to_have_text("All saved")
    return page


def test_200_decisions_a_minute_through_a_kill_without_a_lost_one(context: BrowserContext, tmp_path: Path) -> None:
    count, killed_at, restarted_at = 220, 110, 130
    write_collection(tmp_path / "shirts", count, doubts=[1 - number / count for number in range(count)])
    keys = [("k", "x", *"123456789")[number % 11] for number in range(count)]
    with started(tmp_path, 0) as (child, address):
        page = opened(context, address)
        begun = time.monotonic()
        press(page, *keys[:50], "v", "u", "u", *keys[48:killed_at])
        child.send_signal(signal.SIGKILL)
        child.wait()
        press(page, *keys[killed_at:restarted_at])
        expect(page.locator("#saved")).to_contain_text("the program cannot be reached")
        waiting = page.evaluate("localStorage[Object.keys(localStorage).find(key => key.includes('unsaved'))]")
        page.close()
    stored = "".join(path.read_text() for path in tmp_path.glob("d.csv*"))
    unsaved = {step["sha256"] for step in json.loads(waiting)}
    for number in range(restarted_at):
        assert key(number) in unsaved or key(number) in stored, "what was shown as saved is on the disk"
    with started(tmp_path, int(re.findall(r":(\d+)/", address)[0])) as (child, address):
        page = opened(context, address)
        press(page, *keys[restarted_at:])
        expect(page.locator("#counts")).to_contain_text(f"{count} of {count} decided")
        expect(page.locator("#saved")).to_have_text("All saved")
        elapsed = time.monotonic() - begun
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=20) == 0
    reasons = {"x": "unsuitable"} | {str(number): reason for number, reason in enumerate(REASONS, start=1)}
    expected = [keep(n) if each == "k" else reject(n, reasons[each]) for n, each in enumerate(keys)]
    assert read_decisions(tmp_path / "d.csv") == {decision.sha256: decision for decision in expected}
    assert not (tmp_path / "d.csv.journal").exists()
    rate = 60 * count / elapsed
    print(f"{rate:.0f} decisions a minute, the kill and the restart included")
    assert rate >= 200
