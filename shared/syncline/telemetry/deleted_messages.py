"""Messages that retention deleted before their stage read them: a line in the log, and counts."""

from __future__ import annotations

import structlog

from syncline.telemetry.metrics import METRICS
from syncline.telemetry.tally import TALLY

log = structlog.get_logger()


def report_deleted_unread(stage: str, topic: str, partition: int, messages: int) -> None:
    """Tell of records that are stuck: their messages are gone, and their runs end as stalled."""
    METRICS.gone_unread.labels(stage, topic).inc(messages)
    TALLY.gone_unread += messages
    log.error("messages_gone_unread", topic=topic, partition=partition, messages=messages)
