"""Putting committed batches on their topics, and doing so again after a crash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from syncline.contracts.batch import Batch
from syncline.contracts.dead_letters import (
    FailedRecord,
    RecordPlace,
    dead_letter,
    dead_letter_message,
)
from syncline.contracts.events import DeadLetter
from syncline.contracts.messages import Attempt, Discovered, RunRef, Settled, ref_of
from syncline.contracts.outbound import batch_message, report_message
from syncline.contracts.topics import Stage
from syncline.contracts.wire import Outbound
from syncline.domain.errors import Failure
from syncline.domain.record import NewBatch
from syncline.domain.run import Outcome
from syncline.postgres.progress.extraction import Extractions, Progress
from syncline.runtime.clock import Clock
from syncline.runtime.failure.failure_router import storable
from syncline.runtime.ports import Producer
from syncline_ingest.rules import PlannedBatch, Row, refused_row


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
        messages = [
            message
            for own, batch in enumerate(planned, version)
            if batch.new.stage
            for message in self._messages(batch, own)
        ]
        await self._producer.send([*messages, report_message(Discovered(self.run))])

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
            settled = Settled(self.run, new.number, slots, codes, Stage.INGEST.value)
            await self._producer.send([report_message(settled)])

    def _messages(self, planned: PlannedBatch, version: int) -> list[Outbound]:
        """Address a batch, and every record of it that cannot travel."""
        fit = [slot for slot, row in enumerate(planned.rows) if row.failure is None]
        messages = [_batch(self.run, planned, fit, version)] if fit else []
        if len(fit) == len(planned.rows):
            return messages
        now, number = self._clock.now(), planned.new.number
        letters = [
            dead_letter_message(_dead_letter(self.run, (number, slot), row, version, now), now)
            for slot, row in enumerate(planned.rows)
            if row.failure is not None
        ]
        return letters + messages


def _batch(run: RunRef, planned: PlannedBatch, slots: Sequence[int], version: int) -> Outbound:
    rows = [planned.rows[slot] for slot in slots]
    batch = Batch(
        run=run,
        number=planned.new.number,
        lane=planned.new.lane,
        slots=list(slots),
        ids=[row.source_id for row in rows],
        records=[msgspec.Raw(row.data) for row in rows],
        row_hashes=[row.row_hash for row in rows] if any(row.row_hash for row in rows) else [],
        version=version,
    )
    return batch_message(batch, Stage(planned.new.stage))


def _dead_letter(
    run: RunRef, place: tuple[int, int], row: Row, version: int, now: datetime
) -> DeadLetter:
    assert row.failure is not None
    attempt = Attempt(1, now.isoformat(), Stage.INGEST.value, storable(row.failure))
    record = FailedRecord(row.data, row.row_hash or None, version)
    return dead_letter(run, RecordPlace(*place, row.source_id), Stage.INGEST, [attempt], record)
