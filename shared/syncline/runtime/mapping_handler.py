"""The handler that Normalize and Transform share: it maps records and sends them on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Protocol

import msgspec

from syncline.contracts.bundle import LARGEST_BUNDLE, Bundle, bundle_in, fitting
from syncline.contracts.outbound import bundle_message, settled_message
from syncline.contracts.run_ref import RunRef
from syncline.contracts.topics import INPUT_OF, Stage
from syncline.contracts.wire import Outbound
from syncline.domain.columns import Columns
from syncline.domain.errors import Category, Failure, InvalidInputError, NotFoundError
from syncline.domain.mapping.engine.compiler import CompiledMapping, MappedBatch
from syncline.domain.retry import RetryPolicy
from syncline.domain.run import Outcome
from syncline.runtime.clock import Clock
from syncline.runtime.commands.stopped_bundles import RunCommands, split_cancelled
from syncline.runtime.failure.failure_router import FailureRouter
from syncline.runtime.spec import Handler, StageSpec
from syncline.telemetry.metrics import METRICS

NO_SYSTEM = RetryPolicy()
"""A mapping calls no system, so no profile's retry policy applies: the defaults do. The only
failure of a mapping that is tried again is a bug of a transformer."""


class Mappings(Protocol):
    """Returns the compiled mapping that a run pinned; from memory after the first time."""

    async def of(self, run: RunRef) -> CompiledMapping:
        """May raise RetriableError."""


class MappingHandler(Handler[Bundle]):
    """Maps every record of a bundle; one that fails never holds back the others.

    Args:
        to: the stage that gets the results.
        part: applies this stage's part of the mapping.
    """

    def __init__(
        self,
        stage: Stage,
        to: Stage,
        part: Callable[[CompiledMapping, Columns], MappedBatch],
        mappings: Mappings,
        commands: RunCommands,
        clock: Clock,
    ) -> None:
        self._stage = stage
        self._to = to
        self._part = part
        self._mappings = mappings
        self._commands = commands
        self._router = FailureRouter(stage, Random())  # noqa: S311 - jitter
        self._clock = clock
        self._passed = METRICS.records.labels(stage.value, "passed")

    async def handle(self, items: Sequence[Bundle]) -> list[Outbound]:
        live, messages = split_cancelled(items, self._commands, self._stage)
        for bundle in live:
            try:
                mapping = await self._mappings.of(bundle.run)
            except (NotFoundError, InvalidInputError) as error:
                messages += self._router.give_up(bundle, error, self._clock.now())
                continue
            messages += self._forward(bundle, self._part(mapping, bundle.columns))
        return messages

    async def on_bug(self, item: Bundle, error: Exception) -> list[Outbound]:
        """Make dead letters of a bundle that breaks this stage every time."""
        return self._router.give_up(item, error, self._clock.now())

    def _forward(self, bundle: Bundle, mapped: MappedBatch) -> list[Outbound]:
        """Return the messages for one bundle's results; each record is in exactly one of them."""
        failures = dict(mapped.failures)
        messages = []
        if mapped.places:
            left = iter(mapped.places)
            for part, message in fitting(_output(bundle, mapped), self._message, LARGEST_BUNDLE):
                places = [next(left) for _ in part.ids]
                if (size := len(message.value or b"")) > LARGEST_BUNDLE:
                    failures[places[0]] = too_large(size)
                else:
                    messages.append(message)
                    self._passed.inc(len(part))
        if mapped.excluded:
            messages.append(settled_message(bundle, mapped.excluded, Outcome.EXCLUDED, self._stage))
        if failures:
            messages += self._router.route(bundle, failures, NO_SYSTEM, self._clock.now())
        return messages

    def _message(self, bundle: Bundle) -> Outbound:
        return bundle_message(bundle, self._to)


def mapping_spec(stage: Stage) -> StageSpec[Bundle]:
    """Return the spec of a stage that maps records."""
    return StageSpec(stage.value, [INPUT_OF[stage]], bundle_in, records=len)


def _output(bundle: Bundle, mapped: MappedBatch) -> Bundle:
    """Return the bundle of the mapped records."""
    if len(mapped.places) < len(bundle):
        bundle = bundle.part(mapped.places, mapped.outputs)
    return msgspec.structs.replace(bundle, columns=mapped.outputs, attempt=1, history=[])


def too_large(size: int) -> Failure:
    """Return the failure of a record that fits into no message. `size` is bytes."""
    message = f"the record has {size:,} bytes, a message may have {LARGEST_BUNDLE:,}"
    return Failure(Category.PERMANENT, "record_too_large", message)
