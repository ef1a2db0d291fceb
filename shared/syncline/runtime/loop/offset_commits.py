"""Commits finished messages by explicit offsets, at intervals, without delaying work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import structlog

from syncline.domain.errors import CommitLostError, RetriableError
from syncline.runtime.clock import Clock
from syncline.runtime.loop.partition_worker import PartitionWorker
from syncline.runtime.ports import Consumer

log = structlog.get_logger()


class Committer:
    """Commits each worker's offset below which all is finished, at most every `every` seconds."""

    def __init__(self, consumer: Consumer, clock: Clock, every: float) -> None:
        self._consumer = consumer
        self._clock = clock
        self._every = every
        self._dirty = asyncio.Event()
        self._lock = asyncio.Lock()
        self._lost_noted = False

    def wake(self) -> None:
        """Note that messages were finished."""
        self._dirty.set()

    async def run(self, workers: Callable[[], Iterable[PartitionWorker[Any]]]) -> None:
        """Commit until cancelled."""
        while True:
            await self._dirty.wait()
            await self._clock.sleep(self._every)
            self._dirty.clear()
            if not await self.commit(list(workers())):
                self._dirty.set()

    async def commit(self, workers: Iterable[PartitionWorker[Any]]) -> bool:
        """Commit what is finished. Returns False when the broker is away: try again."""
        async with self._lock:  # an older offset must not overtake a newer one
            heads = {worker: worker.offsets.to_commit() for worker in workers}
            moved = {worker: head for worker, head in heads.items() if head is not None}
            if not moved:
                return True
            try:
                await self._consumer.commit(
                    {worker.partition: head for worker, head in moved.items()}
                )
            except CommitLostError as error:
                self._note_lost(error)
            except RetriableError as error:
                log.warning("commit_postponed", reason=str(error))
                return False
            for worker, head in moved.items():
                worker.offsets.committed(head)
            return True

    def _note_lost(self, error: CommitLostError) -> None:
        """Log that the partitions moved away: this is normal, another member repeats their work."""
        level = log.debug if self._lost_noted else log.info
        level("commit_lost", reason=str(error))
        self._lost_noted = True
