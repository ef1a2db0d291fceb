"""Notifier: takes the ends of runs from `status`, and notes whom it has to be told to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from syncline.contracts.alerts import StateChange
from syncline.contracts.wire import Outbound
from syncline.domain.alerts import AlertState, Subject
from syncline.postgres.alerting import Alerting, Decide, Verdict
from syncline.runtime.clock import Clock
from syncline.telemetry.metrics import METRICS
from syncline_notifier.delivering import Delivering
from syncline_notifier.rules import Ended, judge_all, weigh

WEIGH_EVERY = 10.0
"""Seconds between two looks at the dead letters."""
log = structlog.get_logger()


class NotifierStage:
    """Judges a poll's runs in one transaction.

    Args:
        threshold: pending dead letters of an instance that are too many.
    """

    def __init__(
        self, alerting: Alerting, delivering: Delivering, threshold: int, clock: Clock
    ) -> None:
        self._alerting = alerting
        self._delivering = delivering
        self._threshold = threshold
        self._clock = clock

    def side_tasks(self) -> dict[str, Callable[[], Awaitable[None]]]:
        return {"deliver": self._delivering.run, "weigh": self.weigh_for_ever}

    async def handle(self, events: Sequence[Ended | None]) -> list[Outbound]:
        ended = [event for event in events if event is not None]
        if ended:
            subjects = {one.subject for one in ended}
            _note(await self._alerting.decide(subjects, lambda s: Verdict(*judge_all(ended, s))))
        return []

    async def weigh_for_ever(self) -> None:
        """Side task: look how many dead letters wait."""
        while True:
            await self.weigh_pending()
            await self._clock.sleep(WEIGH_EVERY)

    async def weigh_pending(self) -> None:
        """Look once. May raise RetriableError."""
        _note(await self._alerting.weigh_pending(self._decide))

    def _decide(self, pending: Mapping[Subject, int]) -> Decide:
        def decide(states: Mapping[Subject, AlertState]) -> Verdict:
            now = self._clock.now()
            results = {s: weigh(states[s], s, n, self._threshold, now) for s, n in pending.items()}
            changes = [change for _, change in results.values() if change is not None]
            return Verdict({s: state for s, (state, _) in results.items()}, changes)

        return decide


def _note(changes: Sequence[StateChange]) -> None:
    for change in changes:
        METRICS.alerts.labels(str(change.alert)).inc()
        log.info(
            "alert",
            alert=str(change.alert),
            tenant=change.subject.tenant,
            instance=change.subject.instance,
            entity_type=change.subject.entity_type or None,
            correlation_id=change.data.correlation_id,
        )
