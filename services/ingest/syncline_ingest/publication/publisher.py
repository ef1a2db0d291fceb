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
from syncline.contracts.messages import Attempt, RunRef
from syncline.contracts.outbound import batch_message
from syncline.contracts.topics import Stage
from syncline.contracts.wire import Outbound
from syncline.runtime.clock import Clock
from syncline.runtime.failure.failure_router import storable
from syncline_ingest.rules import PlannedBatch, Row


class Publisher:
    """Makes the messages of planned batches."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def messages(
        self, run: RunRef, planned: Sequence[PlannedBatch], version: int
    ) -> list[Outbound]:
        """Address every batch that has somewhere to go, and every record that cannot travel.

        Args:
            version: of the first batch; each next one's is higher by one.
        """
        messages: list[Outbound] = []
        for own, batch in enumerate(planned, version):
            if not batch.new.stage:
                continue
            if all(row.failure is None for row in batch.rows):
                messages.append(_batch(run, batch, range(len(batch.rows)), own))
                continue
            messages += self._dead_letters(run, batch, own)
            fit = [slot for slot, row in enumerate(batch.rows) if row.failure is None]
            if fit:
                messages.append(_batch(run, batch, fit, own))
        return messages

    def _dead_letters(self, run: RunRef, planned: PlannedBatch, version: int) -> list[Outbound]:
        now = self._clock.now()
        number = planned.new.number
        return [
            dead_letter_message(
                _dead_letter(run, RecordPlace(number, slot, row.source_id), row, version, now), now
            )
            for slot, row in enumerate(planned.rows)
            if row.failure is not None
        ]


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
    run: RunRef, place: RecordPlace, row: Row, version: int, now: datetime
) -> DeadLetter:
    assert row.failure is not None
    attempt = Attempt(1, now.isoformat(), Stage.INGEST.value, storable(row.failure))
    return dead_letter(
        run, place, Stage.INGEST, [attempt], FailedRecord(row.data, row.row_hash or None, version)
    )
