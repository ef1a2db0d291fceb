"""Retry: holds each partition of the `retry.*` topics until its head is due, then hands it on.

Every topic holds retries of about one delay, so the head is the next one due; those behind it wait
at most the jitter longer. What waits longer than the longest tier, because a system asked for it,
goes round again and again and holds back nobody. Nothing waits in memory: a restart finds the same
head.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from syncline.contracts.wire import Outbound
from syncline.runtime.clock import Clock
from syncline.runtime.spec import Handler
from syncline_retry.rules import Waiting


class RetryHandler(Handler[Waiting]):
    """Waits for each message's time; a cancelled run's are handed on at once."""

    def __init__(self, is_cancelled: Callable[[str], bool], clock: Clock) -> None:
        self._is_cancelled = is_cancelled
        self._clock = clock

    async def handle(self, items: Sequence[Waiting]) -> list[Outbound]:
        return [await self._passed_on(item) for item in items]

    async def _passed_on(self, item: Waiting) -> Outbound:
        until = min(item.due_at, item.turn_at) / 1000
        while not self._is_cancelled(item.run_id):
            now = self._clock.now().timestamp()
            if now >= until:
                return item.next(int(now * 1000))
            await self._clock.sleep(min(until - now, 1.0))  # a cancel is noticed within a second
        return item.onward
