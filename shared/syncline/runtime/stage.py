"""The loop of every service: poll, decode, handle, produce, await acknowledgements, commit.

The poller fills one bounded queue a partition; a worker a partition handles them; the committer
commits finished heads. Outputs are acknowledged before an offset moves, and commits never delay
outputs. Nothing kept here matters after a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec
import structlog

from syncline.contracts.wire import Delivery, Partition
from syncline.domain.errors import CommitLostError, RetriableError
from syncline.runtime.clock import Clock
from syncline.runtime.handling import Handler, Handling
from syncline.runtime.partition import PartitionWorker
from syncline.runtime.ports import Consumer, Producer

T = TypeVar("T")
log = structlog.get_logger()


class StageOptions(msgspec.Struct, frozen=True):
    """How a stage takes its messages.

    Attributes:
        max_items: most messages of one partition handed to the handler at once.
        parallel: handler calls of one partition at once; above 1 their order is not kept.
        queue: messages of one partition that may wait; a full queue pauses the partition.
        commit_every: seconds between commits.
        drain: seconds that work under way may take when a partition or the process leaves.
    """

    max_items: int = 32
    parallel: int = 1
    queue: int = 64
    commit_every: float = 0.25
    drain: float = 20.0


class StageSpec(msgspec.Struct, Generic[T], frozen=True):
    """What a service reads, and how.

    Attributes:
        name: of the service and its consumer group.
        topics: logical names.
        decode: turns a delivery into what the handler takes; raises ValueError or
            msgspec.MsgspecError for poison.
    """

    name: str
    topics: Sequence[str]
    decode: Callable[[Delivery], T]
    options: StageOptions = StageOptions()


class Stage(Generic[T]):
    """One member of one stage's consumer group."""

    def __init__(
        self,
        spec: StageSpec[T],
        handler: Handler[T],
        consumer: Consumer,
        producer: Producer,
        clock: Clock,
    ) -> None:
        self.name = spec.name
        self._topics = spec.topics
        self._handling = Handling(spec.name, spec.decode, handler, producer, clock)
        self._consumer = consumer
        self._clock = clock
        self._options = spec.options
        self._workers: dict[Partition, PartitionWorker] = {}
        self._paused: set[Partition] = set()
        self._progress = asyncio.Event()
        self._bug: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.joined = False
        self.last_tick = clock.monotonic()

    @property
    def waiting_for(self) -> str | None:
        """What the stage needs and cannot reach, None when it works."""
        return self._handling.waiting_for

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set, then finish what is under way and leave the group.

        Raises:
            Exception: the bug that stopped the stage; nothing of it was committed.
        """
        await self._join(stopping)
        committer = asyncio.create_task(self._commit_often(), name=f"{self.name}-committer")
        try:
            while not stopping.is_set() and not self._bug.done():
                await self._poll_once()
        finally:
            committer.cancel()
            await asyncio.wait([committer])
            self.joined = False
            await self._consumer.stop()
        if self._bug.done():
            self._bug.result()

    async def _join(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            try:
                await self._consumer.start(self._topics, self._assigned, self._revoked)
            except RetriableError as error:
                log.warning("broker_away", error=str(error))
                self.last_tick = self._clock.monotonic()
                await self._clock.sleep(1.0)
            else:
                return

    async def _poll_once(self) -> None:
        self.last_tick = self._clock.monotonic()
        try:
            arrived = await self._consumer.poll(0.2, self._options.queue)
        except RetriableError as error:
            log.warning("broker_away", error=str(error))
            await self._clock.sleep(0.5)
            return
        for partition, deliveries in arrived.items():
            worker = self._workers.get(partition)
            if worker is not None:  # else it was revoked while the poll was on its way
                worker.put(deliveries)
        self._hold_back()

    def _hold_back(self) -> None:
        for partition, worker in self._workers.items():
            if worker.queued >= self._options.queue and partition not in self._paused:
                self._consumer.pause(partition)
                self._paused.add(partition)
            elif worker.queued <= self._options.queue // 2 and partition in self._paused:
                self._consumer.resume(partition)
                self._paused.discard(partition)

    async def _assigned(self, partitions: frozenset[Partition]) -> None:
        self.joined = True
        log.info("partitions_assigned", partitions=sorted(partitions))
        for partition in partitions - self._workers.keys():
            self._workers[partition] = PartitionWorker(
                self._handling,  # type: ignore[arg-type] # a worker does not look into items
                max_items=self._options.max_items,
                parallel=self._options.parallel,
                on_progress=self._progress.set,
                on_bug=self._stop_for,
            )

    async def _revoked(self, partitions: frozenset[Partition]) -> None:
        leaving = [self._workers[p] for p in partitions if p in self._workers]
        async with asyncio.TaskGroup() as group:
            for worker in leaving:
                group.create_task(worker.drain(self._options.drain))
        await self._commit()
        for partition in partitions:
            self._workers.pop(partition, None)
            self._paused.discard(partition)

    def _stop_for(self, bug: BaseException) -> None:
        if not self._bug.done():
            self._bug.set_exception(bug)

    async def _commit_often(self) -> None:
        while True:
            await self._progress.wait()
            self._progress.clear()
            await self._commit()
            await self._clock.sleep(self._options.commit_every)

    async def _commit(self) -> None:
        heads = {p: worker.ledger.to_commit() for p, worker in self._workers.items()}
        offsets = {p: head for p, head in heads.items() if head is not None}
        if not offsets:
            return
        try:
            await self._consumer.commit(offsets)
        except CommitLostError:
            log.info("commit_lost", partitions=sorted(offsets))
        except RetriableError as error:
            log.warning("commit_failed", error=str(error))
            self._progress.set()
        else:
            for partition, offset in offsets.items():
                if partition in self._workers:
                    self._workers[partition].ledger.committed(offset)
