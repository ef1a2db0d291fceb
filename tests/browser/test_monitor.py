"""Pipeline Monitor and Dashboard beside real services: they move, and they say what is wrong."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from syncline.domain.run import State
from syncline.postgres.database.database import Database
from tests.support.browser import keep, new_stream, serious
from tests.support.installation import Installation

STATE = "data-state"


async def test_a_stopped_stage_turns_red_and_recovers_and_a_silent_monitor_is_told(
    page: Page, db: Database, place: Installation
) -> None:
    await place.start("monitor")
    await place.ready()
    stream = await new_stream(db, place, "monitor-moves", 3000)
    await page.goto("/monitor")
    execute, normalize = (
        page.get_by_test_id("stage-execute"),
        page.get_by_test_id("stage-normalize"),
    )
    await expect(execute).to_have_attribute(STATE, "green")
    await expect(page.get_by_test_id("service-gateway")).to_contain_text("Up")

    await place.stop("execute")
    run_id = await place.trigger(instance=stream.name, entityType="item")
    await expect(execute).to_have_attribute(STATE, "no_consumer")
    await expect(execute.get_by_test_id("waiting")).not_to_have_text("0")
    await expect(normalize.get_by_test_id("out")).not_to_have_text("0.0/s")
    await expect(page.get_by_role("table", name="Active runs")).to_contain_text(stream.name)
    await keep(page, "monitor-no-consumer")
    await _see_panel_without_worker(page, run_id)

    await place.start("execute")
    await expect(execute).to_have_attribute(STATE, "green")
    await expect(execute.get_by_test_id("out")).not_to_have_text("0.0/s")
    assert (await place.ended(run_id)).state is State.SUCCEEDED
    await expect(page.get_by_text("No run is active")).to_be_visible()
    assert await serious(page) == []

    await place.stop("monitor")
    await expect(page.get_by_text("The monitor has not looked since")).to_be_visible()
    await place.start("monitor")
    await expect(page.get_by_text("The monitor has not looked since")).to_have_count(0)


async def _see_panel_without_worker(page: Page, run_id: str) -> None:
    await page.goto(f"/trigger?run={run_id}")
    await expect(page.get_by_test_id("run-trouble")).to_contain_text("Execute has no worker")
    await expect(page.get_by_test_id("run-trouble")).to_contain_text("no word for")
    await expect(page.get_by_test_id("run-panel")).not_to_contain_text(" left")
    await keep(page, "run-no-worker")
    await page.goto("/monitor")


async def test_the_dashboard_leads_from_its_numbers_to_their_lists(
    page: Page, db: Database, place: Installation
) -> None:
    stream = await new_stream(db, place, "dashboard-sums", 300)
    await db.execute(f"update {stream.source} set name = null where code = 'A7'")
    await place.run(instance=stream.name, entityType="item")
    await page.goto("/?range=1h")
    await expect(page.get_by_role("link", name=re.compile("^Records [1-9]"))).to_be_visible()
    await expect(page.get_by_role("link", name=re.compile("^Failure rate .* %"))).to_be_visible()
    await page.locator("canvas").first.wait_for()
    assert await serious(page) == []
    await keep(page, "dashboard-range")

    chart = page.get_by_role("region", name="Records by outcome", exact=True)
    await chart.get_by_label("View as table").check()
    await expect(chart.get_by_role("columnheader", name="Failed")).to_be_visible()
    await page.get_by_role("link", name=re.compile("^Failure rate")).click()
    await expect(page).to_have_url(re.compile(r"/runs\?.*state=failed%2Cpartial_success"))
