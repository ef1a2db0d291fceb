"""Ingest of the simulation: its publisher and its rules, with extractions in memory.

The reading of sources is left out: a run's records are given. `IngestHandler` itself stands on
PostgreSQL; `tests/integration/postgres/test_ingest_crashes.py` kills it at every step.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec

from syncline.contracts.messages import Extracted, RunRequest
from syncline.contracts.outbound import report_message
from syncline.contracts.run_ref import ref_of
from syncline.contracts.wire import Outbound
from syncline.domain.columns import Columns
from syncline.postgres.progress.extraction import FencedError, Progress
from syncline.runtime.clock import Clock
from syncline.runtime.ports import Producer
from syncline.runtime.spec import Handler
from syncline_ingest.handler import TAKE_OVER_AFTER
from syncline_ingest.publication.publisher import BatchPublisher
from syncline_ingest.rows import Rows
from syncline_ingest.rules import Lanes, PlannedBatch, plan
from tests.support.memory_runs import MemoryRuns

SourceRow = tuple[str, dict[str, Any]]
"""A source ID and its record."""


class _Read(msgspec.Struct):
    """What is committed of a run."""

    epoch: int = 0
    read: int = 0
    batches: list[tuple[Rows, PlannedBatch]] = []
    published: int = 0


class MemoryExtractions:
    """How far runs are read; whoever has an old epoch is refused."""

    def __init__(self, runs: MemoryRuns) -> None:
        self._runs = runs
        self._reads: dict[str, _Read] = {}
        self._version = 0

    def order(self) -> list[str]:
        """Return the runs in the order in which they began to read."""
        return list(self._reads)

    async def start(self, run_id: str) -> Progress | None:
        run = self._runs.run(run_id)
        if run.extracted or run.state.is_final:
            return None
        read = self._reads.setdefault(run_id, _Read())
        read.epoch += 1
        return Progress(
            run, read.epoch, len(read.batches), read.published, str(read.read), None, None, 0
        )

    async def committed(self, run_id: str) -> list[tuple[Rows, PlannedBatch]]:
        return list(self._reads[run_id].batches)

    async def commit(
        self, progress: Progress, rows: Rows, planned: Sequence[PlannedBatch], published: int
    ) -> int:
        """Commit a chunk; return the version of its first batch."""
        read = self._fenced(progress)
        read.read += len(rows)
        read.batches += [(rows, batch) for batch in planned]
        read.published = published
        ids: dict[int, Sequence[str]] = {b.new.number: b.new.source_ids for b in planned}
        await self._runs.extract(progress.run, ids, ended=False)
        return await self.versions(progress, len(planned))

    async def versions(self, progress: Progress, count: int) -> int:
        self._version += count
        return self._version - count + 1

    async def finish(self, progress: Progress) -> None:
        self._fenced(progress)
        progress.run.extracted = True

    def _fenced(self, progress: Progress) -> _Read:
        read = self._reads[progress.run.id]
        if read.epoch != progress.epoch or progress.run.extracted:
            raise FencedError(progress.run.id)
        return read


class SimulatedIngest(Handler[RunRequest]):
    """Commits batches, publishes them, and does so again after a crash."""

    def __init__(
        self, sources: dict[str, list[SourceRow]], runs: MemoryRuns, extractions: Any,
        producer: Producer, clock: Clock, random: Random,
    ) -> None:  # fmt: skip
        self._sources = sources
        self._runs = runs
        self._extractions = extractions
        self._producer = producer
        self._clock = clock
        self._random = random

    async def handle(self, items: Sequence[RunRequest]) -> list[Outbound]:
        return [message for request in items for message in await self._extract(request)]

    async def _extract(self, request: RunRequest) -> list[Outbound]:
        run = self._runs.run(request.run_id)
        while (progress := await self._extractions.start(request.run_id)) is not None:
            try:
                await self._read(progress)
            except FencedError:
                await self._clock.sleep(TAKE_OVER_AFTER)
        if not run.extracted:
            return []
        return [report_message(Extracted(ref_of(run), 0, run.counters.total))]

    async def _read(self, progress: Progress) -> None:
        run, at = progress.run, int(progress.position or 0)
        publisher = BatchPublisher(progress, self._extractions, self._producer, self._clock)
        number = progress.batches
        for rows, batch in (await self._extractions.committed(run.id))[progress.published :]:
            places = batch.places
            await publisher.publish_again(batch.new, rows.part(places))
        lanes = Lanes(run.lanes)
        source = self._sources[run.id]
        while at < len(source):
            chunk = _rows(source[at : at + self._random.randrange(1, 6)])
            lanes.take(chunk.ids)
            planned = plan(chunk, range(len(chunk)), {}, lanes, first=number, batch_size=3)
            before, number, at = number, number + len(planned), at + len(chunk)
            version = await self._extractions.commit(progress, chunk, planned, before)
            await publisher.publish(chunk, planned, version)
        await self._extractions.finish(progress)


def _rows(found: Sequence[SourceRow]) -> Rows:
    size = len(found)
    return Rows(
        [source_id for source_id, _ in found],
        [None] * size,
        [""] * size,
        Columns.of([record for _, record in found]),
        [20] * size,
    )
