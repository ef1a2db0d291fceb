"""Records whose parent the target does not have yet: they wait for it, and use up no attempt.

A parent is of an entity type that comes before the record's in the order of its instance. The
reasons: docs/decisions/0087-a-record-waits-for-its-parent.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random

from syncline.contracts.bundle import Bundle
from syncline.contracts.topics import Stage
from syncline.domain.chain import PARENT_MISSING, parent_did_not_come, waits_for_parent
from syncline.domain.errors import Failure
from syncline.runtime.failure.failure_router import FailureRouter
from syncline_execute.ports import BudgetStore, ParentStore
from syncline_execute.run_budget import RunBudgets


class ExecuteRouter(FailureRouter):
    """The failure router of Execute, with the budgets of what it gives up.

    `parent_wait` is seconds from when a record was read.
    """

    def __init__(
        self, random: Random, parents: ParentStore, parent_wait: float, budgets: BudgetStore
    ) -> None:
        super().__init__(Stage.EXECUTE, random)
        self._parents = parents
        self.budgets = RunBudgets(budgets)
        self._most = timedelta(seconds=parent_wait)

    async def judge(
        self, bundle: Bundle, failures: Mapping[int, Failure], now: datetime
    ) -> Mapping[int, Failure]:
        """Return failures by place; those of missing parents say whether their records wait on.

        They wait for the time set, and on while runs of their parents go on that began in it.
        Raises RetriableError.
        """
        missing = sorted(p for p, f in failures.items() if f.code == PARENT_MISSING)
        if not missing:
            return failures
        parents, judged = await self._parents.of(bundle.run), dict(failures)
        for batch, places in bundle.by_batch(missing):
            read_at = datetime.fromtimestamp(batch.version / 1_000_000, UTC)
            until = read_at + self._most
            since = parents.running_since
            goes_on = now < until or (since is not None and since < until)
            waited = max((now - read_at).total_seconds(), 0.0)
            for place in places:
                failure = failures[place]
                if parents.entity_types and goes_on:
                    judged[place] = waits_for_parent(failure, waited)
                else:
                    judged[place] = parent_did_not_come(failure, parents.entity_types, waited)
        return judged
