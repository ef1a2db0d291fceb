"""A chunk's way: early skip, commit, publish. Batch rows exist before their messages do."""

from __future__ import annotations

import msgspec
import structlog

from syncline.contracts.messages import Discovered, Settled, ref_of
from syncline.contracts.sending import report_message
from syncline.contracts.topics import Stage
from syncline.domain.batch import NewBatch, TiedRows, Water
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.document import CursorType
from syncline.domain.run import Mode, Outcome
from syncline.postgres.extraction import Extractions, Progress
from syncline.postgres.ledger import Ledger
from syncline.runtime.clock import Clock
from syncline.runtime.ports import Producer
from syncline.telemetry.metrics import METRICS
from syncline.telemetry.tally import TALLY
from syncline_ingest.again import RowsAgain
from syncline_ingest.publishing import Publisher
from syncline_ingest.reading import Chunk
from syncline_ingest.rules import Planned, Row, at_watermark, highest, plan, refused, water_after
from syncline_ingest.sources import OpenSource
from syncline_ingest.watermark import TopRows

HIGH_WATER = 50_000
"""Records in flight of one run above which reading pauses, so that small runs need not wait."""


log = structlog.get_logger()


class Chunker:
    """Takes one run's chunks, in order."""

    def __init__(
        self,
        progress: Progress,
        extractions: Extractions,
        ledger: Ledger,
        producer: Producer,
        publisher: Publisher,
    ) -> None:
        self._progress = progress
        self._run = ref_of(progress.run)
        self._extractions = extractions
        self._ledger = ledger
        self._producer = producer
        self._publisher = publisher
        self._smart = False
        self._ordered = False
        self._watched = False
        self._kind = CursorType.DATETIME
        self._water = Water(progress.high_water, progress.read_to)
        self._published = progress.published
        self._in_flight = progress.run.counters.in_flight
        self._top_rows = TopRows()
        self.batches = progress.batches
        self.discovered = progress.discovered
        self.exhausted = True

    async def use(self, opened: OpenSource) -> None:
        """Take over what the opened source says of itself. May raise RetriableError."""
        run = self._progress.run
        smart = opened.smart_sync and run.mode is not Mode.FORCE_FULL and run.replay is None
        self._smart = smart and not await self._ledger.is_empty(run.stream)
        self._ordered = opened.source.ordered
        self._kind = opened.source.extraction.cursor_type
        by_cursor = run.source_ids is None and run.replay is None
        self._watched = by_cursor and opened.source.extraction.cursor_column is not None

    async def publish_again(self, rows_again: RowsAgain) -> None:
        """Publish the batches that were committed and may not have been published."""
        for new in await self._unpublished():
            if new.rejected is not None:
                rows, version = [msgspec.convert(r, Row) for r in new.rejected], None
            else:
                rows, version = await rows_again(new)
            await self._publish_one(Planned(new, rows), version)

    async def give_up(self, failure: Failure) -> None:
        """Make dead letters of committed records that were not published and cannot be read now."""
        for new in await self._unpublished():
            rows = [refused(source_id, b"null", failure) for source_id in new.source_ids]
            await self._publish_one(Planned(new, rows), None)

    async def cancel(self) -> None:
        """Skip the committed records that were not published: a person has cancelled the run."""
        for new in await self._unpublished():
            slots = list(range(len(new.source_ids)))
            codes = Outcome.CANCELLED.value * len(slots)
            settled = Settled(self._run, new.number, slots, codes, Stage.INGEST.value)
            await self._producer.send([report_message(settled)])
            self._published = new.number + 1

    async def _unpublished(self) -> list[NewBatch]:
        return await self._extractions.unpublished(self._run.id, self._published)

    async def _publish_one(self, batch: Planned, version: int | None) -> None:
        if version is None:
            version = await self._extractions.versions(self._progress, 1)
        await self._publish([batch], version)
        self._published = batch.new.number + 1

    async def take(self, chunk: Chunk) -> bool:
        """Commit and publish a chunk.

        Returns:
            False when Max Entities is reached and nothing more is to be read.
        """
        rows, more = self._within_cap(await self._not_seen(chunk.rows))
        skipped = await self._unchanged(rows) if self._smart else set()
        planned = plan(
            rows,
            skipped,
            first=self.batches,
            lanes=self._progress.run.lanes if len(chunk.rows) > 200 else 1,
            batch_size=self._progress.run.batch_size,
        )
        for batch in planned:
            if batch.new.stage == "ingest":
                batch.new.rejected = [msgspec.to_builtins(row) for row in batch.rows]
            elif batch.new.stage:
                batch.new.stage = chunk.stage.value
        self._advance([row.cursor for row in rows])
        self._top_rows.note(rows, self._water.read_to)
        version = await self._extractions.commit(
            self._progress, [p.new for p in planned], chunk.position, self._water, self._published
        )
        _count(planned)
        self.batches += len(planned)
        self.discovered += len(rows)
        self._in_flight += len(rows) - len(skipped)
        self._note_without_cursor(rows)
        await self._publish(planned, version if chunk.version is None else chunk.version)
        self._published = self.batches
        return more

    async def wait_for_room(self, clock: Clock) -> None:
        """Wait while too many records of this run are on their way."""
        while self._in_flight > HIGH_WATER:
            self._in_flight = await self._extractions.in_flight(self._run.id)
            if self._in_flight > HIGH_WATER:
                await clock.sleep(0.1)

    def water(self, *, complete: bool) -> Water:
        """Say how far the cursor may go; a complete read has taken its last value as a whole."""
        if complete:
            return Water(self._water.read_to, self._water.read_to)
        return self._water if self._ordered else Water()

    def tied(self) -> TiedRows | None:
        """Return the rows that the next run will read again."""
        run = self._progress.run
        return None if run.source_ids or run.replay else self._top_rows.remembered()

    async def _publish(self, planned: list[Planned], version: int) -> None:
        messages = self._publisher.messages(self._run, planned, version)
        await self._producer.send([*messages, report_message(Discovered(self._run))])

    def _note_without_cursor(self, rows: list[Row]) -> None:
        """They are processed; no cursor can stand behind them, so every run reads them again."""
        if self._watched and (count := sum(row.cursor is None for row in rows)):
            log.warning("records_without_cursor", correlation_id=self._run.id, records=count)

    def _advance(self, cursors: list[str | None]) -> None:
        if self._ordered:
            self._water = water_after(cursors, self._water)
        else:
            self._water = highest(cursors, self._water, self._kind)

    async def _not_seen(self, rows: list[Row]) -> list[Row]:
        """Leave out what an earlier run handled at the very watermark, whatever became of it."""
        tied = at_watermark(rows, self._progress.run.cursor_before)
        if not tied:
            return rows
        handled = await self._extractions.handled_before(
            self._run.stream,
            [rows[place].source_id for place in tied],
            [rows[place].row_hash or None for place in tied],
        )
        seen = {tied[place] for place in handled}
        return [row for place, row in enumerate(rows) if place not in seen]

    def _within_cap(self, rows: list[Row]) -> tuple[list[Row], bool]:
        cap = self._progress.run.max_entities
        if cap is None:
            return rows, True
        room = cap - self.discovered
        if len(rows) <= room:
            return rows, True
        last, following = rows[:room][-1:], rows[room]
        self.exhausted = False
        if last and last[0].cursor != following.cursor and self._ordered:
            self.exhausted = True  # the last value taken is complete: nothing more has it
        return rows[:room], False

    async def _unchanged(self, rows: list[Row]) -> set[int]:
        if not rows:
            return set()
        ids = [row.source_id for row in rows]
        hashes = [row.row_hash or None for row in rows]
        return await self._ledger.unchanged(self._run.stream, ids, hashes)


def _count(planned: list[Planned]) -> None:
    for batch in planned:
        count = len(batch.new.source_ids)
        TALLY.records_in += count
        if batch.new.stage == Stage.INGEST:
            METRICS.dead_letters.labels(Stage.INGEST.value, Category.PERMANENT.value).inc(count)
        else:
            outcome = "passed" if batch.new.stage else "unchanged"
            if not batch.new.stage:  # what passed counts when it is sent
                TALLY.records_out += count
            METRICS.records.labels(Stage.INGEST.value, outcome).inc(count)
