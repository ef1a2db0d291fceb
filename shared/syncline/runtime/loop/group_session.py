"""One session of a consumer in its group: a worker for each partition that it is assigned."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Generic, TypeAlias, TypeVar

import structlog

from syncline.contracts.wire import Partition
from syncline.domain.errors import RetriableError
from syncline.runtime.clock import Clock
from syncline.runtime.loop.careful_start import CUSTODY_WITHIN, CarefulStart
from syncline.runtime.loop.offset_commits import Committer
from syncline.runtime.loop.partition_worker import PartitionWorker
from syncline.runtime.loop.stuck_clients import StuckClientWatch
from syncline.runtime.ports import Consumer, Custody
from syncline.runtime.spec import StageOptions, StageSpec

T = TypeVar("T")
MakeWorker: TypeAlias = Callable[
    [Partition, Callable[[], None], CarefulStart | None], PartitionWorker[T]
]
POLL_FOR = 0.5
"""Seconds that one poll waits for a message."""
log = structlog.get_logger()


class GroupSession(Generic[T]):
    """Runs once. `joined` is true once the group has assigned our partitions, perhaps none."""

    def __init__(
        self,
        consumer: Consumer,
        make_worker: MakeWorker[T],
        clock: Clock,
        options: StageOptions,
        custody: Custody | None = None,
    ) -> None:
        self._consumer = consumer
        self._make_worker = make_worker
        self._options = options
        self._custody = custody
        self._workers: dict[Partition, PartitionWorker[T]] = {}
        self._committer = Committer(consumer, clock, options.commit_every)
        self._clock = clock
        self._group = asyncio.TaskGroup()
        self.joined = False

    @property
    def workers(self) -> Collection[PartitionWorker[T]]:
        """The workers of the partitions that are ours now."""
        return self._workers.values()

    async def run(self, spec: StageSpec[T], stop: asyncio.Event) -> None:
        """Take part in the group until `stop` is set; then drain, commit and leave.

        Raises an ExceptionGroup of a RetriableError (a new consumer is needed) or of a bug.
        """
        watch = StuckClientWatch(
            spec.name, self._consumer, self._workers, self._clock, self._options
        )
        async with self._group as group:
            tasks = [
                group.create_task(self._consume(spec.topics, watch)),
                group.create_task(self._committer.run(self._workers.values)),
                group.create_task(watch.run()),
            ]
            try:
                await stop.wait()
            finally:
                self.joined = False
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                await self._consumer.stop()
                await self._revoked(frozenset(self._workers))  # if the consumer could not
                watch.forget_all()

    async def _consume(self, topics: Sequence[str], watch: StuckClientWatch) -> None:
        await self._consumer.start(topics, self._assigned, self._revoked)
        self.joined = True
        options = self._options
        while True:
            arrived = await self._consumer.poll(POLL_FOR, options.max_items, options.max_bytes)
            for partition, deliveries in arrived.items():
                worker = self._workers.get(partition)
                if worker is None:  # to skip them would commit past them later
                    raise RetriableError(f"{partition} is not ours", code="not_assigned")
                watch.note(partition, deliveries)
                worker.put(deliveries)
                if worker.is_full:
                    self._consumer.pause(partition)
            await asyncio.sleep(0)  # a poll that finds messages at once lets no other task run

    async def _assigned(self, partitions: frozenset[Partition]) -> None:
        for partition in sorted(partitions - self._workers.keys()):
            careful = self._careful(partition)
            worker = self._make_worker(partition, self._committer.wake, careful)
            self._workers[partition] = worker
            worker.start(self._group)
        log.info("partitions_assigned", partitions=sorted(partitions))

    async def _release(self, partitions: Sequence[Partition]) -> None:
        if self._custody is not None:
            try:
                async with asyncio.timeout(CUSTODY_WITHIN):
                    await self._custody.release(partitions)
            except (RetriableError, TimeoutError) as error:
                log.warning("custody_not_released", reason=str(error) or "it took too long")

    def _careful(self, partition: Partition) -> CarefulStart | None:
        options = self._options
        in_hand = options.max_items * options.runs + options.queue
        if self._custody is None:
            return None
        return CarefulStart(self._custody, partition, in_hand)

    async def _revoked(self, partitions: frozenset[Partition]) -> None:
        """Finish what is under way and commit it, before another member gets the partitions."""
        workers = [self._workers[p] for p in sorted(partitions) if p in self._workers]
        if not workers:
            return
        async with asyncio.TaskGroup() as closing:
            for worker in workers:
                closing.create_task(worker.close())
        await self._committer.commit(workers)
        for worker in workers:
            self._workers.pop(worker.partition, None)
        await self._release([worker.partition for worker in workers])
        log.info("partitions_revoked", partitions=sorted(partitions))
