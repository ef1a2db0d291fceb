"""Plays the steps: changes the ERP, triggers as any program would, and checks what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from uuid6 import uuid7

from syncline.contracts.events import RunStatus
from syncline.contracts.messages import encode
from syncline.contracts.topics import TRIGGERS
from syncline.contracts.wire import Outbound, run_spread
from syncline.demo.comparison import compare
from syncline.demo.place import Place
from syncline.demo.story import LEFT, SHOP, STEPS, Counts, PlannedReplay, PlannedRun, StoryStep
from syncline.domain.errors import SynclineError
from syncline.postgres.dead_letters.filter import DeadLetterFilter
from syncline.postgres.dead_letters.groups import DeadLetterGroups
from syncline.postgres.dead_letters.queue import DeadLetterQueue, DeadLetterView
from syncline.postgres.runs.auditor import audit

TENANT = "default"
PENDING = DeadLetterFilter(status="pending")


class DemoFailedError(SynclineError):
    """Something came out otherwise than it must."""


class Screen(Protocol):
    """Where the demo is seen."""

    def step(self, number: int, step: StoryStep) -> None:
        """Announce a step."""

    async def follow(self, triggers: Mapping[str, Outbound]) -> dict[str, RunStatus]:
        """Send triggers, by correlation ID, show their runs live, and return how they ended."""

    def runs(self, statuses: Sequence[RunStatus]) -> None:
        """Show how the runs of a step ended."""

    def say(self, text: str) -> None:
        """Tell one line."""


class Result(NamedTuple):
    """How a step went, all of its runs together; seconds from the first start to the last end."""

    title: str
    counts: Counts
    seconds: float


class Player:
    """Plays the whole story in a place."""

    def __init__(self, place: Place, screen: Screen) -> None:
        self._place = place
        self._screen = screen
        self._letters = DeadLetterQueue(place.product)

    async def play(self) -> list[Result]:
        """Play every step. Raises DemoFailedError."""
        return [await self._step(number, step) for number, step in enumerate(STEPS, 1)]

    async def leave_failures(self) -> Result:
        """Leave three kinds of failures to look at. Raises DemoFailedError."""
        return await self._step(len(STEPS) + 1, LEFT)

    async def check(self) -> list[str]:
        """Run the auditor, compare with the ERP, and say what holds. Raises DemoFailedError."""
        findings = await audit(self._place.product)
        if findings:
            broken = "; ".join(f"{f.check}: {f.offenders[:3]}" for f in findings)
            raise DemoFailedError(f"the auditor does not find that {broken}")
        same, different = await compare(self._place.erp, self._place.shop, self._place.warehouse)
        if different:
            raise DemoFailedError("; ".join(different))
        return ["auditor: every record has one outcome, every counter is right", *same]

    async def _step(self, number: int, step: StoryStep) -> Result:
        self._screen.step(number, step)
        if step.at_the_source is not None:
            await step.at_the_source(self._place.erp)
        asked = {str(uuid7()): await self._fields(run) for run in step.runs}
        who = {"tenant": TENANT, "actor": "demo"}
        triggers = {
            run_id: Outbound(TRIGGERS, run_id.encode(), encode(who | fields), run_spread(run_id))
            for run_id, fields in asked.items()
        }
        ended = await self._screen.follow(triggers)
        statuses = [ended[run_id] for run_id in asked]
        self._screen.runs(statuses)
        for status, run in zip(statuses, step.runs, strict=True):
            require(status, run.expected)
        await self._require_letters(step)
        return Result(step.title, counts_of(statuses), seconds_between(statuses))

    async def _fields(self, run: PlannedRun | PlannedReplay) -> dict[str, object]:
        if isinstance(run, PlannedRun):
            return {"instance": run.instance, "entityType": run.entity_type, **run.fields}
        pending = {letter.source_id: letter.id for letter in await self._pending()}
        entries = [pending[source_id] for source_id in run.source_ids]
        replay: dict[str, object] = {"entries": entries, "fromStage": run.from_stage}
        if run.patch:
            replay["edits"] = dict.fromkeys(entries, run.patch)
            replay["reason"] = "the right price"
        return {"instance": SHOP, "entityType": "item", "trigger": "replay", "replay": replay}

    async def _pending(self) -> list[DeadLetterView]:
        return await self._letters.page(TENANT, PENDING, 100)

    async def _require_letters(self, step: StoryStep) -> None:
        pending = await self._pending()
        if len(pending) != step.pending:
            message = f"{len(pending)} dead letters are pending, it must be {step.pending}"
            raise DemoFailedError(message)
        groups = DeadLetterGroups(self._place.product)
        for group in await groups.page(TENANT, PENDING, 10):
            self._screen.say(f"DLQ: {group.count} in {group.stage}: {group.error}")


def require(status: RunStatus, expected: Counts) -> None:
    """Hold what came out against what must. Raises DemoFailedError."""
    found = counts_of([status])
    if found == expected and status.reason is None:
        return
    reason = f" ({status.state}: {status.reason})" if status.reason else ""
    raise DemoFailedError(
        f"{status.instance} {status.entity_type}, run {status.correlation_id}: {found}{reason}; "
        f"it must be {expected}"
    )


def counts_of(statuses: Sequence[RunStatus]) -> Counts:
    """Return the counters of some runs together."""
    return Counts(
        sum(s.total for s in statuses),
        sum(s.success for s in statuses),
        sum(s.skipped for s in statuses),
        sum(s.failed for s in statuses),
    )


def seconds_between(statuses: Sequence[RunStatus]) -> float:
    """Return the seconds from the first start to the last end of runs that have ended."""
    begins = [datetime.fromisoformat(s.started_at) for s in statuses if s.started_at]
    ends = [datetime.fromisoformat(s.finished_at) for s in statuses if s.finished_at]
    return (max(ends) - min(begins)).total_seconds() if begins and ends else 0.0
