"""Lists as people want them: sorted, their columns where and as wide as they like, kept by name."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.browser import fit_for_everybody, sign_in
from tests.support.configured import configure
from tests.support.full_lists import LETTERS, RUNS
from tests.support.gateway import Gateway

LONG = "W" + "w" * 99


@pytest.fixture
async def lists(installed: Gateway, tab: Page) -> Page:
    """A tab of somebody who has runs of a long name, and dead letters."""
    await configure(installed.database, instance=LONG)
    await installed.database.execute(RUNS, 120)
    await installed.database.execute(LETTERS, 40)
    await sign_in(installed, tab)
    return tab


def header(tab: Page, name: str) -> Locator:
    return tab.get_by_role("columnheader", name=name, exact=True)


async def headers(tab: Page) -> list[str]:
    return await tab.get_by_role("columnheader").all_inner_texts()


async def failed(tab: Page) -> list[int]:
    """Return the failed records of the runs on screen."""
    names = await headers(tab)
    cells = tab.locator(f"tbody tr td:nth-child({names.index('Failed') + 1})")
    return [int(text) for text in await cells.all_inner_texts()]


async def test_a_list_is_sorted_by_mouse_and_keyboard(lists: Page) -> None:
    tab = lists
    await tab.goto("/runs")
    await header(tab, "Failed").get_by_role("button").click()
    await expect(header(tab, "Failed")).to_have_attribute("aria-sort", "descending")
    await expect(tab).to_have_url(re.compile(r"\?sort=-failed$"))
    first = await failed(tab)
    assert first == sorted(first, reverse=True)
    assert first[0] == 4
    await tab.get_by_role("button", name="Next").click()
    await expect(tab).to_have_url(re.compile("cursor="))
    await expect(tab.locator("[data-fetching=true]")).to_have_count(0)
    following = await failed(tab)
    assert first[-1] >= following[0]
    assert following == sorted(following, reverse=True)
    await header(tab, "Failed").get_by_role("button").focus()
    await tab.keyboard.press("Enter")
    await expect(header(tab, "Failed")).to_have_attribute("aria-sort", "ascending")
    await expect(tab).not_to_have_url(re.compile("cursor="))
    await it_is_exported_so(tab)
    await fit_for_everybody(tab, "list-sorted")
    await tab.goto("/runs?sort=nonsense")
    await expect(header(tab, "Failed")).to_be_visible()
    await expect(tab.get_by_role("alert")).to_have_count(0)


async def it_is_exported_so(tab: Page) -> None:
    await tab.get_by_role("button", name="Export").click()
    file = tab.get_by_role("menuitem", name="CSV")
    await expect(file).to_have_attribute("href", re.compile("sort=failed"))
    await tab.keyboard.press("Escape")


async def test_columns_are_moved_and_sized_and_stay_so(lists: Page) -> None:
    tab = lists
    await tab.goto("/runs")
    await expect(header(tab, "Total")).to_be_visible()
    names = await headers(tab)
    await drag(tab, header(tab, "Total"), header(tab, "State"))
    assert await headers(tab) == ["Total", *(name for name in names if name != "Total")]
    await expect(tab).to_have_url(re.compile("/runs$"))
    await widen(tab, header(tab, "Instance"), 60)
    wide = await width(header(tab, "Instance"))
    await tab.reload()
    await expect(header(tab, "Total")).to_be_visible()
    assert (await headers(tab))[0] == "Total"
    assert abs(await width(header(tab, "Instance")) - wide) <= 1
    await it_is_done_by_keyboard(tab, names)


async def it_is_done_by_keyboard(tab: Page, names: list[str]) -> None:
    before = await width(header(tab, "Instance"))
    menu = tab.get_by_role("button", name="Choose columns")
    await menu.focus()
    await tab.keyboard.press("Enter")
    await tab.get_by_role("button", name="Move Total to the right").focus()
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("columnheader").first).to_have_text("State")
    await tab.get_by_role("button", name="Make Instance narrower").focus()
    await tab.keyboard.press("Enter")
    assert await width(header(tab, "Instance")) < before
    await fit_for_everybody(tab, "list-columns")
    await tab.get_by_role("button", name="Reset columns").click()
    await expect(tab.get_by_role("columnheader").first).to_have_text("State")
    await tab.keyboard.press("Escape")
    await expect(menu).to_be_focused()
    assert await headers(tab) == names


async def test_long_names_are_cut_and_leave_room_for_counters(lists: Page) -> None:
    tab = lists
    for path, counter in (("/runs", "Failed"), ("/instances", "Dead letters")):
        await tab.goto(path)
        await expect(header(tab, counter)).to_be_in_viewport(ratio=1)
    cell = tab.locator("td[data-label=Name]").first
    await cell.hover()
    await expect(cell).to_have_attribute("title", LONG)


async def test_a_view_is_saved_shared_renamed_first_and_deleted(lists: Page) -> None:
    tab = lists
    await tab.goto("/dlq?view=entries")
    await header(tab, "Retries").get_by_role("button").click()
    await expect(header(tab, "Retries")).to_have_attribute("aria-sort", "descending")
    await tab.get_by_role("button", name="Views", exact=True).click()
    await expect(tab.get_by_text("No saved views yet.")).to_be_visible()
    await tab.get_by_role("textbox", name="Save this list as").fill("Often tried")
    await tab.get_by_role("button", name="Save", exact=True).click()
    await fit_for_everybody(tab, "list-views")
    await tab.keyboard.press("Escape")
    button = tab.get_by_role("button", name="Often tried", exact=True)
    await expect(button).to_be_visible()
    shared = tab.url
    await it_is_the_first(tab)
    await tab.evaluate("localStorage.clear()")
    await tab.goto(shared)
    await expect(header(tab, "Retries")).to_have_attribute("aria-sort", "descending")


async def it_is_the_first(tab: Page) -> None:
    await tab.get_by_role("button", name="Often tried", exact=True).click()
    saved = tab.get_by_role("list", name="Saved views")
    await saved.get_by_role("button", name="Rename Often tried").click()
    await saved.get_by_role("textbox").fill("Stubborn")
    await saved.get_by_role("button", name="Rename").click()
    await saved.get_by_role("button", name="Open the list with Stubborn").click()
    await tab.goto("/dlq")
    await expect(header(tab, "Retries")).to_have_attribute("aria-sort", "descending")
    await tab.get_by_role("button", name="Stubborn", exact=True).click()
    await tab.get_by_role("button", name="Show everything").click()
    await expect(tab).to_have_url(re.compile("/dlq$"))
    await tab.get_by_role("button", name="Views", exact=True).click()
    await saved.get_by_role("button", name="Delete Stubborn").click()
    await expect(saved.get_by_role("button")).to_have_count(0)
    await tab.get_by_role("button", name="Undo").click()
    await tab.get_by_role("button", name="Views", exact=True).click()
    await expect(saved.get_by_role("button", name="Stubborn", exact=True)).to_be_visible()


async def width(cell: Locator) -> float:
    box = await cell.bounding_box()
    assert box is not None
    return box["width"]


async def drag(tab: Page, what: Locator, to: Locator) -> None:
    start, end = await what.bounding_box(), await to.bounding_box()
    assert start is not None
    assert end is not None
    await tab.mouse.move(start["x"] + start["width"] / 2, start["y"] + 10)
    await tab.mouse.down()
    await tab.mouse.move(end["x"] + end["width"] / 2, end["y"] + 10, steps=8)
    await tab.mouse.up()


async def widen(tab: Page, column: Locator, by: int) -> None:
    box = await column.bounding_box()
    assert box is not None
    edge = box["x"] + box["width"] - 3
    await tab.mouse.move(edge, box["y"] + 10)
    await tab.mouse.down()
    await tab.mouse.move(edge + by, box["y"] + 10, steps=6)
    await tab.mouse.up()
