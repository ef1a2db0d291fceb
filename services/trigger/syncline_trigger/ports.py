"""The ports of Trigger; `syncline.postgres` implements them, tests do it in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from syncline.domain.errors import ConflictError, NotFoundError
from syncline.domain.run import Run
from syncline.domain.trigger import TriggerRequest
from syncline.postgres.configuration.streams import Stream


class Streams(Protocol):
    """See syncline.postgres.configuration.streams."""

    async def runnable(self, tenant: str, instance: str, entity_type: str) -> Stream: ...


class Runs(Protocol):
    """See syncline.postgres.runs.runs."""

    async def accept(
        self, run_id: str, request: TriggerRequest, stream: Stream, lanes: int
    ) -> tuple[Run, bool]: ...
    async def open_cancels(self, older: float) -> list[tuple[str, str]]: ...


class QueuedRuns(Protocol):
    """See syncline.postgres.runs.queued_runs."""

    async def claim_dispatchable(self) -> list[tuple[str, str]]: ...
    async def refuse_switched_off(self) -> list[Run]: ...
    async def end_cancelled(self) -> list[Run]: ...


class RefusedTriggers(Protocol):
    """See syncline.postgres.runs.refused_triggers."""

    async def find(
        self, run_id: str, request: TriggerRequest
    ) -> NotFoundError | ConflictError | None: ...
    async def add(
        self, run_id: str, request: TriggerRequest, error: NotFoundError | ConflictError
    ) -> None: ...


class RunPauses(Protocol):
    """See syncline.postgres.runs.pauses."""

    async def paused(self) -> list[tuple[str, str]]: ...
    async def not_paused(self, run_ids: Sequence[str]) -> list[str]: ...


class TriggerStore(msgspec.Struct, frozen=True):
    """All of it."""

    streams: Streams
    runs: Runs
    queued: QueuedRuns
    refusals: RefusedTriggers
    pauses: RunPauses
