"""On a phone everything is reached, and no page scrolls sideways, however long its names."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from playwright.async_api import Page, expect

from tests.support.access import add_user
from tests.support.browser import session_cookie, shot
from tests.support.gateway import Gateway
from tests.support.other_tenant import TENANT, everything

PHONE = {"width": 390, "height": 844}
LONG = "W" + "w" * 99
SOURCE_ID = f"<b>{'ש' * 20}</b>{'日本' * 20}😀{'A' * 40}"
_RENAME = """
update {table} set name = $1 where tenant = $2 and name = (select max(name) from {table}
  where tenant = $2)
"""
_LONG_TEXTS = (
    ("update runs set actor = $1, notices = '{}'", LONG),
    ("update dead_letters set source_id = $1, error = repeat('no_spaces_', 500)", SOURCE_ID),
    ("update batches set source_ids = array[$1]", SOURCE_ID),
    ("update audit_log set actor = $1", LONG),
    ("update cursors set actor = $1, value = $1, reason = $1", LONG),
)
# Code and what is typed may be longer than the screen: those scroll in themselves.
WIDER = """
() => {
  const scrolls = (one) => ["auto", "scroll"].includes(getComputedStyle(one).overflowX);
  const out = (one, edge) => one.getBoundingClientRect().right > edge + 1;
  return [...document.querySelectorAll("html, header, #content, #content *")]
    .filter((one) => one.scrollWidth > one.clientWidth + 1)
    .filter((one) => one.matches("html, header, #content") || scrolls(one))
    .filter((one) => !one.closest("pre, textarea, .cm-editor"))
    .map((one) => {
      const edge = one.getBoundingClientRect().right;
      const wide = [...one.querySelectorAll("*")].filter((each) => out(each, edge));
      const isOutside = (each) => wide.some((other) => other !== each && each.contains(other));
      const names = wide.filter((each) => !isOutside(each))
        .map((each) => `${each.tagName}.${each.className} ${each.textContent.slice(0, 40)}`);
      return `${one.tagName} is ${one.scrollWidth} wide: ${names.slice(0, 4).join(" | ")}`;
    });
}
"""


async def long_names(place: Gateway) -> dict[str, str]:
    """Make a tenant with one of everything, with names as long as they may be; return addresses."""
    made = await everything(place.database)
    for table in ("profiles", "mappings", "instances", "schedules", "hooks"):
        await place.database.execute(_RENAME.format(table=table), LONG, TENANT)
    await add_user(place.database, "anna", "platform_admin", [TENANT])
    for sql, value in _LONG_TEXTS:
        await place.database.execute(sql, value)
    run, dead_letter, operation = made["runs"][0], made["dlq"][0], made["operations"][0]
    listed = [
        "/", "/trigger", "/runs", "/records", "/dlq", "/dlq?view=entries", "/instances",
        "/connection-profiles", "/mappings", "/schedules", "/hooks", "/monitor", "/notifications",
        "/api-keys", "/audit-log", "/new/instance", "/new/mapping", "/new/connection-profile",
        "/new/from-template", "/operations",
    ]  # fmt: skip
    details = {
        "run": f"/runs/{run}", "run-records": f"/runs/{run}?tab=records", "run-failures":
        f"/runs/{run}?tab=failures", "record": f"/records/{quote(SOURCE_ID, safe='')}",
        "dead-letter": f"/dlq/{dead_letter}", "operation": f"/operations/{operation}",
        "instance": f"/instances/{LONG}", "profile": f"/connection-profiles/{LONG}",
        "mapping": f"/mappings/{LONG}", "mapping-versions": f"/mappings/{LONG}?tab=versions",
        "schedule": f"/schedules?open={LONG}", "hook": f"/hooks?open={LONG}",
        "webhook": f"/notifications/webhooks/{made['webhooks'][0]}",
        "trigger-form": f"/trigger?instance={LONG}&entity=item",
    }  # fmt: skip
    return {path.strip("/").replace("/", "-") or "dashboard": path for path in listed} | details


@pytest.mark.timeout(300)
async def test_no_page_scrolls_sideways_on_a_phone(
    installed: Gateway, postgres: str, tab: Page
) -> None:
    pages = await long_names(installed)
    await tab.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await tab.goto("/login")
    cookie = await session_cookie(postgres, tab.url.removesuffix("/login"))
    await tab.context.add_cookies([cookie])  # type: ignore[list-item]
    found = {}
    for name, path in pages.items():
        await tab.goto(path)
        await expect(tab.locator("main h1, main [role=alert]").first).to_be_visible()
        await expect(tab.get_by_role("status", name="Loading")).to_have_count(0)
        await shot(tab, f"phone-{name}")
        if wider := await tab.evaluate(WIDER):
            found[name] = wider
    assert found == {}

    await tab.get_by_role("button", name="Open the menu").click()
    await tab.get_by_role("dialog").get_by_role("link", name="Runs").click()
    await expect(tab.get_by_role("heading", name="Runs", level=1)).to_be_visible()
    await expect(tab.get_by_role("dialog")).to_have_count(0)
    await tab.get_by_role("button", name="Search a correlation").click()
    await expect(tab.get_by_role("textbox", name="Search", exact=True)).to_be_visible()
    await tab.keyboard.press("Escape")
    await tab.get_by_role("button", name="Signed in as anna").click()
    await tab.get_by_role("menuitem", name="Sign out").click()
    await expect(tab).to_have_url(re.compile("/login"))
