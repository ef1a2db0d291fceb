"""Attempts at handling messages: wait for the end of an outage, find the message that has a bug."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import structlog

from syncline.contracts.timings import HandlerCall, with_timings
from syncline.contracts.wire import Delivery, Outbound
from syncline.domain.errors import RetriableError
from syncline.runtime.backoff import Backoff
from syncline.runtime.clock import Clock
from syncline.runtime.failure.quarantine import Quarantine
from syncline.runtime.spec import Handler, StageSpec
from syncline.telemetry.metrics import METRICS

R = TypeVar("R")
T = TypeVar("T")
log = structlog.get_logger()


class Attempts(Generic[T]):
    """The attempts of one partition worker; `waiting_for` says what it needs and cannot reach."""

    def __init__(
        self, spec: StageSpec[T], handler: Handler[T], quarantine: Quarantine[T], clock: Clock
    ) -> None:
        self._spec = spec
        self._handler = handler
        self._quarantine = quarantine
        self._clock = clock
        self.waiting_for: str | None = None

    async def outputs(self, deliveries: Sequence[Delivery], items: Sequence[T]) -> list[Outbound]:
        """Handle messages together or, if that raises, one by one.

        Raises a bug of the whole stage: then no message has worked lately.
        """
        try:
            outputs = await self._try(deliveries, items)
        except Exception:
            log.exception("handler_failed", messages=len(items))
            outputs = []
            for delivery, item in zip(deliveries, items, strict=True):
                outputs += await self._alone(delivery, item)
        else:
            self._quarantine.note_success()
        return outputs

    async def _try(self, deliveries: Sequence[Delivery], items: Sequence[T]) -> list[Outbound]:
        async def attempt() -> list[Outbound]:
            begun = self._now()
            outputs = await self._handler.handle(items)
            call = HandlerCall(begun, self._now(), self._spec.options.together)
            return with_timings(outputs, deliveries, call)

        return self._quarantine.checked(await self.while_away(attempt))

    def _now(self) -> int:
        """Return the time in milliseconds since 1970."""
        return int(self._clock.now().timestamp() * 1000)

    async def _alone(self, delivery: Delivery, item: T) -> list[Outbound]:
        """Try one message three times, then give it up."""
        backoff = Backoff()
        for last in (False, False, True):
            try:
                outputs = await self._try([delivery], [item])
            except Exception as error:
                log.exception("message_failed", topic=delivery.topic, offset=delivery.offset)
                if last:
                    return await self.give_up(delivery, item, error)
                await self._clock.sleep(backoff.next())
            else:
                self._quarantine.note_success()
                return outputs
        raise AssertionError("the last try returns or raises")

    async def give_up(self, delivery: Delivery, item: T, error: Exception) -> list[Outbound]:
        """Return what to send in place of a message's outputs. Raises what breaks them all."""
        return await self.while_away(lambda: self._quarantine.give_up(delivery, item, error))

    async def while_away(self, attempt: Callable[[], Awaitable[R]]) -> R:
        """Repeat an attempt until what it needs is back; commit nothing meanwhile."""
        backoff = Backoff()
        while True:
            try:
                done = await attempt()
            except Exception as error:
                cause = root_cause(error)
                if not isinstance(cause, RetriableError):
                    raise cause from error
                self._note_away(cause)
                await self._clock.sleep(backoff.next())
            else:
                self.waiting_for = None
                return done

    def _note_away(self, error: RetriableError) -> None:
        if self.waiting_for is None:
            log.warning("stage_waits", reason=str(error), code=error.failure.code)
        self.waiting_for = str(error)
        METRICS.outages.labels(self._spec.name).inc()


def root_cause(error: Exception) -> Exception:
    """Return the error that decides: of a group (of a TaskGroup), the first not retriable."""
    if not isinstance(error, ExceptionGroup):
        return error
    leaves = [root_cause(e) for e in error.exceptions]
    return next((e for e in leaves if not isinstance(e, RetriableError)), leaves[0])
