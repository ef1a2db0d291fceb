"""Putting committed batches on their topics, and doing so again after a crash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from syncline.contracts.events import DeadLetter
from syncline.contracts.letters import Given, Place, dead_letter, letter_message
from syncline.contracts.messages import Attempt, Batch, RunRef
from syncline.contracts.sending import batch_message
from syncline.contracts.topics import Stage
from syncline.contracts.wire import Outbound
from syncline.runtime.clock import Clock
from syncline_ingest.rules import Planned, Row


class Publisher:
    """Makes the messages of planned batches."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> int:
        """Return the version of rows that are read again now: milliseconds since 1970."""
        return int(self._clock.now().timestamp() * 1000)

    def messages(self, run: RunRef, planned: Sequence[Planned], version: int) -> list[Outbound]:
        """Address every batch that has somewhere to go.

        Args:
            version: when the rows were read, in milliseconds since 1970.
        """
        messages: list[Outbound] = []
        for batch in planned:
            if batch.new.stage == Stage.INGEST:
                messages += self._letters(run, batch, version)
            elif batch.new.stage:
                messages.append(self._batch(run, batch, version))
        return messages

    def _batch(self, run: RunRef, planned: Planned, version: int) -> Outbound:
        batch = Batch(
            run=run,
            number=planned.new.number,
            lane=planned.new.lane,
            slots=list(range(len(planned.rows))),
            ids=planned.new.source_ids,
            records=[msgspec.Raw(row.data) for row in planned.rows],
            row_hashes=[row.row_hash for row in planned.rows] if planned.rows[0].row_hash else [],
            version=version,
        )
        return batch_message(batch, Stage(planned.new.stage))

    def _letters(self, run: RunRef, planned: Planned, version: int) -> list[Outbound]:
        now = self._clock.now()
        number = planned.new.number
        return [
            letter_message(_letter(run, Place(number, slot, row.source_id), row, version, now), now)
            for slot, row in enumerate(planned.rows)
        ]


def _letter(run: RunRef, place: Place, row: Row, version: int, now: datetime) -> DeadLetter:
    assert row.failure is not None
    attempt = Attempt(1, now.isoformat(), Stage.INGEST.value, row.failure)
    return dead_letter(run, place, Stage.INGEST, [attempt], Given(row.data, version=version))
