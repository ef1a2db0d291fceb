"""Configuration in a browser: connections tested, mappings tried, cursors set."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import SplitResult, urlsplit

import httpx
from playwright.async_api import Page, expect

from syncline.postgres.database.database import Database
from syncline.postgres.limits.leases import Limits
from tests.support.browser import fit_for_everybody, new_stream, retype, serious
from tests.support.installation import Installation

WRONG = "wr0ng-canary-passw0rd"


async def fill_in(page: Page, url: SplitResult, password: str) -> None:
    """Fill the form of a new PostgreSQL profile."""
    await page.get_by_role("textbox", name="Name").fill("warehouse")
    await page.get_by_role("combobox", name="Connector").click()
    await page.get_by_role("option", name="PostgreSQL").click()
    fields = {"Host": url.hostname, "Port": str(url.port), "Database": url.path[1:]}
    for name, value in {**fields, "User": url.username, "Password": password}.items():
        await page.get_by_role("textbox", name=name, exact=name != "Password").fill(value or "")


async def read_help(page: Page, field: str) -> None:
    """Open the paragraph of the docs about a field, which everybody can read."""
    async with page.context.expect_page() as opened:
        await page.get_by_role("link", name=f"Help: {field}").click()
    docs = await opened.value
    await expect(docs.locator("tr:target")).to_contain_text(field.lower())
    assert await serious(docs) == []
    await docs.close()


async def test_wrong_password_names_login_before_anything_is_saved(
    page: Page, api: httpx.AsyncClient, place: Installation
) -> None:
    url = urlsplit(place.dsn)
    await page.goto("/connection-profiles")
    await page.get_by_role("button", name="New connection profile").first.click()
    await fill_in(page, url, WRONG)
    test = page.get_by_role("region", name="Connection test")
    await test.get_by_role("button", name="Test connection").click()
    login = test.get_by_role("listitem").filter(has_text="Login")
    await expect(login).to_have_attribute("data-ok", "false")
    assert (await api.get("/api/v1/connection-profiles/warehouse")).status_code == 404
    assert WRONG not in (await test.inner_text())
    await fit_for_everybody(page, "profile-wrong-password")
    await read_help(page, "Host")

    await page.get_by_role("textbox", name="Password").fill(url.password or "")
    await expect(test).to_contain_text("Changed since")
    await test.get_by_role("button", name="Test connection").click()
    await expect(test).to_contain_text("Passed")
    await page.get_by_role("button", name="Save").click()
    await expect(page).to_have_url(re.compile("/connection-profiles/warehouse$"))
    await page.reload()
    await expect(page.get_by_text("Stored. Type to replace it.")).to_be_visible()
    assert (url.password or "none") not in await page.content()
    await page.goto("/connection-profiles?q=wareh")
    row = page.get_by_role("row").filter(has_text="warehouse")
    await expect(row).to_contain_text("Passed")


async def wait_shown(page: Page, profile: str, run: str) -> None:
    """See on a profile's page that a run waits for the only call that there may be."""
    await page.goto(f"/connection-profiles/{profile}")
    shown = page.get_by_role("region", name="Calls now")
    await expect(shown).to_contain_text("0 of 1 in hand, 1 waiting")
    await expect(shown.get_by_role("row").nth(1)).to_contain_text("shares / item")
    await expect(shown.get_by_role("link")).to_have_attribute("href", f"/runs/{run}")


async def test_a_profile_shows_which_runs_wait_for_its_calls(
    page: Page, db: Database, place: Installation
) -> None:
    await new_stream(db, place, "shares", 3)
    await db.execute("update profiles set max_concurrent = 1 where name like 'shares-%'")
    sql = "select id from profiles where name like 'shares-%' order by name"
    limits = Limits(db)
    erp, shop = [limits.of(row["id"], "default", 1, None) for row in await db.fetch(sql)]
    renewal = asyncio.create_task(limits.renew())
    async with shop.call():
        async with erp.call():
            run = await place.trigger(instance="shares", entityType="item")
            await wait_shown(page, "shares-erp", run)
            await fit_for_everybody(page, "profile-calls")
        await wait_shown(page, "shares-shop", run)
    await place.ended(run)
    await expect(page.get_by_role("region", name="Calls now")).to_contain_text("No calls now")
    renewal.cancel()


