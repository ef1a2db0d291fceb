"""Schedules in a browser: made with the server's preview beside it, seen firing, switched, gone."""

from __future__ import annotations

import re

import httpx
from playwright.async_api import Locator, Page, expect

from syncline.postgres.database.database import Database
from tests.support.browser import fit_for_everybody, keep, new_stream
from tests.support.installation import Installation

NAME = "clockwork item"


async def test_a_schedule_is_made_fires_and_its_run_is_there(
    page: Page, api: httpx.AsyncClient, db: Database, place: Installation
) -> None:
    await new_stream(db, place, "clockwork", 50)
    await place.start("scheduler")
    await page.goto("/schedules")
    await it_is_made(page)
    row = page.get_by_role("row").filter(has_text="clockwork")
    await expect(row).to_contain_text("Every minute")
    await expect(row).to_contain_text("Enabled")
    # The minute that runs began before the schedule was there: it counts all the same.
    await db.execute(
        "update schedules set next_at = date_trunc('minute', now()), "
        "changed_at = now() - interval '1 hour' where name = $1",
        NAME,
    )
    await expect(row).to_contain_text("Succeeded")
    await keep(page, "schedules")
    await row.get_by_role("link", name=re.compile("Succeeded: run of ")).click()
    await expect(page).to_have_url(re.compile(r"/runs/[0-9a-f-]{36}"))
    run_id = page.url.rpartition("/")[2].partition("?")[0]
    # Another minute may have begun meanwhile, whose run finds nothing new.
    runs = (await api.get("/api/v1/runs", params={"instance": "clockwork"})).json()["items"]
    assert run_id in [run["correlationId"] for run in runs]
    assert {run["trigger"] for run in runs} == {"schedule"}
    first = (await api.get(f"/api/v1/sync-events/{runs[-1]['correlationId']}")).json()
    assert (first["trigger"], first["total"], first["success"]) == ("schedule", 50, 50)

    await page.go_back()
    await what_it_did_is_shown(page, row)
    await it_is_switched_and_run_by_hand(page, row)
    await it_is_found_edited_and_deleted(page, row)
    await place.stop("scheduler")
    del place.ports["scheduler"]


async def it_is_made(page: Page) -> None:
    await page.get_by_role("button", name="New schedule").first.click()
    form = page.get_by_role("dialog", name="New schedule")
    await form.get_by_role("combobox", name="Instance").click()
    await page.get_by_role("option", name="clockwork (").click()
    await expect(form.get_by_role("combobox", name="Entity type")).to_have_value("item")
    await says_what_clock_changes_do(page)
    await form.get_by_text("Minutes", exact=True).click()
    await form.get_by_role("textbox", name="Every … minutes").fill("1")
    await expect(form.get_by_text("Every minute", exact=True)).to_be_visible()
    await form.get_by_role("button", name="Create schedule").click()
    await expect(form).to_have_count(0)


async def says_what_clock_changes_do(page: Page) -> None:
    form = page.get_by_role("dialog", name="New schedule")
    preview = form.get_by_role("region", name="Preview")
    await form.get_by_text("Cron", exact=True).click()
    cron = form.get_by_role("textbox", name="Cron expression")
    await cron.fill("0 0 31 2 *")
    await expect(form.get_by_text("never fires")).to_be_visible()
    await expect(form.get_by_role("button", name="Create schedule")).to_be_disabled()
    await cron.fill("30 2 * * *")
    await form.get_by_role("combobox", name="Time zone").fill("Europe/Berlin")
    await page.get_by_role("option", name="Europe/Berlin").click()
    await expect(preview).to_contain_text("Every day at 02:30")
    await expect(preview).to_contain_text("02:30 does not exist: fires at 03:00")
    await expect(preview).to_contain_text("02:30 happens twice: fires once")
    await expect(preview.get_by_role("row")).to_have_count(6)
    await fit_for_everybody(page, "schedules-form")


async def what_it_did_is_shown(page: Page, row: Locator) -> None:
    await row.get_by_text("Every minute").click()
    detail = page.get_by_role("dialog", name=f"Schedule {NAME}")
    await expect(detail.get_by_role("table", name="Firings")).to_contain_text("Succeeded")
    await fit_for_everybody(page, "schedules-detail")
    await page.keyboard.press("Escape")
    await expect(detail).to_have_count(0)
    await expect(row).to_be_focused()


async def it_is_switched_and_run_by_hand(page: Page, row: Locator) -> None:
    await choose(page, row, "Disable")
    await expect(row).to_contain_text("Disabled")
    await row.get_by_role("button", name=f"Run now: {NAME}").click()
    await expect(page.get_by_text("the run is asked for")).to_be_visible()


async def it_is_found_edited_and_deleted(page: Page, row: Locator) -> None:
    search = page.get_by_role("searchbox", name="Search schedules")
    await search.fill("nothing like it")
    await expect(page.get_by_text("No schedules match this filter")).to_be_visible()
    assert "q=nothing" in page.url
    await search.fill("EVERY min")
    await expect(row).to_be_visible()
    await choose(page, row, "Edit")
    form = page.get_by_role("dialog", name=f"Edit schedule {NAME}")
    await form.get_by_text("Weekly", exact=True).click()
    await form.get_by_role("button", name="Save").click()
    await search.fill("weekday")
    await expect(row).to_contain_text("Every weekday at 02:00")
    await choose(page, row, "Delete")
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(row).to_have_count(0)


async def choose(page: Page, row: Locator, action: str) -> None:
    await row.get_by_role("button", name=f"More actions for {NAME}").click()
    await page.get_by_role("menuitem", name=action).click()
