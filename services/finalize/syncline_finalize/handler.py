"""Finalize: reads reports, stores outcomes and counters, closes runs, publishes status events.

Only Finalize moves the cursor. Events are published after the commit. After a crash in between, the
reports come again: they change nothing, and their event is published with a higher number.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol

from syncline.contracts.dead_letters import dead_letter_message
from syncline.contracts.messages import Halted, Report, Settled, Stalling
from syncline.contracts.outbound import report_message
from syncline.contracts.run_ref import RunRef
from syncline.contracts.topics import BY_NAME, INPUT_OF
from syncline.contracts.wire import Outbound
from syncline.domain.failure_budget import PAUSED_BY
from syncline.domain.run import Outcome, Run
from syncline.postgres.progress.stalled_runs import StalledRun
from syncline.runtime.clock import Clock, every
from syncline.runtime.commands.control import cancel_message, forget_message, pause_message
from syncline.runtime.ports import Producer
from syncline.runtime.spec import Handler, SideTask
from syncline.telemetry.metrics import METRICS
from syncline_finalize.ended_runs import EndedRuns
from syncline_finalize.rules import dead_letter_events, next_in_chain, settled_by_stall
from syncline_finalize.status_throttle import StatusThrottle

LOOKS = 20
"""Checks of a run within the time after which it counts as stalled."""
LONGEST_PAUSE = 60.0
"""Most seconds between two checks."""


FORGET_AFTER = 2 * max(BY_NAME[topic].keep_ms for topic in INPUT_OF.values()) / 1000
"""Seconds between the end of a cancelled run and the removal of its command from the control topic.
Until then a late copy of a message must still be skipped: a stage may have been away for as long as
its topic keeps messages. Kafka deletes whole files, so it may keep some for twice as long."""
COUNT_EVERY = 5.0
"""Seconds."""


class OutcomeStore(Protocol):
    """See syncline.postgres.progress.outcomes."""

    async def apply(self, reports: Sequence[Report]) -> list[Run]: ...
    async def in_flight(self) -> int: ...
    async def ended(self, run_ids: Sequence[str], seconds: float) -> list[str]: ...


PAGE = 500
"""Dead letters of a stalled run that are published at once."""


class StalledRunStore(Protocol):
    """See syncline.postgres.progress.stalled_runs."""

    async def suspects(self, after: float) -> list[Stalling]: ...
    async def close(self, suspicion: Stalling) -> StalledRun | None: ...


class FinalizeHandler(Handler[Report]):
    """Applies the reports of one poll in one transaction.

    Closes runs in which nothing moves for `stalled_after` seconds, and removes the commands of
    `cancelled` runs that are over.
    """

    def __init__(
        self,
        outcomes: OutcomeStore,
        stalls: StalledRunStore,
        producer: Producer,
        clock: Clock,
        stalled_after: float,
        cancelled: Callable[[], Sequence[str]] = list,
    ) -> None:
        self._outcomes = outcomes
        self._stalls = stalls
        self._producer = producer
        self._clock = clock
        self._stalled_after = stalled_after
        self._throttle = StatusThrottle(clock)
        self._cancelled = cancelled
        self._published: dict[str, int] = {}
        self._ended = EndedRuns()

    async def handle(self, items: Sequence[Report]) -> list[Outbound]:
        of_run: dict[str, list[Report]] = defaultdict(list)
        stalling: dict[str, Stalling] = {}
        for report in items:
            if isinstance(report, Stalling):
                stalling[report.run.id] = report
            elif not self._ended.makes_void(report):
                of_run[report.run.id].append(report)
        _count_outcomes(items)
        _observe_seconds(items, self._clock.now().timestamp())
        messages: list[Outbound] = []
        if of_run:
            for run in await self._outcomes.apply([r for own in of_run.values() for r in own]):
                messages += self._messages(run, of_run[run.id])
                self._ended.note(run)
        for suspicion in stalling.values():
            messages += await self._give_up(suspicion)
        return messages

    def _messages(self, run: Run, reports: Sequence[Report]) -> list[Outbound]:
        """Return what others learn of a run to which reports were applied."""
        messages: list[Outbound] = []
        if any(isinstance(report, Halted) for report in reports):
            messages.append(cancel_message(run.id, "finalize: halted"))
        if run.needs_attention is not None:
            messages.append(pause_message(run.id, PAUSED_BY))
        messages += dead_letter_events(run, reports, self._clock.now())
        messages += self._throttle.event_of(run, reports)
        return messages + next_in_chain(run, self._clock.now())

    async def _give_up(self, suspicion: Stalling) -> list[Outbound]:
        """Close a stalled run; every stage then skips what is left of it on the topics."""
        closed = await self._stalls.close(suspicion)
        if closed is None:
            return []
        await self._publish(suspicion.run, closed)
        return [*self._throttle.event_of(closed.run, [])]

    async def _publish(self, ref: RunRef, closed: StalledRun) -> None:
        """Publish the end of a stalled run by pages, each within the time of a call to Kafka.

        What fails is tried again behind the pages that Kafka took.
        """
        now, run, letters = self._clock.now(), closed.run, closed.dead_letters
        events = dead_letter_events(run, [settled_by_stall(ref, letters)], now)
        await self._producer.send([cancel_message(run.id, "finalize: stalled")])
        for begin in range(self._published.get(run.id, 0), len(letters), PAGE):
            page = slice(begin, begin + PAGE)
            made = [dead_letter_message(letter, now) for letter in letters[page]]
            await self._producer.send([*made, *events[page]])
            self._published[run.id] = begin + PAGE
        self._published.pop(run.id, None)

    def side_tasks(self) -> dict[str, SideTask]:
        return {
            "held-back": self.tell_held_back,
            "stalled": self.look_for_stalled,
            "in-flight": lambda: every(self._clock, COUNT_EVERY, self.count_in_flight),
            "forget": self.forget_cancels,
        }

    async def count_in_flight(self) -> None:
        """Set the metric of records in flight."""
        METRICS.in_flight.set(await self._outcomes.in_flight())

    async def forget_cancels(self) -> None:
        """Side task: remove the commands of runs that ended a while ago; late copies need them."""
        while True:
            await self._clock.sleep(LONGEST_PAUSE)
            over = await self._outcomes.ended(self._cancelled(), FORGET_AFTER)
            if over:
                await self._producer.send([forget_message(run_id) for run_id in over])

    async def tell_held_back(self) -> None:
        """Side task: send delayed events, so that people see the newest figures."""
        while True:
            await self._producer.send(await self._throttle.due())

    async def look_for_stalled(self) -> None:
        """Side task: report runs in which nothing moves, after all reports on their way."""
        while True:
            await self._clock.sleep(min(self._stalled_after / LOOKS, LONGEST_PAUSE))
            suspects = await self._stalls.suspects(self._stalled_after)
            if suspects:
                await self._producer.send([report_message(suspicion) for suspicion in suspects])


def _count_outcomes(reports: Sequence[Report]) -> None:
    counts = Counter[tuple[str, str]]()
    for report in reports:
        if isinstance(report, Settled):
            codes = "".join(batch.codes for batch in report.batches)
            for code, count in Counter(codes).items():
                counts[report.stage, code] += count
    for (stage, code), count in counts.items():
        METRICS.records.labels(stage, Outcome(code).name.lower()).inc(count)


def _observe_seconds(reports: Sequence[Report], now: float) -> None:
    """Measure how long the records of each report were on their way; not of those that failed."""
    for report in reports:
        if not isinstance(report, Settled) or report.letters:
            continue
        if len(report.timings) > 1:  # the last is of its own way
            entered = min(timing.arrived for timing in report.timings) / 1000
            count = sum(len(batch.codes) for batch in report.batches)
            METRICS.record_seconds.observe(max(now - entered, 0.0), count)
