"""What happened in a run and when, and the run before it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from syncline.domain.run import STALLED
from syncline.domain.wait import Wait
from syncline.postgres.database.database import Database, Row
from syncline.postgres.database.rows import fetch_structs, row_of
from syncline.postgres.runs.run_detail import MappingUsed, read_mapping
from syncline.postgres.runs.run_list import SELECT, RunView, run_view

_OF_TENANT = f"{SELECT} where r.id = $1 and r.tenant = $2"
_ACTIONS = """
select at, actor, split_part(action, '.', 2) as kind, details->>'reason' as detail
from audit_log where tenant = $2 and object = $1::text
  and action in ('run.paused', 'run.resumed', 'run.cancel_requested') order by at, id
"""
# Each kind of trouble of a stage is one event, however many records it was.
_ATTEMPTS = """
select min(at) as at, max(at) as until, 'retried' as kind, stage, count(*) as records,
  (array_agg(failure->>'message' order by at desc))[1] as detail
from attempts where run_id = $1 group by stage
"""
_FAILURES = """
select min(failed_at) as at, max(failed_at) as until, 'failed' as kind, stage, count(*) as records,
  (array_agg(error order by failed_at desc))[1] as detail
from dead_letters where run_id = $1 group by stage
"""
_BEFORE = f"""{SELECT}
where r.stream_id = $1 and r.created_at < $2 and r.replay is null and r.source_ids is null
order by r.created_at desc limit 1
"""


class RunEventKind(StrEnum):
    """What happened; those of one moment are told in this order."""

    ACCEPTED = "accepted"
    STARTED = "started"
    WAITED = "waited"
    RETRIED = "retried"
    FAILED = "failed"
    READ = "read"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCEL_REQUESTED = "cancel_requested"
    HALTED = "halted"
    STALLED = "stalled"
    ENDED = "ended"


_ORDER = list(RunEventKind)


class RunEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Something that happened in a run.

    Attributes:
        until: of a wait, when what waits is tried next; of attempts and failures, the last one.
        actor: who did it.
        stage: where records failed.
        records: how many that were.
        detail: why, or how it ended.
    """

    at: datetime
    kind: RunEventKind
    until: datetime | None = None
    actor: str | None = None
    stage: str | None = None
    records: int | None = None
    detail: str | None = None


class RunBefore(msgspec.Struct, frozen=True, rename="camel"):
    """The run before one of the same stream, and the mapping that it used."""

    run: RunView
    mapping: MappingUsed | None


class RunTimeline(msgspec.Struct, frozen=True, rename="camel"):
    """What happened in a run, the oldest first.

    Attributes:
        before: what can be compared with it: the stream's run before it that read the source; None
            of a replay and of a run by source ID.
    """

    events: list[RunEvent]
    before: RunBefore | None


async def read_run_timeline(database: Database, tenant: str, run_id: str) -> RunTimeline:
    """Return what happened in a run. Raises RetriableError; NotFoundError, also of another's."""
    row = await row_of(database, f"run {run_id}", _OF_TENANT, run_id, tenant)
    events = [
        *_milestones(row),
        *_waits(msgspec.convert(row["waits"], list[Wait])),
        *await fetch_structs(database, RunEvent, _ACTIONS, run_id, tenant),
        *await fetch_structs(database, RunEvent, _ATTEMPTS, run_id),
        *await fetch_structs(database, RunEvent, _FAILURES, run_id),
    ]
    events.sort(key=lambda event: (event.at, _ORDER.index(event.kind)))
    return RunTimeline(events, await _before(database, tenant, row))


def _milestones(row: Row) -> Iterable[RunEvent]:
    """Tell what the row of a run says by itself."""
    yield RunEvent(
        at=row["created_at"],
        kind=RunEventKind.ACCEPTED,
        actor=row["actor"],
        detail=row["trigger"],
    )
    if row["started_at"]:
        yield RunEvent(at=row["started_at"], kind=RunEventKind.STARTED)
        if row["extracted_at"]:
            yield RunEvent(at=row["extracted_at"], kind=RunEventKind.READ, records=row["total"])
    if row["halted_at"]:
        why = (row["failure"] or {}).get("message")
        yield RunEvent(at=row["halted_at"], kind=RunEventKind.HALTED, detail=why)
    if row["suspected_at"] and _has_stalled(row):
        yield RunEvent(at=row["suspected_at"], kind=RunEventKind.STALLED)
    if row["finished_at"]:
        yield RunEvent(
            at=row["finished_at"],
            kind=RunEventKind.ENDED,
            detail=row["reason"],
        )


def _has_stalled(row: Row) -> bool:
    if row["finished_at"]:
        return (row["reason"] or "").startswith(STALLED)
    return bool(row["suspected_at"] > row["progressed_at"])


def _waits(waits: Iterable[Wait]) -> Iterable[RunEvent]:
    for wait in waits:
        yield RunEvent(
            at=wait.since,
            kind=RunEventKind.WAITED,
            until=wait.until,
            stage="ingest" if wait.reading else "execute",
            detail=wait.reason,
        )


async def _before(database: Database, tenant: str, row: Row) -> RunBefore | None:
    if row["replay"] is not None or row["source_ids"] is not None:
        return None
    found = await database.fetchrow(_BEFORE, row["stream_id"], row["created_at"])
    if found is None:
        return None
    return RunBefore(run_view(found), await read_mapping(database, tenant, found))
