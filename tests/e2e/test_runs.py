"""Runs end to end: eight processes on a real broker and a real database."""

from __future__ import annotations

import asyncio

import asyncpg

from syncline.domain.run import State
from syncline.postgres.database.database import Database
from tests.support.installation import Installation


async def test_a_run_reaches_the_target_and_the_next_one_skips(
    place: Installation, db: Database
) -> None:
    first = await place.run(instance="erp-shop", entityType="item")
    assert first.failure is None
    assert (first.state, first.counters.total, first.counters.success) == (
        State.SUCCEEDED, 5000, 5000,
    )  # fmt: skip
    different = await db.fetchval(
        """select count(*) from source_items s full join target_items t using (code)
        where (t.title, t.price, t.active)
          is distinct from (trim(s.name), s.price, s.active = 'Y')"""
    )
    assert different == 0

    idle = await place.run(instance="erp-shop", entityType="item")
    assert (idle.state, idle.counters.total) == (State.SUCCEEDED, 0)

    again = await place.run(instance="erp-shop", entityType="item", mode="reset_cursor")
    assert (again.counters.total, again.counters.unchanged) == (5000, 5000)

    await db.execute(
        "update source_items set name = 'new', changed = '2026-02-01' where code = 'A7'"
    )
    changed = await place.run(instance="erp-shop", entityType="item")
    assert (changed.counters.total, changed.counters.success) == (1, 1)

    full = await place.run(instance="erp-shop", entityType="item", mode="force_full")
    assert full.counters.success == 5000

    some = await place.run(instance="erp-shop", entityType="item", sourceIds="A1, A2,nope")
    assert (some.counters.total, some.counters.failed, some.state) == (3, 1, State.PARTIAL_SUCCESS)


async def test_what_failed_or_was_excluded_at_the_cursor_is_not_counted_again(
    place: Installation, db: Database
) -> None:
    await db.execute("delete from source_items where code > 'A1'")
    await db.execute(
        """insert into source_items values ('B1', 'good', 1, 'Y', '2026-03-01'),
        ('B2', 'bad', 1, '?', '2026-03-01'), ('B3', 'internal', 1, 'Y', '2026-03-01')"""
    )
    first = await place.run(instance="erp-shop", entityType="item")
    counters = first.counters
    assert (counters.total, counters.success, counters.failed, counters.excluded) == (4, 2, 1, 1)

    idle = await place.run(instance="erp-shop", entityType="item")
    assert idle.counters.total == 0

    await db.execute("insert into source_items values ('B4', 'late', 1, '?', '2026-03-01')")
    late = await place.run(instance="erp-shop", entityType="item")
    assert (late.counters.total, late.counters.failed) == (1, 1)
    assert (await place.run(instance="erp-shop", entityType="item")).counters.total == 0

    await db.execute("update source_items set active = 'Y' where code = 'B2'")
    repaired = await place.run(instance="erp-shop", entityType="item")
    assert (repaired.counters.total, repaired.counters.success) == (1, 1)


async def test_what_is_committed_late_arrives_without_a_lookback(
    place: Installation, db: Database
) -> None:
    await db.execute(
        "alter table source_items alter changed type timestamptz "
        "using changed + interval '4 months'"
    )
    await place.run(instance="erp-shop", entityType="item")
    row = "insert into source_items values ($1, $1, 1, 'Y', clock_timestamp())"
    late = await asyncpg.connect(place.dsn)
    try:
        writing = late.transaction()
        await writing.start()
        await late.execute(row, "late")
        await db.execute(row, "early")  # begun later and committed first

        between = await place.run(instance="erp-shop", entityType="item")
        assert between.counters.success == 1
        assert [notice.code for notice in between.notices] == ["cursor_held_back"]
        assert await written(db) == {"early"}

        await writing.commit()
    finally:
        await late.close()
    # Writers are known to the second, and our own services write to this database too: one that
    # began in the second of `early` and is open during the next read would hold the cursor back.
    await asyncio.sleep(1)
    after = await place.run(instance="erp-shop", entityType="item")
    assert (after.counters.success, after.counters.failed) == (1, 0)
    assert await written(db) == {"early", "late"}
    last = await place.run(instance="erp-shop", entityType="item")
    assert (last.counters.total, list(last.notices)) == (0, [])


async def written(db: Database) -> set[str]:
    rows = await db.fetch("select code from target_items where code in ('late', 'early')")
    return {row["code"] for row in rows}
