"""The work of operations, step by step: each step is one transaction and can be done again.

Whoever works on an operation holds a lease. A step of somebody whose lease has gone to another does
nothing; so it does not matter where a process dies, nor that two may believe that they hold it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from syncline.domain.dead_letter.operation import OVERTAKEN, OperationKind, chunk_size, run_id_of
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.store import resolve_dead_letters
from syncline.postgres.operations.end import close_if_over

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
select w.number, w.letter_id, d.status, d.reason from (
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
_REFUSE = """
update operation_items i set state = 'done', result = u.result, finished_at = now(), note = u.note
from unnest($2::int[], $3::text[], $4::text[]) as u(number, note, result)
where i.operation_id = $1 and i.number = u.number and i.state <> 'done'
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
    """Every method may raise RetriableError.

    Args:
        holder: names this process.
    """

    def __init__(self, database: Database, holder: str, lease: float = LEASE) -> None:
        self._database = database
        self._holder = holder
        self._lease = lease

    async def lease(self) -> list[LeasedOperation]:
        """Take, or keep, the operations that nobody else works on, the oldest first."""
        taken = await self._database.fetch(_LEASE, self._holder, self._lease)
        rows = sorted(taken, key=lambda row: row["created_at"])  # an update returns in any order
        return [
            LeasedOperation(
                row["id"], row["tenant"], OperationKind(row["kind"]), row["actor"], row["reason"],
                row["from_stage"],
            )
            for row in rows
        ]  # fmt: skip

    async def claim(self, operation: LeasedOperation) -> int:
        """Put entries that wait into chunks, one for each stream that has none under way.

        Returns:
            How many items it looked at.
        """
        async with self._held(operation) as (connection, row):
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
        rows = await self._database.fetch(
            """select c.number, c.run_id, s.instance_id, s.entity_type,
              array(select i.letter_id from operation_items i where i.operation_id = $1
                and i.chunk = c.number and i.state = 'asked' order by i.number) as entries
            from operation_chunks c join streams s on s.id = c.stream_id
            where c.operation_id = $1 and c.state = 'claimed' order by c.number""",
            operation.id,
        )
        return [
            OperationChunk(
                operation, row["number"], str(row["run_id"]), str(row["instance_id"]),
                row["entity_type"], [str(entry) for entry in row["entries"]],
            )
            for row in rows
        ]  # fmt: skip

    async def mark_sent(self, chunks: Sequence[OperationChunk]) -> None:
        """Note that the runs of chunks were asked for."""
        for chunk in chunks:
            await self._database.execute(
                """update operation_chunks set state = 'sent'
                where operation_id = $1 and number = $2 and state = 'claimed'""",
                chunk.operation.id,
                chunk.number,
            )

    async def runs_to_cancel(self, operation: LeasedOperation) -> list[str]:
        """Return the runs of a stopped operation that go on and were not asked to end yet."""
        rows = await self._database.fetch(
            """select c.run_id from operation_chunks c join operations o on o.id = c.operation_id
            join runs r on r.id = c.run_id and r.finished_at is null
            where c.operation_id = $1 and c.state <> 'settled' and c.cancelled_at is null
              and o.stopped is not null order by c.number""",
            operation.id,
        )
        return [str(row["run_id"]) for row in rows]

    async def mark_cancelled(self, operation: LeasedOperation, run_ids: Sequence[str]) -> None:
        """Note that runs were asked to end."""
        await self._database.execute(
            """update operation_chunks set cancelled_at = now()
            where operation_id = $1 and run_id = any($2)""",
            operation.id,
            list(run_ids),
        )

    async def resolve(self, operation: LeasedOperation) -> int:
        """Discard or restore some entries; returns how many items it looked at."""
        async with self._held(operation) as (connection, row):
            if row is None:
                return 0
            items = await connection.fetch(
                """select i.number, i.letter_id, d.status, d.reason from operation_items i
                left join dead_letters d on d.id = i.letter_id
                where i.operation_id = $1 and i.state = 'waiting' order by i.number limit $2""",
                operation.id,
                PORTION,
            )
            kind = operation.kind
            ids = [str(item["letter_id"]) for item in items]
            change = (kind.takes, kind.gives)
            done = await resolve_dead_letters(
                connection, operation.tenant, ids, change, operation.actor, operation.reason
            )
            await connection.execute(
                """update operation_items set state = 'done', result = $3, finished_at = now()
                where operation_id = $1 and state = 'waiting' and letter_id = any($2)""",
                operation.id,
                list(done),
                kind.past,
            )
            refused = [item for item in items if str(item["letter_id"]) not in done]
            await refuse_items(connection, operation.id, refused, kind.takes)
            return len(items)

    async def finish(self, operation: LeasedOperation) -> bool:
        """Close the operation if nothing of it is open; tell whether it is closed."""
        async with self._held(operation) as (connection, row):
            return row is not None and await close_if_over(connection, operation.id)

    @asynccontextmanager
    async def _held(self, operation: LeasedOperation) -> AsyncIterator[tuple[Any, Any]]:
        """Hold the operation's row in a transaction; the row is None if somebody else has it."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(
                """select * from operations where id = $1 and holder = $2 and state = 'running'
                for update""",
                operation.id,
                self._holder,
            )
            yield connection, row


async def _claim(connection: Any, operation: LeasedOperation, stream: int, size: int) -> int:  # noqa: ANN401
    found = await connection.fetch(_CANDIDATES, operation.id, stream, size)
    going = [row["number"] for row in found if row["status"] == "pending"]
    await refuse_items(connection, operation.id, [r for r in found if r["status"] != "pending"])
    if not going:
        return len(found)
    number = await connection.fetchval(
        """update operations set chunks = chunks + 1,
          next_at = greatest(next_at, now()) + coalesce(make_interval(secs => $2 / rate), '0')
        where id = $1 returning chunks""",
        operation.id,
        float(len(going)),
    )
    await connection.execute(
        """insert into operation_chunks (operation_id, number, tenant, stream_id, run_id)
        values ($1, $2, $3, $4, $5)""",
        operation.id,
        number,
        operation.tenant,
        stream,
        run_id_of(operation.id, number),
    )
    await connection.execute(
        """update operation_items set state = 'asked', chunk = $3
        where operation_id = $1 and number = any($2)""",
        operation.id,
        going,
        number,
    )
    return len(found)


async def refuse_items(
    connection: Any,  # noqa: ANN401 - a database connection
    operation_id: str,
    items: Sequence[Any],
    needed: str = "pending",
) -> None:
    """Note why nothing can be done to items: their entries have another status, or are gone.

    What was overtaken needs nothing any more.
    """
    await connection.execute(
        _REFUSE,
        operation_id,
        [item["number"] for item in items],
        [_why(item, needed) for item in items],
        [OVERTAKEN if item["status"] == OVERTAKEN else "refused" for item in items],
    )


def _why(item: Any, needed: str) -> str:  # noqa: ANN401 - a database row
    status = item["status"]
    if status is None:
        return "there is no such entry any more"
    if status == OVERTAKEN:
        return str(item["reason"])
    return f"it is not {needed.title()} but {status.title()}"
