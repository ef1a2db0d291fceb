"""Ingest's side of a run row: starting it, and committing batches before they exist on a topic.

Every write is fenced by the run's epoch: a process that was replaced finds no row to update.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from syncline.domain.errors import SynclineError
from syncline.domain.record import JsonObject, NewBatch, TiedRows, Watermarks
from syncline.domain.run import Run
from syncline.postgres.database.database import Connection, Database, Row, rows_touched
from syncline.postgres.database.rows import array_text, struct_of
from syncline.postgres.ledger.known_rows import LONG_AGO, remember_read
from syncline.postgres.ledger.systems import PIN
from syncline.postgres.progress.extraction_state import Checkpoint, ExtractionEnd
from syncline.postgres.progress.run_start import start_run
from syncline.postgres.runs.queued_runs import MAY_START
from syncline.postgres.runs.run_row import BY_ID, IN_FLIGHT, notices_by_code, run_of


class FencedError(SynclineError):
    """Another process extracts this run now; stop without a trace."""


class Progress(msgspec.Struct, frozen=True):
    """How far an extraction is.

    Attributes:
        epoch: fences this process's writes.
        batches: number of the next batch.
        published: batches below this number are known to be on their topic.
        position: where an interrupted read goes on, None at the beginning.
        discovered: records committed so far.
        position_before: behind the batches below `published`; None at the beginning.
        reading: what the process that began noted for who goes on.
        handled_since: what failed before this is to be tried again.
        systems: names of the source and the target, which the first commit pins.
    """

    run: Run
    epoch: int
    batches: int
    published: int
    position: str | None
    high_water: str | None
    read_to: str | None
    discovered: int
    position_before: str | None = None
    reading: JsonObject | None = None
    handled_since: datetime = LONG_AGO
    systems: tuple[str | None, str | None] = (None, None)


_TAKE_OVER = f"""
update runs set ingest_epoch = ingest_epoch + 1, read_on = false
where id = $1 and not extracted and paused_at is null
  and (state = 'extracting' or state = 'queued' and {MAY_START.format(run="runs")})
returning *, (select name from instances i where i.id = instance_id) as instance_name
"""
_COMMIT = f"""
update runs set total = total + $3, unchanged = unchanged + $4, excluded = excluded + $5,
  batches = batches + $6, position = $7, high_water = coalesce($8, high_water),
  read_to = coalesce($9, read_to), published = $10, notices = notices || $11,
  position_before = $12, reading = coalesce($13, reading), progressed_at = clock_timestamp(),
  {PIN.format("$14", "$15")}
where id = $1 and ingest_epoch = $2 and not extracted
"""
_NOTE_PUBLISHED = """
update runs set published = $3, position_before = $4
where id = $1 and ingest_epoch = $2 and not extracted
"""
_FINISH = """
update runs set extracted = true, extracted_at = now(), published = batches,
  failure = coalesce(failure, $3), progressed_at = now(), high_water = $4, read_to = $5,
  notices = notices || $6
where id = $1 and ingest_epoch = $2 and not extracted
"""
_UNPUBLISHED = """
select number, lane, stage, source_ids, outcomes, rejected from batches
where run_id = $1 and number >= $2 and (stage <> '' or $3) order by number
"""
_IN_FLIGHT = f"select {IN_FLIGHT} from runs where id = $1"
# By the database's clock, but never below one that was given out: a later read is the newer one.
_VERSIONS = """
update streams set last_version = $2::int + greatest(last_version + 1,
  (extract(epoch from clock_timestamp()) * 1000000)::bigint)
