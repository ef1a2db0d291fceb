"""Sync Trigger: from the form to the end of a run, and what may go wrong on the way."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from syncline.postgres.database.database import Database
from tests.support.browser import keep, new_stream, serious
from tests.support.installation import Installation

ROWS = 3000
_STAGES = ("ingest", "normalize", "transform", "execute", "finalize")


async def choose(page: Page, label: str, option: str) -> None:
    await page.get_by_role("combobox", name=label).click()
    await page.get_by_role("option", name=option).click()


async def trigger_full(page: Page, instance: str) -> None:
    """Ask for a Force Full Sync, as a person does: it must be confirmed by name."""
    await choose(page, "Instance", instance)
    await expect(page.get_by_role("combobox", name="Entity type")).to_have_value("item")
    await page.get_by_label("Force Full Sync").check()
    await expect(page.get_by_text(f"syncline trigger {instance} item --mode")).to_be_visible()
    await page.get_by_role("button", name="Trigger Sync").click()
    await expect(page.get_by_role("dialog")).to_contain_text(
        re.compile("That is [0-9,]+ records of")
    )
    await page.get_by_label(f"Type {instance} to confirm").fill(instance)
    await page.get_by_role("button", name="Force Full Sync").click()


async def test_a_run_is_triggered_and_its_bar_moves_to_the_end(
    page: Page, db: Database, place: Installation
) -> None:
    stream = await new_stream(db, place, "trigger-bar", ROWS)
    await place.run(instance=stream.name, entityType="item")
    panel, bar = page.get_by_test_id("run-panel"), page.get_by_test_id("run-bar")
    await page.goto("/trigger")
    async with db.transaction() as holding:
        # The last record cannot be written for now: the bar goes on and stands before its end.
        await holding.execute(f"select from {stream.target} where code = 'A{ROWS}' for update")
        await trigger_full(page, stream.name)
        await expect(panel).to_be_visible()
        await expect(bar).to_have_attribute("aria-valuemax", str(ROWS))
        await expect(bar).not_to_have_attribute("aria-valuenow", "0")
        await expect(page.get_by_test_id("live-chip")).to_contain_text("Live")
        assert int(await bar.get_attribute("aria-valuenow") or 0) < ROWS
        await keep(page, "sync-trigger")

        await expect(page).to_have_url(re.compile(r"run=[0-9a-f-]{36}"))
        await page.reload()
        await expect(bar).to_have_attribute("aria-valuemax", str(ROWS))
        await expect(panel).to_have_attribute("data-state", "in_progress")
    await expect(panel).to_have_attribute("data-state", "succeeded")
    await expect(bar).to_have_attribute("aria-valuenow", str(ROWS))
    await expect(page.get_by_test_id("counter-success")).to_have_text(f"{ROWS:,}")
    await expect(page.get_by_test_id("announcer")).to_contain_text("Succeeded")
    assert await serious(page) == []


async def test_the_stages_say_where_records_are_and_how_long_a_batch_takes(
    page: Page, db: Database, place: Installation
) -> None:
    stream = await new_stream(db, place, "trigger-stages", 250)
    await db.execute(f"update {stream.source} set name = null where code in ('A1', 'A2')")
    stage = {name: page.get_by_test_id(f"stage-{name}") for name in _STAGES}
    async with db.transaction() as holding:
        await holding.execute(f"lock table {stream.target}")
        run = await place.trigger(instance=stream.name, entityType="item")
        await page.goto(f"/trigger?run={run}")
        await expect(stage["ingest"]).to_contain_text("250 found")
        await expect(stage["normalize"]).to_contain_text("248 through2 failed")
        await expect(stage["transform"]).to_contain_text("248 through")
        await expect(stage["execute"]).to_contain_text("Executeslowest248 in it0 written")
        await expect(stage["finalize"]).to_contain_text("2 counted")
        await expect(page.get_by_test_id("counter-in-flight")).to_have_text("248")
        await keep(page, "run-stages")
    await expect(page.get_by_test_id("run-panel")).to_have_attribute(
        "data-state", "partial_success"
    )
    await expect(stage["execute"]).to_contain_text("248 written")
    await expect(stage["finalize"]).to_contain_text("250 counted")
    for each in stage.values():
        await expect(each).to_contain_text("a batch")


async def test_a_second_run_is_refused_and_the_first_is_watched_and_cancelled(
    page: Page, db: Database, place: Installation
) -> None:
    stream = await new_stream(db, place, "trigger-cancel", 2000)
    async with db.transaction() as holding:
        await holding.execute(f"lock table {stream.target}")
        first = await place.trigger(instance=stream.name, entityType="item", batchSize=10)
        await page.goto(f"/trigger?instance={stream.name}&entity=item")
        await expect(page.get_by_role("button", name=f"Watch {stream.name} item")).to_be_visible()
        await page.get_by_role("button", name="Trigger Sync").click()
        await expect(page.get_by_role("alert")).to_contain_text(first)

        await page.get_by_role("button", name="Watch it").click()
        panel = page.get_by_test_id("run-panel")
        await expect(panel).to_be_visible()
        await page.get_by_role("button", name="Cancel", exact=True).click()
        await page.get_by_role("button", name="Cancel the run").click()
        await expect(page.get_by_text("Cancelling").first).to_be_visible()
    await expect(panel).to_have_attribute("data-state", "cancelled")
    await expect(page.get_by_text("cancelled").first).to_be_visible()


async def test_what_is_wrong_stands_beside_its_field(page: Page) -> None:
    await page.goto("/trigger?mode=reset_cursor&ids=A1,A2&batch=1000")
    await page.get_by_label("Batch size").fill("1001")
    await page.get_by_role("button", name="Trigger Sync").click()
    for words in (
        "Choose an instance",
        "Choose what to sync",
        "Reset Cursor cannot be combined with source IDs",
        "A whole number from 1 to 1000",
    ):
        await expect(page.get_by_text(words).first).to_be_visible()
    assert await serious(page) == []
