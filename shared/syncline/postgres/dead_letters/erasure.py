"""Erases what PostgreSQL holds of a record: payloads, edits, and errors, which may quote values.

The record's ID, its outcomes and the hashes in the ledger stay. What is on topics is removed by
their retention; a dead letter that comes of it later is erased where it is stored.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.domain.configuration.documents import Kind
from syncline.postgres.audit.log import audit
from syncline.postgres.database.database import Connection, Database, rows_touched
from syncline.postgres.database.near_names import none_like

# What is being stored now is there to be erased then, and what comes later finds the note.
_NO_NEW_ONES = "lock table dead_letters in share row exclusive mode"
_NOTE = """
insert into erasures (instance_id, source_id, by)
select id, $2, $3 from unnest($1::uuid[]) as i (id)
on conflict (instance_id, source_id) do update set at = clock_timestamp(), by = excluded.by
"""
# The version of a record says when it was read, in µs since 1970.
_ERASE = """
update dead_letters d set payload = null, edit = null, detail = null, attempts = '[]',
  error = coalesce(d.pattern, d.code), erased_at = e.at, erased_by = e.by
from erasures e
where e.instance_id = d.instance_id and e.source_id = d.source_id and d.erased_at is null
  and coalesce(d.version, 0) < extract(epoch from e.at) * 1000000 and {}
returning d.id
"""
_OF_RECORD = _ERASE.format("d.tenant = $1 and d.source_id = $3 and d.instance_id = any($2)")
_LATE = _ERASE.format("d.id = any($1)")
_NOTES = "update operation_items set note = null where letter_id = any($1) and state = 'done'"
_ATTEMPTS = """
update attempts a set failure = (a.failure - 'detail') || '{"message": "erased"}'
from runs r where a.tenant = $1 and a.source_id = $3 and r.id = a.run_id and r.instance_id = any($2)
"""
# What hooks received is there for a day.
_BODIES = """
delete from hook_bodies b using hook_changes c, hooks h
where c.delivery_id = b.delivery_id and h.id = c.hook_id
  and c.tenant = $1 and c.source_id = $3 and h.instance_id = any($2)
"""
_NAMED = "select id from instances where tenant = $1 and name = $2"


class Erasure(msgspec.Struct, frozen=True, rename="camel"):
    """What was erased: dead letters, and failed attempts of runs that store them."""

    instance: str
    source_id: str
    dead_letters: int
    attempts: int


async def erase_record(
    database: Database, tenant: str, instance: str, source_id: str, actor: str
) -> Erasure:
    """Erase the payloads of a record. Again: what was stored since. Raises NotFoundError.

    Args:
        instance: its name; those that are deleted count too.
        source_id: compared exactly; nothing need be known of it.
    """
    instances = [row["id"] for row in await database.fetch(_NAMED, tenant, instance)]
    if not instances:
        raise await none_like(database, Kind.INSTANCE, tenant, instance)
    key = (tenant, instances, source_id)
    async with database.transaction() as connection:
        await connection.execute(_NO_NEW_ONES)
        await connection.execute(_NOTE, instances, source_id, actor)
        ids = [row["id"] for row in await connection.fetch(_OF_RECORD, *key)]
        await connection.execute(_NOTES, ids)
        attempts = rows_touched(await connection.execute(_ATTEMPTS, *key))
        await connection.execute(_BODIES, *key)
        details = {"instance": instance, "deadLetters": len(ids), "attempts": attempts}
        await audit(connection, tenant, actor, "record.erased", source_id, details)
    return Erasure(instance, source_id, len(ids), attempts)


async def erase_late(connection: Connection, ids: Sequence[str]) -> None:
    """Erase dead letters that were stored now, of records that were read before their erasure."""
    await connection.execute(_LATE, list(ids))
