"""What Finalize needs of runs; `syncline.postgres.progress` has it, and tests have it in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from syncline.contracts.messages import Report, Stalling
from syncline.domain.run import Run
from syncline.postgres.progress.stalled_runs import StalledRun


class Outcomes(Protocol):
    """See syncline.postgres.progress.outcomes."""

    async def apply(self, reports: Sequence[Report]) -> list[Run]: ...
    async def in_flight(self) -> int: ...
    async def ended(self, run_ids: Sequence[str], seconds: float) -> list[str]: ...


class StalledRuns(Protocol):
    """See syncline.postgres.progress.stalled_runs."""

    async def suspects(self, after: float) -> list[Stalling]: ...
    async def close(self, suspicion: Stalling) -> StalledRun | None: ...
