"""Publishes the triggers of hooks: what came together, at most one run of a hook at once."""

from __future__ import annotations

from syncline.contracts.outbound import trigger_message
from syncline.domain.hook.run import trigger_fields
from syncline.postgres.hooks.hook_runs import HookRuns
from syncline.runtime.clock import Clock, every
from syncline.runtime.ports import Producer
from syncline.telemetry.metrics import METRICS

EVERY = 0.1
"""Seconds between two checks."""


class HookDispatcher:
    """One of any number; their rows and locks keep them from doing one thing twice."""

    def __init__(self, runs: HookRuns, producer: Producer, clock: Clock) -> None:
        self._runs = runs
        self._producer = producer
        self._clock = clock

    async def run(self) -> None:
        """Side task: check for ever. May raise RetriableError; the next start goes on."""
        await every(self._clock, EVERY, self.look)

    async def look(self) -> None:
        """Do all that is due, once. Raises RetriableError; the next check goes on with the rest."""
        await self._runs.close()
        for taken in await self._runs.take():
            METRICS.hook_changes.labels("taken").inc(taken.records)
            METRICS.hook_changes.labels("folded").inc(taken.changes - taken.records)
        async with self._runs.sending() as runs:
            now = self._clock.now()
            messages = [
                trigger_message(run.run_id, trigger_fields(run), "scheduler", now) for run in runs
            ]
            if messages:
                await self._producer.send(messages)
