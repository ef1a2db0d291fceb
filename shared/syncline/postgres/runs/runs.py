"""Runs: accepting, looking up, cancelling. Their counters belong to `progress.outcomes`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import asyncpg
import msgspec

from syncline.domain.errors import ConflictError
from syncline.domain.record import JsonObject
from syncline.domain.run import Overlap, Run
from syncline.domain.trigger import TriggerRequest
from syncline.postgres.audit.log import audit
from syncline.postgres.configuration.streams import Stream
from syncline.postgres.database.database import Connection, Repository
from syncline.postgres.database.rows import row_of
from syncline.postgres.dead_letters.store import take_dead_letters
from syncline.postgres.runs.chains import Chain, chain_of
from syncline.postgres.runs.run_row import BY_ID, SELECT, run_of

_OF_TENANT = f"{BY_ID} and r.tenant = $2"
_NEWEST = f"""{SELECT} where r.tenant = $1 and (cardinality($2::text[]) = 0 or r.state = any($2))
and ($3::text is null or i.name = $3) order by r.created_at desc limit $4"""
_INSERT = """
insert into runs (id, tenant, stream_id, instance_id, entity_type, source_id, target_id, mapping_id,
  mapping_version, mode, trigger, actor, source_ids, max_entities, batch_size, lanes, request_hash,
  replay, parent_id, chain_id, chain_order)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
  (select run_id from dead_letters where id = $19), $20, $21)
"""
# Serialises triggers of one stream, so that two cannot both find it idle.
_LOCK_STREAM = "select from streams where id = $1 for update"
_ACTIVE = """
select id from runs where stream_id = $1 and state in ('queued', 'extracting', 'in_progress')
order by state = 'queued', created_at limit 1
"""
# No process reads the source of a paused run: one has to, to find that it is cancelled.
_CANCEL = """
update runs set cancel_requested_at = now(), cancel_requested_by = $2,
  status_seq = status_seq + 1,
  read_on = read_on or (paused_at is not null and state = 'extracting' and not extracted),
  dispatched_at = case when paused_at is null then dispatched_at end,
  paused_at = null, paused_by = null, needs_attention = null where id = $1
"""
_OPEN_CANCELS = """
select id, cancel_requested_by from runs where state in ('extracting', 'in_progress')
  and coalesce(cancel_requested_at, halted_at) < clock_timestamp() - make_interval(secs => $1)
