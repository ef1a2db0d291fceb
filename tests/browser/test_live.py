"""Live data: the same everywhere, honest when it is cut off, and right again by itself."""

from __future__ import annotations

import re

import httpx
from playwright.async_api import BrowserContext, Page, Route, expect

from syncline.postgres.database.database import Database
from tests.support.browser import Guard, keep, new_stream
from tests.support.eventually import eventually
from tests.support.installation import Installation

ROWS = 2000


async def test_two_tabs_show_the_same_and_recover_when_the_gateway_is_back(
    page: Page, context: BrowserContext, db: Database, place: Installation, api: httpx.AsyncClient
) -> None:
    stream = await new_stream(db, place, "live-recovery", ROWS)
    await place.run(instance=stream.name, entityType="item", maxEntities=10)
    other = await context.new_page()
    async with db.transaction() as holding:
        await holding.execute(f"select from {stream.target} where code = 'A1' for update")
        run_id = await place.trigger(instance=stream.name, entityType="item", mode="force_full")
        for tab in (page, other):
            await tab.goto(f"/trigger?run={run_id}")
            await expect(tab.get_by_test_id("run-bar")).to_have_attribute(
                "aria-valuemax", str(ROWS)
            )
            await expect(tab.get_by_test_id("live-chip")).to_contain_text("Live")

        await place.stop("gateway")
        for tab in (page, other):
            await expect(tab.get_by_test_id("live-chip")).to_contain_text("Reconnecting")
            await expect(tab.get_by_test_id("run-panel")).to_be_visible()
    ended = await place.ended(run_id)  # while nobody could see it
    assert ended.counters.success == ROWS
    async with await place.start_gateway():
        for tab in (page, other):
            panel = tab.get_by_test_id("run-panel")
            await expect(panel).to_have_attribute("data-state", "succeeded")
            await expect(tab.get_by_test_id("counter-success")).to_have_text(f"{ROWS:,}")
    assert str(api.base_url)  # the port stayed: what comes later in the session finds the gateway


async def test_a_trigger_shows_its_panel_at_once(
    page: Page, db: Database, place: Installation
) -> None:
    stream = await new_stream(db, place, "live-at-once", 100)
    await page.goto(f"/trigger?instance={stream.name}&entity=item")
    await expect(page.get_by_text("Never run")).to_be_visible()
    # Nobody answers: the panel must not wait for that.
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    await page.route("**/api/v1/sync-events", hold)
    await page.get_by_role("button", name="Trigger Sync").click()
    await expect(page.get_by_test_id("run-panel")).to_contain_text("Queued")
    await expect(page.get_by_role("button", name=re.compile("Copy correlation ID"))).to_be_visible()
    await eventually(lambda: waiting)
    await waiting[0].continue_()
    await expect(page.get_by_test_id("counter-success")).to_have_text("100")


async def test_many_tabs_share_one_connection(
    page: Page, context: BrowserContext, db: Database, place: Installation
) -> None:
    stream = await new_stream(db, place, "live-tabs", 100)
    run = await place.run(instance=stream.name, entityType="item")
    tabs = [page] + [await context.new_page() for _ in range(7)]
    guards = [Guard(tab) for tab in tabs]
    for tab in tabs:  # a browser opens six connections to a host: the ninth page must load, too
        await tab.goto(f"/trigger?run={run.id}")
        await expect(tab.get_by_test_id("counter-success")).to_have_text("100")
        await expect(tab.get_by_test_id("live-chip")).to_contain_text("Live")
    assert [guard.found for guard in guards] == [[]] * len(tabs)


async def test_every_page_shows_the_same_state_of_a_run(
    page: Page, db: Database, place: Installation, api: httpx.AsyncClient
) -> None:
    stream = await new_stream(db, place, "live-state", ROWS)
    async with db.transaction() as holding:  # a writer waits for this row: the run stays open
        await holding.execute(f"lock table {stream.target} in exclusive mode")
        run_id = await place.trigger(instance=stream.name, entityType="item")
        await eventually(lambda: _is_open(api, run_id), within=60)
        pages = ("/runs", f"/runs/{run_id}", "/trigger", f"/trigger?run={run_id}", "/monitor", "/")
        await api.post(f"/api/v1/sync-events/{run_id}/pause")
        for where in pages:
            await page.goto(where)
            await expect(page.get_by_text("Paused", exact=True).first).to_be_visible()
            await expect(page.get_by_role("main")).to_contain_text("by ")
            await expect(page.get_by_role("button", name="Resume").first).to_be_visible()
            await keep(page, f"paused{re.sub(r'[^a-z]+', '-', where.replace(run_id, 'run'))}")
        await page.get_by_role("button", name="Resume").click()
        await expect(page.get_by_text("Paused", exact=True)).to_have_count(0)
        await place.stop("finalize")  # so that the run cannot end at once
        await api.post(f"/api/v1/sync-events/{run_id}/cancel")
        for where in pages:
            await page.goto(where)
            await expect(page.get_by_text("Cancelling", exact=True).first).to_be_visible()
        await place.start("finalize")
    await place.ended(run_id)
    await page.goto(f"/runs/{run_id}")
    told = "Accepted by.*Paused by.*Resumed by anna.*Cancelled by.*Ended: Cancelled"
    happened = page.get_by_role("region", name="What happened")
    await expect(happened).to_contain_text(re.compile(told))


async def _is_open(api: httpx.AsyncClient, run_id: str) -> bool:
    return bool((await api.get(f"/api/v1/sync-events/{run_id}")).json().get("total"))
