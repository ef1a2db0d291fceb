"""Sends due deliveries: at least once, with the same ID on every attempt, for up to a day.

A process leases a delivery while it sends it. If it dies, another process takes the delivery over.
"""

from __future__ import annotations

import asyncio
from random import Random

import structlog

from syncline.actions.notifications.senders import Senders
from syncline.postgres.notifications.deliveries import Deliveries, Due
from syncline.runtime.clock import Clock
from syncline.runtime.failure.attempts import root_cause
from syncline.telemetry.metrics import METRICS
from syncline_notifier.rules import pause_after

AT_ONCE = 16
"""Most deliveries that one process sends at once."""
LEASE = 120.0
"""Seconds of a lease; no attempt takes half as long."""
LOOK_EVERY = 1.0
"""Seconds."""
log = structlog.get_logger()


class DeliverySender:
    """Sends the deliveries of the outbox."""

    def __init__(
        self, deliveries: Deliveries, senders: Senders, clock: Clock, random: Random | None = None
    ) -> None:
        self._deliveries = deliveries
        self._senders = senders
        self._clock = clock
        self._random = random or Random()  # noqa: S311 - jitter

    async def run(self) -> None:
        """Side task: deliver for ever; a slow receiver delays no other. Raises RetriableError."""
        try:
            await self._run()
        except ExceptionGroup as group:
            raise root_cause(group) from group

    async def _run(self) -> None:
        under_way: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as group:
            while True:
                free = AT_ONCE - len(under_way)
                for due in await self._deliveries.claim(free, LEASE) if free else ():
                    task = group.create_task(self._deliver(due))
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
                METRICS.deliveries_waiting.set(await self._deliveries.waiting())
                await self._clock.sleep(LOOK_EVERY)

    async def deliver_due(self) -> int:
        """Send the deliveries that are due now and return their number."""
        claimed = await self._deliveries.claim(AT_ONCE, LEASE)
        async with asyncio.TaskGroup() as group:
            for due in claimed:
                group.create_task(self._deliver(due))
        return len(claimed)

    async def _deliver(self, due: Due) -> None:
        tried = await self._senders.send(due.destination, due.notification, due.at, due.data)
        again_in = None
        if not tried.entry.ok and not tried.gone:
            chance = self._random.random()
            again_in = pause_after(due.attempts + 1, chance, tried.retry_after)
        outcome = "delivered" if tried.entry.ok else "failed" if again_in else "given_up"
        METRICS.deliveries.labels(due.destination.kind, outcome).inc()
        note = log.info if tried.entry.ok else log.warning
        note(
            f"notification_{outcome}",
            notification=due.notification,
            tenant=due.destination.tenant,
            subscription=due.destination.name,
            attempt=due.attempts + 1,
            status=tried.entry.status,
            answer=None if tried.entry.ok else tried.entry.answer,
            again_in=again_in and round(again_in),
        )
        final = "delivered" if tried.entry.ok else "given_up"
        await self._deliveries.note(due, tried.entry, again_in, final=final)
