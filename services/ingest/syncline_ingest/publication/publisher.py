"""Putting committed batches on their topics, and doing so again after a crash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

import msgspec

from syncline.contracts.bundle import (
    FULL,
    LARGEST_BUNDLE,
    MOST_RECORDS,
    BatchPart,
    Bundle,
    fitting,
)
from syncline.contracts.dead_letters import (
    FailedRecord,
    RecordPlace,
    dead_letter,
    dead_letter_message,
)
from syncline.contracts.events import DeadLetter
from syncline.contracts.messages import Advance, Attempt, BatchOutcomes, Settled
from syncline.contracts.outbound import bundle_message, report_message
from syncline.contracts.run_ref import RunRef, ref_of
from syncline.contracts.topics import Stage
from syncline.contracts.wire import Outbound
from syncline.domain.errors import Failure
from syncline.domain.record import NewBatch
from syncline.domain.run import Outcome
from syncline.postgres.progress.extraction import Extractions, Progress
from syncline.runtime.clock import Clock
from syncline.runtime.failure.failure_router import storable
from syncline.runtime.ports import Producer
from syncline_ingest.publication.republication import rejected_rows
from syncline_ingest.reading.replay_payloads import ReplayPayloads
from syncline_ingest.rows import RefusedRow, Rows, refused_row, rows_of_refused
from syncline_ingest.rules import PlannedBatch

AT_ONCE = 2_000_000
"""Bytes of bundles that are sent together, and are in memory beside the rows they are made of."""


class BatchPublisher:
    """Publishes the committed batches of one run, or gives them another end.

    Attributes:
        count, discovered: how many batches, and records in them, are committed.
        published: batches below this number are known to be on their topic.
    """

    def __init__(
        self,
        progress: Progress,
        extractions: Extractions,
        producer: Producer,
        clock: Clock,
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

    async def publish(self, rows: Rows, planned: Sequence[PlannedBatch], version: int) -> None:
        """Publish batches of a chunk; each batch's version is higher by one than the one before.

        Args:
            version: of the first batch.
        """
        messages: list[Outbound] = []
        parts: list[_Part] = []
        for own, batch in enumerate(planned, version):
            if batch.new.stage:
                messages += self._refused(rows, batch, own)
                parts += _part(rows, batch, own)
        size = 0
        for each in _together(parts):
            if size > AT_ONCE:
                await self._producer.send(messages)
                messages, size = [], 0
            more = _messages(self.run, rows, each)
            messages += more
            size += sum(len(message.value or b"") for message in more)
        await self._producer.send([*messages, report_message(Advance(self.run))])

    async def publish_again(self, new: NewBatch, rows: Rows, version: int | None = None) -> None:
        """Publish a batch that was committed before a break.

        Args:
            rows: of the batch, in its order.
            version: of its records, where they were not read just now.
        """
        if version is None:
            version = await self._extractions.versions(self._progress, 1)
        await self.publish(rows, [PlannedBatch(new, range(len(rows)))], version)

    async def give_up(self, failure: Failure, payloads: ReplayPayloads) -> None:
        """Make dead letters of what was not published and cannot be read now.

        Records that could not travel stand in their batch, and become what they were to become.
        What a replay takes from payloads needs no source: it travels.
        """
        for new in await self.unpublished():
            if new.rejected is not None:
                await self.publish_again(new, rejected_rows(new))
            elif (kept := await payloads.of_batch(new)) is not None:
                await self.publish_again(new, *kept)
            else:
                refused = [refused_row(source_id, b"null", failure) for source_id in new.source_ids]
                await self.publish_again(new, rows_of_refused(refused))

    async def cancel(self) -> None:
        """Skip what was not published: a person has cancelled the run."""
        for new in await self.unpublished():
            slots = list(range(len(new.source_ids)))
            codes = Outcome.CANCELLED.value * len(slots)
            outcomes = BatchOutcomes(new.number, slots, codes)
            settled = Settled(self.run, [outcomes], Stage.INGEST.value)
            await self._producer.send([report_message(settled)])

    def _refused(self, rows: Rows, planned: PlannedBatch, version: int) -> list[Outbound]:
        """Address every record of a batch that cannot travel."""
        if not rows.refused:
            return []
        now, number = self._clock.now(), planned.new.number
        return [
            dead_letter_message(_dead_letter(self.run, (number, slot), row, version, now), now)
            for slot, place in enumerate(planned.places)
            if (row := rows.refused.get(place)) is not None
        ]


class _Part(msgspec.Struct):
    """What travels of a batch: `places` are those of its records in the chunk."""

    lane: int
    stage: str
    batch: BatchPart
    places: Sequence[int]
    weight: int


def _part(rows: Rows, planned: PlannedBatch, version: int) -> list[_Part]:
    new, places = planned.new, planned.places
    slots = list(range(len(places)))
    if rows.refused:
        slots = [slot for slot, place in enumerate(places) if place not in rows.refused]
        places = [places[slot] for slot in slots]
    if not slots:
        return []
    weight = sum([rows.sizes[p] for p in places])
    return [_Part(new.lane, new.stage, BatchPart(new.number, version, slots), places, weight)]


def _together(parts: Sequence[_Part]) -> Iterator[list[_Part]]:
    """Lay the parts of one lane and stage into bundles, in their order."""
    for _, same in groupby(parts, lambda part: (part.lane, part.stage)):
        bundle: list[_Part] = []
        records = size = 0
        for part in same:
            count = len(part.places)
            if bundle and (records + count > MOST_RECORDS or size + part.weight > FULL):
                yield bundle
                bundle, records, size = [], 0, 0
            bundle.append(part)
            records += count
            size += part.weight
        yield bundle


def _messages(run: RunRef, rows: Rows, parts: Sequence[_Part]) -> list[Outbound]:
    """Return the message of a bundle; several where its records are larger than they seemed."""
    places = [place for part in parts for place in part.places]
    hashes = [rows.hashes[p] for p in places]
    bundle = Bundle(
        run=run,
        lane=parts[0].lane,
        batches=[part.batch for part in parts],
        ids=[rows.ids[p] for p in places],
        columns=rows.columns(places),
        row_hashes=hashes if any(hashes) else [],
    )
    stage = Stage(parts[0].stage)
    found = fitting(bundle, lambda part: bundle_message(part, stage), LARGEST_BUNDLE)
    return [message for _, message in found]


def _dead_letter(
    run: RunRef, place: tuple[int, int], row: RefusedRow, version: int, now: datetime
) -> DeadLetter:
    attempt = Attempt(1, now.isoformat(), Stage.INGEST.value, storable(row.failure))
    record = FailedRecord(row.data, row.row_hash or None, version)
    return dead_letter(run, RecordPlace(*place, row.source_id), Stage.INGEST, [attempt], record)
