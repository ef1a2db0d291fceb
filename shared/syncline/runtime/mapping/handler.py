"""A stage that maps the records of a batch: what Normalize and Transform have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from syncline.contracts.messages import Batch, RunRef
from syncline.contracts.topics import Stage
from syncline.contracts.wire import Outbound
from syncline.domain.errors import InvalidInputError, NotFoundError
from syncline.domain.mapping.engine.compiler import CompiledMapping
from syncline.runtime.clock import Clock
from syncline.runtime.commands.stopped_batches import Wishes, split_held
from syncline.runtime.failure.failure_router import FailureRouter
from syncline.runtime.mapping.forwarder import Forwarder, Made


class Mappings(Protocol):
    """Gives the compiled mapping that a run pinned; from memory after the first time."""

    async def of(self, run: RunRef) -> CompiledMapping:
        """May raise RetriableError."""


class MappingStage:
    """Maps every record of a batch; one that fails never holds back the others.

    A stage names itself and the `next` one, and says in `map` which part of the mapping is its.
    """

    stage: ClassVar[Stage]
    next: ClassVar[Stage]

    def __init__(
        self,
        mappings: Mappings,
        wishes: Wishes,
        router: FailureRouter,
        clock: Clock,
    ) -> None:
        self._mappings = mappings
        self._wishes = wishes
        self._forwarder = Forwarder(self.stage, self.next, router)
        self._router = router
        self._clock = clock

    def map(self, mapping: CompiledMapping, records: Sequence[dict[str, Any]]) -> Made:
        """Map the records of a batch; what fails is in the result."""
        raise NotImplementedError

    async def handle(self, batches: Sequence[Batch[dict[str, Any]]]) -> list[Outbound]:
        live, messages = split_held(batches, self._wishes, self.stage, self._clock.now())
        for batch in live:
            try:
                mapping = await self._mappings.of(batch.run)
            except (NotFoundError, InvalidInputError) as error:
                messages += self._router.give_up(batch, error, self._clock.now())
                continue
            begun = self._clock.now()
            made = self.map(mapping, batch.records)
            messages += self._forwarder.forward(batch, made, begun, self._clock.now())
        return messages

    def on_bug(self, batch: Batch[dict[str, Any]], error: Exception) -> list[Outbound]:
        """Answer for a batch that breaks this stage every time: its records are dead letters."""
        return self._router.give_up(batch, error, self._clock.now())
