"""What Execute knows of parents, in tests that have no database."""

from __future__ import annotations

from random import Random

from syncline.contracts.run_ref import RunRef
from syncline.postgres.runs.chains import Parents
from syncline_execute.parents import ExecuteRouter
from tests.support.budgets import KnownBudget


class KnownParents:
    """The parents of every run, as a test has set them."""

    def __init__(self) -> None:
        self.parents = Parents()

    async def of(self, run: RunRef) -> Parents:
        return self.parents


def execute_router(
    random: Random | None = None,
    known: KnownParents | None = None,
    budgets: KnownBudget | None = None,
) -> ExecuteRouter:
    """Let records wait for their parents for 15 minutes; without `known` there are none."""
    return ExecuteRouter(
        random or Random(1), known or KnownParents(), 900.0, budgets or KnownBudget()
    )
