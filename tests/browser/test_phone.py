"""No page is too wide for its screen, however long its names, and a phone reaches everything."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.access import add_user
from tests.support.browser import session_cookie
from tests.support.gateway import Gateway
from tests.support.other_tenant import TENANT, everything

LONG = "W" + "w" * 99
SOURCE_ID = f"<b>{'ש' * 20}</b>{'日本' * 20}😀{'A' * 40}"
LISTS = [
    "/", "/trigger", "/runs", "/records", "/dlq", "/dlq?view=entries", "/instances", "/operations",
    "/connection-profiles", "/mappings", "/schedules", "/hooks", "/monitor", "/notifications",
    "/api-keys", "/users", "/tenants", "/audit-log", "/new/instance", "/new/mapping",
    "/new/connection-profile", "/new/from-template",
]  # fmt: skip
_RENAME = """
update {table} set name = $1 where tenant = $2 and name = (select max(name) from {table}
  where tenant = $2)
"""
_LONG_TEXTS = (
    ("update runs set actor = $1", LONG),
    ("update dead_letters set source_id = $1, error = repeat('no_spaces_', 500)", SOURCE_ID),
    ("update batches set source_ids = array[$1]", SOURCE_ID),
    ("update audit_log set actor = $1", LONG),
    ("update cursors set actor = $1, value = $1, reason = $1", LONG),
)
_GO = """
(path) => {
  history.pushState(null, "", path);
  dispatchEvent(new PopStateEvent("popstate"));
}
"""
# Code, and what is typed, may be wider than the screen: those scroll in themselves.
_TOO_WIDE = """
() => {
  const scrolls = (one) => ["auto", "scroll"].includes(getComputedStyle(one).overflowX);
  const right = (one) => one.getBoundingClientRect().right;
  return [...document.querySelectorAll("html, header, main, main *, [role=dialog] *")]
    .filter((one) => one.scrollWidth > one.clientWidth + 1)
    .filter((one) => one.matches("html, header, main") || scrolls(one))
    .filter((one) => !one.closest("pre, textarea, .cm-editor"))
    .map((one) => {
      const outside = [...one.querySelectorAll("*")].filter((each) => right(each) > right(one) + 1);
      const what = outside.slice(-3).map((each) => each.outerHTML.slice(0, 90)).join(" | ");
      return `${one.tagName} is ${one.scrollWidth} wide: ${what}`;
    });
}
"""
# The word of a button that has too little room ends in an ellipsis, or not at all.
_CUT = """
(button) => [...button.querySelectorAll("*")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth)
  .map((one) => one.className).join()
