"""The failure budget that Execute knows of, in tests that have no database."""

from __future__ import annotations

from syncline.contracts.run_ref import RunRef
from syncline.domain.failure_budget import FailureBudget


class KnownBudget:
    """The failure budget of every run; None unless a test has set one."""

    def __init__(self, budget: FailureBudget | None = None) -> None:
        self.budget = budget

    async def of(self, run: RunRef) -> FailureBudget | None:
        return self.budget
