"""What is known of a stream's rows as they are: written, left out, or failed. Ingest asks.

A row is known by its source ID and its hash, which also depends on the mapping version and the
target: another version of either makes it unknown, so that it is processed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from syncline.domain.cursor.bookmark import PastRead
from syncline.domain.run import Run
from syncline.postgres.database.database import Connection, Database
from syncline.postgres.database.rows import array_text, struct_of

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class RowStatus(StrEnum):
    """What became of a row that is read again."""

    WRITTEN = "written"
    WRITTEN_SINCE = "written_since"
    """By a read of the stream, since a person last moved the cursor."""
    WRITTEN_HERE = "written_here"
    """By this very run."""
    TIED = "tied"
    """It was read at the cursor's value; whatever became of it."""
    EXCLUDED = "excluded"
    FAILED = "failed"
    """For good, for what it holds; its dead letter waits or was discarded."""
    GIVEN_UP = "given_up"
    """Because the target did not answer; its dead letter waits or was discarded."""


class RowLookup(msgspec.Struct, frozen=True):
    """Which memories of a stream are looked up, and how.

    Attributes:
        ledger, failed, excluded: what was written, failed or excluded; not where that is nothing.
        tied: also the rows that were read at the cursor's value.
        by_whom: tell WRITTEN_SINCE from WRITTEN.
        since: what failed before is to be tried again: a person has moved the cursor then.
    """

    ledger: bool = False
    failed: bool = False
    excluded: bool = False
    tied: bool = False
    by_whom: bool = False
    since: datetime = LONG_AGO

    @property
    def anything(self) -> bool:
        return self.ledger or self.failed or self.excluded


# Looked up one by one: `exists` may be answered by reading a whole table, and a plan that was kept
# since the table was empty does so. The first that is not null ends the search.
_LEDGER = """
(select case when l.run_id = $4 then 'written_here' when $6 and l.written_at >= $5 and exists (
    select from runs r where r.id = l.run_id and r.source_ids is null and r.replay is null)
  then 'written_since' else 'written' end from ledger l
  where l.stream_id = $1 and l.source_id = w.source_id and l.row_hash = w.hash
    and l.intent_hash is null)"""
_TIED = """
(select 'tied' from tied_rows t where t.stream_id = $1 and t.source_id = w.source_id
  and t.row_hash = w.hash)"""
_EXCLUDED = """
(select 'excluded' from excluded_rows x where x.stream_id = $1 and x.source_id = w.source_id
  and x.row_hash = w.hash)"""
_FAILED = """
(select case when bool_or(d.category = 'permanent') then 'failed' else 'given_up' end
  from dead_letters d where d.stream_id = $1 and d.source_id = w.source_id and d.row_hash = w.hash
  and d.status in ('pending', 'discarded') and d.failed_at >= greatest($5, (
    select l.written_at from ledger l where l.stream_id = $1 and l.source_id = w.source_id))
  having count(*) > 0)"""
_KNOWN = """
select k.known, array_agg(k.place::int - 1) from (
  select w.place, coalesce({}) as known
  from unnest($2::text::text[], $3::text::uuid[]) with ordinality as w(source_id, hash, place)
  where $4::uuid is not null and $5::timestamptz is not null and $6::bool is not null offset 0) k
where k.known is not null group by k.known
"""
_LOOKUP = """
select exists (select from ledger where stream_id = $1) as ledger,
  exists (select from dead_letters where stream_id = $1 and row_hash is not null) as failed,
  exists (select from excluded_rows where stream_id = $1) as excluded
"""
_REMEMBER_EXCLUDED = """
insert into excluded_rows (stream_id, source_id, tenant, row_hash)
select distinct on (u.stream_id, u.source_id) u.stream_id, u.source_id, u.tenant, u.hash
from unnest($1::int[], $2::text[], $3::text[], $4::uuid[]) with ordinality
  as u(stream_id, source_id, tenant, hash, place)
order by u.stream_id, u.source_id, u.place desc
on conflict (stream_id, source_id) do update set row_hash = excluded.row_hash
"""
_REMEMBER_READ = """
insert into stream_reads (stream_id, tenant, reads, properties) values ($1, $2, $3, $4)
on conflict (stream_id) do update set reads = excluded.reads, properties = excluded.properties
"""
_PAST_READS = "select reads, properties from stream_reads where stream_id = $1"
_FIRST_LANE = """
select unnest(source_ids) as id from (select source_ids from batches
  where run_id = $1 and lane = 0 and stage not in ('', 'ingest') order by number limit $2) first
limit 1000
"""
_COMMITTED = "select unnest(source_ids) as id from batches where run_id = $1 limit $2"
_COMMITTED_AMONG = """
select w.id from unnest($2::text[]) as w(id) where exists (
  select from batches b where b.run_id = $1 and b.source_ids @> array[w.id])
"""


