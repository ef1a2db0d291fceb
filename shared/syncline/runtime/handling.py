"""Taking messages of one partition all the way to acknowledged outputs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Generic, Protocol, TypeVar

import msgspec
import structlog

from syncline.contracts.wire import Delivery, Outbound
from syncline.domain.errors import RetriableError
from syncline.runtime.clock import Clock
from syncline.runtime.poison import poison
from syncline.runtime.ports import Producer
from syncline.telemetry.metrics import METRICS
from syncline.telemetry.tracing import trace_headers

T = TypeVar("T")
R = TypeVar("R")
T_contra = TypeVar("T_contra", contravariant=True)
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
"""Seconds between two tries while PostgreSQL or the broker is away."""

log = structlog.get_logger()


class Handler(Protocol[T_contra]):
    """A stage's own work."""

    async def handle(self, items: Sequence[T_contra]) -> Sequence[Outbound]:
        """Return what these messages give rise to. Called again with the same after a failure.

        Raises RetriableError when something it needs is away; anything else is a bug.
        """


class Handling(Generic[T]):
    """Decode, handle, send; nothing here knows of partitions or offsets."""

    def __init__(
        self,
        stage: str,
        decode: Callable[[Delivery], T],
        handler: Handler[T],
        producer: Producer,
        clock: Clock,
    ) -> None:
        self._stage = stage
        self._decode = decode
        self._handler = handler
        self._producer = producer
        self._clock = clock
        self._random = Random()  # noqa: S311 - jitter
        self.waiting_for: str | None = None

    async def take(self, deliveries: Sequence[Delivery]) -> None:
        """Bring messages to acknowledged outputs, however long that takes.

        Raises:
            Exception: a bug; nothing may be committed.
        """
        items, outputs = self._decoded(deliveries)
        if items:
            started = self._clock.monotonic()
            outputs += await self._handled(items, deliveries)
            METRICS.batch_seconds.labels(self._stage).observe(self._clock.monotonic() - started)
        if outputs:
            traced = trace_headers(deliveries, outputs)
            await self._again_while_away(lambda: self._producer.send(traced))

    def _decoded(self, deliveries: Sequence[Delivery]) -> tuple[list[T], list[Outbound]]:
        items: list[T] = []
        outputs: list[Outbound] = []
        for delivery in deliveries:
            try:
                items.append(self._decode(delivery))
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                log.warning(
                    "message_undecodable",
                    topic=delivery.topic,
                    partition=delivery.partition,
                    offset=delivery.offset,
                    error=str(error)[:500],
                )
                METRICS.poison.labels(self._stage).inc()
                outputs.append(poison(delivery, self._stage, "undecodable", str(error)))
        return items, outputs

    async def _handled(self, items: Sequence[T], deliveries: Sequence[Delivery]) -> list[Outbound]:
        try:
            return list(await self._again_while_away(lambda: self._handler.handle(items)))
        except Exception as error:
            log.exception("stage_bug", offset=deliveries[0].offset, items=len(items))
            on_bug = getattr(self._handler, "on_bug", None)
            if on_bug is None:
                raise
            if len(items) == 1:
                return list(on_bug(items[0], error))
        # One of them is to blame: the others must not suffer for it.
        return [out for item in items for out in await self._handled([item], deliveries)]

    async def _again_while_away(self, attempt: Callable[[], Awaitable[R]]) -> R:
        pause = FIRST_PAUSE
        while True:
            try:
                result = await attempt()
            except RetriableError as error:
                log.warning("dependency_away", error=str(error), pause=round(pause, 1))
                self.waiting_for = str(error)
                await self._clock.sleep(pause * self._random.uniform(0.7, 1.3))
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                self.waiting_for = None
                return result
