"""The security event of a message that must not be believed: a line in the log and a metric."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from syncline.contracts.wire import Delivery
from syncline.telemetry.metrics import METRICS

READER = "reader"
"""What stands for the stage where a topic is read without a group."""
log = structlog.get_logger()


def report_foreign(delivery: Delivery, reader: str, reason: str) -> None:
    """Log and count a foreign message; `reader` is the stage, or READER."""
    METRICS.foreign.labels(reader, delivery.topic).inc()
    log.error(
        "foreign_message",
        topic=delivery.topic,
        partition=delivery.partition,
        offset=delivery.offset,
        reason=reason,
    )


def without_foreign(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Return the deliveries that may be believed, and report the others."""
    for delivery in deliveries:
        if delivery.foreign is not None:
            report_foreign(delivery, READER, delivery.foreign)
    return [delivery for delivery in deliveries if delivery.foreign is None]
