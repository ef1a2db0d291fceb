"""Reset Cursor: what it costs is said before it is done, wherever it can be asked for."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

from syncline.postgres.database.database import Database
from tests.support.browser import keep, new_stream, serious
from tests.support.configured import store_instance
from tests.support.installation import Installation

_READS_AN_API = {
    "entityType": "item",
    "extraction": {"mode": "api", "endpoint": "/items", "idColumn": "code"},
    "normalization": {"fields": [{"source": "code", "target": "sku", "required": True}]},
    "transformation": {
        "matchKey": "code",
        "target": {"table": "nowhere"},
        "fields": [{"source": "sku", "target": "code"}],
    },
}
_CURSORS = """
select count(*) from cursors c join streams s on s.id = c.stream_id
join instances i on i.id = s.instance_id where i.name = $1
"""


async def ask_to_reset(page: Page, instance: str) -> Locator:
    """Open the cursor of an instance, give a reason and press Reset; returns the question."""
    await page.goto(f"/instances/{instance}")
    await page.get_by_role("button", name="Reset cursor…").click()
    await page.get_by_label("Reason").fill("the shop was emptied")
    await page.get_by_role("button", name="Reset", exact=True).click()
    return page.get_by_role("dialog", name=f"Reset the cursor of {instance} / item?")


async def test_a_reset_says_how_many_records_are_read_again_and_clears_the_cursor(
    page: Page, db: Database, place: Installation
) -> None:
    stream = await new_stream(db, place, "cursor-reset", 1234)
    await place.run(instance=stream.name, entityType="item")
    question = await ask_to_reset(page, stream.name)
    await expect(question).to_contain_text("That is 1,234 records of")
    await keep(page, "cursor-reset")
    assert await serious(page) == []
    await question.get_by_role("button", name="Reset").click()
    await expect(page.get_by_text("The cursor is cleared")).to_be_visible()
    versions = page.get_by_role("table", name="Versions of the cursor")
    await expect(versions.get_by_role("row").nth(1)).to_contain_text("anna: the shop was emptied")
    await expect(versions.get_by_role("row").nth(1)).to_contain_text("cleared")

    again = await place.run(instance=stream.name, entityType="item")
    assert (again.counters.total, again.counters.success) == (1234, 0)


async def test_a_source_that_cannot_count_is_said_to_and_may_be_reset_all_the_same(
    page: Page, db: Database, place: Installation
) -> None:
    async with db.transaction() as c:
        profiles = place.profiles(c)
        source = await profiles.store("cursor-api", "http", {"baseUrl": "http://127.0.0.1:9"}, {})
        target = await profiles.store_own_database("cursor-api-shop")
        await store_instance(c, "cursor-api", (source, target), "cursor-api-items", _READS_AN_API)
    question = await ask_to_reset(page, "cursor-api")
    await expect(question).to_contain_text("How many records that is, is not known: ")
    await expect(question).not_to_contain_text("Errno")
    await expect(question.get_by_role("button", name="Reset")).to_be_enabled()
    await question.get_by_role("button", name="Cancel").click()
    await expect(question).to_have_count(0)
    assert await db.fetchval(_CURSORS, "cursor-api") == 0


async def test_a_dry_run_shows_what_would_be_written_before_the_cursor_is_reset(
    page: Page, db: Database, place: Installation
) -> None:
    stream = await new_stream(db, place, "cursor-dry", 3)
    await page.goto(f"/trigger?instance={stream.name}&entity=item&mode=reset_cursor")
    await page.get_by_role("button", name="Dry run…").click()
    dry = page.get_by_role("dialog")
    await expect(dry).to_contain_text("Nothing is written anywhere.")
    await expect(dry).to_contain_text("Item 1")
    await keep(page, "trigger-dry-run")
    await page.keyboard.press("Escape")
    await expect(dry).to_have_count(0)
    await expect(page.get_by_role("button", name="Dry run…")).to_be_focused()
    assert await db.fetchval(f"select count(*) from {stream.target}") == 0

    await page.get_by_role("button", name="Trigger Sync").click()
    await expect(page.get_by_role("dialog")).to_contain_text("That is 3 records of")
