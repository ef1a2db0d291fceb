"""Runs, a run in full, the passport of a record with a retry, and the search that finds it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from syncline.domain.run import Run
from syncline.postgres.database.database import Database
from tests.support.browser import Stream, fit_for_everybody, new_stream
from tests.support.installation import Installation


@pytest.fixture(scope="module")
async def stream(place: Installation, db: Database) -> Stream:
    """Of its 30 records A2 is written at the second attempt, and A4 has no name."""
    stream = await new_stream(db, place, "passports", 30)
    async with db.connection() as connection:
        await connection.execute(
            f"""create sequence passports_tries;
            create function refuse_once() returns trigger language plpgsql as $$ begin
              if new.code = 'A2' and nextval('passports_tries') = 1 then
                raise exception 'try again' using errcode = '40001';
              end if;
              return new;
            end $$;
            create trigger refuse_once before insert on {stream.target} for each row
              execute function refuse_once();
            update {stream.source} set name = null where code = 'A4'"""
        )
    return stream


@pytest.fixture(scope="module")
async def run(place: Installation, stream: Stream) -> Run:
    return await place.run(instance=stream.name, entityType="item", batchSize=10)


async def test_the_search_box_leads_to_the_passport_of_a_record_with_a_retry(
    page: Page, run: Run
) -> None:
    await page.goto("/runs")
    await expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    await page.keyboard.press("/")
    search = page.get_by_role("textbox", name="Search")
    await search.fill(f"{run.instance_name[1:]}-it")
    await search.press("Enter")  # the best hit, when it is known
    await expect(page).to_have_url(re.compile(f"/mappings/{run.instance_name}-items"))
    await page.keyboard.press("/")
    await search.fill("a2")  # in any case
    await expect(page.get_by_role("button", name="Record A2").first).to_be_visible()
    await search.press("Enter")
    await expect(page).to_have_url(re.compile("/records/A2"))
    execute = page.get_by_role("region", name="execute: written")
    attempts = execute.get_by_role("table", name="Failed attempts of execute")
    await expect(attempts.get_by_role("row")).to_have_count(2)
    await expect(attempts).to_contain_text("Transient")
    await expect(attempts).to_contain_text("try again")

    normalize = page.get_by_role("region", name="normalize: passed")
    await expect(normalize.get_by_role("table", name="Fields of normalize")).to_contain_text("sku")
    await fit_for_everybody(page, "record-passport")
    await normalize.get_by_text("Output", exact=True).click()
    await expect(normalize).to_contain_text('"price": 2.200000')
    await normalize.get_by_text("Difference", exact=True).click()
    await expect(normalize.get_by_text("Canonical record").first).to_be_visible()
    await expect(page.get_by_role("region", name="At the target")).to_contain_text("A2")


FILLED = """track => {
  const bar = track.firstElementChild
  const parts = [...bar.children].map(part => part.getBoundingClientRect().width)
  return Math.abs(parts.reduce((sum, width) => sum + width) - bar.getBoundingClientRect().width) < 1
}"""
"""Whether what a bar is made of covers all of it."""


async def test_a_finished_run_tells_its_stages_records_and_failures(
    page: Page, run: Run, stream: Stream
) -> None:
    await page.goto("/runs")
    await page.get_by_placeholder("Instance", exact=True).fill(stream.name[2:])
    await page.get_by_role("option", name=stream.name, exact=True).click()
    await expect(page).to_have_url(re.compile(f"instance={stream.name}"))
    # Runs of the same minute begin alike, and are shown until the filter is answered.
    await page.get_by_role("link", name=f"{run.id[:8]}…{run.id[-8:]}").click()
    await expect(page.get_by_role("heading", name=f"{stream.name} / item")).to_be_visible()
    stages = page.get_by_role("table", name="Figures of the stages")
    numbers = stages.get_by_role("row", name=re.compile("^Normalize"))
    await expect(numbers).to_contain_text("30")
    await expect(numbers.get_by_role("link")).to_have_text("1")
    await expect(page.get_by_role("table", name="Failures of the run")).to_contain_text("name")
    bars = stages.get_by_role("img")
    await expect(bars).to_have_count(5)
    assert [await bar.evaluate(FILLED) for bar in await bars.all()] == [True] * 5
    await fit_for_everybody(page, "run-detail")

    await page.get_by_role("tab", name="Records").click()
    records = page.get_by_role("table", name="Records of the run")
    await expect(records.get_by_role("row")).to_have_count(31)
    await page.get_by_role("combobox", name="Any attempts").click()
    await page.get_by_role("option", name="Tried again").click()
    await expect(page).to_have_url(re.compile("attempts=2"))
    await expect(records).to_contain_text("A2")
    await page.reload()
    await expect(records).to_contain_text("A2")
    await records_are_exported(page, run, records)


async def records_are_exported(page: Page, run: Run, shown: Locator) -> None:
    """Look at the page, and download what is on it."""
    await fit_for_everybody(page, "run-records")
    await page.get_by_role("button", name="Export").click()
    async with page.expect_download() as download:
        await page.get_by_role("menuitem", name="NDJSON").click()
    file = await download.value
    assert file.suggested_filename.startswith(f"records-of-{run.id}-")
    lines = (await file.path()).read_text().splitlines()
    assert 30 > len(lines) == await shown.get_by_role("row").count() - 1
    assert any('"sourceId":"A2"' in line for line in lines)


async def test_a_new_run_is_announced_and_shown_when_asked_for(
    page: Page, run: Run, stream: Stream, place: Installation
) -> None:
    await page.goto(f"/runs?instance={stream.name}")
    rows = page.get_by_role("table", name="Runs").get_by_role("row")
    await expect(page.get_by_test_id("live-chip")).to_contain_text("Live")
    known = await rows.count()
    await place.run(instance=stream.name, entityType="item")
    pill = page.get_by_role("button", name="new run")
    await expect(pill).to_be_visible()
    assert await rows.count() == known
    await pill.click()
    await expect(rows).to_have_count(known + 1)
    await expect(pill).to_have_count(0)


async def test_an_admin_erases_what_is_stored_of_a_record(
    page: Page, run: Run, stream: Stream
) -> None:
    await page.goto(f"/records/A4?run={run.id}")
    await page.get_by_role("button", name="Erase payloads").click()
    ask = page.get_by_role("dialog", name=f"Erase the payloads of A4 of {stream.name}?")
    await fit_for_everybody(page, "record-erase")
    await ask.get_by_role("button", name="Erase").click()
    await expect(page.get_by_role("region", name="normalize: failed")).to_contain_text("Erased")
    await page.get_by_role("link", name="Repair and replay").click()
    await expect(page.get_by_text(re.compile("Erased by"))).to_be_visible()
    await expect(page.get_by_text("It cannot be replayed now: its payload was")).to_be_visible()
    await expect(page.get_by_role("button", name="Replay")).to_have_count(0)


async def test_what_does_not_exist_is_said_so(page: Page) -> None:
    await page.goto("/runs/00000000-0000-7000-8000-000000000000")
    await expect(page.get_by_role("alert")).to_contain_text("no run")
    await page.goto("/records/%F0%9F%99%82-%D9%85%D8%B1%D8%AD%D8%A8%D8%A7")
    await expect(page.get_by_text("No run knows this record")).to_be_visible()
    await page.goto("/runs?instance=nobody")
    await expect(page.get_by_text("No runs match this filter")).to_be_visible()
