"""Trigger: reads requests from `triggers`, stores accepted runs, passes them to Ingest in turn."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from syncline.contracts.messages import Extracted, RunRequest
from syncline.contracts.outbound import report_message, request_message
from syncline.contracts.run_ref import ref_of
from syncline.contracts.status import Refusal
from syncline.contracts.wire import Outbound
from syncline.domain.errors import ConflictError, InvalidInputError, NotFoundError
from syncline.domain.trigger import TriggerRequest
from syncline.runtime.clock import Clock
from syncline.runtime.commands.control import (
    ControlTopic,
    cancel_message,
    forget_message,
    pause_message,
)
from syncline.runtime.failure.poison import UNDECODABLE, poison
from syncline.runtime.ports import Producer
from syncline.runtime.spec import Handler, SideTask
from syncline.telemetry.metrics import METRICS
from syncline.telemetry.run_log import facts_of
from syncline_trigger.ports import TriggerStore
from syncline_trigger.rules import TriggerMessage, accepted, refused_in_turn, rejected

DISPATCH_EVERY = 1.0
"""Seconds between two checks for queued runs whose turn has come."""
AGAIN_EVERY = 5
"""Every so many checks, open commands are checked, too."""
OLD = 5.0
"""Seconds after which a cancel that is still open is published again."""
SMALL = 1000
"""A run with at most so many records takes one lane."""
log = structlog.get_logger()


class TriggerHandler(Handler[TriggerMessage]):
    """Accepts or refuses each trigger; the run row is the outbox of the run request."""

    def __init__(
        self,
        store: TriggerStore,
        control: ControlTopic,
        producer: Producer,
        clock: Clock,
        lanes: int,
    ) -> None:
        self._store = store
        self._control = control
        self._producer = producer
        self._clock = clock
        self._lanes = lanes
        self._ticks = 0

    async def handle(self, items: Sequence[TriggerMessage]) -> list[Outbound]:
        messages = [message for trigger in items for message in await self._answers(trigger)]
        return messages + await self._requests()

    def side_tasks(self) -> dict[str, SideTask]:
        return {"dispatch": self.dispatch}

    async def _answers(self, trigger: TriggerMessage) -> list[Outbound]:
        """Answer a trigger; one that cannot be read goes to the DLQ, too, with its bytes."""
        answer = await self._answer(trigger)
        if trigger.unread is None:
            return [answer]
        error, at = trigger.problems[0].message, trigger.unread
        log.warning("message_undecodable", at=(at.topic, at.partition, at.offset), error=error)
        METRICS.poison.labels("trigger").inc()
        return [answer, poison(at, "trigger", UNDECODABLE, error, self._producer.max_message)]

    async def _answer(self, trigger: TriggerMessage) -> Outbound:
        now = self._clock.now()
        if trigger.request is None:
            return self._rejected(trigger, InvalidInputError(trigger.problems))
        try:
            request = trigger.request
            if refusal := await self._store.refusal(trigger.run_id, request):
                return self._rejected(trigger, refusal)
            stream = await self._store.runnable(
                request.tenant, request.instance, request.entity_type
            )
            run, _ = await self._store.accept(trigger.run_id, request, stream, self._width(request))
        except (NotFoundError, ConflictError) as error:
            await self._store.refuse(trigger.run_id, trigger.request, error)
            return self._rejected(trigger, error)
        said = {"trigger": run.trigger, "actor": run.actor, "mode": run.mode}
        log.info("run_accepted", state=run.state.value, **said, **facts_of(run))
        return accepted(trigger, run, now)

    def _rejected(self, trigger: TriggerMessage, error: Refusal) -> Outbound:
        asked = trigger.request
        tenant = {} if asked is None else {"tenant": asked.tenant, "instance": asked.instance}
        log.info("run_refused", correlation_id=trigger.run_id, reason=str(error), **tenant)
        return rejected(trigger, error, self._clock.now())

    def _width(self, request: TriggerRequest) -> int:
        """Return the number of lanes: one for a small run, all for a big one."""
        is_small = bool(request.source_ids) or request.replay is not None
        capped = request.max_entities is not None and request.max_entities <= SMALL
        return 1 if is_small or capped else self._lanes

    async def _requests(self) -> list[Outbound]:
        return [
            request_message(RunRequest(run_id, tenant))
            for run_id, tenant in await self._store.claim_dispatchable()
        ]

    async def _commands(self) -> list[Outbound]:
        """At intervals, publish commands of run rows that may not be on the control topic."""
        self._ticks += 1
        if self._ticks % AGAIN_EVERY:
            return []
        paused = self._control.paused
        over = await self._store.not_paused(paused) if paused else []
        return [
            *(cancel_message(*cancelled) for cancelled in await self._store.open_cancels(OLD)),
            *(
                pause_message(run_id, by)
                for run_id, by in await self._store.paused()
                if not self._control.is_paused(run_id)
            ),
            *(forget_message(run_id) for run_id in over),
        ]

    async def dispatch(self) -> None:
        """Side task: start queued runs in their turn; end those that may not start."""
        while True:
            await self._clock.sleep(DISPATCH_EVERY)
            messages = [*await self._over(), *await self._commands(), *await self._requests()]
            if messages:
                await self._producer.send(messages)

    async def _over(self) -> list[Outbound]:
        """Report queued runs that end without a start to Finalize."""
        refused = await self._store.refuse_switched_off()
        ended = [*refused, *await self._store.end_cancelled()]
        now = self._clock.now()
        return [
            *(refused_in_turn(run, now) for run in refused),
            *(report_message(Extracted(ref_of(run), 0, 0)) for run in ended),
        ]
