"""Every message of every topic a second time, during a run and after it, changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncline.contracts.topics import CONTROL, STATUS
from syncline.contracts.wire import Delivery, Outbound
from syncline.domain.run import State
from syncline.postgres.database.database import Database
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.topics import ALL, lying_on, until_nothing_waits

TRUTH = {
    "runs": "id, state, reason, total, success, unchanged, excluded, superseded, cancelled, "
    "failed, cursor_before, cursor_after, high_water, finished_at",
    "batches": "run_id, number, source_ids, outcomes",
    "cursors": "stream_id, version, value, run_id",
    "ledger": "source_id, payload_hash, row_hash, target_id, run_id, version, written_at",
    "dead_letters": "id, status, attempts, retries, payload",
    "target_items": "code, title, price, active, xmin::text::bigint",
}
"""What a run leaves behind; xmin tells a row that was written again, even with the same values."""


async def test_whole_topics_twice_change_nothing(place: Installation, db: Database) -> None:
    await db.execute("update source_items set active = 'maybe' where code like 'A%00'")
    first = await place.run(instance="erp-shop", entityType="item")
    assert (first.state, first.counters.failed) == (State.PARTIAL_SUCCESS, 50)
    run_id = await place.trigger(instance="erp-shop", entityType="item", mode="force_full")
    await eventually(lambda: under_way(db, run_id), within=20)
    await repeat(place)
    second = await place.ended(run_id)
    await until_nothing_waits(place.connection)
    assert (second.counters.total, second.counters.success) == (5000, 4950)

    before = await truth(db)
    await repeat(place)
    await until_nothing_waits(place.connection)

    assert await truth(db) == before


async def under_way(db: Database, run_id: str) -> bool:
    return bool(await db.fetchval("select total > 500 from runs where id = $1::uuid", run_id))


async def repeat(place: Installation) -> None:
    """Publish all that lies on the topics again, as it is, where it lay."""
    found = await lying_on(place.connection, [t for t in ALL if t not in (CONTROL, STATUS)])
    for deliveries in found.values():
        await place.producer.send([copy(delivery) for delivery in deliveries])


def copy(d: Delivery) -> Outbound:
    return Outbound(d.topic, d.key or b"", d.value, d.partition, d.headers)


async def truth(db: Database) -> dict[str, Sequence[tuple[Any, ...]]]:
    return {
        table: [tuple(row) for row in await db.fetch(f"select {names} from {table} order by 1, 2")]
        for table, names in TRUTH.items()
    }
