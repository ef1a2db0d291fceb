"""Gives up messages that break the stage every time, so that they do not block their partition.

The reasons: docs/decisions/0005-a-bug-in-a-batch.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

import structlog

from syncline.contracts.topics import DLQ
from syncline.contracts.wire import Delivery, Outbound, size_of
from syncline.domain.errors import MessageTooLargeError, RetriableError
from syncline.runtime.failure.poison import BUG, poison
from syncline.runtime.spec import Handler
from syncline.security.message_keys import ROOM
from syncline.telemetry.metrics import METRICS

T = TypeVar("T")
ROOM_FOR_TRACE = 80
"""Bytes of the trace header that is added to every output, as the digest is."""
IN_A_ROW = 3
"""Messages given up in a row, after which the stage itself counts as broken."""
log = structlog.get_logger()


class Quarantine(Generic[T]):
    """Gives up single messages; refuses to when every message fails. All workers share one."""

    def __init__(self, stage: str, limit: int, handler: Handler[T]) -> None:
        self._stage = stage
        self._limit = limit
        self._handler = handler
        self._in_a_row = 0

    def checked(self, messages: Sequence[Outbound]) -> list[Outbound]:
        """Return the outputs. Raises MessageTooLargeError; headers added later are counted too."""
        limit = self._limit - ROOM_FOR_TRACE - ROOM
        largest = max(map(size_of, messages), default=0)
        if largest > limit:
            raise MessageTooLargeError(largest, limit)
        return list(messages)

    def note_success(self) -> None:
        """Note that the stage has handled a message."""
        self._in_a_row = 0

    async def give_up(self, delivery: Delivery, item: T, error: Exception) -> list[Outbound]:
        """Return what to send in place of the outputs of a message that breaks the stage.

        Raises the bug itself where no message has worked lately, or this one is of the DLQ;
        RetriableError where something that giving up needs is away.
        """
        if self._in_a_row >= IN_A_ROW or delivery.topic == DLQ:
            raise error
        outputs = await self._in_place_of(delivery, item, error)
        self._in_a_row += 1
        METRICS.poison.labels(self._stage).inc()
        log.error(
            "message_given_up",
            topic=delivery.topic,
            partition=delivery.partition,
            offset=delivery.offset,
        )
        return outputs

    async def _in_place_of(self, delivery: Delivery, item: T, error: Exception) -> list[Outbound]:
        try:
            outputs = await self._handler.on_bug(item, error)
            if outputs is not None:
                return self.checked(outputs)
        except RetriableError:
            raise
        except Exception:
            log.exception("on_bug_failed")
        reason = f"{type(error).__name__}: {error}"
        return [poison(delivery, self._stage, BUG, reason, self._limit)]
