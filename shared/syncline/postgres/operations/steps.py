"""The work of operations, step by step: each step is one transaction and can be repeated safely.

A process works on an operation while it holds a lease. A step without the lease changes nothing, so
a process may die anywhere, and two may believe that they hold the lease.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec

from syncline.domain.dead_letter.operation import OperationKind, chunk_size, run_id_of
from syncline.postgres.database.database import Connection, Database, Row
from syncline.postgres.database.rows import struct_of
from syncline.postgres.dead_letters.store import resolve_dead_letters
from syncline.postgres.operations.settlement import close_if_over, refuse_items, settle_chunks

LEASE = 15.0
"""Seconds for which an operation is held without another word."""
PORTION = 1000
"""Entries that one transaction discards or restores."""
_LEASE = """
update operations o set holder = $1, held_until = clock_timestamp() + make_interval(secs => $2),
  state = 'running', started_at = coalesce(started_at, now())
where id in (select id from operations where state in ('waiting', 'running') and starts_at <= now()
  and (holder is null or holder = $1 or held_until < clock_timestamp())
  order by created_at limit 10 for update skip locked)
returning *
"""
# Of several entries of a record only the oldest goes into a chunk: a run has one outcome a record.
_CANDIDATES = """
select w.number, w.letter_id, d.reason,
  case when d.status = 'pending' and d.erased_at is not null then 'erased' else d.status end
    as status
from (
  select number, letter_id, row_number() over (partition by source_id order by number) as nth
  from (select number, letter_id, source_id from operation_items
        where operation_id = $1 and stream_id = $2 and state = 'waiting' order by number limit $3) i
) w left join dead_letters d on d.id = w.letter_id where w.nth = 1 order by w.number
"""
_IDLE = """
select s as stream_id, (select count(*) from operation_chunks c
  where c.operation_id = $1 and c.stream_id = s and c.state = 'settled') as settled
from operations o, unnest(o.streams) s
where o.id = $1 and o.next_at <= now()
  and exists (select from operation_items i
    where i.operation_id = $1 and i.stream_id = s and i.state = 'waiting')
  and not exists (select from operation_chunks c
    where c.operation_id = $1 and c.stream_id = s and c.state <> 'settled')
order by s
"""
_UNSENT = """
select c.number, c.run_id, s.instance_id as instance, s.entity_type,
  array(select i.letter_id from operation_items i where i.operation_id = $1
    and i.chunk = c.number and i.state = 'asked' order by i.number) as entries
from operation_chunks c join streams s on s.id = c.stream_id
where c.operation_id = $1 and c.state = 'claimed' order by c.number
"""
_SENT = """
update operation_chunks set state = 'sent'
where operation_id = $1 and number = $2 and state = 'claimed'
"""
_TO_CANCEL = """
select c.run_id from operation_chunks c join operations o on o.id = c.operation_id
join runs r on r.id = c.run_id and r.finished_at is null
where c.operation_id = $1 and c.state <> 'settled' and c.cancelled_at is null
  and o.stopped is not null order by c.number
"""
_CANCELLED = """
update operation_chunks set cancelled_at = now() where operation_id = $1 and run_id = any($2)
"""
_WAITING = """
select i.number, i.letter_id, d.status, d.reason from operation_items i
left join dead_letters d on d.id = i.letter_id
where i.operation_id = $1 and i.state = 'waiting' order by i.number limit $2
"""
_RESOLVED = """
update operation_items set state = 'done', result = $3, finished_at = now()
where operation_id = $1 and state = 'waiting' and letter_id = any($2)
"""
_LOCK = """
select * from operations where id = $1 and holder = $2 and state = 'running' for update
"""
_NEXT_CHUNK = """
update operations set chunks = chunks + 1,
  next_at = greatest(next_at, now()) + coalesce(make_interval(secs => $2 / rate), '0')
