"""A chunk's way: sift, commit, publish. Batch rows exist before their messages do."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.contracts.messages import Discovered, ref_of
from syncline.contracts.outbound import report_message
from syncline.contracts.topics import Stage
from syncline.domain.batch import NewBatch
from syncline.domain.errors import Category, Failure
from syncline.domain.run import Outcome
from syncline.postgres.ledger.known_rows import KnownRows
from syncline.postgres.progress.extraction import Extractions, Progress
from syncline.postgres.progress.extraction_state import Checkpoint, ExtractionEnd
from syncline.runtime.clock import Clock
from syncline.runtime.ports import Producer
from syncline.telemetry.metrics import METRICS
from syncline.telemetry.tally import TALLY
from syncline_ingest.extraction.source_faults import how_far
from syncline_ingest.extraction.source_pass import SourcePass
from syncline_ingest.publication.publisher import Publisher
from syncline_ingest.publication.republication import PendingBatches, cancelled
from syncline_ingest.publication.reread import Reread
from syncline_ingest.reading.chunks import SourceError
from syncline_ingest.reading.rows import Chunk
from syncline_ingest.rules import Lanes, PlannedBatch, Row, plan, refused_row, travelling
from syncline_ingest.sifting.sieve import SiftResult

HIGH_WATER = 50_000
"""Records in flight of one run above which reading pauses, so that small runs need not wait."""


class Chunker:
    """Takes one run's chunks, in order.

    Attributes:
        position: where the read goes on.
        batches, discovered: how many there are.
    """

    def __init__(
        self,
        progress: Progress,
        extractions: Extractions,
        known: KnownRows,
        producer: Producer,
        publisher: Publisher,
    ) -> None:
        self._progress = progress
        self._run = ref_of(progress.run)
        self._extractions = extractions
        self._known = known
        self._producer = producer
        self._publisher = publisher
        self._published = progress.published
        self._before = progress.position_before
        self._in_flight = progress.run.counters.in_flight
        self._lanes = Lanes(progress.run.lanes)
        self._expected: PendingBatches | None = None
        self.position = progress.position
        self.batches = progress.batches
        self.discovered = progress.discovered
        self._reads: SourcePass | None = None

    @property
    def reads(self) -> SourcePass:
        """The pass over the source, once that is open."""
        assert self._reads is not None
        return self._reads

    async def use(self, reads: SourcePass) -> None:
        """Take over how the opened source is read. May raise RetriableError."""
        await reads.use()
        self._reads = reads

    async def publish_again(self, rows_again: Reread, *, may_read_on: bool) -> None:
        """Publish the batches that were committed and may not have been published.

        Args:
            may_read_on: what cannot be read by its ID comes again by reading on from before it.
        """
        if self.batches:
            first = await self._known.first_lane_ids(self._run.id)
            self._lanes = Lanes(self._progress.run.lanes, first)
        for new in await self._unpublished():
            if new.rejected is not None:
                rows, version = [msgspec.convert(r, Row) for r in new.rejected], None
            else:
                try:
                    rows, version = await rows_again(new)
                except SourceError:
                    if not may_read_on:
                        raise
                    return await self._expect()
            await self._publish_one(PlannedBatch(new, rows), version)
        return None

    async def _expect(self) -> None:
        """Go back to before what is not published: its rows come again."""
        batches = await self._extractions.unpublished(
            self._run.id, self._progress.published, settled_too=True
        )
        self._published, self._expected = self._progress.published, PendingBatches(batches)
        self.position = self._before

    async def give_up(self, failure: Failure) -> None:
        """Make dead letters of committed records that were not published and cannot be read now."""
        for new in await self._unpublished():
            rows = [refused_row(source_id, b"null", failure) for source_id in new.source_ids]
            await self._publish_one(PlannedBatch(new, rows), None)

    async def cancel(self) -> None:
        """Skip the committed records that were not published: a person has cancelled the run."""
        for new in await self._unpublished():
            await self._producer.send([cancelled(self._run, new)])
            self._published = new.number + 1

    async def _unpublished(self) -> list[NewBatch]:
        return await self._extractions.unpublished(self._run.id, self._published)

    async def _publish_one(self, batch: PlannedBatch, version: int | None) -> None:
        if version is None:
            version = await self._extractions.versions(self._progress, 1)
        await self._publish([batch], version)
        if self._expected is None:
            self._published = batch.new.number + 1

    async def take(self, chunk: Chunk) -> bool:
        """Commit and publish a chunk.

        Returns:
            False when Max Entities is reached and nothing more is to be read.

        Raises:
            SourceError: the source's cursor values cannot be believed.
        """
        rows = chunk.rows if self._expected is None else await self._fill(chunk.rows)
        found = await self.reads.take(rows, chunk)
        planned = self._plan(found, chunk.stage)
        kept = Checkpoint(self._before, self.reads.state.builtins(), self.reads.notices.fresh())
        version = await self._extractions.commit(
            self._progress,
            [p.new for p in planned],
            chunk.position,
            self.reads.water,
            self._published,
            kept,
        )
        self.position = chunk.position
        _count(planned)
        self.batches += len(planned)
        self.discovered += len(found.rows)
        self._in_flight += len(found.rows) - len(found.settled)
        await self._publish(planned, version if chunk.version is None else chunk.version)
        if self._expected is None:
            self._published, self._before = self.batches, chunk.position
        return found.cut_at is None

    def _plan(self, found: SiftResult, stage: Stage) -> list[PlannedBatch]:
        if self._lanes.is_small:
            self._lanes.take(travelling(found.rows, found.settled))
        planned = plan(
            found.rows,
            found.settled,
            first=self.batches,
            lane=self._lanes.of,
            batch_size=self._progress.run.batch_size,
        )
        for batch in planned:
            if batch.new.stage == Stage.INGEST:
                batch.new.rejected = [msgspec.to_builtins(row) for row in batch.rows]
            elif batch.new.stage:
                batch.new.stage = stage.value
        return planned

    async def _fill(self, rows: Sequence[Row]) -> list[Row]:
        """Publish what was committed before the break as soon as its rows have come again."""
        assert self._expected is not None
        fresh, whole = self._expected.take(rows)
        await self._publish_expected(whole)
        return fresh

    async def _publish_expected(self, whole: Sequence[PlannedBatch]) -> None:
        assert self._expected is not None
        for batch in whole:
            await self._publish_one(batch, None)
        if self._expected.is_over:
            self._expected, self._published, self._before = None, self.batches, self.position

    def ending(self, *, failed: Failure | None) -> ExtractionEnd:
        """Say what the end of the extraction leaves behind."""
        reads = self._reads
        if reads is None:
            return ExtractionEnd()
        water = how_far(reads.ending(complete=failed is None and not reads.is_cut), failed)
        return ExtractionEnd(water, reads.tied(), reads.notices.fresh(), reads.found(failed))

    async def end(self) -> None:
        """Come to the end of the source: what was committed and did not come again is lost."""
        if self._expected is not None:
            await self._publish_expected(self._expected.rest())

    async def begin_again(self, clock: Clock, *, doubted: bool) -> None:
        """Begin another pass over the source, once all that was taken has its outcome.

        So every row that comes again is known for what it is, and is not counted twice.

        Args:
            doubted: records may have been passed over; else the source lost the read's place.

        Raises:
            SourceError: it is of no use.
        """
        waiting = 0 if self._expected is None else self._expected.records
        self.reads.check_again(self.discovered, doubted=doubted)
        while await self._extractions.in_flight(self._run.id) > waiting:
            await clock.sleep(0.1)
        await self.reads.begin_again(doubted=doubted, from_start=self._expected is not None)
        self.position = None

    async def wait_for_room(self, clock: Clock) -> None:
        """Wait while too many records of this run are on their way."""
        while self._in_flight > HIGH_WATER:
            self._in_flight = await self._extractions.in_flight(self._run.id)
            if self._in_flight > HIGH_WATER:
                await clock.sleep(0.1)

    async def _publish(self, planned: list[PlannedBatch], version: int) -> None:
        messages = self._publisher.messages(self._run, planned, version)
        await self._producer.send([*messages, report_message(Discovered(self._run))])


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
