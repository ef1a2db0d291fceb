"""From an empty tenant to a first run, by clicks alone."""

from __future__ import annotations

import re
import time
from urllib.parse import urlsplit

import httpx
from playwright.async_api import Locator, Page, expect

from syncline.postgres.database.database import Database
from tests.support.access import add_user
from tests.support.browser import fit_for_everybody, session_cookie
from tests.support.installation import Installation

_COUNT_CLICKS = """addEventListener("click", (event) => {
  if (event.isTrusted) sessionStorage.clicks = Number(sessionStorage.clicks ?? 0) + 1;
}, true)"""


async def newcomer(page: Page, db: Database, place: Installation, url: str) -> None:
    """Sign in somebody of a tenant that has nothing; two tables wait to be synced."""
    await db.execute("insert into tenants (id) values ('newcomers')")
    await add_user(db, "nora", "user", ["newcomers"])
    await db.execute("update users set sees_payloads = true where name = 'nora'")
    await db.execute(
        "create table way_source as select 'W' || n as code, 'Item ' || n as name, n::text as price"
        " from generate_series(1, 3) n"
    )
    await db.execute("create table way_target (code text primary key, name text, price numeric)")
    await page.context.clear_cookies()
    await page.context.add_cookies([await session_cookie(place.dsn, url, "nora")])  # type: ignore[list-item]
    await page.add_init_script(_COUNT_CLICKS)


async def connect(page: Page, name: str, dsn: str) -> None:
    """Fill in and save a profile of the database with the tables."""
    url = urlsplit(dsn)
    await page.get_by_role("textbox", name="Name").fill(name)
    await page.get_by_role("combobox", name="Connector").click()
    await page.get_by_role("option", name="PostgreSQL").click()
    typed = (("Host", url.hostname), ("Port", str(url.port)), ("Database", url.path[1:]))
    for label, value in (*typed, ("User", url.username), ("Password", url.password)):
        await page.get_by_role("textbox", name=label, exact=label != "Password").fill(value or "")
    await page.get_by_role("button", name="Save").click()
    await expect(page).to_have_url(re.compile(f"/connection-profiles/{name}$"))


async def choose(within: Page | Locator, page: Page, choices: dict[str, str]) -> None:
    """Open each list and choose what begins so."""
    for label, choice in choices.items():
        await within.get_by_role("combobox", name=label, exact=True).click()
        await page.get_by_role("option", name=re.compile(rf"^(\w+\.)?{choice}\b")).click()


async def map_fields(page: Page) -> None:
    """Choose both systems, take the fields that are proposed, and save."""
    await page.get_by_role("textbox", name="Name").fill("items")
    table = page.get_by_role("region", name="Table", exact=True)
    await choose(table, page, {"Source": "erp", "Table": "way_source", "ID column": "code"})
    await choose(table, page, {"Target": "shop", "Target table": "way_target"})
    await table.get_by_role("button", name="Add 3 proposed fields").click()
    await choose(table, page, {"Match key": "code"})
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page).to_have_url(re.compile("/mappings/items$"))


async def test_a_newcomer_gets_from_nothing_to_a_first_run_by_clicks(
    page: Page, api: httpx.AsyncClient, db: Database, place: Installation
) -> None:
    began = time.monotonic()
    await newcomer(page, db, place, str(api.base_url))
    way = page.get_by_role("region", name="The way to a first run")
    await page.goto("/")
    await expect(way.get_by_role("listitem")).to_have_count(5)
    await fit_for_everybody(page, "first-steps")
    for end, name in (("source", "erp"), ("target", "shop")):
        await way.get_by_role("link", name=f"Connect a {end}").click()
        await connect(page, name, place.dsn)
    await way.get_by_role("link", name="Map fields").click()
    await map_fields(page)
    await way.get_by_role("link", name="Join them").click()
    await page.get_by_role("textbox", name="Name").fill("way")
    await choose(page, page, {"Source": "erp", "Target": "shop", "Mappings": "items"})
    await page.get_by_role("button", name="Save").click()
    await way.get_by_role("link", name="Try it").click()
    await page.get_by_role("button", name="Dry run…").click()
    await expect(page.get_by_role("article", name="Record W1")).to_contain_text("Item 1")
    await fit_for_everybody(page, "trigger-dry-run")
    await page.keyboard.press("Escape")
    await expect(way.get_by_role("img", name="Done")).to_have_count(4)
    await page.get_by_role("button", name="Trigger Sync").click()
    await expect(way).to_have_count(0)
    clicks = await page.evaluate("sessionStorage.clicks")
    print(f"to a first run: {time.monotonic() - began:.0f} s, {clicks} clicks")  # noqa: T201
    assert await db.fetchval("select price from way_target where code = 'W3'") == 3
