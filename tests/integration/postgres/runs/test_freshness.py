"""How fresh a stream is, from its runs, dead letters and what hooks tell."""

from __future__ import annotations

import pytest

from syncline.contracts.messages import Extracted
from syncline.domain.errors import NotFoundError
from syncline.domain.run import Run, State
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.store import store_dead_letters
from syncline.postgres.runs.freshness import StreamFreshness, UnsyncedKind, read_freshness
from tests.support.reports import settled
from tests.support.run_life import accept, apply, batch, dead_letter, extract, ref

_HOOK = """
with h as (insert into hooks (id, tenant, name, instance_id, entity_type, source_ids, signature)
  select gen_random_uuid(), 'default', 'told', id, 'item', 'id', '{}' from instances returning id),
d as (insert into hook_deliveries (id, hook_id, tenant, size)
  select gen_random_uuid(), id, 'default', 1 from h returning id, hook_id)
insert into hook_changes (delivery_id, source_id, hook_id, tenant)
select id, unnest('{a,b}'::text[]), hook_id, 'default' from d
"""


async def ended(db: Database, codes: str, **fields: object) -> Run:
    run = await accept(db, None, **fields)
    await extract(db, run, [batch(0, "ab")])
    if "F" in codes:
        async with db.transaction() as connection:
            await store_dead_letters(connection, [dead_letter(run, "b", 1)])
    return await apply(
        db, settled(ref(run), 0, [0, 1], codes, "execute"), Extracted(ref(run), 1, 2)
    )


async def freshness(db: Database) -> StreamFreshness:
    (found,) = (await read_freshness(db, "default", "erp-shop")).entity_types
    return found


async def test_a_stream_is_as_fresh_as_its_last_whole_read(db: Database) -> None:
    nothing = await freshness(db)
    assert (nothing.last_success, nothing.last_read, nothing.unsynced) == (None, None, [])
    good, bad = await ended(db, "SS"), await ended(db, "SF")
    assert (good.state, bad.state) == (State.SUCCEEDED, State.PARTIAL_SUCCESS)
    await ended(db, "SS", sourceIds=["a", "b"])
    await ended(db, "SS", maxEntities=2)

    found = await freshness(db)

    assert found.last_success is not None
    assert found.last_read is not None
    assert found.last_success.correlation_id == good.id
    assert found.last_read.correlation_id == bad.id
    assert found.last_read.started_at == bad.started_at


async def test_what_is_known_and_not_synced_is_told_the_oldest_first(db: Database) -> None:
    run = await ended(db, "SF")
    await extract(db, active := await accept(db), [batch(0, "ab")])
    await db.execute(_HOOK)
    told = [(each.kind, each.records) for each in (await freshness(db)).unsynced]
    assert told == [
        (UnsyncedKind.DEAD_LETTER, 1), (UnsyncedKind.IN_FLIGHT, 2), (UnsyncedKind.HOOK, 2),
    ]  # fmt: skip
    assert run.id != active.id


async def test_another_tenants_instance_is_not_there(db: Database) -> None:
    with pytest.raises(NotFoundError):
        await read_freshness(db, "other", "erp-shop")