"""


class Runs(Repository):
    """Runs in the database; every method may raise RetriableError."""

    async def accept(
        self, run_id: str, request: TriggerRequest, stream: Stream, lanes: int
    ) -> tuple[Run, bool]:
        """Store an accepted run, once: return it, and whether it is new.

        Raises:
            ConflictError: the correlation ID belongs to another request, a run of the stream is
                active and the request says reject, dead letters cannot be replayed, or the run
                does not follow in its chain.
        """
        try:
            return await self._accept(run_id, request, stream, lanes)
        except asyncpg.UniqueViolationError:  # of another stream, at the same moment
            return await self._accept(run_id, request, stream, lanes)

    async def _accept(
        self, run_id: str, request: TriggerRequest, stream: Stream, lanes: int
    ) -> tuple[Run, bool]:
        async with self._database.transaction() as connection:
            await connection.execute(_LOCK_STREAM, stream.id)
            existing = await connection.fetchrow(BY_ID, run_id)
            if existing is not None:
                if existing["request_hash"] != request.fingerprint():
                    raise ConflictError(f"correlation ID {run_id} belongs to another request")
                return run_of(existing), False
            if request.on_overlap is not Overlap.QUEUE:
                await _refuse_overlap(connection, stream)
            await take_dead_letters(connection, request, stream, run_id)
            chain = await chain_of(connection, run_id, request, stream)
            await _insert(connection, run_id, request, stream, lanes, chain)
            details = _details(request, stream)
            tenant, actor = request.tenant, request.actor
            await audit(connection, tenant, actor, "run.triggered", run_id, details)
            return await read_run(connection, run_id), True

    async def open_cancels(self, older: float) -> list[tuple[str, str]]:
        """Return active runs that were to end `older` seconds ago, each with who said so."""
        rows = await self._database.fetch(_OPEN_CANCELS, older)
        return [(row["id"], row["cancel_requested_by"] or "finalize") for row in rows]

    async def get(self, tenant: str, run_id: str) -> Run:
        """Return a run. Raises NotFoundError, also for another tenant's."""
        return run_of(await row_of(self._database, f"run {run_id}", _OF_TENANT, run_id, tenant))

    async def with_request_hash(self, tenant: str, run_id: str) -> tuple[Run, str] | None:
        """Return a run of a tenant with the fingerprint of its request, or None."""
        row = await self._database.fetchrow(_OF_TENANT, run_id, tenant)
        return None if row is None else (run_of(row), row["request_hash"])

    async def newest(
        self,
        tenant: str,
        *,
        limit: int = 25,
        states: Sequence[str] = (),
        instance: str | None = None,
    ) -> list[Run]:
        """Return the newest runs, newest first, in any or just these states."""
        rows = await self._database.fetch(_NEWEST, tenant, list(states), instance, limit)
        return [run_of(row) for row in rows]

    async def request_cancel(self, tenant: str, run_id: str, actor: str) -> Run:
        """Note that a person wants a run to end. Raises NotFoundError; ConflictError: it ended."""
        async with self._database.transaction() as connection:
            run = await lock_run(connection, tenant, run_id)
            if run.cancel_requested_at is None:
                await connection.execute(_CANCEL, run_id, actor)
                await audit(connection, tenant, actor, "run.cancel_requested", run_id, {})
        return await self.get(tenant, run_id)


async def lock_run(connection: Connection, tenant: str, run_id: str) -> Run:
    """Return a run, locked. Raises NotFoundError; ConflictError when it has ended already."""
    sql = f"{_OF_TENANT} for update of r"
    run = run_of(await row_of(connection, f"run {run_id}", sql, run_id, tenant))
    if run.state.is_final:
        raise ConflictError(f"run {run_id} has ended already: {run.state.label}")
    return run


async def read_run(connection: Connection, run_id: str) -> Run:
    """Return a run as the caller's transaction has it. Raises NotFoundError."""
    return run_of(await row_of(connection, f"run {run_id}", BY_ID, run_id))


async def _refuse_overlap(connection: Connection, stream: Stream) -> None:
    active = await connection.fetchval(_ACTIVE, stream.id)
    if active is not None:
        raise ConflictError(f"run {active} of this instance and entity type is active")


def _details(request: TriggerRequest, stream: Stream) -> JsonObject:
    """Say for the audit log what was asked for."""
    return {
        "instance": stream.instance_name,
        "entityType": stream.entity_type,
        "mode": str(request.mode),
        "trigger": "replay" if request.replay else request.trigger,
        "sourceIds": len(request.source_ids),
        "replayed": len(request.replay.entries) if request.replay else 0,
    }


async def _insert(
    connection: Connection,
    run_id: str,
    request: TriggerRequest,
    stream: Stream,
    lanes: int,
    chain: Chain | None,
) -> None:
    replay = request.replay
    await connection.execute(
        _INSERT,
        run_id,
        stream.tenant,
        stream.id,
        stream.instance,
        stream.entity_type,
        stream.source,
        stream.target,
        stream.mapping,
        stream.mapping_version,
        str(request.mode),
        "replay" if replay else request.trigger,
        request.actor,
        list(request.source_ids) or None,
        request.max_entities,
        request.batch_size,
        lanes,
        request.fingerprint(),
        msgspec.to_builtins(replay, builtin_types=(Decimal,)) if replay else None,
        replay.entries[0] if replay else None,
        chain and chain.first,
        chain and chain.order,
    )
