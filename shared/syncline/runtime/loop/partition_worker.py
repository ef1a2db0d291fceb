"""One assigned partition: its queues, its handler calls, its finished offsets."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeAlias, TypeVar

from syncline.contracts.wire import Delivery, Partition
from syncline.runtime.departure import note_departure_of
from syncline.runtime.effects import expect_effect
from syncline.runtime.loop.careful_start import PROVEN_AFTER, CarefulStart
from syncline.runtime.loop.offset_ledger import OffsetLedger
from syncline.runtime.loop.processor import Processor
from syncline.runtime.spec import StageOptions

T = TypeVar("T")
Run: TypeAlias = bytes | None
"""The key of a run's messages; None where the stage works on all of them in one order."""


class PartitionWorker(Generic[T]):
    """Works through one partition: all in order, or each run in its own order.

    Args:
        make_processor: makes what does one handler call at a time.
        resume: called when the queues were full and are half empty again.
        finished: called after messages were finished.
        careful: how to begin, where the process that had the partition before died with it.
    """

    def __init__(
        self,
        partition: Partition,
        make_processor: Callable[[], Processor[T]],
        options: StageOptions,
        resume: Callable[[Partition], None],
        finished: Callable[[], None],
        careful: CarefulStart | None = None,
    ) -> None:
        self.partition = partition
        self.offsets = OffsetLedger()
        self.is_full = False
        self._make_processor = make_processor
        self._options = options
        self._resume = resume
        self._finished = finished
        self._careful = careful
        self._waiting: dict[Run, deque[Delivery]] = {}
        self._count = self._bytes = self._dropped = 0
        self._group: asyncio.TaskGroup | None = None
        self._idle: list[Processor[T]] = []
        self._working: dict[Run, tuple[asyncio.Task[None], Processor[T]]] = {}
        self._wake = asyncio.Event()
        self._beginning: asyncio.Task[None] | None = None
        self._departure = asyncio.Event()

    @property
    def waiting_for(self) -> str | None:
        """What the current work needs and cannot reach, in words."""
        reasons = (processor.waiting_for for _, processor in self._working.values())
        return next(filter(None, reasons), None)

    @property
    def pending(self) -> int:
        """Messages that wait, are being handled, or are behind one that is."""
        return self.offsets.in_flight - self._dropped

    def start(self, group: asyncio.TaskGroup) -> None:
        """Let the worker begin; its tasks belong to the group."""
        self._group = group
        if self._careful is None:
            self._begin_work()
        else:
            work = self._begin(group, self._careful)
            self._beginning = group.create_task(work, name=self._name)

    @property
    def _name(self) -> str:
        return f"partition {self.partition[0]}/{self.partition[1]}"

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Queue messages; if `is_full` then, pause the partition."""
        by_run = self._options.runs > 1
        for delivery in deliveries:
            self.offsets.began(delivery.offset)
            run = delivery.key if by_run else None
            self._waiting.setdefault(run, deque()).append(delivery)
            self._bytes += len(delivery.value or b"")
        self._count += len(deliveries)
        options = self._options
        self.is_full = self._count >= options.queue or self._bytes >= options.queue_bytes
        self._begin_work()

    async def _begin(self, group: asyncio.TaskGroup, careful: CarefulStart) -> None:
        """Handle messages one at a time until it is unlikely that one of them kills the process."""
        while True:
            await careful.take()
            if careful.is_over():
                break
            if free := self._free_runs():
                self._start_work(group, free[0], careful)
                await _proven(self._working[free[0]][0], careful)
            else:
                self._wake.clear()
                await self._wake.wait()
        if careful.was_needed:  # commit first, or the next process would begin with it all again
            await asyncio.sleep(2 * self._options.commit_every)
        self._careful = None
        self._begin_work()

    def _begin_work(self) -> None:
        """Begin with runs that wait, in the order in which they came."""
        self._wake.set()
        if self._group is None or self._careful is not None:
            return
        for run in self._free_runs()[: self._options.runs - len(self._working)]:
            self._start_work(self._group, run)

    def _free_runs(self) -> list[Run]:
        return [run for run in self._waiting if run not in self._working]

    def _start_work(
        self, group: asyncio.TaskGroup, run: Run, careful: CarefulStart | None = None
    ) -> None:
        processor = self._idle.pop() if self._idle else self._make_processor()
        taken = self._take(run, self._options.max_items if careful is None else 1)
        if careful is not None:
            careful.effect = asyncio.Event()
        work = self._work_on(run, processor, taken, careful)
        task = group.create_task(work, name=self._name)
        self._working[run] = task, processor

    async def _work_on(
        self,
        run: Run,
        processor: Processor[T],
        taken: Sequence[Delivery],
        careful: CarefulStart | None,
    ) -> None:
        """Handle messages of a run; others that wait for their turn come before its next call."""
        note_departure_of(self._departure)
        try:
            if careful is None:
                await processor.process(taken)
            else:
                expect_effect(careful.effect)
                await processor.process_suspect(taken[0], careful)
        finally:
            del self._working[run]
            self._idle.append(processor)
        for delivery in taken:
            self.offsets.done(delivery.offset)
        self._finished()
        self._begin_work()

    def _take(self, run: Run, most: int) -> list[Delivery]:
        """Take messages of a run; what is left of them waits behind the other runs."""
        options, queue = self._options, self._waiting.pop(run)
        taken, size = [queue.popleft()], 0
        while queue and len(taken) < most:
            size += len(taken[-1].value or b"")
            if size + len(queue[0].value or b"") > options.max_bytes:
                break
            taken.append(queue.popleft())
        if queue:
            self._waiting[run] = queue
        self._count -= len(taken)
        self._bytes -= sum(len(d.value or b"") for d in taken)
        if self.is_full and (
            self._count * 2 <= options.queue and self._bytes * 2 <= options.queue_bytes
        ):
            self.is_full = False
            self._resume(self.partition)
        return taken

    async def close(self) -> None:
        """Drop what waits; finish or cancel what is under way. The ledger knows what is done."""
        self._group = None
        self._departure.set()
        self._waiting.clear()
        self._dropped = self._count
        if self._beginning is not None:
            self._beginning.cancel()
        tasks = [task for task, _ in self._working.values()]
        if not tasks:
            return
        within = 0.0 if self.waiting_for else self._options.drain
        if within > 0:
            await asyncio.wait(tasks, timeout=within)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _proven(work: asyncio.Task[None], careful: CarefulStart) -> None:
    """Wait until a message is handled, has an effect, or is handled for so long that it works."""
    effect = asyncio.ensure_future(careful.effect.wait())
    ends = asyncio.FIRST_COMPLETED
    try:
        await asyncio.wait({work, effect}, timeout=PROVEN_AFTER, return_when=ends)
    finally:
        effect.cancel()
    await careful.unmark()
