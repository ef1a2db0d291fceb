"""Chains: which runs of an instance follow one another, and what people see of them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from syncline.contracts.run_ref import RunRef
from syncline.domain.chain import (
    GOES_ON,
    begins_chain,
    next_entity_type,
    next_run_id,
    why_chain_ended,
)
from syncline.domain.errors import ConflictError
from syncline.domain.run import Run
from syncline.domain.trigger import TriggerRequest
from syncline.postgres.configuration.streams import Stream
from syncline.postgres.database.database import Connection, Queryable, Repository
from syncline.postgres.database.rows import struct_of
from syncline.postgres.runs.run_row import SELECT, run_of

_BEFORE = f"{SELECT} where r.id = $1 and r.tenant = $2 and r.instance_id = $3"
# What begins later reads what the run before this one has made ready, too.
_SAME = """
select id from runs where stream_id = $1 and state = 'queued' and chain_id is not null
  and cancel_requested_at is null and mode = $2 and max_entities is not distinct from $3 limit 1
"""
_OF_CHAIN = f"{SELECT} where r.chain_id = $1 and r.tenant = $2"
_REFUSED = "select reason from refusals where run_id = $1 and tenant = $2"

_EARLIER = "coalesce(i.run_order[:array_position(i.run_order, $2) - 1], '{}')"
_PARENTS = f"""
select {_EARLIER} as entity_types, (
  select min(r.created_at) from runs r
  where r.instance_id = i.id and r.entity_type = any({_EARLIER})
    and r.state in ('queued', 'extracting', 'in_progress')) as running_since
from instances i where i.id = $1
"""


class Parents(msgspec.Struct, frozen=True):
    """The entity types before one in its instance's order; since when a run of them goes on."""

    entity_types: list[str] = []
    running_since: datetime | None = None


class ParentRuns(Repository):
    """Tells which records a run's records may have to wait for."""

    async def of(self, run: RunRef) -> Parents:
        """Return a run's parents. Raises RetriableError."""
        row = await self._database.fetchrow(_PARENTS, run.instance, run.entity_type)
        return Parents() if row is None else struct_of(Parents, row)


class Chain(msgspec.Struct, frozen=True):
    """The chain of a run: its first run, and its entity types in order."""

    first: str
    order: list[str]


class ChainRun(msgspec.Struct, frozen=True, rename="camel"):
    """An entity type of a chain: its run, or why there will be none; neither where it waits."""

    entity_type: str
    correlation_id: str | None = None
    state: str | None = None
    reason: str | None = None


async def chain_of(
    connection: Connection, run_id: str, request: TriggerRequest, stream: Stream
) -> Chain | None:
    """Return the chain that a new run begins or goes on with; None: it runs alone.

    Raises ConflictError: it does not follow the run that it names, or a run of the chain before
    waits still and will read the same.
    """
    if request.after is None:
        begins = begins_chain(request, stream.entity_type, stream.order)
        return Chain(run_id, stream.order) if begins else None
    row = await connection.fetchrow(_BEFORE, request.after, stream.tenant, stream.instance)
    before = None if row is None else run_of(row)
    if (
        before is None
        or before.chain is None
        or before.state not in GOES_ON
        or next_entity_type(before) != stream.entity_type
        or next_run_id(before.id) != run_id
    ):
        raise ConflictError(f"it does not follow the run {request.after}")
    asked = (stream.id, str(request.mode), request.max_entities)
    if waits := await connection.fetchval(_SAME, *asked):
        raise ConflictError(f"the run {waits} of an earlier chain waits still and reads the same")
    return Chain(before.chain, before.chain_order or [])


async def read_chain(database: Queryable, tenant: str, chain: str | None) -> list[ChainRun]:
    """Return the runs of a chain, an entry for each entity type. Raises RetriableError."""
    if chain is None:
        return []
    runs = list(map(run_of, await database.fetch(_OF_CHAIN, chain, tenant)))
    of_type = {run.entity_type: run for run in runs}
    shown: list[ChainRun] = []
    why: str | None = None
    for entity_type in (runs[0].chain_order or []) if runs else []:
        run = of_type.get(entity_type)
        if run is None:
            shown.append(ChainRun(entity_type, reason=why))
            continue
        shown.append(ChainRun(entity_type, run.id, run.state.value))
        why = why_chain_ended(run) or await _refusal(database, run)
    return shown


async def _refusal(database: Queryable, before: Run) -> str | None:
    """Say why the run after an ended one was refused; None where it was not."""
    reason = await database.fetchval(_REFUSED, next_run_id(before.id), before.tenant)
    return None if reason is None else f"refused: {reason}"
