"""One source ID over all runs and instances, newest run first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from syncline.domain.run import outcome_name
from syncline.postgres.database.database import Database

_RECORD = """
select r.id, i.name as instance, r.entity_type, r.mapping_version, r.created_at, b.number,
  p.slot, substr(b.outcomes, p.slot + 1, 1) as code, b.stage
from batches b
cross join lateral (select array_position(b.source_ids, $2::text) - 1 as slot) p
join runs r on r.id = b.run_id join instances i on i.id = r.instance_id
where b.tenant = $1 and b.source_ids @> array[$2::text]
  and ($4::timestamptz is null or (r.created_at, r.id, b.number) < ($4, $5, $6))
order by r.created_at desc, r.id desc, b.number desc limit $3
"""
# Of every stream the newest place; a stream with many runs hides none of the others.
_STREAMS = """
select * from (
  select distinct on (r.stream_id) r.id, i.name as instance, r.entity_type, r.created_at,
    substr(b.outcomes, array_position(b.source_ids, $2::text), 1) as code
  from batches b join runs r on r.id = b.run_id join instances i on i.id = r.instance_id
  where b.tenant = $1 and b.source_ids @> array[$2::text]
  order by r.stream_id, r.created_at desc, r.id desc, b.number desc) newest
order by created_at desc, id desc limit $3
"""
RunPlace: TypeAlias = tuple[datetime, str, int]
"""When a run was made, its ID, and the batch: a record's runs are in this order."""


class AttemptView(msgspec.Struct, frozen=True, rename="camel"):
    """A failed attempt that was followed by another."""

    number: int
    stage: str
    at: datetime
    message: str


class RecordInRun(msgspec.Struct, frozen=True, rename="camel"):
    """What became of a record in one run; `dead_letter` is the ID of its entry, if it failed.

    A run that met the record in two batches has it twice.
    """

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


class RecordHistories:
    """Every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(
        self, tenant: str, source_id: str, limit: int, after: RunPlace | None = None
    ) -> RecordHistory:
        """Return what happened to a source ID in its newest runs, in every instance.

        Args:
            after: where the last one stands that is known already.
        """
        runs = await newest_places(self._database, tenant, source_id, limit, after)
        own = [row["id"] for row in runs]
        letters = await self._database.fetch(
            "select id, run_id, batch, slot, error from dead_letters "
            "where tenant = $1 and source_id = $2 and run_id = any($3)",
            tenant,
            source_id,
            own,
        )
        attempts = await self._database.fetch(
            "select * from attempts where tenant = $1 and source_id = $2 and run_id = any($3) "
            "order by at",
            tenant,
            source_id,
            own,
        )
        by_place = {(row["run_id"], row["batch"], row["slot"]): row for row in letters}
        tried: dict[Any, list[AttemptView]] = {}
        for row in attempts:
            place = (row["run_id"], row["batch"], row["slot"])
            tried.setdefault(place, []).append(_attempt(row))
        return RecordHistory(
            source_id,
            await self._written(tenant, source_id),
            [_in_run(row, by_place, tried) for row in runs],
        )

    async def _written(self, tenant: str, source_id: str) -> list[WrittenRecord]:
        rows = await self._database.fetch(
            """select i.name, s.entity_type, l.target_id, l.run_id, l.written_at
            from streams s join instances i on i.id = s.instance_id
            join ledger l on l.stream_id = s.id and l.source_id = $2
            where s.tenant = $1 and l.written_at is not null order by l.written_at desc""",
            tenant,
            source_id,
        )
        return [WrittenRecord(r[0], r[1], r[2], str(r[3]) if r[3] else None, r[4]) for r in rows]


async def newest_places(
    database: Database, tenant: str, source_id: str, limit: int, after: RunPlace | None = None
) -> Sequence[Any]:
    """Return where a source ID occurs, with its outcome, newest run first."""
    at, run_id, batch = after or (None, None, None)
    run = run_id if run_id else None
    return await _by_record(database, _RECORD, tenant, source_id, limit, at, run, batch)


async def newest_in_streams(
    database: Database, tenant: str, source_id: str, limit: int
) -> Sequence[Any]:
    """Return the newest place of a source ID in each stream, the newest first."""
    return await _by_record(database, _STREAMS, tenant, source_id, limit)


async def _by_record(database: Database, query: str, *values: object) -> Sequence[Any]:
    async with database.transaction() as connection:
        # Its estimate for an index whose new rows still lie in their list makes the planner read
        # the whole table, which takes forty times as long as that list.
        await connection.execute("set local enable_seqscan = off")
        rows: Sequence[Any] = await connection.fetch(query, *values)
        return rows


def run_place_of(run: RecordInRun) -> RunPlace:
    """Return where a run stands among those of its record."""
    return run.created_at, run.correlation_id, run.batch


def _attempt(row: Any) -> AttemptView:  # noqa: ANN401 - a database row
    return AttemptView(row["number"], row["stage"], row["at"], row["failure"].get("message", ""))


def _in_run(row: Any, letters: Any, tried: Any) -> RecordInRun:  # noqa: ANN401 - database rows
    place = (row["id"], row["number"], row["slot"])
    letter = letters.get(place)
    return RecordInRun(
        str(row["id"]),
        row["instance"],
        row["entity_type"],
        outcome_name(row["code"]),
        row["stage"],
        row["mapping_version"],
        row["created_at"],
        tried.get(place, []),
        str(letter["id"]) if letter else None,
        letter["error"] if letter else None,
        row["number"],
    )
