"""Brings messages of one partition to acknowledged outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Generic, TypeVar

import msgspec
import structlog

from syncline.contracts.run_ref import ForeignMessageError, Runs
from syncline.contracts.versions import UnsupportedVersionError
from syncline.contracts.wire import Delivery, Outbound
from syncline.domain.errors import RetriableError
from syncline.runtime.clock import Clock
from syncline.runtime.failure.attempts import Attempts
from syncline.runtime.failure.poison import FOREIGN, KILLER, UNDECODABLE, poison
from syncline.runtime.failure.quarantine import Quarantine
from syncline.runtime.loop.calls_in_hand import CallsInHand
from syncline.runtime.loop.careful_start import DEATHS, CarefulStart
from syncline.runtime.ports import Producer
from syncline.runtime.spec import Handler, StageSpec
from syncline.telemetry.foreign_messages import ForeignReports
from syncline.telemetry.logs import about
from syncline.telemetry.metrics import METRICS
from syncline.telemetry.run_log import RUN_LOG, facts_of
from syncline.telemetry.tally import TALLY
from syncline.telemetry.tracing import handling

T = TypeVar("T")
log = structlog.get_logger()


class ProcessKilledError(Exception):
    """A message killed its process, over and over."""


class Processor(Generic[T]):
    """Decodes, handles and sends for one worker; knows nothing of offsets."""

    def __init__(
        self,
        spec: StageSpec[T],
        handler: Handler[T],
        producer: Producer,
        clock: Clock,
        quarantine: Quarantine[T],
        in_hand: CallsInHand,
    ) -> None:
        self._spec = spec
        self._producer = producer
        self._clock = clock
        self._quarantine = quarantine
        self._in_hand = in_hand
        self._attempts = Attempts(spec, handler, quarantine, clock)
        self._foreign = ForeignReports(spec.name, clock.monotonic)
        self._seconds = METRICS.batch_seconds.labels(spec.name)

    @property
    def waiting_for(self) -> str | None:
        """What the current work needs and cannot reach, in words."""
        return self._attempts.waiting_for

    async def process(self, deliveries: Sequence[Delivery]) -> None:
        """Bring messages to acknowledged outputs. Raises a bug: then none may be committed."""
        size = sum(len(delivery.value or b"") for delivery in deliveries)
        async with self._in_hand.call(deliveries[0].key, size):
            await self._process(deliveries)

    async def _process(self, deliveries: Sequence[Delivery]) -> None:
        stage = self._spec.name
        with about(stage, deliveries), handling(stage, deliveries) as spans:
            readable, items, outputs = await self._decoded(deliveries)
            if items:
                if self._spec.options.together:  # its calls are long
                    self._spec.reach(items)
                started = self._clock.monotonic()
                with self._spec.work(items):
                    outputs += await self._attempts.outputs(readable, items)
                seconds = self._clock.monotonic() - started
                self._seconds.observe(seconds)
                TALLY.busy += seconds
            if outputs:
                messages = spans.with_headers(outputs)
                await self._attempts.while_away(lambda: self._producer.send(messages))
            if not self._spec.options.together:
                self._spec.reach(items)
        METRICS.messages.labels(stage, deliveries[0].topic).inc(len(deliveries))
        records = sum(map(self._spec.records, items))
        TALLY.messages += len(deliveries)
        TALLY.records_in += records
        TALLY.records_out += records if self._spec.settles else 0

    async def process_suspect(self, delivery: Delivery, careful: CarefulStart) -> None:
        """Process a message that may kill the process, or set it aside where it did so before.

        Raises as `process`.
        """
        if not careful.is_culprit(delivery):
            await self._attempts.while_away(lambda: careful.mark(delivery))
            await self.process([delivery])
            return
        stage = self._spec.name
        with about(stage, [delivery]), handling(stage, [delivery]) as spans:
            await self._attempts.while_away(lambda: careful.mark(delivery))
            messages = spans.with_headers(
                await self._set_aside(delivery, careful.deaths_of(delivery))
            )
            await self._attempts.while_away(lambda: self._producer.send(messages))
        METRICS.killers.labels(stage).inc()

    async def _set_aside(self, delivery: Delivery, deaths: int) -> Sequence[Outbound]:
        error = ProcessKilledError(f"{deaths} processes died while they handled this message alone")
        log.error("message_kills_process", offset=delivery.offset, deaths=deaths)
        stage, limit = self._spec.name, self._producer.max_message
        if deaths > DEATHS:  # setting it aside record by record killed a process, too
            return [poison(delivery, stage, KILLER, str(error), limit)]
        _, items, outputs = await self._decoded([delivery])
        if not items:
            return outputs
        return await self._attempts.give_up(delivery, items[0], error)

    async def _decoded(
        self, deliveries: Sequence[Delivery]
    ) -> tuple[list[Delivery], list[T], list[Outbound]]:
        """Return the messages to handle, their items, and what is sent of unreadable ones.

        Bundles of runs that may not go on are parked.
        """
        return await self._attempts.while_away(lambda: self._decode(deliveries))

    async def _decode(
        self, deliveries: Sequence[Delivery]
    ) -> tuple[list[Delivery], list[T], list[Outbound]]:
        runs = await self._named_by(deliveries)
        readable, items = [], []
        refused: list[tuple[Delivery, str, str]] = []
        for delivery in deliveries:
            if delivery.foreign is not None:
                refused.append((delivery, FOREIGN, delivery.foreign))
                continue
            try:
                items.append(self._spec.decode(delivery, runs))
            except UnsupportedVersionError as error:  # waits, and is read again by a newer process
                raise RetriableError(str(error), code="unsupported_version") from error
            except ForeignMessageError as error:
                refused.append((delivery, FOREIGN, str(error)))
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                refused.append((delivery, UNDECODABLE, str(error)))
            else:
                readable.append(delivery)
        readable, items = await self._without_parked(readable, items, runs)
        return readable, items, [out for each in refused for out in self._refused(*each)]

    async def _without_parked(
        self, deliveries: list[Delivery], items: list[T], runs: Runs
    ) -> tuple[list[Delivery], list[T]]:
        """Park the bundles of runs that may not go on, and return the others."""
        park = self._spec.park
        if park is None:
            return deliveries, items
        stopped = {run.id.encode() for run in runs.values() if park.is_for(run)}
        parked = [delivery for delivery in deliveries if delivery.key in stopped]
        if not parked:
            return deliveries, items
        await park.park(parked)
        self._log_parked(parked, runs)
        left = [pair for pair in zip(deliveries, items, strict=True) if pair[0].key not in stopped]
        return [delivery for delivery, _ in left], [item for _, item in left]

    def _log_parked(self, parked: Sequence[Delivery], runs: Runs) -> None:
        for key, count in Counter(delivery.key or b"" for delivery in parked).items():
            run = runs[key.decode()]
            RUN_LOG.note("bundles_parked", self._spec.name, run, {}, bundles=count)

    async def _named_by(self, deliveries: Sequence[Delivery]) -> Runs:
        """Return the runs that the messages name. May raise RetriableError."""
        known = self._spec.runs
        if known is None:
            return {}
        keys = {delivery.key for delivery in deliveries if delivery.foreign is None}
        runs = await known.of([key.decode(errors="replace") for key in keys if key])
        if len(keys) == 1:  # all lines until the messages are through say so
            for run in runs.values():
                structlog.contextvars.bind_contextvars(**facts_of(run))
        return runs

    def _refused(self, delivery: Delivery, code: str, error: str) -> list[Outbound]:
        """Report a message that the handler does not get, and return it for the DLQ.

        Of a flood of foreign ones only a few go there.
        """
        stage = self._spec.name
        if code == FOREIGN:
            if not self._foreign.report(delivery, error):
                return []
            error = f"foreign message: {error}"
        else:
            at = (delivery.topic, delivery.partition, delivery.offset)
            log.warning("message_undecodable", at=at, error=error[:500])
            METRICS.poison.labels(stage).inc()
        return [poison(delivery, stage, code, error, self._producer.max_message)]
