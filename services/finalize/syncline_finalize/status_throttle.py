"""When status events are published: progress at most four times a second a run, its end at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import structlog

from syncline.contracts.messages import Report, Retrying, Waiting
from syncline.contracts.wire import Outbound
from syncline.domain.run import Run
from syncline.runtime.clock import Clock
from syncline.telemetry.metrics import METRICS
from syncline.telemetry.run_log import facts_of
from syncline_finalize.rules import PROGRESS_EVERY, status_event, waiting_for

log = structlog.get_logger()


class _Postponed(msgspec.Struct):
    """A progress event that waits for its time."""

    due: float
    run: Run
    waiting: list[Report]


class StatusThrottle:
    """Delays progress events to their rate; of each run it keeps only the newest."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: dict[str, float] = {}
        self._held: dict[str, _Postponed] = {}
        self._waits: dict[str, tuple[datetime, str]] = {}  # run -> until when, and for what
        self._news = asyncio.Event()

    def event_of(self, run: Run, reports: Sequence[Report]) -> list[Outbound]:
        """Return the event of a run's state now, or keep it until it is due."""
        held = self._held.pop(run.id, None)
        reports = [*(held.waiting if held else ()), *reports]
        if run.state.is_final:
            self._told.pop(run.id, None)
            self._waits.pop(run.id, None)
            METRICS.runs.labels(run.state).inc()
            _log_end(run)
            return [status_event(run, reports, self._clock.now())]
        now = self._clock.monotonic()
        due = self._told.get(run.id, -PROGRESS_EVERY) + PROGRESS_EVERY
        if now < due:
            waiting = [report for report in reports if isinstance(report, Retrying | Waiting)]
            self._held[run.id] = _Postponed(due, run, list(waiting))
            self._news.set()
            return []
        self._told[run.id] = now
        return [self._event(run, reports)]

    async def due(self) -> list[Outbound]:
        """Wait until delayed events are due, and return them."""
        while not self._held:
            self._news.clear()
            await self._news.wait()
        next_due = min(held.due for held in self._held.values())
        await self._clock.sleep(next_due - self._clock.monotonic())
        now = self._clock.monotonic()
        ready = [run_id for run_id, held in self._held.items() if held.due <= now]
        messages = []
        for run_id in ready:
            held = self._held.pop(run_id)
            self._told[run_id] = now
            messages.append(self._event(held.run, held.waiting))
        self._forget(now)
        return messages

    def _event(self, run: Run, reports: Sequence[Report]) -> Outbound:
        """Make the event; as long as a run waits, each says for what."""
        now = self._clock.now()
        waiting = [report for report in reports if isinstance(report, Retrying | Waiting)]
        if waiting:
            due = max(report.due_at for report in waiting) / 1000
            self._waits[run.id] = (datetime.fromtimestamp(due, UTC), waiting_for(waiting))
        until, reason = self._waits.get(run.id, (now, None))
        still = reason if until > now else None
        return status_event(run, reports, now, still)

    def _forget(self, now: float) -> None:
        """Drop the events of runs that moved to another process."""
        if len(self._told) > 1000:
            self._told = {r: at for r, at in self._told.items() if now - at < PROGRESS_EVERY}
            self._waits = {r: wait for r, wait in self._waits.items() if r in self._told}


def _log_end(run: Run) -> None:
    began, ended = run.started_at or run.created_at, run.finished_at
    log.info(
        "run_ended",
        state=run.state.value,
        reason=run.reason,
        seconds=None if ended is None else round((ended - began).total_seconds(), 3),
        **msgspec.structs.asdict(run.counters),
        **facts_of(run),
    )
