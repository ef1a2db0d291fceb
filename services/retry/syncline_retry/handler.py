"""Retry: waits until the first message of each `retry.*` partition is due, then sends it on.

All retries of a topic have about the same delay, so the first message is the next one due, and
those after it wait at most the jitter longer. A retry that must wait longer than the longest delay,
because a system asked for it, goes to a retry topic again, so that it blocks no other. Nothing
waits in memory only: after a restart the first message is the same.

Beside that it sends the parked bundles of runs that may go on back to their topics.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from syncline.contracts.wire import Outbound
from syncline.runtime.clock import Clock
from syncline.runtime.spec import Handler, SideTask
from syncline_retry.rules import WaitingMessage

UNPARK_EVERY = 1.0
"""Seconds between two looks for bundles whose run may go on."""


class RetryHandler(Handler[WaitingMessage]):
    """Waits until each message is due; sends those of a cancelled run on at once.

    Args:
        unpark: sends parked bundles whose run may go on; tells whether there may be more.
    """

    def __init__(
        self,
        is_cancelled: Callable[[str], bool],
        clock: Clock,
        unpark: Callable[[], Awaitable[bool]],
    ) -> None:
        self._is_cancelled = is_cancelled
        self._clock = clock
        self._unpark = unpark

    async def handle(self, items: Sequence[WaitingMessage]) -> list[Outbound]:
        return [await self._passed_on(item) for item in items]

    def side_tasks(self) -> dict[str, SideTask]:
        return {"unpark": self.unpark}

    async def unpark(self) -> None:
        """Side task: send bundles on whose run may go on again."""
        while True:
            if not await self._unpark():
                await self._clock.sleep(UNPARK_EVERY)

    async def _passed_on(self, item: WaitingMessage) -> Outbound:
        until = min(item.due_at, item.turn_at) / 1000
        while not self._is_cancelled(item.run_id):
            now = self._clock.now().timestamp()
            if now >= until:
                return item.next(int(now * 1000))
            await self._clock.sleep(min(until - now, 1.0))  # a cancel is noticed within a second
        return item.onward