async def test_mapping_error_jumps_to_its_line_and_a_dry_run_shows_three_forms(
    page: Page, db: Database, place: Installation
) -> None:
    await new_stream(db, place, "tuning", 3)
    await db.execute("update tuning_source set name = null where code = 'A2'")
    await page.goto("/mappings/tuning-items")
    editor = page.get_by_role("textbox", name="Mapping document")
    problems = page.get_by_role("region", name="Problems")
    await retype(page, "trim", "trimm")
    await editor.click(position={"x": 200, "y": 5})
    problem = problems.get_by_role("button", name="unknown transformer")
    await expect(problem).to_contain_text("did you mean `trim`")
    await problem.click()
    await expect(page.locator(".cm-activeLine")).to_contain_text("trimm")
    await fit_for_everybody(page, "mapping-problem")
    await page.keyboard.press("Control+z")
    await expect(problems).to_contain_text("None")

    await page.get_by_role("button", name="Dry run").click()
    first = page.get_by_role("article", name="Record A1")
    for form in ("Raw", "Canonical", "Payload"):
        await expect(first.get_by_role("region", name=form)).to_contain_text("A1")
    failed = page.get_by_role("article", name="Record A2")
    await failed.get_by_role("button", name="name is required and empty").click()
    await expect(page.locator(".cm-activeLine")).to_be_in_viewport()
    await fit_for_everybody(page, "mapping-dry-run")
    assert await db.fetchval("select count(*) from tuning_target") == 0


async def test_mapping_editor_shows_the_canonical_schema_and_holds_to_it(
    page: Page, api: httpx.AsyncClient, db: Database, place: Installation
) -> None:
    await new_stream(db, place, "canonical", 1)
    await page.goto("/mappings/canonical-items?tab=schema")
    table = page.get_by_role("table", name="Canonical schema item")
    sku = table.get_by_role("row").filter(has=page.get_by_text("sku", exact=True))
    await expect(sku).to_contain_text("required")
    await expect(sku).to_contain_text("ItemCode / OITM.ItemCode")
    await expect(page.get_by_text("Records are not held to it")).to_be_visible()
    await fit_for_everybody(page, "mapping-schema")
    text = (await api.get("/api/v1/mapping-configs/canonical-items")).json()["text"]
    named = text.replace('"normalization": {', '"normalization": {"schema": "item",', 1)
    await page.get_by_role("textbox", name="Mapping document").click()
    await page.keyboard.press("Control+a")
    await page.keyboard.insert_text(named.replace('"name"', '"nane"'))
    await expect(page.get_by_text("Records are held to the canonical schema")).to_be_visible()
    problem = page.get_by_role("region", name="Problems").get_by_role("button")
    await expect(problem.filter(has_text="is not in the schema `item`")).to_be_visible()


async def test_mapping_is_saved_as_a_version_and_rolled_back(
    page: Page, api: httpx.AsyncClient, db: Database, place: Installation
) -> None:
    await new_stream(db, place, "versioned", 1)
    await page.goto("/mappings/versioned-items?tab=versions")
    await retype(page, "trim", "upper")
    await page.get_by_role("button", name="Save as v2").click()
    await expect(page.get_by_role("button", name="Save as v3")).to_be_visible()
    await page.get_by_role("button", name="Difference of v1").click()
    await expect(page.get_by_role("region", name=re.compile("^Difference between"))).to_be_visible()
    await page.get_by_role("button", name="Make active… v1").click()
    await page.get_by_role("button", name="Make active", exact=True).click()
    await expect(page.get_by_text("v1 is active", exact=False).first).to_be_visible()
    found = (await api.get("/api/v1/mapping-configs/versioned-items")).json()["mapping"]
    assert (found["activeVersion"], found["versions"]) == (1, 2)
    await fit_for_everybody(page, "mapping-versions")


