"""The scheduler: find due schedules, publish their triggers, store the results."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from syncline.contracts.outbound import trigger_message
from syncline.contracts.wire import Outbound
from syncline.domain.errors import InvalidInputError, RetriableError
from syncline.domain.schedule.firing import (
    DueSchedule,
    FiringKind,
    FiringResult,
    ScheduleUpdate,
    UnpublishedFiring,
    trigger_fields,
)
from syncline.domain.schedule.slots import WORTH
from syncline.postgres.schedules.firings import Firings
from syncline.runtime.backoff import Backoff
from syncline.runtime.clock import Clock, sleep_unless
from syncline.runtime.ports import Producer
from syncline.telemetry.metrics import METRICS
from syncline_scheduler.rules import decide_update

EVERY = 1.0
"""Seconds between two checks."""
LATER = timedelta(hours=1)
"""When a schedule that cannot be read is checked again."""
SURE = timedelta(days=1)
"""How long a message that seemed lost may still arrive at the broker."""
log = structlog.get_logger()
_ENDS = (FiringResult.FIRED, FiringResult.SKIPPED, FiringResult.REFUSED, FiringResult.MISSED)


class Scheduler:
    """One of any number of schedulers; `waiting_for` is what it cannot reach, None if it works."""

    def __init__(self, firings: Firings, producer: Producer, clock: Clock) -> None:
        self._firings = firings
        self._producer = producer
        self._clock = clock
        self.waiting_for: str | None = "has not checked yet"
        for result in _ENDS:
            _count(result, 0)  # an increase from nothing to 1 would be none

    async def run(self, stopping: asyncio.Event) -> None:
        """Check every second until `stopping` is set; finish a check that has begun."""
        backoff = Backoff()
        while not stopping.is_set():
            try:
                await self.look()
            except RetriableError as error:
                if self.waiting_for != str(error):
                    log.warning("scheduler_waits", reason=str(error), code=error.failure.code)
                self.waiting_for = str(error)
                METRICS.outages.labels("scheduler").inc()
                await sleep_unless(self._clock, backoff.next(), stopping)
            else:
                self.waiting_for = None
                backoff.reset()
                await sleep_unless(self._clock, EVERY, stopping)

    async def look(self) -> None:
        """Do all that is due, once. Raises RetriableError; the next check goes on with the rest."""
        await self._take()
        now = self._clock.now()
        given_up = await self._firings.give_up(now - WORTH, "it could not be published in time")
        _count(FiringResult.MISSED, given_up)
        await self._send()
        while results := await self._firings.settle(now - SURE):
            for result in results:
                if result is not FiringResult.MISSED:
                    _count(result, 1)

    async def _take(self) -> None:
        now = self._clock.now()
        while noted := await self._firings.take(now, self._decide):
            missed = sum(firing.result is FiringResult.MISSED for firing in noted)
            _count(FiringResult.MISSED, missed)
            log.info("slots_came", firings=len(noted), missed=missed)

    def _decide(self, coming: DueSchedule) -> ScheduleUpdate:
        now = self._clock.now()
        try:
            return decide_update(coming, now)
        except InvalidInputError as error:
            log.warning("schedule_unreadable", schedule=coming.name, reason=str(error))
            return now + LATER, ()

    async def _send(self) -> None:
        while True:
            async with self._firings.sending() as firings:
                if not firings:
                    return
                await self._producer.send([self._trigger(firing) for firing in firings])
            self._note_sent(firings)

    def _trigger(self, due: UnpublishedFiring) -> Outbound:
        fields = trigger_fields(due.tenant, due.instance, due.entity_type, due.actor)
        return trigger_message(due.run_id, fields, "scheduler", self._clock.now())

    def _note_sent(self, firings: list[UnpublishedFiring]) -> None:
        now = self._clock.now()
        for firing in firings:
            fields = {"instance": firing.instance, "entity_type": firing.entity_type}
            log.info(
                "schedule_fired", correlation_id=firing.run_id, kind=firing.kind.value, **fields
            )
            if firing.kind is FiringKind.SLOT:
                METRICS.schedule_lateness.observe(max((now - firing.slot).total_seconds(), 0.0))


def _count(result: FiringResult, count: int) -> None:
    METRICS.schedule_firings.labels(result.value).inc(count)
