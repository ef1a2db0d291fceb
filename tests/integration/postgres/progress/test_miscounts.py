"""Runs of which the database does not have what Ingest has committed: it was restored meanwhile."""

from __future__ import annotations

from syncline.contracts.messages import Extracted
from syncline.domain.run import State
from syncline.postgres.database.database import Database
from syncline.telemetry.metrics import REGISTRY
from tests.support.reports import settled
from tests.support.run_life import accept, apply, batch, extract, ref


async def test_a_run_with_fewer_records_than_were_extracted_fails_and_moves_no_cursor(
    db: Database,
) -> None:
    run = await accept(db)
    await extract(db, run, [batch(0, "ab"), batch(1, "cd")])
    await db.execute("delete from batches where number = 1")
    await db.execute("update runs set total = 2, batches = 1")
    ended = await apply(
        db, settled(ref(run), 0, [0, 1], "SS", "execute"), Extracted(ref(run), 2, 4)
    )
    assert ended.state is State.FAILED
    words = "4 records in 2 batches were extracted, and the database has 2 in 1 and counts 2"
    assert (ended.reason or "").startswith(words)
    assert await db.fetchval("select count(*) from cursors") == 0


async def test_a_manifest_that_is_told_again_tells_of_records_alone(db: Database) -> None:
    run = await accept(db)
    await extract(db, run, [batch(0, "ab"), batch(1, "c", "U")])
    told = settled(ref(run), 0, [0, 1], "SS", "execute")
    ended = await apply(db, told, Extracted(ref(run), 0, 3))
    assert ended.state is State.SUCCEEDED


async def test_reports_about_batches_that_are_not_there_are_counted(db: Database) -> None:
    name = "syncline_unknown_batches_total"
    before = REGISTRY.get_sample_value(name) or 0.0
    run = await accept(db)
    await extract(db, run, [batch(0, "ab")])
    await apply(db, settled(ref(run), 7, [0], "S", "execute"))
    assert REGISTRY.get_sample_value(name) == before + 1