where id = $1 returning chunks
"""
_INSERT_CHUNK = """
insert into operation_chunks (operation_id, number, tenant, stream_id, run_id)
values ($1, $2, $3, $4, $5)
"""
_ASK = """
update operation_items set state = 'asked', chunk = $3 where operation_id = $1 and number = any($2)
"""


class LeasedOperation(msgspec.Struct, frozen=True):
    """An operation to work on."""

    id: str
    tenant: str
    kind: OperationKind
    actor: str
    reason: str | None
    from_stage: str


class OperationChunk(msgspec.Struct, frozen=True):
    """Items of one stream that one run replays."""

    operation: LeasedOperation
    number: int
    run_id: str
    instance: str
    entity_type: str
    entries: list[str]


class OperationSteps:
    """Steps of the process that `holder` names; each may raise RetriableError."""

    def __init__(self, database: Database, holder: str, lease: float = LEASE) -> None:
        self._database = database
        self._holder = holder
        self._lease = lease

    async def lease(self) -> list[LeasedOperation]:
        """Take, or keep, the operations that no other process works on, the oldest first."""
        taken = await self._database.fetch(_LEASE, self._holder, self._lease)
        rows = sorted(taken, key=lambda row: row["created_at"])  # an update returns in any order
        return [struct_of(LeasedOperation, row) for row in rows]

    async def claim(self, operation: LeasedOperation) -> int:
        """Put entries that wait into chunks, one for each stream without one; return how many."""
        async with self._locked(operation) as (connection, row):
            if row is None:
                return 0
            looked_at = 0
            for stream in await connection.fetch(_IDLE, operation.id):
                careful = row["stop_on_repeat"] or row["stop_after"] is not None
                size = chunk_size(row["rate"], careful=careful, settled=stream["settled"])
                looked_at += await _claim(connection, operation, stream["stream_id"], size)
            return looked_at

    async def unsent_chunks(self, operation: LeasedOperation) -> list[OperationChunk]:
        """Return chunks whose run may not have been asked for yet."""
        rows = await self._database.fetch(_UNSENT, operation.id)
        return [struct_of(OperationChunk, row, operation=operation) for row in rows]

    async def mark_sent(self, chunks: Sequence[OperationChunk]) -> None:
        """Note that the runs of chunks were asked for."""
        for chunk in chunks:
            await self._database.execute(_SENT, chunk.operation.id, chunk.number)

    async def runs_to_cancel(self, operation: LeasedOperation) -> list[str]:
        """Return the runs of a stopped operation that go on and were not asked to end yet."""
        return [row["run_id"] for row in await self._database.fetch(_TO_CANCEL, operation.id)]

    async def mark_cancelled(self, operation: LeasedOperation, run_ids: Sequence[str]) -> None:
        """Note that runs were asked to end."""
        await self._database.execute(_CANCELLED, operation.id, run_ids)

    async def settle(self, operation: LeasedOperation) -> int:
        """Take over what the runs of chunks have found out; returns how many runs there are."""
        async with self._locked(operation) as (connection, row):
            return 0 if row is None else await settle_chunks(connection, row)

    async def resolve(self, operation: LeasedOperation) -> int:
        """Discard or restore some entries; returns how many items it looked at."""
        async with self._locked(operation) as (connection, row):
            if row is None:
                return 0
            items = await connection.fetch(_WAITING, operation.id, PORTION)
            kind, ids = operation.kind, [item["letter_id"] for item in items]
            who, why = operation.actor, operation.reason
            done = await resolve_dead_letters(connection, operation.tenant, ids, kind, who, why)
            await connection.execute(_RESOLVED, operation.id, list(done), kind.past)
            refused = [item for item in items if item["letter_id"] not in done]
            await refuse_items(connection, operation.id, refused, kind.takes)
            return len(items)

    async def finish(self, operation: LeasedOperation) -> bool:
        """Close the operation if nothing of it is open; tell whether it is closed."""
        async with self._locked(operation) as (connection, row):
            return row is not None and await close_if_over(connection, operation.id)

    @asynccontextmanager
    async def _locked(
        self, operation: LeasedOperation
    ) -> AsyncIterator[tuple[Connection, Row | None]]:
        """Lock the operation's row in a transaction; the row is None if another process has it."""
        async with self._database.transaction() as connection:
            yield connection, await connection.fetchrow(_LOCK, operation.id, self._holder)


async def _claim(connection: Connection, operation: LeasedOperation, stream: int, size: int) -> int:
    found = await connection.fetch(_CANDIDATES, operation.id, stream, size)
    going = [row["number"] for row in found if row["status"] == "pending"]
    await refuse_items(connection, operation.id, [r for r in found if r["status"] != "pending"])
    if going:
        number = await connection.fetchval(_NEXT_CHUNK, operation.id, float(len(going)))
        chunk = (operation.tenant, stream, run_id_of(operation.id, number))
        await connection.execute(_INSERT_CHUNK, operation.id, number, *chunk)
        await connection.execute(_ASK, operation.id, going, number)
    return len(found)
