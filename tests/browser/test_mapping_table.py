"""A mapping as a table in a browser, by clicks alone, beside its JSON."""

from __future__ import annotations

import json
import re

import httpx
from playwright.async_api import Locator, Page, expect

from syncline.postgres.database.database import Database
from tests.support.browser import fit_for_everybody, new_stream, retype
from tests.support.installation import Installation


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("table", name="Fields").locator(f"tr[data-row='{name}']")


async def document(page: Page) -> dict[str, dict[str, list[dict[str, str]]]]:
    """Return what the JSON beside the table says."""
    lines = await page.locator(".cm-line").all_inner_texts()
    found: dict[str, dict[str, list[dict[str, str]]]] = json.loads("\n".join(lines))
    return found


async def move_and_break(page: Page, table: Locator) -> None:
    """Move rows by key and by pointer; a mistake in the JSON marks its row until it is undone."""
    grip = table.get_by_role("button", name="Move title: arrow keys, or drag")
    await grip.focus()
    await page.keyboard.press("ArrowUp")
    await expect(table.locator("tr[data-row]").first).to_have_attribute("data-row", "title")
    await expect(grip).to_be_focused()
    await row(page, "price").get_by_role("button", name="Move price:").drag_to(row(page, "title"))
    await expect(table.locator("tr[data-row]").first).to_have_attribute("data-row", "price")
    await retype(page, "upper", "uppper")
    await expect(row(page, "title")).to_have_attribute("data-fault", "error")
    await expect(row(page, "title")).not_to_contain_text("ITEM 1")
    await page.keyboard.press("Control+z")
    await expect(row(page, "title")).not_to_have_attribute("data-fault", "error")


async def test_mapping_is_written_as_a_table_and_the_json_follows(
    page: Page, api: httpx.AsyncClient, db: Database, place: Installation
) -> None:
    await new_stream(db, place, "tabled", 3)
    await page.goto("/mappings/tabled-items")
    table = page.get_by_role("region", name="Table", exact=True)
    await expect(table).to_contain_text(re.compile(r"\d columns"))
    await expect(row(page, "title")).to_contain_text("text")
    await table.get_by_role("button", name="Show a record's values").click()
    await expect(table).to_contain_text("Record A1 (1 of 3) passes")
    await expect(row(page, "code")).to_contain_text("A1")

    await table.get_by_role("button", name="Edit title").click()
    await page.get_by_role("combobox", name="Transformers before it is sent").click()
    await page.get_by_role("option", name="upper Capital letters.").click()
    await expect(row(page, "title")).to_contain_text("upper")
    await expect(page.get_by_role("button", name="Remove upper")).to_be_visible()
    assert (await document(page))["transformation"]["fields"][1]["transform"] == "upper"
    await page.get_by_role("button", name="Close title").click()
    await fit_for_everybody(page, "mapping-table")
    await move_and_break(page, table)


async def choose_systems(page: Page, table: Locator) -> None:
    """Choose what is read and written in the lists of what the systems have."""
    choices: dict[str, str | re.Pattern[str]] = {
        "Source": "clicked-erp",
        "Table": re.compile(r"\bclicked_source"),
        "ID column": re.compile("^code"),
        "Cursor column": re.compile("^changed"),
        "Target": "clicked-shop",
        "Target table": re.compile(r"\bclicked_target"),
    }
    for label, choice in choices.items():
        field = table.get_by_role("combobox", name=label, exact=True)
        await field.click()
        if label in ("Source", "Target"):
            await page.keyboard.type("clicked")
        await page.get_by_role("option", name=choice).click()


async def save_and_activate(page: Page, table: Locator) -> None:
    """Save a version with a row less, and make it active in a second step."""
    await table.get_by_role("button", name="Remove price").click()
    await page.get_by_role("button", name="Save only").click()
    await expect(page.get_by_text("v2 is saved; v1 stays active")).to_be_visible()
    await page.get_by_role("tab", name="Versions (2)").click()
    await page.get_by_role("button", name="Make active… v2").click()
    await expect(page.get_by_text("No raw record of this mapping is stored")).to_be_visible()
    await fit_for_everybody(page, "mapping-activation")
    await page.get_by_role("button", name="Make active", exact=True).click()
    await expect(page.get_by_text("v2 is active", exact=False).first).to_be_visible()


async def test_new_mapping_is_made_by_clicks_alone(
    page: Page, api: httpx.AsyncClient, db: Database, place: Installation
) -> None:
    await new_stream(db, place, "clicked", 2)
    await db.execute("alter table clicked_target rename title to name")
    await page.goto("/new/mapping")
    await page.get_by_role("textbox", name="Name").fill("by-clicks")
    table = page.get_by_role("region", name="Table", exact=True)
    await choose_systems(page, table)
    await table.get_by_role("button", name="Add 3 proposed fields").click()
    await expect(table.locator("tr[data-row]")).to_have_count(3)
    await table.get_by_role("combobox", name="Match key").click()
    await page.get_by_role("option", name="code").click()
    await expect(page.get_by_role("region", name="Problems")).to_contain_text("None")
    await table.get_by_role("button", name="Show a record's values").click()
    await expect(row(page, "name")).to_contain_text("Item 1")
    await page.set_viewport_size({"width": 390, "height": 844})
    await fit_for_everybody(page, "mapping-table-390")
    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page).to_have_url(re.compile("/mappings/by-clicks$"))

    await save_and_activate(page, table)
    found = (await api.get("/api/v1/mapping-configs/by-clicks")).json()
    assert found["mapping"]["activeVersion"] == 2
    assert [f["target"] for f in found["document"]["transformation"]["fields"]] == ["code", "name"]
