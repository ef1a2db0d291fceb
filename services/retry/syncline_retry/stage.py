"""Retry: holds each partition of the `retry.*` topics until its head is due, then hands it on.

Every topic holds retries of about one delay, so the head is the next one due; those behind it wait
at most the jitter longer. Nothing waits in memory: a restart finds the same head.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from syncline.contracts.wire import Outbound
from syncline.runtime.clock import Clock
from syncline_retry.rules import Waiting


class RetryStage:
    """Waits for each message's time; a cancelled run's are handed on at once."""

    def __init__(self, is_cancelled: Callable[[str], bool], clock: Clock) -> None:
        self._is_cancelled = is_cancelled
        self._clock = clock

    async def handle(self, waiting: Sequence[Waiting]) -> list[Outbound]:
        for item in waiting:
            await self._until_due(item)
        return [item.onward for item in waiting]

    async def _until_due(self, item: Waiting) -> None:
        while not self._is_cancelled(item.run_id):
            left = item.due_at / 1000 - self._clock.now().timestamp()
            if left <= 0:
                return
            await self._clock.sleep(min(left, 1.0))  # a cancel is noticed within a second
