"""One consumer's life in its group: partitions come and go, each with a lane of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Generic, TypeAlias, TypeVar

import structlog

from syncline.contracts.wire import Partition
from syncline.domain.errors import RetriableError
from syncline.runtime.clock import Clock
from syncline.runtime.loop.offset_commits import Committer
from syncline.runtime.loop.partition_worker import Lane
from syncline.runtime.loop.stuck_clients import Watcher
from syncline.runtime.ports import Consumer
from syncline.runtime.spec import StageOptions, StageSpec

T = TypeVar("T")
MakeLane: TypeAlias = Callable[[Partition, Callable[[], None]], Lane[T]]
POLL_FOR = 0.5
"""Seconds one poll waits for a message."""
log = structlog.get_logger()


class Session(Generic[T]):
    """Runs once. `joined` tells whether the group gave us our share, which may be nothing."""

    def __init__(
        self, consumer: Consumer, make_lane: MakeLane[T], clock: Clock, options: StageOptions
    ) -> None:
        self._consumer = consumer
        self._make_lane = make_lane
        self._options = options
        self._lanes: dict[Partition, Lane[T]] = {}
        self._committer = Committer(consumer, clock, options.commit_every)
        self._clock = clock
        self._group = asyncio.TaskGroup()
        self.joined = False

    @property
    def lanes(self) -> Collection[Lane[T]]:
        """The partitions that are ours now."""
        return self._lanes.values()

    async def run(self, spec: StageSpec[T], stop: asyncio.Event) -> None:
        """Take part in the group until `stop` is set; then drain, commit and leave.

        Raises:
            ExceptionGroup: of a RetriableError when a new consumer is needed, or of a bug.
        """
        watcher = Watcher(spec.name, self._consumer, self._lanes, self._clock, self._options)
        async with self._group as group:
            tasks = [
                group.create_task(self._consume(spec.topics, watcher)),
                group.create_task(self._committer.run(self._lanes.values)),
                group.create_task(watcher.run()),
            ]
            try:
                await stop.wait()
            finally:
                self.joined = False
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                await self._consumer.stop()
                await self._revoked(frozenset(self._lanes))  # of a consumer that could not tell us
                watcher.forget_all()

    async def _consume(self, topics: Sequence[str], watcher: Watcher) -> None:
        await self._consumer.start(topics, self._assigned, self._revoked)
        self.joined = True
        while True:
            arrived = await self._consumer.poll(POLL_FOR, self._options.max_items)
            for partition, deliveries in arrived.items():
                lane = self._lanes.get(partition)
                if lane is None:  # passing over them would commit past them later
                    raise RetriableError(f"{partition} is not ours", code="not_assigned")
                watcher.note(partition, deliveries)
                lane.put(deliveries)
                if lane.is_full:
                    self._consumer.pause(partition)
            await asyncio.sleep(0)  # a poll that finds messages at once gives nobody a turn

    async def _assigned(self, partitions: frozenset[Partition]) -> None:
        for partition in sorted(partitions - self._lanes.keys()):
            lane = self._make_lane(partition, self._committer.wake)
            self._lanes[partition] = lane
            lane.start(self._group)
        log.info("partitions_assigned", partitions=sorted(partitions))

    async def _revoked(self, partitions: frozenset[Partition]) -> None:
        """Finish what is in hand and commit it, before somebody else gets the partitions."""
        lanes = [self._lanes[p] for p in sorted(partitions) if p in self._lanes]
        if not lanes:
            return
        async with asyncio.TaskGroup() as closing:
            for lane in lanes:
                closing.create_task(lane.close())
        await self._committer.commit(lanes)
        for lane in lanes:
            self._lanes.pop(lane.partition, None)
        log.info("partitions_revoked", partitions=sorted(partitions))
