"""The failure budget of a run, as far as Execute can tell by what it has in hand.

Finalize pauses a run over its budget when it has counted the failures, and they are reported at the
end of a call of the handler, which may be thousands of records later. docs/decisions/0065.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from syncline.contracts.bundle import Bundle
from syncline.contracts.run_ref import RunRef
from syncline.domain.chain import PARENT_MISSING
from syncline.domain.errors import Category, Failure
from syncline.domain.failure_budget import FailureBudget
from syncline.domain.retry import GiveUp, RetryPolicy, dispose
from syncline_execute.ports import BudgetStore
from syncline_execute.rules import Item

OVER_BUDGET = Failure(
    Category.TRANSIENT,
    "over_budget",
    "so many records failed that the run may be over its failure budget: the rest waits",
    retry_after=2.0,
)
"""What becomes of records that are not written yet: it uses up no attempt. Finalize counts what has
failed meanwhile; where the run is within its budget after all, they come again and are written."""


class _Count:
    """Of a run that Execute has in hand: its calls of the handler, their records and failures."""

    def __init__(self) -> None:
        self.calls = self.records = self.failed = 0
        self.budget: FailureBudget | None = None
        self.is_known = False


class RunBudgets:
    """The budgets of the runs that this process has in hand."""

    def __init__(self, budgets: BudgetStore) -> None:
        self._budgets = budgets
        self._counts: dict[str, _Count] = {}

    @contextmanager
    def of(
        self, run: RunRef, bundles: Sequence[Bundle], policy: RetryPolicy
    ) -> Iterator[RunBudget]:
        """Give the budget of a run to a call of the handler, while the block runs.

        Calls side by side share it. Once none of them goes on, failures count anew: the others are
        Finalize's to count.
        """
        count = self._counts.setdefault(run.id, _Count())
        count.calls += 1
        count.records += sum(map(len, bundles))
        try:
            yield RunBudget(self._budgets, run, bundles, policy, count)
        finally:
            count.calls -= 1
            if not count.calls:
                del self._counts[run.id]


class RunBudget:
    """Counts the records of one call of the handler that are given up."""

    def __init__(
        self,
        budgets: BudgetStore,
        run: RunRef,
        bundles: Sequence[Bundle],
        policy: RetryPolicy,
        count: _Count,
    ) -> None:
        self._budgets = budgets
        self._run = run
        self._bundles = bundles
        self._policy = policy
        self._count = count

    def note(self, items: Sequence[Item], failure: Failure) -> None:
        """Note a failure of records; those that are tried again do not count."""
        if failure.code != PARENT_MISSING:  # whether such a record waits is judged later
            self._count.failed += sum(self._is_given_up(item, failure) for item in items)

    def _is_given_up(self, item: Item, failure: Failure) -> bool:
        attempt = self._bundles[item.bundle].attempt
        return isinstance(dispose(failure, attempt, self._policy, 0.0), GiveUp)

    async def is_spent(self) -> bool:
        """Tell whether no further call is to begin. Raises RetriableError.

        The budget is asked for once, and only where something failed.
        """
        count = self._count
        if count.failed and not count.is_known:
            count.budget, count.is_known = await self._budgets.of(self._run), True
        budget = count.budget
        return budget is not None and budget.exceeded(count.failed, count.records) is not None
