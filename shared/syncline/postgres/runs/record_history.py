"""One source ID over all runs and instances, newest run first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

import msgspec

from syncline.domain.run import outcome_name
from syncline.postgres.database.database import Database, Row
from syncline.postgres.database.rows import fetch_structs, struct_of

# A record may be in very many runs: batches and all else are read for those of the page alone.
_RECORD = """
select page.*, d.id as dead_letter, d.error, (
  select coalesce(jsonb_agg(jsonb_build_object('number', a.number, 'stage', a.stage, 'at', a.at,
    'message', coalesce(a.failure->>'message', '')) order by a.at), '[]') from attempts a
  where a.run_id = page.correlation_id and a.batch = page.batch and a.slot = page.slot
    and a.source_id = $2) as attempts
from (
select k.*, i.name as instance, b.stage, p.slot, substr(b.outcomes, p.slot + 1, 1) as code
from (select r.id as correlation_id, r.instance_id, r.entity_type, r.mapping_version, r.created_at,
    f.number as batch
  from batches_of_record($2) f join runs r on r.id = f.run_id
  where r.tenant = $1
    and ($4::timestamptz is null or (r.created_at, r.id, f.number) < ($4, $5, $6))
  order by r.created_at desc, r.id desc, f.number desc limit $3) k
join batches b on b.run_id = k.correlation_id and b.number = k.batch
join instances i on i.id = k.instance_id
cross join lateral (select array_position(b.source_ids, $2::text) - 1 as slot) p) page
left join dead_letters d on d.run_id = page.correlation_id and d.batch = page.batch
  and d.slot = page.slot and d.source_id = $2
order by page.created_at desc, page.correlation_id desc, page.batch desc
"""
# Of every stream the newest run; a stream with many runs hides none of the others.
_STREAMS = """
select 'record' as kind, $2::text as source_id, k.id as correlation_id, i.name as instance,
  k.entity_type, k.created_at as at,
  substr(b.outcomes, array_position(b.source_ids, $2::text), 1) as code
from (select * from (
    select distinct on (r.stream_id) r.id, r.instance_id, r.entity_type, r.created_at, f.number
    from batches_of_record($2) f join runs r on r.id = f.run_id
    where r.tenant = $1
    order by r.stream_id, r.created_at desc, r.id desc, f.number desc) newest
  order by created_at desc, id desc limit $3) k
join batches b on b.run_id = k.id and b.number = k.number join instances i on i.id = k.instance_id
order by k.created_at desc, k.id desc
"""
_WRITTEN = """
select i.name as instance, s.entity_type, l.target_id, l.run_id as correlation_id, l.written_at
from streams s join instances i on i.id = s.instance_id
join ledger l on l.stream_id = s.id and l.source_id = $2
where s.tenant = $1 and l.written_at is not null order by l.written_at desc
"""
# The planner's estimate for an index whose new rows still lie in its pending list makes it read the
# whole table, which takes forty times as long as that list.
_NO_TABLE_SCAN = "set local enable_seqscan = off"

RunPosition: TypeAlias = tuple[datetime, str, int]
"""When a run was made, its ID, and the batch: a record's runs are in this order."""


class AttemptView(msgspec.Struct, frozen=True, rename="camel"):
    """A failed attempt that was followed by another."""

    number: int
    stage: str
    at: datetime
    message: str


class RecordInRun(msgspec.Struct, frozen=True, rename="camel"):
    """A record in one batch of a run; `dead_letter` is the ID of its entry, if it failed."""

    correlation_id: str
    instance: str
    entity_type: str
    outcome: str
    stage: str
    mapping_version: int
    created_at: datetime
    attempts: list[AttemptView]
    dead_letter: str | None
    error: str | None
    batch: int


class WrittenRecord(msgspec.Struct, frozen=True, rename="camel"):
    """What a target acknowledged last for a record."""

    instance: str
    entity_type: str
    target_id: str | None
    correlation_id: str | None
    written_at: datetime | None


class RecordHistory(msgspec.Struct, frozen=True, rename="camel"):
    """One source ID over all runs, newest first; `next` leads to older ones."""

    source_id: str
    written: list[WrittenRecord]
    runs: list[RecordInRun]
    next: str | None = None


async def read_record_history(
    database: Database, tenant: str, source_id: str, limit: int, after: RunPosition | None = None
) -> RecordHistory:
    """Return what happened to a source ID in its newest runs, or those after a position.

    Reads every instance. Raises RetriableError.
    """
    rows = await newest_runs_of(database, tenant, source_id, limit, after)
    runs = [struct_of(RecordInRun, row, outcome=outcome_name(row["code"])) for row in rows]
    written = await fetch_structs(database, WrittenRecord, _WRITTEN, tenant, source_id)
    return RecordHistory(source_id, written, runs)


async def newest_runs_of(
    database: Database, tenant: str, source_id: str, limit: int, after: RunPosition | None = None
) -> Sequence[Row]:
    """Return the runs of a source ID with its outcome in each, the newest first."""
    known = after or (None, None, None)
    return await _by_record(database, _RECORD, tenant, source_id, limit, *known)


async def newest_in_streams(
    database: Database, tenant: str, source_id: str, limit: int
) -> Sequence[Row]:
    """Return the newest run of a source ID in each stream, the newest first."""
    return await _by_record(database, _STREAMS, tenant, source_id, limit)


async def _by_record(database: Database, query: str, *values: object) -> Sequence[Row]:
    async with database.transaction() as connection:
        await connection.execute(_NO_TABLE_SCAN)
        return await connection.fetch(query, *values)


def run_position_of(run: RecordInRun) -> RunPosition:
    """Return the position of a run among those of its record."""
    return run.created_at, run.correlation_id, run.batch
