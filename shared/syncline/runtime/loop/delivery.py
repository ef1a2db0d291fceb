"""Taking messages of one partition all the way to acknowledged outputs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import msgspec
import structlog

from syncline.contracts.wire import Delivery, Outbound
from syncline.domain.errors import RetriableError
from syncline.runtime.backoff import Pauses, essence
from syncline.runtime.clock import Clock
from syncline.runtime.failure.oversized_outputs import fitted
from syncline.runtime.failure.poison import UNDECODABLE, poison
from syncline.runtime.failure.quarantine import Quarantine
from syncline.runtime.ports import Producer
from syncline.runtime.spec import Handler, StageSpec
from syncline.telemetry.logs import about
from syncline.telemetry.metrics import METRICS
from syncline.telemetry.tally import TALLY
from syncline.telemetry.tracing import handling

R = TypeVar("R")
T = TypeVar("T")
log = structlog.get_logger()
ROOM_FOR_TRACE = 80
"""Bytes of the header that is added to every output."""


class Handling(Generic[T]):
    """Decode, handle, send, for one worker; nothing here knows of offsets."""

    def __init__(
        self,
        spec: StageSpec[T],
        handler: Handler[T],
        producer: Producer,
        clock: Clock,
        quarantine: Quarantine,
    ) -> None:
        self._stage = spec.name
        self._spec = spec
        self._decode = spec.decode
        self._handler = handler
        self._producer = producer
        self._clock = clock
        self._quarantine = quarantine
        self._seconds = METRICS.batch_seconds.labels(spec.name)
        self.waiting_for: str | None = None

    async def take(self, deliveries: Sequence[Delivery]) -> None:
        """Bring messages to acknowledged outputs, however long that takes.

        Raises:
            Exception: a bug; nothing of these may be committed.
        """
        with about(self._stage, deliveries), handling(self._stage, deliveries) as spans:
            readable, items, outputs = self._decoded(deliveries)
            if items:
                started = self._clock.monotonic()
                outputs += await self._handled(readable, items)
                seconds = self._clock.monotonic() - started
                self._seconds.observe(seconds)
                TALLY.busy += seconds
            if outputs:
                messages = spans.with_headers(outputs)
                await self._while_away(lambda: self._producer.send(messages))
        METRICS.messages.labels(self._stage, deliveries[0].topic).inc(len(deliveries))
        self._tally(len(deliveries), items)

    def _tally(self, messages: int, items: Sequence[T]) -> None:
        records = sum(map(self._spec.records, items))
        TALLY.messages += messages
        TALLY.records_in += records
        TALLY.records_out += records if self._spec.settles else 0

    def _decoded(
        self, deliveries: Sequence[Delivery]
    ) -> tuple[list[Delivery], list[T], list[Outbound]]:
        readable, items, outputs = [], [], []
        for delivery in deliveries:
            try:
                items.append(self._decode(delivery))
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                outputs.append(self._undecodable(delivery, str(error)))
            else:
                readable.append(delivery)
        return readable, items, outputs

    def _undecodable(self, delivery: Delivery, error: str) -> Outbound:
        stage, at = self._stage, (delivery.topic, delivery.partition, delivery.offset)
        log.warning("message_undecodable", at=at, error=error[:500])
        METRICS.poison.labels(stage).inc()
        return poison(delivery, stage, UNDECODABLE, error, self._producer.max_message)

    async def _handled(self, readable: Sequence[Delivery], items: Sequence[T]) -> list[Outbound]:
        try:
            outputs = await self._try(items)
        except Exception as error:  # noqa: BLE001 - what a bug raises is not known
            return await self._one_by_one(readable, items, error)
        self._quarantine.note_success()
        return outputs

    async def _try(self, items: Sequence[T]) -> list[Outbound]:
        outputs = await self._while_away(lambda: self._handler.handle(items))
        return fitted(outputs, self._producer.max_message - ROOM_FOR_TRACE, self._handler)

    async def _one_by_one(
        self, readable: Sequence[Delivery], items: Sequence[T], first: Exception
    ) -> list[Outbound]:
        """Find the item with the bug; the others are not held back by it."""
        log.error("handler_failed", messages=len(items), exc_info=first)
        outputs: list[Outbound] = []
        for delivery, item in zip(readable, items, strict=True):
            outputs += await self._alone(delivery, item)
        return outputs

    async def _alone(self, delivery: Delivery, item: T) -> list[Outbound]:
        pauses = Pauses()
        for last in (False, False, True):
            try:
                outputs = await self._try([item])
            except Exception as error:
                log.exception("message_failed", topic=delivery.topic, offset=delivery.offset)
                if last:
                    return self._quarantine.give_up(delivery, item, error)
                await self._clock.sleep(pauses.next())
            else:
                self._quarantine.note_success()
                return outputs
        raise AssertionError("the last try returns or raises")

    async def _while_away(self, attempt: Callable[[], Awaitable[R]]) -> R:
        """Repeat until what is needed is back; nothing is committed meanwhile."""
        pauses = Pauses()
        while True:
            try:
                done = await attempt()
            except Exception as error:
                cause = essence(error)
                if not isinstance(cause, RetriableError):
                    raise cause from error
                self._note_away(cause)
                await self._clock.sleep(pauses.next())
            else:
                self.waiting_for = None
                return done

    def _note_away(self, error: RetriableError) -> None:
        if self.waiting_for is None:
            log.warning("stage_waits", reason=str(error), code=error.failure.code)
        self.waiting_for = str(error)
        METRICS.pauses.labels(self._stage).inc()