class KnownRows:
    """Every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lookup(self, stream: int) -> RowLookup:
        """Say which memories of a stream hold anything."""
        row = await self._database.fetchrow(_LOOKUP, stream)
        assert row is not None
        return struct_of(RowLookup, row)

    async def find(
        self,
        run: Run,
        source_ids: Sequence[str],
        row_hashes: Sequence[str | None],
        lookup: RowLookup,
    ) -> dict[RowStatus, list[int]]:
        """Return the places of rows of which something is known, by what that is."""
        parts = [_LEDGER] if lookup.ledger else []
        parts += [_EXCLUDED] if lookup.excluded else []
        parts += [_FAILED] if lookup.failed else []
        parts += [_TIED] if lookup.tied else []
        if not parts or not source_ids:
            return {}
        rows = await self._database.fetch(
            _KNOWN.format(", ".join(parts)),
            run.stream,
            array_text(source_ids),
            array_text(row_hashes),
            run.id,
            lookup.since,
            lookup.by_whom,
        )
        return {RowStatus(row[0]): row[1] for row in rows}

    async def first_lane_ids(self, run_id: str) -> list[str]:
        """Return the source IDs of the first records that a run sent over its first lane."""
        return await self._ids(_FIRST_LANE, run_id, 200)

    async def committed_ids(self, run_id: str, most: int) -> list[str]:
        """Return the source IDs that a run has committed, so many at most."""
        return await self._ids(_COMMITTED, run_id, most)

    async def committed_among(self, run_id: str, source_ids: Sequence[str]) -> set[str]:
        """Return those of these source IDs that a run has committed."""
        return set(await self._ids(_COMMITTED_AMONG, run_id, source_ids))

    async def _ids(self, query: str, run_id: str, value: object) -> list[str]:
        return [row["id"] for row in await self._database.fetch(query, run_id, value)]

    async def past_reads(self, stream: int) -> tuple[list[PastRead], dict[str, list[str]]]:
        """Return a stream's earlier reads, oldest first, and the properties they always found."""
        row = await self._database.fetchrow(_PAST_READS, stream)
        if row is None:
            return [], {}
        return msgspec.convert(row["reads"], list[PastRead]), dict(row["properties"])


async def remember_read(
    connection: Connection,
    run: Run,
    reads: Sequence[PastRead],
    properties: Mapping[str, Sequence[str]],
) -> None:
    """Keep what reads of a stream found, in the caller's transaction."""
    found = (msgspec.to_builtins(list(reads)), dict(properties))
    await connection.execute(_REMEMBER_READ, run.stream, run.tenant, *found)


async def remember_excluded(
    connection: Connection, rows: Sequence[tuple[int, str, str, str]]
) -> None:
    """Store which rows (stream, source ID, tenant, row hash) the mapping left out.

    This is part of the caller's transaction; of one record the last row counts.
    """
    if rows:
        await connection.execute(_REMEMBER_EXCLUDED, *zip(*rows, strict=True))
