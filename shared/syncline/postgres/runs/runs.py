"""Runs: accepting, dispatching, looking up, cancelling. Their counters belong to `outcomes`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import asyncpg
import msgspec

from syncline.domain.errors import ConflictError, NotFoundError
from syncline.domain.run import Overlap, Run
from syncline.domain.trigger import TriggerRequest
from syncline.postgres.audit.log import audit
from syncline.postgres.configuration.streams import Stream
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.replays import take_dead_letters
from syncline.postgres.runs.run_row import SELECT, run_of

_INSERT = """
insert into runs (id, tenant, stream_id, instance_id, entity_type, source_id, target_id, mapping_id,
  mapping_version, mode, trigger, actor, source_ids, max_entities, batch_size, lanes, request_hash,
  replay, parent_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
"""

# Nobody reads the source of a paused run: somebody has to, to find that it is cancelled.
_CANCEL = """
update runs set cancel_requested_at = now(), cancel_requested_by = $2,
  read_on = read_on or (paused_at is not null and state = 'extracting' and not extracted),
  dispatched_at = case when paused_at is null then dispatched_at end,
  paused_at = null, paused_by = null where id = $1
"""


class Runs:
    """Runs in the database; every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def accept(
        self, run_id: str, request: TriggerRequest, stream: Stream, lanes: int
    ) -> tuple[Run, bool]:
        """Store an accepted run, once.

        Returns:
            The run, and whether it is new; the same request again gives the same run.

        Raises:
            ConflictError: the correlation ID belongs to another request, a run of the stream is
                active and the request says reject, or dead letters cannot be replayed.
        """
        try:
            return await self._accept(run_id, request, stream, lanes)
        except asyncpg.UniqueViolationError:  # of another stream, at the same moment
            return await self._accept(run_id, request, stream, lanes)

    async def _accept(
        self, run_id: str, request: TriggerRequest, stream: Stream, lanes: int
    ) -> tuple[Run, bool]:
        async with self._database.transaction() as connection:
            # Serialises triggers of one stream, so that two cannot both find it idle.
            await connection.execute("select from streams where id = $1 for update", stream.id)
            existing = await connection.fetchrow(f"{SELECT} where r.id = $1", run_id)
            if existing is not None:
                if existing["request_hash"] != request.fingerprint():
                    raise ConflictError(f"correlation ID {run_id} belongs to another request")
                return run_of(existing), False
            if request.on_overlap is not Overlap.QUEUE:
                await _refuse_overlap(connection, stream)
            await take_dead_letters(connection, request, stream, run_id)
            await _insert(connection, run_id, request, stream, lanes)
            await audit(
                connection, request.tenant, request.actor, "run.triggered", run_id,
                _details(request, stream),
            )  # fmt: skip
            return run_of(await connection.fetchrow(f"{SELECT} where r.id = $1", run_id)), True

    async def open_cancels(self, older: float) -> list[tuple[str, str]]:
        """Return active runs that were to end some seconds ago, each with who said so."""
        rows = await self._database.fetch(
            """select id, cancel_requested_by from runs where state in ('extracting', 'in_progress')
            and coalesce(cancel_requested_at, halted_at)
              < clock_timestamp() - make_interval(secs => $1)""",
            older,
        )
        return [(str(row["id"]), row["cancel_requested_by"] or "finalize") for row in rows]

    async def get(self, tenant: str, run_id: str) -> Run:
        """Return a run. Raises NotFoundError, also for another tenant's."""
        row = await self._database.fetchrow(
            f"{SELECT} where r.id = $1 and r.tenant = $2", run_id, tenant
        )
        if row is None:
            raise NotFoundError(f"no run {run_id}")
        return run_of(row)

    async def of_request(self, tenant: str, run_id: str) -> tuple[Run, str] | None:
        """Return a run of a tenant with the fingerprint of its request, or None."""
        row = await self._database.fetchrow(
            f"{SELECT} where r.id = $1 and r.tenant = $2", run_id, tenant
        )
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
        rows = await self._database.fetch(
            f"""{SELECT} where r.tenant = $1 and (cardinality($2::text[]) = 0 or r.state = any($2))
            and ($3::text is null or i.name = $3) order by r.created_at desc limit $4""",
            tenant,
            list(states),
            instance,
            limit,
        )
        return [run_of(row) for row in rows]

    async def request_cancel(self, tenant: str, run_id: str, actor: str) -> Run:
        """Note that a person wants the run to end.

        Raises:
            NotFoundError: no such run in this tenant.
            ConflictError: the run has ended already.
        """
        async with self._database.transaction() as connection:
            run = await lock_run(connection, tenant, run_id)
            if run.cancel_requested_at is None:
                await connection.execute(_CANCEL, run_id, actor)
                await audit(connection, tenant, actor, "run.cancel_requested", run_id, {})
        return await self.get(tenant, run_id)


async def lock_run(connection: Any, tenant: str, run_id: str) -> Run:  # noqa: ANN401
    """Return a run, locked. Raises NotFoundError; ConflictError when it has ended already."""
    row = await connection.fetchrow(
        f"{SELECT} where r.id = $1 and r.tenant = $2 for update of r", run_id, tenant
    )
    if row is None:
        raise NotFoundError(f"no run {run_id}")
    run = run_of(row)
    if run.state.is_final:
        raise ConflictError(f"run {run_id} has ended already: {run.state.label}")
    return run


async def _refuse_overlap(connection: Any, stream: Stream) -> None:  # noqa: ANN401
    active = await connection.fetchval(
        """select id from runs where stream_id = $1
        and state in ('queued', 'extracting', 'in_progress')
        order by state = 'queued', created_at limit 1""",
        stream.id,
    )
    if active is not None:
        raise ConflictError(f"run {active} of this instance and entity type is active")


def _details(request: TriggerRequest, stream: Stream) -> dict[str, Any]:
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
    connection: Any,  # noqa: ANN401
    run_id: str,
    request: TriggerRequest,
    stream: Stream,
    lanes: int,
) -> None:
    parent = None
    if request.replay is not None:
        parent = await connection.fetchval(
            "select run_id from dead_letters where id = $1", request.replay.entries[0]
        )
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
        "replay" if request.replay else request.trigger,
        request.actor,
        list(request.source_ids) or None,
        request.max_entities,
        request.batch_size,
        lanes,
        request.fingerprint(),
        msgspec.to_builtins(request.replay, builtin_types=(Decimal,)) if request.replay else None,
        parent,
    )
