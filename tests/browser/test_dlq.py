"""The dead-letter queue in the console: from a failed run to a repaired record, and back again."""

from __future__ import annotations

import re

from playwright.async_api import Locator, Page, expect

from syncline.postgres.database.database import Database
from tests.support.browser import Stream, keep, new_stream, serious
from tests.support.eventually import eventually
from tests.support.installation import Installation

EXACT = "23958446825181076828.1000000000000000001"


async def failing(db: Database, place: Installation, name: str, count: int) -> tuple[Stream, str]:
    """Let a run fail with so many records of a new instance; returns its correlation ID too."""
    stream = await new_stream(db, place, name, count + 2)
    await db.execute(
        f"update {stream.source} set name = null where substr(code, 2)::int <= {count}"
    )
    return stream, await fail_again(place, stream, count)


async def fail_again(place: Installation, stream: Stream, count: int) -> str:
    run = await place.run(instance=stream.name, entityType="item", mode="force_full")
    assert run.counters.failed == count, run
    return run.id


async def pending(db: Database, stream: Stream) -> int:
    return int(
        await db.fetchval(
            """select count(*) from dead_letters d join instances i on i.id = d.instance_id
            where i.name = $1 and d.status = 'pending'""",
            stream.name,
        )
    )


async def test_a_failed_record_is_found_edited_replayed_and_succeeds(
    page: Page, db: Database, place: Installation
) -> None:
    stream, run = await failing(db, place, "dlq-edit", 2)
    await page.goto(f"/dlq?run={run}")
    group = page.get_by_role("row").filter(has_text="normalize")
    await expect(group.get_by_role("cell", name="2", exact=True)).to_be_visible()
    await expect(group).to_contain_text("New")
    await keep(page, "dlq-groups")
    assert await serious(page) == []

    await group.get_by_text("normalize").click()
    await expect(page).to_have_url(re.compile("view=entries"))
    await expect(page.get_by_role("button", name="Remove filter error “")).to_be_visible()
    await row_of(page, "A1").get_by_text("normalize").click()
    entry = page.get_by_role("dialog", name="Dead letter")
    await expect(entry.get_by_role("region", name="Input of normalize")).to_contain_text("null")
    await keep(page, "dlq-entry")
    assert await serious(page) == []
    await page.keyboard.press("Escape")
    await expect(row_of(page, "A1")).to_be_focused()
    await page.keyboard.press("Enter")

    await _edit_and_replay(page)
    await expect(entry.get_by_text("Success")).to_be_visible()
    await expect(entry.get_by_text("the supplier told us")).to_be_visible()
    written = await db.fetchval(f"select price from {stream.target} where code = 'A1'")
    assert str(written) == EXACT
    await page.get_by_role("button", name="Open run").click()
    await expect(page.get_by_text("Succeeded").first).to_be_visible()


def row_of(page: Page, source_id: str) -> Locator:
    """Return the row of a record; a part of some other ID would not do."""
    return page.get_by_role("row").filter(has=page.get_by_text(source_id, exact=True))


async def _edit_and_replay(page: Page) -> None:
    """Change the payload of the entry that is open, and look at the difference."""
    await page.get_by_role("button", name="Edit and replay").click()
    await page.get_by_role("textbox", name="Payload").click()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.insert_text(f'{{"code": "A1", "name": "repaired", "price": {EXACT}}}')
    await page.get_by_role("tab", name="Difference").click()
    await expect(page.get_by_text("repaired").first).to_be_visible()
    await keep(page, "dlq-edit")
    await page.get_by_label("Reason").fill("the supplier told us")
    await page.get_by_role("button", name="Replay the edited payload").click()
    await expect(page.get_by_text("Replay has begun")).to_be_visible()


async def test_discarding_a_selection_by_keyboard_and_undoing_it(
    page: Page, db: Database, place: Installation
) -> None:
    stream, run = await failing(db, place, "dlq-discard", 3)
    await page.goto(f"/dlq?run={run}&view=entries")
    await expect(page.get_by_role("row")).to_have_count(4)
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await expect(page.get_by_text("2 entries selected")).to_be_visible()
    await page.get_by_role("button", name="Select all 3 matching").click()
    await expect(page.get_by_text("All 3 matching")).to_be_visible()
    await page.keyboard.press("d")
    dialog = page.get_by_role("dialog", name="Discard 3 entries")
    await expect(dialog).to_contain_text(f"all pending entries: run {run}")
    await expect(dialog).to_contain_text("Entries that arrive later are not touched")
    await dialog.get_by_label("Reason").fill("test data")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Discard of 3 entries has begun")).to_be_visible()
    await eventually(lambda: _is_pending(db, stream, 0), within=30)
    await page.get_by_role("button", name="Undo").first.click()
    await expect(page.get_by_text("Restoring 3 entries")).to_be_visible()
    await eventually(lambda: _is_pending(db, stream, 3), within=30)