"""


async def with_long_names(place: Gateway) -> dict[str, str]:
    """Make a tenant with one of everything, its names as long as they may be.

    Returns: by the address of each page, what stands there when it is loaded.
    """
    made = await everything(place.database)
    for table in ("profiles", "mappings", "instances", "schedules", "hooks"):
        await place.database.execute(_RENAME.format(table=table), LONG, TENANT)
    for sql, value in _LONG_TEXTS:
        await place.database.execute(sql, value)
    run, dead_letter = f"/runs/{made['runs'][0]}", f"/dlq/{made['dlq'][0]}"
    named = [
        run, f"{run}?tab=records", f"{run}?tab=failures", f"/instances/{LONG}",
        f"/connection-profiles/{LONG}", f"/mappings/{LONG}", f"/mappings/{LONG}?tab=versions",
        f"/schedules?open={LONG}", f"/hooks?open={LONG}",
    ]  # fmt: skip
    return dict.fromkeys(LISTS, "") | dict.fromkeys(named, LONG) | {
        f"/trigger?instance={LONG}&entity=item": "Last run",
        f"/records/{quote(SOURCE_ID, safe='')}": "No run knows this record",
        dead_letter: "no_spaces_",
        f"/operations/{made['operations'][0]}": "Discard of",
        f"/notifications/webhooks/{made['webhooks'][0]}": "north webhook",
    }  # fmt: skip


async def pages_too_wide(tab: Page, pages: dict[str, str]) -> dict[str, list[str]]:
    """Open pages one after the other; return what of them is wider than the screen."""
    found = {}
    for path, text in pages.items():
        await tab.evaluate(_GO, path)
        shown = tab.locator("main, [role=dialog]").get_by_text(text).filter(visible=True)
        await expect(shown.first).to_be_visible()
        await expect(tab.locator("main h1, main [role=alert]").first).to_be_visible()
        await expect(tab.get_by_role("status", name="Loading")).to_have_count(0)
        await expect(tab.get_by_text("Not found", exact=True)).to_have_count(0)
        if wide := await tab.evaluate(_TOO_WIDE):
            found[path] = wide
    return found


async def shows_counters(tab: Page) -> None:
    """Look at the runs on a small desk: names leave room for what went wrong."""
    await tab.set_viewport_size({"width": 1280, "height": 900})
    await tab.evaluate(_GO, "/runs")
    await expect(tab.get_by_role("columnheader", name="Failed")).to_be_in_viewport(ratio=1)
    await tab.set_viewport_size({"width": 390, "height": 844})


async def signed_in(tab: Page, dsn: str) -> None:
    """Sign bob in, on a phone."""
    await tab.set_viewport_size({"width": 390, "height": 844})
    await tab.goto("/login")
    cookie = await session_cookie(dsn, tab.url.removesuffix("/login"), "bob")
    await tab.context.add_cookies([cookie])  # type: ignore[list-item]


async def open_menu(tab: Page) -> Locator:
    await tab.get_by_role("button", name="Open the menu").click()
    return tab.get_by_role("dialog", name="Menu")


@pytest.mark.timeout(300)
async def test_a_phone_reaches_everything_and_scrolls_no_page_sideways(
    installed: Gateway, postgres: str, tab: Page
) -> None:
    pages = await with_long_names(installed)
    await add_user(installed.database, "bob", "platform_admin", [TENANT])
    await signed_in(tab, postgres)
    await tab.goto("/")
    menu = await open_menu(tab)
    await menu.get_by_role("button", name="Tenant default: switch").click()
    await tab.get_by_role("menuitem", name=TENANT).click()
    await expect(menu).to_have_count(0)
    menu = await open_menu(tab)
    await expect(menu.get_by_role("button", name=f"Tenant {TENANT}: switch")).to_be_visible()
    await menu.get_by_role("link", name="Runs").click()
    await expect(tab.get_by_role("heading", name="Runs", level=1)).to_be_visible()
    await expect(menu).to_have_count(0)

    assert await pages_too_wide(tab, pages) == {}
    await shows_counters(tab)
    await tab.get_by_role("button", name="Search an ID").click()
    await expect(tab.get_by_role("textbox", name="Search", exact=True)).to_be_visible()
    await tab.keyboard.press("Escape")
    await tab.get_by_role("button", name="Signed in as bob").click()
    await tab.get_by_role("menuitem", name="Sign out").click()
    await expect(tab).to_have_url(re.compile("/login"))


_UNDER_WAY = """
update operations set state = 'running', total = 15770, started_at = now(),
  selection = 'all pending entries: instance erp-refused, error with "price", entity type item'
"""


async def test_a_phone_shows_the_whole_button_that_aborts_an_operation(
    installed: Gateway, postgres: str, tab: Page
) -> None:
    await everything(installed.database)
    await installed.database.execute(_UNDER_WAY)
    await add_user(installed.database, "bob", "user", [TENANT])
    await signed_in(tab, postgres)
    await tab.goto("/dlq")
    running = tab.get_by_role("region", name="Running operations")
    abort = running.get_by_role("button", name="Abort")
    await expect(abort).to_be_visible()
    assert await abort.evaluate(_CUT) == ""
    assert await pages_too_wide(tab, {"/dlq": "Discard of 15,770"}) == {}
