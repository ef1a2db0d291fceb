"""One assigned partition: its queue, its worker, its finished offsets."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from syncline.contracts.wire import Delivery, Partition
from syncline.runtime.loop.careful_start import PROVEN_AFTER, CarefulStart
from syncline.runtime.loop.offset_ledger import OffsetLedger
from syncline.runtime.loop.processor import Processor
from syncline.runtime.spec import StageOptions

T = TypeVar("T")


class PartitionWorker(Generic[T]):
    """Works through one partition: in order with one processor, in parallel with several.

    Args:
        processors: each makes one handler call at a time.
        resume: called when the queue was full and is half empty again.
        finished: called after messages were finished.
        careful: how to begin, where the process that had the partition before died with it.
    """

    def __init__(
        self,
        partition: Partition,
        processors: Sequence[Processor[T]],
        options: StageOptions,
        resume: Callable[[Partition], None],
        finished: Callable[[], None],
        careful: CarefulStart | None = None,
    ) -> None:
        self.partition = partition
        self.offsets = OffsetLedger()
        self.is_full = False
        self._handlings = processors
        self._options = options
        self._resume = resume
        self._finished = finished
        self._careful = careful
        self._queue: deque[Delivery] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._closing = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def waiting_for(self) -> str | None:
        """What the current work needs and cannot reach, in words."""
        return next((h.waiting_for for h in self._handlings if h.waiting_for), None)

    @property
    def pending(self) -> int:
        """Messages that wait or are being handled."""
        return len(self._queue) + self.offsets.in_flight

    def start(self, group: asyncio.TaskGroup) -> None:
        """Start the worker's tasks."""
        name = f"partition {self.partition[0]}/{self.partition[1]}"
        self._tasks = [group.create_task(self._run(h), name=name) for h in self._handlings]

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Queue messages; if `is_full` then, pause the partition."""
        self._queue.extend(deliveries)
        self._bytes += sum(len(d.value or b"") for d in deliveries)
        options = self._options
        self.is_full = len(self._queue) >= options.queue or self._bytes >= options.queue_bytes
        self._wake.set()

    async def _run(self, processor: Processor[T]) -> None:
        if self._careful is not None:
            await self._begin(processor, self._careful)
        while not self._closing:
            if not self._queue:
                await self._arrival()
                continue
            taken = self._take(self._options.max_items)
            await processor.process(taken)
            self._note_done(taken)

    async def _begin(self, processor: Processor[T], careful: CarefulStart) -> None:
        """Handle messages one at a time until it is unlikely that one of them kills the process."""
        while not self._closing:
            async with careful.turn:
                await careful.take()
                if careful.is_over():
                    break
                taken = self._take(1) if self._queue else []
                work = None
                if taken:
                    work = asyncio.create_task(processor.process_suspect(taken[0], careful))
                    await _proven(work, careful)
            if work is None:
                await self._arrival()
                continue
            await work
            self._note_done(taken)
        if careful.was_needed:  # commit first, or the next process would begin with it all again
            await asyncio.sleep(2 * self._options.commit_every)

    async def _arrival(self) -> None:
        self._wake.clear()
        await self._wake.wait()

    def _note_done(self, taken: Sequence[Delivery]) -> None:
        for delivery in taken:
            self.offsets.done(delivery.offset)
        self._finished()

    def _take(self, most: int) -> list[Delivery]:
        options = self._options
        taken, size = [self._queue.popleft()], 0
        while self._queue and len(taken) < most:
            size += len(taken[-1].value or b"")
            if size + len(self._queue[0].value or b"") > options.max_bytes:
                break
            taken.append(self._queue.popleft())
        self._bytes -= sum(len(d.value or b"") for d in taken)
        for delivery in taken:
            self.offsets.began(delivery.offset)
        if self.is_full and (
            len(self._queue) * 2 <= options.queue and self._bytes * 2 <= options.queue_bytes
        ):
            self.is_full = False
            self._resume(self.partition)
        return taken

    async def close(self) -> None:
        """Drop what waits; finish or cancel what is under way. The ledger knows what is done."""
        self._closing = True
        self._queue.clear()
        self._wake.set()
        if not self._tasks:
            return
        within = 0.0 if self.waiting_for else self._options.drain
        if within > 0:
            await asyncio.wait(self._tasks, timeout=within)
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)


async def _proven(work: asyncio.Task[None], careful: CarefulStart) -> None:
    """Wait until a message is handled, or handled for so long that it seems harmless."""
    try:
        await asyncio.wait({work}, timeout=PROVEN_AFTER)
        await careful.unmark()
    except asyncio.CancelledError:
        work.cancel()
        raise
