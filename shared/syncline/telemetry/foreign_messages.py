"""The security event of a message that must not be believed: a metric and, a few times, a log line.

Whoever may write to a topic may write very much. So of a flood only the first messages are logged
and kept, and then one a minute: the metric counts all, and each is on its topic for some days.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import structlog

from syncline.contracts.wire import Delivery
from syncline.telemetry.metrics import METRICS

READER = "reader"
"""What stands for the stage where a topic is read without a group."""
AT_ONCE = 100
"""Messages that are reported at once; one more every `EVERY` seconds."""
EVERY = 60.0
log = structlog.get_logger()


class ForeignReports:
    """Reports foreign messages of one reader; `monotonic` gives seconds."""

    def __init__(self, reader: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._monotonic = monotonic
        self._left = float(AT_ONCE)
        self._since = monotonic()
        self._silent = 0

    def report(self, delivery: Delivery, reason: str) -> bool:
        """Count a foreign message and log it; tell whether it is one of the few to be kept."""
        METRICS.foreign.labels(self._reader, delivery.topic).inc()
        now = self._monotonic()
        self._left = min(AT_ONCE, self._left + (now - self._since) / EVERY)
        self._since = now
        if self._left < 1:
            self._silent += 1
            return False
        self._left -= 1
        log.error(
            "foreign_message",
            topic=delivery.topic,
            partition=delivery.partition,
            offset=delivery.offset,
            reason=reason,
            before_unreported=self._silent,
        )
        self._silent = 0
        return True


_READERS = ForeignReports(READER)


def without_foreign(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Return the deliveries that may be believed, and report the others."""
    for delivery in deliveries:
        if delivery.foreign is not None:
            _READERS.report(delivery, delivery.foreign)
    return [delivery for delivery in deliveries if delivery.foreign is None]
