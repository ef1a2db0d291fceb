"""Finalize: takes reports from `outcomes`, keeps outcomes and counters, closes runs, tells status.

It alone moves the cursor. Events follow the commit; a crash between the two brings the reports
again, which change nothing and are told again with a higher number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

from syncline.contracts.messages import Report
from syncline.contracts.wire import Outbound
from syncline.domain.run import Run
from syncline.postgres.outcomes import Outcomes
from syncline.runtime.clock import Clock
from syncline.runtime.ports import Producer
from syncline_finalize.rules import PROGRESS_EVERY, letter_events, status_event


class FinalizeStage:
    """Applies a poll's reports in one transaction."""

    def __init__(self, outcomes: Outcomes, producer: Producer, clock: Clock) -> None:
        self._outcomes = outcomes
        self._producer = producer
        self._clock = clock
        self._told: dict[str, float] = {}
        self._held_back: dict[str, tuple[Run, list[Report]]] = {}

    async def handle(self, reports: Sequence[Report]) -> list[Outbound]:
        of_run: dict[str, list[Report]] = defaultdict(list)
        for report in reports:
            of_run[report.run.id].append(report)
        messages: list[Outbound] = []
        now = self._clock.now()
        for run in await self._outcomes.apply(reports):
            messages += letter_events(run, of_run[run.id], now)
            if self._may_tell(run):
                messages.append(status_event(run, of_run[run.id], now))
            else:
                self._held_back[run.id] = (run, of_run[run.id])
        return messages

    def side_tasks(self) -> dict[str, Callable[[], Awaitable[None]]]:
        return {"held-back": self.tell_held_back}

    def _may_tell(self, run: Run) -> bool:
        """Hold progress to its rate; the end of a run is told at once."""
        now = self._clock.monotonic()
        self._held_back.pop(run.id, None)
        if run.state.is_final:
            self._told.pop(run.id, None)
            return True
        if now - self._told.get(run.id, -PROGRESS_EVERY) < PROGRESS_EVERY:
            return False
        self._told[run.id] = now
        return True

    async def tell_held_back(self) -> None:
        """Side task: send what was held back, so that a pause never shows an old figure."""
        while True:
            await self._clock.sleep(PROGRESS_EVERY)
            held, self._held_back = self._held_back, {}
            now = self._clock.now()
            messages = [status_event(run, reports, now) for run, reports in held.values()]
            if messages:
                await self._producer.send(messages)
