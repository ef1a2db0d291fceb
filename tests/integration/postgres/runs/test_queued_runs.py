"""Queued runs when their turn comes: they start, or are refused."""

from __future__ import annotations

import pytest

from syncline.contracts.messages import Extracted
from syncline.domain.errors import NotFoundError
from syncline.domain.run import State
from syncline.postgres.configuration.streams import Streams
from syncline.postgres.database.database import Database
from syncline.postgres.progress.extraction import Extractions
from syncline.postgres.runs.queued_runs import QueuedRuns
from syncline.postgres.runs.runs import Runs
from tests.support.run_life import accept, apply, extract, ref

OFF = {
    "update instances set enabled = false": "instance 'erp-shop' is Inactive",
    "update profiles set active = false where name = 'erp-shop-erp'": (
        "instance 'erp-shop' is Dependency Inactive: profile 'erp-shop-erp' is Inactive"
    ),
    "update profiles set active = false where name = 'erp-shop-shop'": (
        "instance 'erp-shop' is Dependency Inactive: profile 'erp-shop-shop' is Inactive"
    ),
    "update streams set removed = true": "instance 'erp-shop' has no entity type 'item' any more",
}


@pytest.mark.parametrize(
    ("change", "why"), OFF.items(), ids=["instance", "source", "target", "type"]
)
async def test_a_queued_run_is_refused_when_something_was_switched_off(
    db: Database, change: str, why: str
) -> None:
    first = await accept(db)
    second = await accept(db, onOverlap="queue")
    await extract(db, first)
    await db.execute(change)
    queued = QueuedRuns(db)
    assert await queued.refuse_switched_off() == []  # its turn has not come
    await apply(db, Extracted(ref(first), 0, 0))

    assert await queued.claim_dispatchable() == []
    (refused,) = await queued.refuse_switched_off()
    assert (refused.id, refused.reason) == (second.id, None)
    assert (refused.failure or {})["message"] == f"its turn came, but {why}"
    assert await Extractions(db).start(second.id) is None
    (again,) = await queued.refuse_switched_off()  # until Finalize has heard of it
    assert again.status_seq == refused.status_seq > second.status_seq
    ended = await apply(db, Extracted(ref(second), 0, 0))
    assert (ended.state, ended.reason) == (State.FAILED, f"its turn came, but {why}")
    assert await queued.refuse_switched_off() == []


@pytest.mark.parametrize("change", OFF)
async def test_a_run_that_was_handed_on_does_not_start_either(db: Database, change: str) -> None:
    run = await accept(db)
    queued = QueuedRuns(db)
    assert await queued.claim_dispatchable() == [(run.id, "default")]
    await db.execute(change)
    assert await Extractions(db).start(run.id) is None
    assert [refused.id for refused in await queued.refuse_switched_off()] == [run.id]
    await apply(db, Extracted(ref(run), 0, 0))


async def test_a_run_that_has_begun_goes_on(db: Database) -> None:
    run = await accept(db)
    assert await Extractions(db).start(run.id) is not None
    await db.execute("update instances set enabled = false")
    assert await QueuedRuns(db).refuse_switched_off() == []
    await extract(db, run)
    ended = await apply(db, Extracted(ref(run), 0, 0))
    assert ended.state is State.SUCCEEDED


async def test_a_refused_run_lets_the_next_one_go(db: Database) -> None:
    first = await accept(db)
    second = await accept(db, onOverlap="queue")
    await db.execute("update instances set enabled = false")
    queued = QueuedRuns(db)
    assert [run.id for run in await queued.refuse_switched_off()] == [first.id]
    await db.execute("update instances set enabled = true")
    await apply(db, Extracted(ref(first), 0, 0))
    assert await queued.claim_dispatchable() == [(second.id, "default")]
    await Runs(db).request_cancel("default", second.id, "test")
    await queued.end_cancelled()
    await apply(db, Extracted(ref(second), 0, 0))


@pytest.mark.parametrize(
    ("instance", "entity_type", "words"),
    [
        ("erp-shp", "item", "unknown instance 'erp-shp'; did you mean `erp-shop`?"),
        ("ERP-SHOP", "item", "unknown instance 'ERP-SHOP'; did you mean `erp-shop`?"),
        ("warehouse", "item", "unknown instance 'warehouse'"),
        ("erp-shop", "itm", "no entity type 'itm'; did you mean `item`? It has: item"),
        ("x" * 10_000, "item", "unknown instance 'xxx"),
    ],
)
async def test_what_is_near_is_named(
    db: Database, instance: str, entity_type: str, words: str
) -> None:
    with pytest.raises(NotFoundError) as caught:
        await Streams(db).runnable("default", instance, entity_type)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 400
    with pytest.raises(NotFoundError) as elsewhere:
        await Streams(db).runnable("another", instance, entity_type)
    assert "did you mean" not in str(elsewhere.value)


async def test_a_claim_does_not_wait_for_the_disk_and_nothing_else_does_so_too(
    db: Database,
) -> None:
    run = await accept(db)
    async with db.transaction() as connection:
        queued = QueuedRuns(connection)  # type: ignore[arg-type]
        assert await queued.claim_dispatchable() == [(run.id, "default")]
        assert await connection.fetchval("show synchronous_commit") == "off"
    for _ in range(4):  # all connections of the pool
        assert await db.fetchval("show synchronous_commit") == "on"
