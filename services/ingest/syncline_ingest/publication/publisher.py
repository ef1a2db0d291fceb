"""Putting committed batches on their topics, and doing so again after a crash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

import msgspec

from syncline.contracts.bundle import FULL, MOST_RECORDS, BatchPart, Bundle
from syncline.contracts.dead_letters import (
    FailedRecord,
    RecordPlace,
    dead_letter,
    dead_letter_message,
)
from syncline.contracts.events import DeadLetter
from syncline.contracts.messages import (
    Attempt,
    BatchOutcomes,
    Discovered,
    RunRef,
    Settled,
    decoder_of,
    ref_of,
)
from syncline.contracts.outbound import bundle_message, report_message
from syncline.contracts.topics import Stage
from syncline.contracts.wire import Outbound
from syncline.domain.columns import Columns
from syncline.domain.errors import Failure
from syncline.domain.record import NewBatch, Record
from syncline.domain.run import Outcome
from syncline.postgres.progress.extraction import Extractions, Progress
from syncline.runtime.clock import Clock
from syncline.runtime.failure.failure_router import storable
from syncline.runtime.ports import Producer
from syncline_ingest.rules import PlannedBatch, Row, refused_row

_decode = decoder_of(Record).decode


class BatchPublisher:
    """Publishes the committed batches of one run, or gives them another end.

    Attributes:
        count, discovered: how many batches, and records in them, are committed.
        published: batches below this number are known to be on their topic.
    """

    def __init__(
        self, progress: Progress, extractions: Extractions, producer: Producer, clock: Clock
    ) -> None:
        self.run = ref_of(progress.run)
        self.count = progress.batches
        self.discovered = progress.discovered
        self.published = progress.published
        self._progress = progress
        self._extractions = extractions
        self._producer = producer
        self._clock = clock

    async def unpublished(self, *, settled_too: bool = False) -> list[NewBatch]:
        """Return what was committed and may not have been published."""
        return await self._extractions.unpublished(
            self.run.id, self.published, settled_too=settled_too
        )

    async def publish(self, planned: Sequence[PlannedBatch], version: int) -> None:
        """Publish batches; `version` is the first one's, each next one's is higher by one."""
        letters: list[Outbound] = []
        parts: list[_Part] = []
        for own, batch in enumerate(planned, version):
            if batch.new.stage:
                letters += self._refused(batch, own)
                parts += _part(batch, own)
        bundles = [_bundle(self.run, together) for together in _together(parts)]
        await self._producer.send([*letters, *bundles, report_message(Discovered(self.run))])

    async def publish_again(self, batch: PlannedBatch, version: int | None = None) -> None:
        """Publish a batch that was committed before a break.

        Args:
            version: of its records, where they were not read just now.
        """
        if version is None:
            version = await self._extractions.versions(self._progress, 1)
        await self.publish([batch], version)

    async def give_up(self, failure: Failure) -> None:
        """Make dead letters of what was not published and cannot be read now."""
        for new in await self.unpublished():
            rows = [refused_row(source_id, b"null", failure) for source_id in new.source_ids]
            await self.publish_again(PlannedBatch(new, rows))

    async def cancel(self) -> None:
        """Skip what was not published: a person has cancelled the run."""
        for new in await self.unpublished():
            slots = list(range(len(new.source_ids)))
            codes = Outcome.CANCELLED.value * len(slots)
            outcomes = BatchOutcomes(new.number, slots, codes)
            settled = Settled(self.run, [outcomes], Stage.INGEST.value)
            await self._producer.send([report_message(settled)])

    def _refused(self, planned: PlannedBatch, version: int) -> list[Outbound]:
        """Address every record of a batch that cannot travel."""
        now, number = self._clock.now(), planned.new.number
        return [
            dead_letter_message(_dead_letter(self.run, (number, slot), row, version, now), now)
            for slot, row in enumerate(planned.rows)
            if row.failure is not None
        ]


class _Part(msgspec.Struct):
    """What travels of a batch."""

    lane: int
    stage: str
    batch: BatchPart
    rows: list[Row]


def _part(planned: PlannedBatch, version: int) -> list[_Part]:
    fit = [slot for slot, row in enumerate(planned.rows) if row.failure is None]
    if not fit:
        return []
    new, rows = planned.new, [planned.rows[slot] for slot in fit]
    return [_Part(new.lane, new.stage, BatchPart(new.number, version, fit), rows)]


def _together(parts: Sequence[_Part]) -> Iterator[list[_Part]]:
    """Lay the parts of one lane and stage into bundles, in their order."""
    for _, same in groupby(parts, lambda part: (part.lane, part.stage)):
        bundle: list[_Part] = []
        records = size = 0
        for part in same:
            weight = sum(len(row.data) for row in part.rows)
            if bundle and (records + len(part.rows) > MOST_RECORDS or size + weight > FULL):
                yield bundle
                bundle, records, size = [], 0, 0
            bundle.append(part)
            records += len(part.rows)
            size += weight
        yield bundle


def _bundle(run: RunRef, parts: Sequence[_Part]) -> Outbound:
    rows = [row for part in parts for row in part.rows]
    bundle = Bundle(
        run=run,
        lane=parts[0].lane,
        batches=[part.batch for part in parts],
        ids=[row.source_id for row in rows],
        columns=Columns.of([_decode(row.data) for row in rows]),
        row_hashes=[row.row_hash for row in rows] if any(row.row_hash for row in rows) else [],
    )
    return bundle_message(bundle, Stage(parts[0].stage))


def _dead_letter(
    run: RunRef, place: tuple[int, int], row: Row, version: int, now: datetime
) -> DeadLetter:
    assert row.failure is not None
    attempt = Attempt(1, now.isoformat(), Stage.INGEST.value, storable(row.failure))
    record = FailedRecord(row.data, row.row_hash or None, version)
    return dead_letter(run, RecordPlace(*place, row.source_id), Stage.INGEST, [attempt], record)
