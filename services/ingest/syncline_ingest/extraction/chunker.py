"""A chunk's way: sift, commit, publish. Batch rows exist before their messages do."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.contracts.topics import Stage
from syncline.domain.errors import Category, Failure
from syncline.domain.run import Outcome
from syncline.postgres.progress.extraction import Extractions, Progress
from syncline.postgres.progress.extraction_state import Checkpoint, ExtractionEnd
from syncline.runtime.clock import Clock
from syncline.runtime.effects import note_effect
from syncline.telemetry.metrics import METRICS
from syncline.telemetry.tally import TALLY
from syncline_ingest.extraction.credit import SOON, Credit
from syncline_ingest.extraction.source_faults import how_far
from syncline_ingest.extraction.source_pass import SourcePass
from syncline_ingest.publication.publisher import BatchPublisher
from syncline_ingest.publication.republication import (
    PendingBatches,
    WholeBatch,
    rejected_rows,
)
from syncline_ingest.publication.reread import Reread
from syncline_ingest.reading.chunk import Chunk
from syncline_ingest.reading.chunks import SourceError
from syncline_ingest.rows import Rows
from syncline_ingest.rules import Lanes, PlannedBatch, plan, travelling
from syncline_ingest.sifting.sieve import SiftResult


class Chunker:
    """Takes one run's chunks, in order.

    Attributes:
        reads: the pass over the source.
        position: where the read goes on.
    """

    def __init__(
        self,
        progress: Progress,
        extractions: Extractions,
        batches: BatchPublisher,
        reads: SourcePass,
        lanes: Lanes,
        clock: Clock,
    ) -> None:
        self.reads = reads
        self.position = progress.position
        self._progress = progress
        self._extractions = extractions
        self._batches = batches
        self._lanes = lanes
        self._before = progress.position_before
        self._in_flight = progress.run.counters.in_flight
        self._clock = clock
        self._credit = Credit(progress.run.counters.done, clock.monotonic())
        self._pending: PendingBatches | None = None

    async def publish_again(self, reread: Reread, *, may_read_on: bool) -> None:
        """Publish the batches that were committed and may not have been published.

        Args:
            may_read_on: what cannot be read by its ID comes again by reading on from before it.
        """
        if self._progress.published == self._progress.batches:
            return None
        for new in await self._batches.unpublished():
            if new.rejected is not None:
                rows, version = rejected_rows(new), None
            else:
                try:
                    rows, version = await reread(new)
                except SourceError:
                    if not may_read_on:
                        raise
                    return await self._go_back()
            await self._batches.publish_again(new, rows, version)
            self._batches.published = new.number + 1
        return None

    async def _go_back(self) -> None:
        """Go back to before what is not published: its rows come again."""
        self._batches.published = self._progress.published
        self._pending = PendingBatches(await self._batches.unpublished(settled_too=True))
        self.position = self._before

    async def take(self, chunk: Chunk) -> bool:
        """Commit and publish a chunk.

        Returns:
            False when Max Entities is reached and nothing more is to be read.

        Raises:
            SourceError: the source's cursor values cannot be believed.
        """
        rows = chunk.rows
        fresh = range(len(rows)) if self._pending is None else await self._fill(rows)
        found = await self.reads.take(chunk, fresh)
        planned = self._plan(rows, found, chunk.stage)
        if not planned and self.position is None and self._pending is None:
            # All that an idle run reads. It is noted with the next chunk, or with the end.
            self.position = chunk.position
            self._note_published()
            return found.cut_at is None
        kept = Checkpoint(self._before, self.reads.state.builtins(), self.reads.notices.fresh())
        version = await self._extractions.commit(
            self._progress,
            [p.new for p in planned],
            chunk.position,
            self.reads.water,
            self._batches.published,
            kept,
        )
        note_effect()
        self.position = chunk.position
        _count(planned)
        self._batches.count += len(planned)
        self._batches.discovered += len(found.places)
        self._in_flight += len(found.places) - len(found.settled)
        version = version if chunk.version is None else chunk.version
        await self._batches.publish(rows, planned, version)
        if self._pending is None:
            self._note_published()
        return found.cut_at is None

    async def leave(self) -> None:
        """Note how far the run came, for when it goes on. May raise FencedError, RetriableError."""
        await self._extractions.note_published(
            self._progress, self._batches.published, self._before
        )

    def _note_published(self) -> None:
        """Note that all that is committed is published, up to where the read stands."""
        self._batches.published, self._before = self._batches.count, self.position

    def _plan(self, rows: Rows, found: SiftResult, stage: Stage) -> list[PlannedBatch]:
        if self._lanes.is_small:
            places = travelling(rows, found.places, found.settled)
            self._lanes.take([rows.ids[p] for p in places])
        planned = plan(
            rows,
            found.places,
            found.settled,
            self._lanes,
            first=self._batches.count,
            batch_size=self._progress.run.batch_size,
        )
        for batch in planned:
            if batch.new.stage == Stage.INGEST:
                batch.new.rejected = [msgspec.to_builtins(rows.refused[p]) for p in batch.places]
            elif batch.new.stage:
                batch.new.stage = stage.value
        return planned

    async def _fill(self, rows: Rows) -> Sequence[int]:
        """Publish what was committed before the break as soon as its rows have come again."""
        assert self._pending is not None
        fresh, whole = self._pending.take(rows)
        await self._publish_expected(whole)
        return fresh

    async def _publish_expected(self, whole: Sequence[WholeBatch]) -> None:
        assert self._pending is not None
        for new, rows in whole:
            await self._batches.publish_again(new, rows)
        if self._pending.is_over:
            self._pending = None
            self._note_published()

    def ending(self, *, failed: Failure | None) -> ExtractionEnd:
        """Say what the end of the extraction leaves behind."""
        reads = self.reads
        water = how_far(reads.ending(complete=failed is None and not reads.is_cut), failed)
        return ExtractionEnd(water, reads.tied(), reads.notices.fresh(), reads.found(failed))

    async def end(self) -> None:
        """Come to the end of the source: what was committed and did not come again is lost."""
        if self._pending is not None:
            await self._publish_expected(self._pending.rest())

    async def begin_again(self, *, doubted: bool) -> None:
        """Begin another pass over the source, once all that was taken has its outcome.

        So every row that comes again is known for what it is, and is not counted twice.

        Args:
            doubted: records may have been passed over; else the source lost the read's place.

        Raises:
            SourceError: it is of no use.
        """
        waiting = 0 if self._pending is None else self._pending.records
        self.reads.check_again(self._batches.discovered, doubted=doubted)
        while await self._extractions.in_flight(self._batches.run.id) > waiting:
            await self._clock.sleep(SOON)
        await self.reads.begin_again(doubted=doubted, from_start=self._pending is not None)
        self.position = None

    async def wait_for_room(self) -> int:
        """Wait while too many records are on their way; return how many the next chunk may have."""
        while self._in_flight > self._credit.limit:
            self._in_flight = await self._extractions.in_flight(self._batches.run.id)
            done = self._batches.discovered - self._in_flight
            self._credit.note(done, self._clock.monotonic())
            if self._in_flight > self._credit.limit:
                await self._clock.sleep(self._credit.pause)
        return self._credit.of_chunk(self._in_flight)


def _count(planned: list[PlannedBatch]) -> None:
    for batch in planned:
        count = len(batch.new.source_ids)
        TALLY.records_in += count
        if batch.new.stage == Stage.INGEST:
            METRICS.dead_letters.labels(Stage.INGEST.value, Category.PERMANENT.value).inc(count)
        else:
            is_excluded = batch.new.outcomes[:1] == Outcome.EXCLUDED.value
            outcome = "excluded" if is_excluded else "unchanged"
            if batch.new.stage:
                outcome = "passed"
            else:  # what passed counts when it is sent
                TALLY.records_out += count
            METRICS.records.labels(Stage.INGEST.value, outcome).inc(count)