async def home_is_shown(page: Page, run: str) -> None:
    """See on an instance's page how its only run went, and what was changed."""
    stream = page.get_by_role("region", name="item", exact=True)
    bars = stream.get_by_role("list", name="Last runs of item, the oldest first")
    bar = bars.get_by_role("link", name=re.compile("^Partial Success .* 3 records, 1 failed$"))
    await expect(bar).to_have_attribute("href", f"/runs/{run}")
    await expect(stream).to_contain_text(re.compile("Last success *never"))
    await expect(stream).to_contain_text(re.compile("that is not synced.* ago: 1 dead letter"))
    failed = page.get_by_role("region", name="Dead letters")
    await expect(failed.get_by_role("link", name="name is required")).to_be_visible()
    await expect(page.get_by_role("region", name="Schedules")).to_contain_text("None: it runs")
    changes = page.get_by_role("region", name="Changes")
    await expect(changes).to_contain_text("Enabled: false → true")


async def cursor_is_set(page: Page, run: str) -> None:
    """Rewind the cursor that a run moved, with a reason."""
    await page.get_by_role("button", name="Cursor… of item").click()
    dialog = page.get_by_role("dialog", name="Cursor of bookmark, item")
    moved = dialog.get_by_role("row").filter(has_text="finalize")
    await expect(moved.get_by_role("link")).to_have_attribute("href", f"/runs/{run}")
    await dialog.get_by_role("textbox", name="Reason").fill("read January again")
    await dialog.get_by_role("textbox", name="Rewind to a value").fill("soon")
    await dialog.get_by_role("button", name="Rewind").click()
    await expect(dialog).to_contain_text("must be a time such as")
    await dialog.get_by_role("textbox", name="Rewind to a value").fill("2026-01-01T00:00:00")
    await dialog.get_by_role("button", name="Rewind").click()
    await expect(dialog.get_by_role("table")).to_contain_text("read January again")
    await fit_for_everybody(page, "instance-cursor")
    await page.keyboard.press("Escape")
    moved = page.get_by_role("table", name="What moved the cursor of item")
    await expect(moved).to_contain_text("anna: read January again")


async def test_an_instances_page_is_the_home_of_its_streams(
    page: Page, api: httpx.AsyncClient, db: Database, place: Installation
) -> None:
    await new_stream(db, place, "bookmark", 3)
    await db.execute("update bookmark_source set name = null where code = 'A2'")
    run = await place.run(instance="bookmark", entityType="item")
    await page.goto("/instances?q=bookmark")
    row = page.get_by_role("row").filter(has_text="bookmark")
    await expect(row).to_contain_text("Active")
    await row.get_by_role("switch").click(force=True)
    await expect(row).to_contain_text("Inactive")
    await row.get_by_role("link", name="bookmark", exact=True).click()
    await page.get_by_role("button", name="Activate").click()
    await expect(page.get_by_role("button", name="Deactivate")).to_be_visible()

    await home_is_shown(page, run.id)
    await fit_for_everybody(page, "instance-home")

    await cursor_is_set(page, run.id)
    cursor = (await api.get("/api/v1/cursors/bookmark/item")).json()
    assert (cursor["value"], cursor["actor"]) == ("2026-01-01T00:00:00", "anna")


async def test_a_template_fills_the_forms_of_what_it_needs(
    page: Page, api: httpx.AsyncClient
) -> None:
    await page.goto("/instances")
    await page.get_by_role("link", name="From a template").first.click()
    await page.get_by_role("combobox", name="Template").click()
    await page.get_by_role("option", name="Items of a CSV file to an HTTP API").click()
    needs = page.get_by_role("region", name="What it needs")
    await expect(needs.get_by_role("link", name="Create")).to_have_count(4)
    await fit_for_everybody(page, "from-template")

    await needs.get_by_role("link", name="Create api").click()
    await expect(page.get_by_role("textbox", name="Base URL")).to_have_value(
        "https://api.example.com/v1"
    )
    await page.go_back()
    await needs.get_by_role("link", name="Create csv-http", exact=True).click()
    await expect(page.get_by_role("textbox", name="Name")).to_have_value("csv-http")
    await page.go_back()
    await needs.get_by_role("link", name="Create csv-http-items").click()
    await page.get_by_role("button", name="Save").click()
    await expect(page).to_have_url(re.compile("/mappings/csv-http-items$"))
    assert (await api.get("/api/v1/mapping-configs/csv-http-items")).status_code == 200

    await page.goto("/new/from-template?template=csv-http")
    await expect(needs.get_by_text("is there")).to_have_count(1)
    await expect(needs.get_by_role("link", name="Create")).to_have_count(3)