where id = $1 returning last_version - $2::int
"""
_ADD_BATCHES = """
insert into batches (run_id, number, tenant, lane, stage, source_ids, outcomes, rejected)
select $1, u.number, $2, u.lane, u.stage, u.source_ids::text[], u.outcomes, u.rejected::jsonb
from unnest($3::int[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[])
  as u(number, lane, stage, source_ids, outcomes, rejected)
"""
_FORGET_TIED = "delete from tied_rows where stream_id = $1 and value <> $2"
_REMEMBER_TIED = """
insert into tied_rows (stream_id, source_id, tenant, value, row_hash)
select $1, u.source_id, $2, $3, u.hash
from unnest($4::text[], $5::text[]::uuid[]) as u(source_id, hash)
on conflict (stream_id, source_id) do update set row_hash = excluded.row_hash
"""


class Extractions:
    """Every method may raise RetriableError; those with an epoch FencedError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self, run_id: str) -> Progress | None:
        """Take over a run's extraction, starting it if it is queued.

        Returns:
            Its progress, or None: it is extracted, paused or over, what it needs was switched
            off, or another run of the stream is active.
        """
        try:
            async with self._database.transaction() as connection:
                row = await connection.fetchrow(_TAKE_OVER, run_id)
                if row is None:
                    return None
                if row["state"] == "queued":
                    await start_run(connection, row)
                started = await connection.fetchrow(BY_ID, run_id)
                assert started is not None
                return _progress(started)
        except asyncpg.UniqueViolationError:
            return None  # runs_one_active: the dispatcher sends it again when its turn has come

    async def commit(
        self,
        progress: Progress,
        batches: Sequence[NewBatch],
        position: str,
        water: Watermarks,
        published: int,
        checkpoint: Checkpoint | None = None,
    ) -> int:
        """Commit a chunk: its batch rows, the counters, and where to go on.

        Args:
            published: every batch below this number was acknowledged by its topic.
            checkpoint: what a process needs that goes on after a break.

        Returns:
            The version of its first batch; each next one's is higher by one.
        """
        run, checkpoint = progress.run, checkpoint or Checkpoint()
        notices = notices_by_code(checkpoint.notices)
        read = (len(batches), position, water.high, water.read_to, published)
        left = (notices, checkpoint.before, checkpoint.reading)
        values = (*_counts(batches), *read, *left, *progress.systems)
        async with self._database.transaction() as connection:
            await _write_fenced(connection, _COMMIT, progress, *values)
            await _add(connection, run, batches)
            return int(await connection.fetchval(_VERSIONS, run.stream, len(batches)))

    async def note_published(
        self, progress: Progress, published: int, position_before: str | None
    ) -> None:
        """Note what was published since the last commit, so that it does not travel twice."""
        async with self._database.transaction() as connection:
            await _write_fenced(connection, _NOTE_PUBLISHED, progress, published, position_before)

    async def versions(self, progress: Progress, count: int) -> int:
        """Return the first of as many new versions, for records that are read again."""
        return int(await self._database.fetchval(_VERSIONS, progress.run.stream, count))

    async def finish(
        self, progress: Progress, failure: JsonObject | None, end: ExtractionEnd
    ) -> None:
        """Note that nothing more will be discovered, and how far the cursor may go."""
        run, notices = progress.run, notices_by_code(end.notices)
        values = (failure, end.water.high, end.water.read_to, notices)
        async with self._database.transaction() as connection:
            await _write_fenced(connection, _FINISH, progress, *values)
            if end.tied is not None:
                await _remember_tied(connection, run, end.tied)
            if (found := end.found) is not None:
                await remember_read(connection, run, found.reads, found.properties)

    async def in_flight(self, run_id: str) -> int:
        """Return how many records of the run have no outcome yet."""
        return int(await self._database.fetchval(_IN_FLIGHT, run_id))

    async def unpublished(
        self, run_id: str, first: int, *, settled_too: bool = False
    ) -> list[NewBatch]:
        """Return, in order, the committed batches from number `first` on that go to a topic.

        `settled_too` adds the batches whose records had their outcome when they were found.
        """
        rows = await self._database.fetch(_UNPUBLISHED, run_id, first, settled_too)
        return [NewBatch(**dict(row)) for row in rows]


async def _write_fenced(
    connection: Connection, statement: str, progress: Progress, *values: object
) -> None:
    """Write the run's row, unless another process has taken the extraction over."""
    run_id, epoch = progress.run.id, progress.epoch
    if rows_touched(await connection.execute(statement, run_id, epoch, *values)) == 0:
        raise FencedError(run_id)


async def _remember_tied(connection: Connection, run: Run, tied: TiedRows) -> None:
    """Keep the rows of the highest value alone; later ones at the same value are added."""
    await connection.execute(_FORGET_TIED, run.stream, tied.value)
    rows = (tied.value, tied.source_ids, tied.row_hashes)
    await connection.execute(_REMEMBER_TIED, run.stream, run.tenant, *rows)


async def _add(connection: Connection, run: Run, batches: Sequence[NewBatch]) -> None:
    if not batches:
        return
    await connection.execute(
        _ADD_BATCHES,
        run.id,
        run.tenant,
        [batch.number for batch in batches],
        [batch.lane for batch in batches],
        [batch.stage for batch in batches],
        [array_text(batch.source_ids) for batch in batches],
        [batch.outcomes for batch in batches],
        [
            None if batch.rejected is None else msgspec.json.encode(batch.rejected).decode()
            for batch in batches
        ],
    )


def _counts(batches: Sequence[NewBatch]) -> tuple[int, int, int]:
    """Count all records, those that are unchanged, and those that are excluded."""
    total = sum(len(b.source_ids) for b in batches)
    codes = "".join(b.outcomes for b in batches if not b.stage)
    return total, codes.count("U"), codes.count("X")


def _progress(row: Row) -> Progress:
    return struct_of(
        Progress,
        row,
        run=run_of(row),
        epoch=row["ingest_epoch"],
        discovered=row["total"],
        handled_since=row["handled_since"] or LONG_AGO,
    )
