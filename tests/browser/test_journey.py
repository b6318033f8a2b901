"""A new person's way through the page, in a real browser, at desktop and phone size."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect, sync_playwright

from tests.browser.journey import ARTIFACTS, STEPS, Journey

CHROMIUM = Path("/usr/bin/chromium")
SIZES: dict[str, ViewportSize] = {
    "desktop": {"width": 1360, "height": 900},
    "phone": {"width": 390, "height": 844},
}
JOURNEY_SECONDS = 60

_SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=30_000)  # what is waited for comes by way of two topics
    with sync_playwright() as playwright:
        path = CHROMIUM if CHROMIUM.exists() else None
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=list(SIZES))
def size(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def page(browser: Browser, demo_url: str, size: str) -> Iterator[Page]:
    """A page of somebody who was never here, which must not complain or ask anybody else."""
    context = browser.new_context(
        viewport=SIZES[size],
        has_touch=size == "phone",
        color_scheme="dark" if size == "phone" else "light",
        base_url=demo_url,
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on(
        "request",
        lambda r: None if r.url.startswith(demo_url) else complaints.append(f"asked {r.url}"),
    )
    page.add_init_script(_SHIFTS)
    yield page
    context.close()
    assert complaints == []


def test_a_new_person_gets_a_list_that_fits(page: Page, size: str) -> None:
    journey = Journey(page, size)
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Rate a few films")
    journey.step("the page is there")

    page.get_by_role("button", name="I’m new").click()
    expect(cards(page).first).to_be_visible()
    expect(page.locator("#rated-hint")).to_contain_text("None yet")
    journey.step("I'm new: popular films")

    before = movies(page)
    for number, (query, title) in enumerate(
        [
            ("alien", "Alien"),
            ("blade run", "Blade Runner"),
            ("termin", "The Terminator"),
            ("matr", "The Matrix"),
            ("star wars", "Star Wars"),
        ],
        start=1,
    ):
        page.get_by_role("searchbox").fill(query)
        row = page.locator("#found .row", has_text=title).first
        expect(row).to_be_visible()
        give(row, 5)
        expect(page.locator("#rated-count")).to_have_text(str(number))
    journey.step("five ratings, found as I typed")

    page.wait_for_function(
        "before => JSON.stringify([...document.querySelectorAll('.card')]"
        ".map(c => c.dataset.movie)) !== before",
        arg=json.dumps(before),
    )
    expect(page.locator(".because", has_text="Because you rated").first).to_be_visible()
    page.wait_for_function(  # popularity fills much of a list after five ratings
        "() => [...document.querySelectorAll('.card')]"
        ".filter(card => /Sci-Fi|Action/.test(card.textContent)).length >= 4"
    )
    journey.step("a list that fits, with reasons")
    assert journey.seconds < JOURNEY_SECONDS  # what the page promises: under a minute


def test_a_rating_moves_the_list_without_asking_for_it(page: Page, size: str) -> None:
    become_new(page)
    rate_first(page)
    page.wait_for_timeout(1500)
    page.evaluate("window.news = 0")
    user = page.evaluate("localStorage.getItem('recsys-user')")
    page.evaluate(
        "user => { new EventSource(`/users/${user}/events`)"
        ".addEventListener('recommendations', () => { window.news += 1; }); }",
        user,
    )
    page.wait_for_timeout(500)
    movie = int(cards(page).nth(1).get_attribute("data-movie") or 0)
    sent = page.request.post(
        "/send_rating", data={"userId": int(user), "movieId": movie, "rating": 0.5}
    )
    assert sent.status == 202  # by another program: only an event can tell the page
    began = time.monotonic()
    page.wait_for_function("() => window.news > 0", timeout=60_000)
    expect(page.locator(f"#cards [data-movie='{movie}']")).to_have_count(0)
    took = time.monotonic() - began
    STEPS.append(f"{size}: a rating from elsewhere moved the list: {took:.2f} s")


def test_what_is_rated_can_be_undone(page: Page, size: str) -> None:
    become_new(page)
    rate_first(page)
    page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(page.locator("#rated .row")).to_have_count(0)
    expect(page.locator("#rated-hint")).to_contain_text("None yet")


def test_what_is_hidden_stays_so_until_it_is_shown_again(page: Page, size: str) -> None:
    become_new(page)
    title = cards(page).nth(2).locator("h2").inner_text()
    page.get_by_role("button", name=f"Not interested in {title}", exact=True).click()
    gone = page.locator(".card h2").get_by_text(title, exact=True)
    expect(gone).to_have_count(0)
    page.reload()
    expect(cards(page).first).to_be_visible()
    expect(gone).to_have_count(0)  # it is kept
    page.locator("#hidden-films summary").click()
    page.get_by_role("button", name=f"Show {title} again").click()
    expect(gone).to_have_count(1)


def test_the_keyboard_alone_rates_a_film(page: Page, size: str) -> None:
    become_new(page)
    page.get_by_role("searchbox").fill("casablanca")
    expect(page.locator("#found .row")).to_have_count(1)  # not among the popular ones any more
    slider = page.get_by_role("slider", name="Your stars for Casablanca").first
    expect(slider).to_be_visible()
    slider.focus()
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_contain_text("Casablanca: 4.5 stars")
    expect(page.locator("#rated .row", has_text="Casablanca")).to_have_count(1)


def test_filters_and_more_like_this(page: Page, size: str) -> None:
    become_new(page)
    expect(page.locator("#genre option")).not_to_have_count(1)
    page.get_by_label("Genre").select_option("Horror")
    page.get_by_label("From year").fill("1970")
    page.get_by_label("To year").fill("1989")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.card')].length > 0 && "
        "[...document.querySelectorAll('.card')].every(c => c.textContent.includes('Horror') && "
        "/19[78]\\d/.test(c.querySelector('.year').textContent))"
    )
    page.get_by_label("To year").fill("1970")
    expect(page.locator("#cards-empty")).to_contain_text("No film fits")
    page.get_by_role("button", name="Clear").click()
    expect(cards(page).first).to_be_visible()
    cards(page).first.get_by_role("button", name="More like").click()
    expect(page.locator("#similar .row").first).to_be_visible()
    page.screenshot(path=ARTIFACTS / f"{size}-similar.png")
    page.keyboard.press("Escape")
    expect(page.locator("#similar")).not_to_be_visible()


def test_how_it_works_shows_what_is_measured(page: Page, size: str) -> None:
    page.goto("/#works")
    expect(page.locator(".station")).to_have_count(6)
    expect(page.locator(".station", has_text="HDFS")).to_contain_text("files")
    expect(page.locator("#runs tbody tr", has_text="ready").first).to_be_visible()
    expect(page.locator(".chart svg").first).to_be_visible(timeout=60_000)
    page.screenshot(path=ARTIFACTS / f"{size}-works.png", full_page=True)


def test_a_server_that_is_down_is_named(browser: Browser, demo_url: str) -> None:
    context = browser.new_context(base_url=demo_url)
    page = context.new_page()
    become_new(page)
    refusal = json.dumps({"status": 503, "detail": "Kafka is not available."})
    page.route("**/send_rating", lambda route: route.fulfill(status=503, body=refusal))
    down = json.dumps({"status": "not ready", "down": ["kafka"]})
    page.route("**/readyz", lambda route: route.fulfill(status=503, body=down))
    give(page.locator("#found .row").first, 4)
    expect(page.locator("#toast")).to_contain_text("was not saved")
    expect(page.locator("#trouble")).to_contain_text("Kafka")
    expect(page.locator("#rated .row")).to_have_count(0)
    page.unroute("**/send_rating")
    page.unroute("**/readyz")
    expect(page.locator("#trouble")).not_to_be_visible(timeout=60_000)  # it recovers by itself
    context.close()


def test_axe_finds_nothing(page: Page, size: str) -> None:
    page.goto("/")
    expect(page.get_by_role("button", name="I’m new")).to_be_visible()
    assert_accessible(page)
    become_new(page)
    rate_first(page)
    page.wait_for_timeout(1000)  # the cards come to rest
    assert_accessible(page)
    cards(page).first.get_by_role("button", name="More like").click()
    expect(page.locator("#similar .row").first).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    page.goto("/#works")
    expect(page.locator("#runs tbody tr").first).to_be_visible()
    assert_accessible(page)
    if size == "phone":
        return  # the pages about the API are the same, and so long that axe takes its time
    page.goto("/docs")
    expect(page.locator(".route").first).to_be_visible()
    assert_accessible(page)


def test_nothing_jumps_while_the_page_loads(page: Page, size: str) -> None:
    become_new(page)
    rate_first(page)
    page.reload()
    expect(cards(page).first).to_be_visible()
    page.wait_for_timeout(1000)
    interactive = page.evaluate("performance.getEntriesByName('interactive')[0].startTime")
    STEPS.append(f"{size}: interactive after {interactive:.0f} ms")
    assert page.evaluate("window.shifts") < 0.02


def become_new(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="I’m new").click()
    expect(cards(page).first).to_be_visible()
    expect(page.locator("#found .row").first).to_be_visible()


def rate_first(page: Page) -> None:
    give(page.locator("#found .row").first, 5)
    expect(page.locator("#rated .row")).to_have_count(1)


def give(row: Locator, stars: float) -> None:
    """Clicks or touches the right half of the star."""
    stars_of_row = row.locator(".stars")
    # The list of films may be drawn anew at any moment; between two drawings there is no box.
    while not (box := stars_of_row.bounding_box()):
        row.page.wait_for_timeout(50)
    place: Any = {"x": box["width"] * (stars / 5 - 0.04), "y": box["height"] / 2}
    row.get_by_role("slider").click(position=place)


def cards(page: Page) -> Locator:
    return page.locator(".card")


def movies(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('.card')].map(c => c.dataset.movie)"
    )
    return found


def assert_accessible(page: Page) -> None:
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text()
    page.evaluate(axe)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", tags)
    assert [
        (each["id"], [node["html"][:200] for node in each["nodes"]], each["help"])
        for each in found["violations"]
    ] == []
