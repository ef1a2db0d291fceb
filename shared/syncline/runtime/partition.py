"""One assigned partition: a bounded queue, a worker, and the ledger of what is finished."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from syncline.contracts.wire import Delivery
from syncline.runtime.handling import Handling
from syncline.runtime.offsets import OffsetLedger


class PartitionWorker:
    """Takes a partition's messages in order, many at a time.

    With `parallel` above one, that many messages are worked on at once, each by itself; the
    ledger still commits only the finished head.
    """

    def __init__(
        self,
        handling: Handling[object],
        *,
        max_items: int,
        parallel: int,
        on_progress: Callable[[], None],
        on_bug: Callable[[BaseException], None],
    ) -> None:
        self._handling = handling
        self._max_items = max_items
        self._on_progress = on_progress
        self._on_bug = on_bug
        self._queue: deque[Delivery] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self.ledger = OffsetLedger()
        self._tasks = [asyncio.create_task(self._work()) for _ in range(parallel)]

    @property
    def queued(self) -> int:
        """Messages that wait for the worker."""
        return len(self._queue)

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Queue messages, in offset order."""
        for delivery in deliveries:
            self.ledger.began(delivery.offset)
        self._queue.extend(deliveries)
        self._wake.set()

    async def drain(self, deadline: float) -> None:
        """Finish what is being worked on, drop what only waits, and stop.

        Args:
            deadline: seconds after which work is cut off; it will be done again elsewhere.
        """
        self._closing = True
        self._queue.clear()
        self._wake.set()
        await asyncio.wait(self._tasks, timeout=deadline)
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    async def _work(self) -> None:
        while not self._closing:
            if not self._queue:
                self._wake.clear()
                await self._wake.wait()
                continue
            taken = [self._queue.popleft() for _ in range(min(len(self._queue), self._max_items))]
            try:
                await self._handling.take(taken)
            except Exception as error:  # noqa: BLE001 - handed to the stage, which stops
                self._on_bug(error)
                return
            for delivery in taken:
                self.ledger.done(delivery.offset)
            self._on_progress()
