"""Finds clients that are stuck without an error, and messages that retention deleted unread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from syncline.contracts.wire import Delivery, Partition
from syncline.domain.errors import RetriableError
from syncline.runtime.clock import Clock
from syncline.runtime.loop.partition_worker import PartitionWorker
from syncline.runtime.ports import Consumer
from syncline.runtime.spec import StageOptions
from syncline.telemetry.deleted_messages import report_deleted_unread
from syncline.telemetry.metrics import METRICS

LOOK_EVERY = 10.0
"""Seconds."""
log = structlog.get_logger()


class StuckClientWatch:
    """Measures lag; ends the session of a consumer that gets nothing although messages wait.

    `workers` are by partition; the session keeps them current.
    """

    def __init__(
        self,
        stage: str,
        consumer: Consumer,
        workers: Mapping[Partition, PartitionWorker[Any]],
        clock: Clock,
        options: StageOptions,
    ) -> None:
        self._stage = stage
        self._consumer = consumer
        self._workers = workers
        self._clock = clock
        self._stalled_after = options.stalled_after
        self._moved_at: dict[Partition, float] = {}
        self._next: dict[Partition, tuple[int, int]] = {}
        self._shown: set[Partition] = set()

    def note(self, partition: Partition, deliveries: Sequence[Delivery]) -> None:
        """Note that messages arrived."""
        self._moved_at[partition] = self._clock.monotonic()
        epoch, due = self._next.get(partition, (0, -1))
        worker = id(self._workers[partition])
        first = deliveries[0].offset
        if epoch == worker and first > due:
            report_deleted_unread(self._stage, *partition, first - due)
        self._next[partition] = (worker, deliveries[-1].offset + 1)

    async def run(self) -> None:
        """Check at intervals. Raises RetriableError: the consumer is stuck; a new one is needed."""
        while True:
            await self._clock.sleep(LOOK_EVERY)
            try:
                behind = await self._consumer.behind()
            except RetriableError as error:
                log.debug("lag_unknown", reason=str(error))
                continue
            self._show(behind)
            self._check(behind)

    def _show(self, behind: Mapping[Partition, int]) -> None:
        current = set(behind) & set(self._workers)
        for partition in current:
            lag = behind[partition] + self._workers[partition].pending
            METRICS.lag.labels(self._stage, partition[0], str(partition[1])).set(lag)
        self._forget(self._shown - current)
        self._shown = current

    def _check(self, behind: Mapping[Partition, int]) -> None:
        now = self._clock.monotonic()
        for partition, count in behind.items():
            worker = self._workers.get(partition)
            if worker is None or worker.is_full or count == 0:
                self._moved_at[partition] = now
            elif now - self._moved_at.setdefault(partition, now) > self._stalled_after:
                raise RetriableError(
                    f"{partition[0]}/{partition[1]} holds {count} messages and none arrives",
                    code="consumer_stalled",
                )

    def forget_all(self) -> None:
        """Remove the lag metric of partitions that are no longer ours."""
        self._forget(self._shown)
        self._shown = set()

    def _forget(self, partitions: set[Partition]) -> None:
        for topic, number in partitions:
            METRICS.lag.remove(self._stage, topic, str(number))