async def _is_pending(db: Database, stream: Stream, count: int) -> bool:
    return await pending(db, stream) == count


async def test_what_arrives_after_the_dialog_opened_is_untouched(
    page: Page, db: Database, place: Installation
) -> None:
    stream, _ = await failing(db, place, "dlq-late", 2)
    await page.goto(f"/dlq?instance={stream.name}")
    await page.get_by_role("button", name=re.compile("^Replay the group")).click()
    dialog = page.get_by_role("dialog", name="Replay 2 entries")
    await expect(dialog).to_contain_text(f"instance {stream.name}")
    await keep(page, "dlq-replay-dialog")
    assert await serious(page) == []
    await db.execute(f"update {stream.source} set name = null where code = 'A3'")
    await place.run(instance=stream.name, entityType="item", sourceIds=["A3"])
    await expect(dialog).to_contain_text("1 more arrived since you opened this")

    await db.execute(f"update {stream.source} set name = 'good' where code in ('A1', 'A2', 'A3')")
    await dialog.get_by_label("Ingest: read the records again").check()
    await dialog.get_by_label("Reason").fill("names repaired")
    await dialog.get_by_role("button", name="Replay 2").click()
    await _follow_to_its_end(page)
    assert await pending(db, stream) == 1


async def _follow_to_its_end(page: Page) -> None:
    """Open the operation that runs, see it end with two successes, and find it in the list."""
    running = page.get_by_role("region", name="Running operations")
    await running.get_by_role("link", name="Replay of 2").click()
    await expect(page.get_by_role("heading", name="Replay of 2 entries")).to_be_visible()
    await expect(page.get_by_text("Done").first).to_be_visible()
    await expect(page.get_by_role("row").filter(has_text="Success")).to_have_count(2)
    await keep(page, "operation")
    assert await serious(page) == []
    await page.goto("/operations")
    await expect(page.get_by_role("row").filter(has_text="names repaired")).to_be_visible()
    await keep(page, "operations")
    assert await serious(page) == []


async def test_a_replay_is_undone_in_its_grace(
    page: Page, db: Database, place: Installation
) -> None:
    stream, run = await failing(db, place, "dlq-grace", 1)
    await page.goto(f"/dlq?run={run}&view=entries")
    await page.get_by_role("checkbox", name="Select the page").check()
    await place.stop("deadletter")  # however slow this machine is, the replay has not begun
    await page.get_by_role("button", name="Replay…").click()
    await page.get_by_role("button", name="Replay 1", exact=True).click()
    await page.get_by_role("button", name="Undo").first.click()
    await expect(page.get_by_text("Undone: nothing was replayed")).to_be_visible()
    await place.start("deadletter")
    assert await pending(db, stream) == 1


async def test_what_cannot_be_replayed_says_why_and_what_was_written_since_closes(
    page: Page, db: Database, place: Installation
) -> None:
    stream, run = await failing(db, place, "dlq-overtaken", 1)
    await db.execute("update instances set enabled = false where name = $1", stream.name)
    await page.goto(f"/dlq?run={run}")
    group = page.get_by_role("row").filter(has_text="normalize")
    await expect(group).to_contain_text("Cannot be replayed: ")
    await expect(group.get_by_role("button", name=re.compile("^Replay"))).to_have_count(0)
    await group.get_by_text("normalize", exact=False).first.click()
    await row_of(page, "A1").get_by_text("normalize").click()
    entry = page.get_by_role("dialog", name="Dead letter")
    await expect(entry.get_by_text("It cannot be replayed now")).to_be_visible()
    await expect(entry.get_by_role("button", name="Replay", exact=True)).to_have_count(0)

    await db.execute("update instances set enabled = true where name = $1", stream.name)
    await db.execute(f"update {stream.source} set name = 'mended at the source'")
    later = await place.run(instance=stream.name, entityType="item", mode="force_full")
    assert later.counters.failed == 0
    await eventually(lambda: _none_pending(db, stream), within=20)
    await page.goto(f"/dlq?run={run}&status=overtaken&view=entries")
    await row_of(page, "A1").get_by_text("normalize").click()
    await expect(entry.get_by_text("the record was written since")).to_be_visible()
    links = entry.locator(f"a[href='/runs/{later.id}']")
    await expect(links).to_have_count(1)
    await keep(page, "dlq-overtaken")
    assert await serious(page) == []


async def _none_pending(db: Database, stream: Stream) -> bool:
    return await pending(db, stream) == 0
