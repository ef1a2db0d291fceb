"""How fresh a stream is: when its source was last read whole, and what is known to be unsynced."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from syncline.domain.configuration.documents import Kind
from syncline.postgres.database.database import Database, Row
from syncline.postgres.database.near_names import row_named
from syncline.postgres.database.rows import struct_of
from syncline.postgres.runs.run_row import IN_FLIGHT

# Runs that were asked for all that has changed, and were not cut off at `max_entities`.
_READ = """
select jsonb_build_object('correlationId', r.id, 'state', r.state, 'startedAt', r.started_at,
  'finishedAt', r.finished_at)
from runs r where r.stream_id = s.id and r.state = any({}) and r.replay is null
  and r.source_ids is null and (r.max_entities is null or r.total < r.max_entities)
order by r.created_at desc limit 1
"""
_FRESHNESS = f"""
select s.entity_type,
  ({_READ.format("'{succeeded}'")}) as last_success,
  ({_READ.format("'{succeeded,partial_success}'")}) as last_read,
  d.since as dead_letter_since, d.records as dead_letter,
  f.since as in_flight_since, f.records as in_flight, h.since as hook_since, h.records as hook
from streams s
cross join lateral (select min(failed_at) as since, count(*) as records from dead_letters
  where stream_id = s.id and status = 'pending') d
cross join lateral (select min(started_at) as since, sum({IN_FLIGHT}) as records from runs
  where stream_id = s.id and state in ('extracting', 'in_progress') and replay is null
    and {IN_FLIGHT} > 0) f
cross join lateral (select min(c.at) as since, count(distinct c.source_id) as records
  from hooks k join hook_changes c on c.hook_id = k.id and c.run_id is null
  where k.instance_id = s.instance_id and k.entity_type = s.entity_type) h
where s.instance_id = $1 and not s.removed order by s.entity_type
"""


class UnsyncedKind(StrEnum):
    """Why changes are known and not synced: they failed, are on their way, or were told of."""

    DEAD_LETTER = "dead_letter"
    IN_FLIGHT = "in_flight"
    HOOK = "hook"


class ReadRun(msgspec.Struct, frozen=True, rename="camel"):
    """A run that read all that had changed: the target is as the source was when it started."""

    correlation_id: str
    state: str
    started_at: datetime
    finished_at: datetime


class UnsyncedRecords(msgspec.Struct, frozen=True):
    """Records whose change is known and not synced, and since when the oldest is known."""

    kind: UnsyncedKind
    since: datetime
    records: int


class StreamFreshness(msgspec.Struct, frozen=True, rename="camel"):
    """How fresh one entity type of an instance is.

    Attributes:
        last_success: the newest run that read all that had changed and of which nothing failed.
        last_read: the same, with failed records or without.
        unsynced: what is known to be unsynced, the oldest first. Changes that the source alone
            knows of are not in it.
    """

    entity_type: str
    last_success: ReadRun | None
    last_read: ReadRun | None
    unsynced: list[UnsyncedRecords]


class InstanceFreshness(msgspec.Struct, frozen=True, rename="camel"):
    """How fresh an instance is, by entity type."""

    entity_types: list[StreamFreshness]


async def read_freshness(database: Database, tenant: str, instance: str) -> InstanceFreshness:
    """Return how fresh an instance is. Raises RetriableError; NotFoundError: no such instance."""
    found = await row_named(database, Kind.INSTANCE, tenant, instance)
    rows = await database.fetch(_FRESHNESS, found["id"])
    return InstanceFreshness(
        [struct_of(StreamFreshness, row, unsynced=_unsynced_of(row)) for row in rows]
    )


def _unsynced_of(row: Row) -> list[UnsyncedRecords]:
    known = [
        UnsyncedRecords(kind, row[f"{kind}_since"], int(row[kind]))
        for kind in UnsyncedKind
        if row[f"{kind}_since"] is not None
    ]
    return sorted(known, key=lambda each: each.since)
