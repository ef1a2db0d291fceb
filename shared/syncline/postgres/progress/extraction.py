"""Ingest's side of a run row: starting it, and committing batches before they exist on a topic.

Every write is fenced by the run's epoch: a process that was replaced finds no row to update.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from syncline.domain.batch import NewBatch, TiedRows, Watermarks
from syncline.domain.errors import SynclineError
from syncline.domain.run import Run
from syncline.postgres.database.database import Database
from syncline.postgres.ledger.known_rows import LONG_AGO, remember_read
from syncline.postgres.progress.extraction_state import Checkpoint, ExtractionEnd
from syncline.postgres.progress.run_start import begin_run
from syncline.postgres.runs.notices import notices_by_code
from syncline.postgres.runs.queued_runs import MAY_START
from syncline.postgres.runs.run_row import SELECT, run_of


class FencedError(SynclineError):
    """Another process extracts this run now; stop without a trace."""


class Progress(msgspec.Struct, frozen=True):
    """Where an extraction stands.

    Attributes:
        epoch: fences this process's writes.
        batches: number of the next batch.
        published: batches below this number are known to be on their topic.
        position: where an interrupted read goes on, None at the beginning.
        discovered: records committed so far.
        position_before: behind the batches below `published`; None at the beginning.
        reading: what the process that began noted for who goes on.
        handled_since: what failed before this is to be tried again.
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
    reading: dict[str, Any] | None = None
    handled_since: datetime = LONG_AGO


# By the database's clock, but never below one that was given out: a later read is the newer one.
_VERSIONS = """
update streams set last_version = $2::int + greatest(last_version + 1,
  (extract(epoch from clock_timestamp()) * 1000000)::bigint)
where id = $1 returning last_version - $2::int
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
                row = await connection.fetchrow(
                    f"""update runs set ingest_epoch = ingest_epoch + 1, read_on = false
                    where id = $1 and not extracted and paused_at is null
                      and (state = 'extracting' or state = 'queued'
                           and {MAY_START.format(run="runs")})
                    returning *, (select name from instances i where i.id = instance_id)
                      as instance_name""",
                    run_id,
                )
                if row is None:
                    return None
                if row["state"] == "queued":
                    await begin_run(connection, row)
                return _progress(await connection.fetchrow(f"{SELECT} where r.id = $1", run_id))
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
        counts, checkpoint = _counts(batches), checkpoint or Checkpoint()
        async with self._database.transaction() as connection:
            changed = await connection.execute(
                """update runs set total = total + $3, unchanged = unchanged + $4,
                excluded = excluded + $13, batches = batches + $5, position = $6,
                high_water = coalesce($7, high_water),
                read_to = coalesce($8, read_to), published = $9, notices = notices || $10,
                position_before = $11, reading = coalesce($12, reading),
                progressed_at = clock_timestamp()
                where id = $1 and ingest_epoch = $2 and not extracted""",
                progress.run.id,
                progress.epoch,
                counts[0],
                counts[1],
                len(batches),
                position,
                water.high,
                water.read_to,
                published,
                notices_by_code(checkpoint.notices),
                checkpoint.before,
                checkpoint.reading,
                counts[2],
            )
            if changed == "UPDATE 0":
                raise FencedError(progress.run.id)
            await _copy(connection, progress.run, batches)
            version = await connection.fetchval(_VERSIONS, progress.run.stream, len(batches))
            return int(version)

    async def versions(self, progress: Progress, count: int) -> int:
        """Return the first of as many new versions, for records that are read again."""
        return int(await self._database.fetchval(_VERSIONS, progress.run.stream, count))

    async def finish(
        self,
        progress: Progress,
        failure: dict[str, Any] | None,
        ending: ExtractionEnd,
    ) -> None:
        """Note that nothing more will be discovered, and how far the cursor may go."""
        async with self._database.transaction() as connection:
            changed = await connection.fetchval(
                """update runs set extracted = true, extracted_at = now(), published = batches,
                failure = coalesce(failure, $3), progressed_at = now(),
                high_water = $4, read_to = $5, notices = notices || $6
                where id = $1 and ingest_epoch = $2 and not extracted returning true""",
                progress.run.id,
                progress.epoch,
                failure,
                ending.water.high,
                ending.water.read_to,
                notices_by_code(ending.notices),
            )
            if not changed:
                raise FencedError(progress.run.id)
            if ending.tied is not None:
                await _remember(connection, progress.run, ending.tied)
            if (found := ending.found) is not None:
                await remember_read(connection, progress.run, found.reads, found.properties)

    async def in_flight(self, run_id: str) -> int:
        """Return how many records of the run have no outcome yet."""
        return int(
            await self._database.fetchval(
                "select total - success - unchanged - excluded - superseded - cancelled - failed "
                "from runs where id = $1",
                run_id,
            )
        )

    async def unpublished(
        self, run_id: str, first: int, *, settled_too: bool = False
    ) -> list[NewBatch]:
        """Return the committed batches from a number on that have somewhere to go, in order.

        Args:
            settled_too: also those whose records had their outcome when they were found.
        """
        rows = await self._database.fetch(
            """select number, lane, stage, source_ids, outcomes, rejected from batches
            where run_id = $1 and number >= $2 and (stage <> '' or $3) order by number""",
            run_id,
            first,
            settled_too,
        )
        return [NewBatch(**dict(row)) for row in rows]


async def _remember(connection: Any, run: Run, tied: TiedRows) -> None:  # noqa: ANN401
    """Keep the rows of the highest value alone; later ones at the same value are added."""
    await connection.execute(
        "delete from tied_rows where stream_id = $1 and value <> $2", run.stream, tied.value
    )
    await connection.execute(
        """insert into tied_rows (stream_id, source_id, tenant, value, row_hash)
        select $1, u.source_id, $2, $3, u.hash
        from unnest($4::text[], $5::uuid[]) as u(source_id, hash)
        on conflict (stream_id, source_id) do update set row_hash = excluded.row_hash""",
        run.stream,
        run.tenant,
        tied.value,
        tied.source_ids,
        tied.row_hashes,
    )


async def _copy(connection: Any, run: Run, batches: Sequence[NewBatch]) -> None:  # noqa: ANN401
    if not batches:
        return
    run_id = run.id
    await connection.copy_records_to_table(
        "batches",
        columns=[
            "run_id",
            "number",
            "tenant",
            "lane",
            "stage",
            "source_ids",
            "outcomes",
            "rejected",
        ],
        records=[
            (run_id, b.number, run.tenant, b.lane, b.stage, b.source_ids, b.outcomes, b.rejected)
            for b in batches
        ],
    )


def _counts(batches: Sequence[NewBatch]) -> tuple[int, int, int]:
    total = sum(len(b.source_ids) for b in batches)
    codes = "".join(b.outcomes for b in batches if not b.stage)
    return total, codes.count("U"), codes.count("X")


def _progress(row: Any) -> Progress:  # noqa: ANN401
    return Progress(
        run=run_of(row),
        epoch=row["ingest_epoch"],
        batches=row["batches"],
        published=row["published"],
        position=row["position"],
        high_water=row["high_water"],
        read_to=row["read_to"],
        discovered=row["total"],
        position_before=row["position_before"],
        reading=row["reading"],
        handled_since=row["handled_since"] or LONG_AGO,
    )
