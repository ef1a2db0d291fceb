"""What Normalize and Transform have in common: they map the records of a batch and hand them on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Protocol

import msgspec

from syncline.contracts.batch import LARGEST_BATCH, Batch, fitting
from syncline.contracts.messages import RunRef, decoding
from syncline.contracts.outbound import batch_message, settled_message
from syncline.contracts.topics import INPUT_OF, Stage
from syncline.contracts.wire import Outbound
from syncline.domain.columns import Columns
from syncline.domain.errors import Category, Failure, InvalidInputError, NotFoundError
from syncline.domain.mapping.engine.compiler import CompiledMapping, MappedBatch
from syncline.domain.record import Record
from syncline.domain.retry import RetryPolicy
from syncline.domain.run import Outcome
from syncline.runtime.clock import Clock
from syncline.runtime.commands.stopped_batches import RunCommands, split_stopped
from syncline.runtime.failure.failure_router import FailureRouter
from syncline.runtime.spec import Handler, StageSpec
from syncline.telemetry.metrics import METRICS

Records = Batch[Record]
NO_SYSTEM = RetryPolicy()
"""A mapping calls no system, so no profile's policy is about it. What it tries again is the bug of
a transformer alone: as often and as late as a profile that says nothing."""


class Mappings(Protocol):
    """Gives the compiled mapping that a run pinned; from memory after the first time."""

    async def of(self, run: RunRef) -> CompiledMapping:
        """May raise RetriableError."""


class MappingHandler(Handler[Records]):
    """Maps every record of a batch; one that fails never holds back the others.

    Args:
        to: the stage that gets the results.
        part: maps records by this stage's part of the mapping.
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

    async def handle(self, items: Sequence[Records]) -> list[Outbound]:
        live, messages = split_stopped(items, self._commands, self._stage, self._clock.now())
        for batch in live:
            try:
                mapping = await self._mappings.of(batch.run)
            except (NotFoundError, InvalidInputError) as error:
                messages += self._router.give_up(batch, error, self._clock.now())
                continue
            messages += self._forward(batch, self._part(mapping, Columns.of(batch.records)))
        return messages

    def on_bug(self, item: Records, error: Exception) -> list[Outbound]:
        """Make dead letters of a batch that breaks this stage every time."""
        return self._router.give_up(item, error, self._clock.now())

    def _forward(self, batch: Records, mapped: MappedBatch) -> list[Outbound]:
        """Turn the results for one batch into messages; every record is in exactly one of them."""
        failures = dict(mapped.failures)
        messages = []
        if (output := _output(batch, mapped)) is not None:
            for part, message in fitting(output, self._message, LARGEST_BATCH):
                if (size := len(message.value or b"")) > LARGEST_BATCH:
                    failures[batch.slots.index(part.slots[0])] = too_large(size)
                else:
                    messages.append(message)
                    self._passed.inc(len(part))
        if mapped.excluded:
            messages.append(settled_message(batch, mapped.excluded, Outcome.EXCLUDED, self._stage))
        if failures:
            messages += self._router.route(batch, failures, NO_SYSTEM, self._clock.now())
        return messages

    def _message(self, batch: Records) -> Outbound:
        return batch_message(batch, self._to)


def mapping_spec(stage: Stage) -> StageSpec[Records]:
    """Return what a stage that maps records reads."""
    return StageSpec(stage.value, [INPUT_OF[stage]], decoding(Records), records=len)


def _output(batch: Records, mapped: MappedBatch) -> Records | None:
    """Return the batch of what was mapped, None where that is nothing."""
    if not mapped.places:
        return None
    records = mapped.outputs.records()
    if mapped.outputs.rest:  # its keys come last, and hashes are taken of sorted ones
        records = [dict(sorted(record.items())) for record in records]
    if len(mapped.places) < len(batch):
        batch = batch.part(mapped.places)
    return msgspec.structs.replace(batch, records=records, attempt=1, history=[])


def too_large(size: int) -> Failure:
    """Say that a record does not fit into a message. `size` is bytes."""
    message = f"the record has {size:,} bytes, a message may have {LARGEST_BATCH:,}"
    return Failure(Category.PERMANENT, "record_too_large", message)
