"""A chunk's way: early skip, commit, publish. Batch rows exist before their messages do."""

from __future__ import annotations

import msgspec

from syncline.contracts.messages import Discovered, ref_of
from syncline.contracts.sending import report_message
from syncline.contracts.topics import Stage
from syncline.domain.batch import Water
from syncline.domain.errors import Category
from syncline.domain.mapping.document import CursorType
from syncline.domain.run import Mode
from syncline.postgres.extraction import Extractions, Progress
from syncline.postgres.ledger import Ledger
from syncline.runtime.clock import Clock
from syncline.runtime.ports import Producer
from syncline.telemetry.metrics import METRICS
from syncline_ingest.publishing import Publisher
from syncline_ingest.reading import Chunk
from syncline_ingest.rules import Planned, Row, highest, plan, seen_before, water_after
from syncline_ingest.sources import OpenSource

HIGH_WATER = 50_000
"""Records in flight of one run above which reading pauses, so that small runs need not wait."""


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
        self._kind = CursorType.DATETIME
        self._water = Water(progress.high_water, progress.read_to)
        self._published = progress.published
        self._in_flight = 0
        self.batches = progress.batches
        self.discovered = progress.discovered
        self.exhausted = True

    def use(self, opened: OpenSource) -> None:
        """Take over what the opened source says of itself."""
        run = self._progress.run
        self._smart = opened.smart_sync and run.mode is not Mode.FORCE_FULL and run.replay is None
        self._ordered = opened.source.ordered
        self._kind = opened.source.extraction.cursor_type

    async def publish_again(self, opened: OpenSource) -> None:
        """Publish the batches that were committed and may not have been published.

        The same records are fetched by their IDs; one that is gone becomes a dead letter.
        """
        for new in await self._extractions.unpublished(self._progress):
            if new.rejected is not None:
                rows = [msgspec.convert(r, Row) for r in new.rejected]
            else:
                found = await opened.source.fetch(list(new.source_ids), opened.hasher)
                by_id = {row.source_id: row for row in found}
                rows = [by_id[source_id] for source_id in new.source_ids]
            await self._publish([Planned(new, rows)], self._publisher.now())

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
        version = await self._extractions.commit(
            self._progress, [p.new for p in planned], chunk.position, self._water, self._published
        )
        _count(planned)
        self.batches += len(planned)
        self.discovered += len(rows)
        self._in_flight += len(rows) - len(skipped)
        await self._publish(planned, chunk.version or version)
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

    async def _publish(self, planned: list[Planned], version: int) -> None:
        messages = self._publisher.messages(self._run, planned, version)
        await self._producer.send([*messages, report_message(Discovered(self._run))])

    def _advance(self, cursors: list[str | None]) -> None:
        if self._ordered:
            self._water = water_after(cursors, self._water)
        else:
            self._water = highest(cursors, self._water, self._kind)

    async def _not_seen(self, rows: list[Row]) -> list[Row]:
        """Leave out what an earlier run handled at the very watermark."""
        watermark = self._progress.run.cursor_before
        tied = [place for place, row in enumerate(rows) if row.cursor == watermark]
        if watermark is None or not tied:
            return rows
        unchanged = await self._unchanged([rows[place] for place in tied])
        seen = seen_before(rows, {tied[place] for place in unchanged}, watermark)
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
        if batch.new.stage == Stage.INGEST:
            METRICS.dead_letters.labels(Stage.INGEST.value, Category.PERMANENT.value).inc(count)
        else:
            outcome = "passed" if batch.new.stage else "unchanged"
            METRICS.records.labels(Stage.INGEST.value, outcome).inc(count)
