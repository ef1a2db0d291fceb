"""Works off operations: replays chunk by chunk, discards by the thousand."""

from __future__ import annotations

from contextlib import suppress

import structlog

from syncline.actions.dead_letters.replay_plan import ReplayRequest, replay_fields
from syncline.contracts.outbound import trigger_message
from syncline.contracts.wire import Outbound
from syncline.domain.dead_letter.operation import OperationKind
from syncline.domain.errors import ConflictError
from syncline.postgres.operations.steps import LeasedOperation, OperationChunk, OperationSteps
from syncline.postgres.runs.runs import Runs
from syncline.runtime.clock import Clock
from syncline.runtime.commands.control import cancel_message
from syncline.runtime.ports import Producer

BUSY, IDLE = 0.2, 1.0
"""Seconds between two checks while an operation is under way, and while none is."""
log = structlog.get_logger()


class OperationWorker:
    """Works on operations; of several processes, one at a time works on an operation.

    A run's trigger is sent again until the run is stored: its ID is made of operation and chunk.
    """

    def __init__(
        self,
        steps: OperationSteps,
        runs: Runs,
        producer: Producer,
        clock: Clock,
    ) -> None:
        self._steps = steps
        self._runs = runs
        self._producer = producer
        self._clock = clock

    async def run(self) -> None:
        """Side task: work for ever. May raise RetriableError."""
        while True:
            await self._clock.sleep(BUSY if await self.look() else IDLE)

    async def look(self) -> bool:
        """Do one step of every operation that is ours; tell whether there are any."""
        operations = await self._steps.lease()
        for operation in operations:
            await self._advance(operation)
        return bool(operations)

    async def _advance(self, operation: LeasedOperation) -> None:
        if operation.kind is OperationKind.REPLAY:
            await self._ask(operation)
            await self._steps.settle(operation)
            await self._end_runs(operation)
            if await self._steps.claim(operation):
                await self._ask(operation)
        else:
            for _ in range(10):  # other operations get their turn
                if not await self._steps.resolve(operation):
                    break
        if await self._steps.finish(operation):
            log.info("operation_ended", operation=str(operation.id), kind=str(operation.kind))

    async def _end_runs(self, operation: LeasedOperation) -> None:
        """Cancel the runs of a stopped operation, again until that is stored."""
        run_ids = await self._steps.runs_to_cancel(operation)
        for run_id in run_ids:
            with suppress(ConflictError):  # it has ended meanwhile
                await self._runs.request_cancel(operation.tenant, run_id, operation.actor)
        if run_ids:
            await self._producer.send([cancel_message(i, operation.actor) for i in run_ids])
            await self._steps.mark_cancelled(operation, run_ids)

    async def _ask(self, operation: LeasedOperation) -> None:
        chunks = await self._steps.unsent_chunks(operation)
        if chunks:
            await self._producer.send([self._trigger(chunk) for chunk in chunks])
            await self._steps.mark_sent(chunks)

    def _trigger(self, chunk: OperationChunk) -> Outbound:
        asked = chunk.operation
        request = ReplayRequest(
            tenant=asked.tenant,
            actor=asked.actor,
            source="deadletter",
            from_stage=asked.from_stage,
            reason=asked.reason,
        )
        fields = replay_fields(chunk.instance, chunk.entity_type, chunk.entries, request)
        return trigger_message(chunk.run_id, fields, "deadletter", self._clock.now())
