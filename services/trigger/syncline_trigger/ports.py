"""The port of Trigger; `syncline.postgres` implements it, tests do it in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from syncline.domain.errors import ConflictError, NotFoundError
from syncline.domain.run import Run
from syncline.domain.trigger import TriggerRequest
from syncline.postgres.configuration.streams import Stream


class TriggerStore(Protocol):
    """Streams, runs, their queue and pauses, and refusals: see syncline.postgres.runs."""

    async def runnable(
        self, tenant: str, instance: str, entity_type: str | None
    ) -> Stream: ...
    async def accept(
        self, run_id: str, request: TriggerRequest, stream: Stream, lanes: int
    ) -> tuple[Run, bool]: ...
    async def open_cancels(self, older: float) -> list[tuple[str, str]]: ...
    async def claim_dispatchable(self) -> list[tuple[str, str]]: ...
    async def refuse_switched_off(self) -> list[Run]: ...
    async def end_cancelled(self) -> list[Run]: ...
    async def refusal(
        self, run_id: str, request: TriggerRequest
    ) -> NotFoundError | ConflictError | None: ...
    async def refuse(
        self, run_id: str, request: TriggerRequest, error: NotFoundError | ConflictError
    ) -> None: ...
    async def paused(self) -> list[tuple[str, str]]: ...
    async def not_paused(self, run_ids: Sequence[str]) -> list[str]: ...
