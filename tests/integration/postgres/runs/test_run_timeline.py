"""What happened in a run is told in order, once, with who did it."""

from __future__ import annotations

import pytest

from syncline.contracts.messages import Attempt, Extracted, Retrying, Waiting
from syncline.domain.errors import Category, Failure, NotFoundError
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.store import store_dead_letters
from syncline.postgres.runs.pauses import RunPauses
from syncline.postgres.runs.run_timeline import read_run_timeline
from syncline.postgres.runs.runs import Runs
from tests.support.reports import settled
from tests.support.run_life import accept, apply, batch, dead_letter, extract, ref

AWAY = Failure(Category.TRANSIENT, "timeout", "no answer")
LATER = 4_000_000_000_000


async def test_a_timeline_tells_what_happened_in_order(db: Database) -> None:
    run = await accept(db)
    await extract(db, run, [batch(0, "ab")])
    wait = Waiting(ref(run), 2, LATER, "waiting for shop: it asks to wait 40 s: busy")
    for _ in range(2):  # as after a restart
        await apply(db, wait)
    pauses = RunPauses(db)
    await pauses.pause("default", run.id, "ann")
    await pauses.resume("default", run.id, "bob")
    await Runs(db).request_cancel("default", run.id, "eve")
    async with db.transaction() as connection:
        await store_dead_letters(connection, [dead_letter(run, "b", 1)])
    tried = Attempt(1, "2026-01-01T00:00:00+00:00", "execute", AWAY)
    await apply(db, Retrying(ref(run), 0, [0], ["a"], [tried], 0))
    await apply(db, settled(ref(run), 0, [0, 1], "CF", "execute"), Extracted(ref(run), 1, 2))

    told = (await read_run_timeline(db, "default", run.id)).events

    assert [(event.kind.value, event.actor) for event in told] == [
        ("retried", None), ("failed", None), ("accepted", run.actor), ("started", None),
        ("read", None), ("waited", None), ("paused", "ann"), ("resumed", "bob"),
        ("cancel_requested", "eve"), ("ended", None),
    ]  # fmt: skip
    retried, failed, waited, ended = told[0], told[1], told[5], told[-1]
    assert (retried.stage, retried.records, retried.detail) == ("execute", 1, "no answer")
    assert (failed.stage, failed.records) == ("execute", 1)
    assert waited.until is not None
    assert (waited.until.timestamp() * 1000, waited.stage) == (LATER, "execute")
    assert waited.detail == wait.reason
    assert ended.detail == "cancelled by eve"


async def test_a_run_is_compared_with_the_one_before_that_read_the_source(db: Database) -> None:
    runs = []
    for fields in ({}, {"sourceIds": ["a"]}, {}):
        runs.append(run := await accept(db, None, **fields))
        await extract(db, run, [batch(0, "a")])
        await apply(db, settled(ref(run), 0, [0], "S", "execute"), Extracted(ref(run), 1, 1))
    first, by_id, second = [await read_run_timeline(db, "default", run.id) for run in runs]
    assert first.before is None
    assert by_id.before is None
    assert second.before is not None
    assert second.before.run.correlation_id == runs[0].id
    assert second.before.mapping is not None
    assert second.before.mapping.version == 1


async def test_another_tenants_run_has_no_timeline(db: Database) -> None:
    run = await accept(db)
    with pytest.raises(NotFoundError):
        await read_run_timeline(db, "other", run.id)
