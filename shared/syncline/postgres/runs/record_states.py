"""Where a record is in one run: its batch, its outcome, its attempts and its dead letter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from syncline.domain.errors import NotFoundError
from syncline.domain.run import outcome_name
from syncline.postgres.database.database import Database, Row
from syncline.postgres.database.rows import row_of, struct_of
from syncline.postgres.runs.record_history import newest_runs_of

_RECORD = """
select r.id as correlation_id, r.stream_id, i.name as instance, r.entity_type, r.state,
  r.mapping_id, r.mapping_version, r.created_at, r.finished_at,
  b.number as batch, b.lane, b.stage as entry,
  array_position(b.source_ids, $3::text) - 1 as slot, b.outcomes,
  (select e.at from erasures e where e.instance_id = r.instance_id and e.source_id = $3
    and e.at > r.created_at) as erased_at
from batches_of_record($3) f join batches b on b.run_id = f.run_id and b.number = f.number
join runs r on r.id = b.run_id join instances i on i.id = r.instance_id
where r.tenant = $1 and f.run_id = $2
order by b.number desc limit 1
"""
_DEAD_LETTER = """
select id as dead_letter, stage as gave_up, error, attempts, payload from dead_letters
where run_id = $1 and batch = $2 and slot = $3
"""
_ATTEMPTS = """
select number, stage, at, failure from attempts
where run_id = $1 and batch = $2 and slot = $3 order by at, number
"""
_WRITTEN = """
select target_id, written_at, run_id as written_by from ledger
where stream_id = $1 and source_id = $2 and written_at is not null
"""


class FailedAttempt(msgspec.Struct, frozen=True, rename="camel"):
    """An attempt that failed."""

    number: int
    stage: str
    at: datetime
    category: str
    code: str
    message: str
    detail: str | None = None
    field: str | None = None


class RecordState(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A record in one run.

    Attributes:
        entry: the stage whose input it entered; empty when Ingest settled it at once.
        dead_letter: ID of its entry in the DLQ; `gave_up` is the stage that made it.
        target_id: what its target calls it now; `written_at` and `written_by` tell of that write.
    """

    source_id: str
    correlation_id: str
    instance: str
    entity_type: str
    state: str
    outcome: str
    batch: int
    slot: int
    entry: str
    mapping_version: int
    created_at: datetime
    finished_at: datetime | None
    dead_letter: str | None
    gave_up: str | None
    error: str | None
    target_id: str | None
    written_at: datetime | None
    written_by: str | None


class RecordTrace(msgspec.Struct, frozen=True):
    """A record's state with what only its passport needs.

    Attributes:
        lane: of the run, which names the partition.
        mapping: its ID.
        payload: the input of the stage that gave it up.
        erased_at: when a person had its payloads erased, if that was after the run began.
    """

    record: RecordState
    attempts: list[FailedAttempt]
    lane: int
    mapping: str
    payload: bytes | None
    erased_at: datetime | None


async def newest_run_of(database: Database, tenant: str, source_id: str) -> str:
    """Return the newest run that has a record. Raises NotFoundError, RetriableError."""
    for row in await newest_runs_of(database, tenant, source_id, 1):
        found: str = row["correlation_id"]
        return found
    raise NotFoundError("no run knows this record; IDs are compared exactly")


async def trace_record(database: Database, tenant: str, source_id: str, run_id: str) -> RecordTrace:
    """Find a record in a run, its last version. Raises NotFoundError, RetriableError."""
    what = f"record with this source ID in a run {run_id}"
    row = await row_of(database, what, _RECORD, tenant, run_id, source_id)
    key = (row["correlation_id"], row["batch"], row["slot"])
    dead_letter = await database.fetchrow(_DEAD_LETTER, *key)
    tried = await database.fetch(_ATTEMPTS, *key)
    written = await database.fetchrow(_WRITTEN, row["stream_id"], source_id)
    attempts = dead_letter["attempts"] if dead_letter and dead_letter["attempts"] else tried
    return RecordTrace(
        _state(source_id, row, dead_letter, written),
        [_attempt(attempt) for attempt in attempts],
        row["lane"],
        row["mapping_id"],
        dead_letter["payload"] if dead_letter else None,
        row["erased_at"],
    )


def _attempt(attempt: Row | Mapping[str, Any]) -> FailedAttempt:
    """Read a row of `attempts`, or an attempt that a dead letter holds."""
    own = {name: attempt[name] for name in ("number", "stage", "at")}
    unknown = {"category": "unknown", "code": "", "message": ""}
    return msgspec.convert(unknown | dict(attempt["failure"]) | own, FailedAttempt)


def _state(source_id: str, row: Row, dead_letter: Row | None, written: Row | None) -> RecordState:
    nothing = dict.fromkeys(
        ("dead_letter", "gave_up", "error", "target_id", "written_at", "written_by")
    )
    return struct_of(
        RecordState,
        row,
        source_id=source_id,
        outcome=outcome_name(row["outcomes"][row["slot"]]),
        **nothing | dict(dead_letter or {}) | dict(written or {}),
    )
