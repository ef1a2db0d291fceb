"""Notifier: reads the ends of runs from `status` and stores the deliveries that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from syncline.contracts.wire import Outbound
from syncline.domain.notification.incident import Alert, AlertState, Subject
from syncline.postgres.notifications.alert_states import Alerting, AlertVerdict
from syncline.postgres.notifications.incidents import Message
from syncline.runtime.clock import Clock, every
from syncline.runtime.spec import Handler, SideTask
from syncline.telemetry.metrics import METRICS
from syncline_notifier.deliveries import DeliverySender
from syncline_notifier.rules import RunEnd, judge_all, weigh

WEIGH_EVERY = 10.0
"""Seconds between two counts of pending dead letters, and between two looks at breakers."""
OVERDUE_EVERY = 30.0
"""Seconds between two looks for what has not happened for a time."""
LOOK_EVERY = 1.0
"""Seconds between two checks for notifications that are due."""
log = structlog.get_logger()


class NotifierHandler(Handler[RunEnd | None]):
    """Judges the runs of one poll in one transaction."""

    def __init__(
        self, alerting: Alerting, sender: DeliverySender, threshold: int, clock: Clock
    ) -> None:
        self._alerting = alerting
        self._delivering = sender
        self._threshold = threshold
        self._clock = clock
        for alert in Alert:
            METRICS.alerts.labels(alert)  # an increase from nothing to 1 would be none

    def side_tasks(self) -> dict[str, SideTask]:
        return {
            "deliver": self._delivering.run,
            "weigh": lambda: every(self._clock, WEIGH_EVERY, self.weigh_pending),
            "breakers": lambda: every(self._clock, WEIGH_EVERY, self.weigh_breakers),
            "overdue": lambda: every(self._clock, OVERDUE_EVERY, self.weigh_overdue),
            "tell": lambda: every(self._clock, LOOK_EVERY, self.tell_due),
        }

    async def handle(self, items: Sequence[RunEnd | None]) -> list[Outbound]:
        ended = [event for event in items if event is not None]
        if ended:
            subjects = {one.subject for one in ended}
            run_ids = [one.run.correlation_id for one in ended]
            told = await self._alerting.decide(
                subjects,
                run_ids,
                lambda states, causes: AlertVerdict(*judge_all(ended, states, causes)),
                self._clock.now(),
            )
            _note(told)
        return []

    async def tell_due(self) -> None:
        """Store the notifications that are due. May raise RetriableError."""
        _note(await self._alerting.tell_due(self._clock.now()))

    async def weigh_pending(self) -> None:
        """Judge the numbers of pending dead letters. May raise RetriableError."""
        _note(await self._alerting.weigh_pending(self._decide, self._clock.now()))

    async def weigh_breakers(self) -> None:
        """Note which profiles do not answer, or do again. May raise RetriableError."""
        _note(await self._alerting.weigh_breakers(self._clock.now()))

    async def weigh_overdue(self) -> None:
        """Note what has not happened for a time, or has now. May raise RetriableError."""
        _note(await self._alerting.weigh_overdue(self._clock.now()))

    def _decide(
        self, states: Mapping[Subject, AlertState], pending: Mapping[Subject, int]
    ) -> AlertVerdict:
        results = {s: weigh(states[s], s, n, self._threshold) for s, n in pending.items()}
        happenings = [happening for _, happening in results.values() if happening is not None]
        return AlertVerdict({s: state for s, (state, _) in results.items()}, happenings)


def _note(messages: Sequence[Message]) -> None:
    for message in messages:
        METRICS.alerts.labels(message.data.alert).inc()
        log.info(
            "alert",
            alert=message.data.alert,
            tenant=message.data.tenant,
            instance=message.data.instance,
            entity_type=message.data.entity_type,
            system=message.data.system,
            streams=message.data.count or 1,
            told=message.subscriptions,
            correlation_id=message.data.correlation_id,
        )
