"""A message that breaks the stage every time must not block its partition for ever.

docs/decisions/0005-a-bug-in-a-batch.md tells why it is done this way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from syncline.contracts.topics import DLQ
from syncline.contracts.wire import Delivery, Outbound
from syncline.runtime.failure.oversized_outputs import fitted
from syncline.runtime.failure.poison import BUG, poison
from syncline.telemetry.metrics import METRICS

IN_A_ROW = 3
"""Messages given up without a success between them, after which the stage itself is at fault."""
log = structlog.get_logger()


class Quarantine:
    """Gives up messages one at a time, and refuses when everything fails. One for all lanes."""

    def __init__(self, stage: str, limit: int, handler: object) -> None:
        self._stage = stage
        self._limit = limit
        self._handler = handler
        self._in_a_row = 0

    def note_success(self) -> None:
        """Note that the stage works for some message."""
        self._in_a_row = 0

    def give_up(self, delivery: Delivery, item: object, error: Exception) -> list[Outbound]:
        """Return what is sent instead of the outputs of a message with a bug.

        Raises:
            Exception: the bug itself: nothing has worked lately, or the message lies on the DLQ.
        """
        if self._in_a_row >= IN_A_ROW or delivery.topic == DLQ:
            raise error
        self._in_a_row += 1
        METRICS.poison.labels(self._stage).inc()
        log.error(
            "message_given_up",
            topic=delivery.topic,
            partition=delivery.partition,
            offset=delivery.offset,
        )
        return self._instead(delivery, item, error)

    def _instead(self, delivery: Delivery, item: object, error: Exception) -> list[Outbound]:
        on_bug: Callable[[object, Exception], Sequence[Outbound]] | None
        on_bug = getattr(self._handler, "on_bug", None)
        if on_bug is not None:
            try:
                return fitted(on_bug(item, error), self._limit, self._handler)
            except Exception:
                log.exception("on_bug_failed")
        reason = f"{type(error).__name__}: {error}"
        return [poison(delivery, self._stage, BUG, reason, self._limit)]
