"""The loop of every service: poll, decode, handle, produce, await acknowledgements, commit.

The poller fills one bounded queue for each partition; a worker for each partition handles it; the
committer commits the offsets below which all is finished. Outputs are acknowledged before an offset
moves, and commits never delay outputs. A restart needs nothing that was in memory.

A session is the time between joining the group and leaving it. An error that the client cannot mend
itself ends the session. A new one goes on after what was committed: work is repeated, never lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

from syncline.contracts.wire import Partition
from syncline.domain.errors import RetriableError
from syncline.runtime.backoff import Backoff
from syncline.runtime.clock import Clock, sleep_unless, wait_unless
from syncline.runtime.failure.attempts import root_cause
from syncline.runtime.failure.quarantine import Quarantine
from syncline.runtime.loop.calls_in_hand import CallsInHand
from syncline.runtime.loop.careful_start import CarefulStart
from syncline.runtime.loop.group_session import GroupSession
from syncline.runtime.loop.heartbeat import Ticker
from syncline.runtime.loop.partition_worker import PartitionWorker
from syncline.runtime.loop.processor import Processor
from syncline.runtime.ports import Consumer, Custody, Producer
from syncline.runtime.spec import Handler, StageSpec
from syncline.telemetry.metrics import METRICS

T = TypeVar("T")
log = structlog.get_logger()


class StageLoop(Generic[T]):
    """One member of one stage's consumer group.

    Args:
        custody: notes which partitions are in hand, so that messages that kill processes are found.
    """

    def __init__(
        self,
        spec: StageSpec[T],
        handler: Handler[T],
        consumer: Consumer,
        producer: Producer,
        clock: Clock,
        custody: Custody | None = None,
    ) -> None:
        self.name = spec.name
        self._spec = spec
        self._handler = handler
        self._consumer = consumer
        self._producer = producer
        self._clock = clock
        self._custody = custody
        self._quarantine = Quarantine(spec.name, producer.max_message, handler)
        self._in_hand = CallsInHand()
        self._session = self._new_session()
        self._broker_away: str | None = None
        self._ticker = Ticker(clock)
        METRICS.begin_stage(spec.name, spec.topics)

    @property
    def joined(self) -> bool:
        """Whether the group has assigned our partitions, perhaps none."""
        return self._session.joined

    @property
    def last_tick(self) -> float:
        """Monotonic time at which the event loop last ticked."""
        return self._ticker.last_tick

    @property
    def waiting_for(self) -> str | None:
        """What the stage needs and cannot reach; None when it works."""
        waits = (worker.waiting_for for worker in self._session.workers)
        return self._broker_away or next(filter(None, waits), None)

    async def run(
        self, stopping: asyncio.Event, before: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Work until `stopping` is set, then finish what is under way and leave the group.

        Args:
            before: is awaited before the group is joined.

        Raises a bug, or a broker's refusal; then nothing that was under way is committed.
        """
        async with self._ticker.ticking():
            if before is not None:
                await wait_unless(before(), stopping)
            await self._run(stopping)

    async def _run(self, stopping: asyncio.Event) -> None:
        backoff = Backoff()
        while not stopping.is_set():
            started = self._clock.monotonic()
            try:
                await self._run_session(stopping)
            except RetriableError as error:
                self._note_rebuild(error)
                if self._clock.monotonic() - started > self._spec.options.stalled_after:
                    backoff.reset()
                await sleep_unless(self._clock, backoff.next(), stopping)

    async def _run_session(self, stopping: asyncio.Event) -> None:
        self._session = self._new_session()
        try:
            await self._session.run(self._spec, stopping)
        except ExceptionGroup as group:
            raise root_cause(group) from group

    def _new_session(self) -> GroupSession[T]:
        options = self._spec.options
        return GroupSession(self._consumer, self._worker, self._clock, options, self._custody)

    def _worker(
        self, partition: Partition, finished: Callable[[], None], careful: CarefulStart | None
    ) -> PartitionWorker[T]:
        self._broker_away = None
        options, resume = self._spec.options, self._consumer.resume
        return PartitionWorker(partition, self._processor, options, resume, finished, careful)

    def _processor(self) -> Processor[T]:
        return Processor(
            self._spec,
            self._handler,
            self._producer,
            self._clock,
            self._quarantine,
            self._in_hand,
        )

    def _note_rebuild(self, error: RetriableError) -> None:
        log.warning("consumer_rebuilt", reason=str(error), code=error.failure.code)
        METRICS.rebuilds.labels("consumer").inc()
        self._broker_away = str(error)
