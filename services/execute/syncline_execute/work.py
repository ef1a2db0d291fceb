"""What becomes of the records of one call of Execute, collected while they are worked on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TypeAlias

from syncline.domain.errors import Category, Failure
from syncline.domain.run import Outcome
from syncline.runtime.commands.stopped_bundles import RunCommands
from syncline.runtime.departure import is_departing
from syncline_execute.rules import Item
from syncline_execute.run_budget import OVER_BUDGET, RunBudget

Settled: TypeAlias = dict[int, dict[Outcome, list[int]]]
"""Bundle index -> outcome -> places."""
Failed: TypeAlias = dict[int, dict[int, Failure]]
"""Bundle index -> place -> why."""
PAUSED = Failure(Category.TRANSIENT, "paused", "the run is paused", retry_after=2.0)
"""What becomes of records in hand when their run is paused: it uses up no attempt."""
REMEMBERED = 1000
"""Runs of which is remembered that their writing stopped."""


class Halts:
    """Runs whose writing stopped because the target refuses the whole call, in this process."""

    def __init__(self) -> None:
        self._failures: dict[str, Failure] = {}

    def of(self, run_id: str) -> Failure | None:
        """Say why a run's writing stopped, None where it goes on."""
        return self._failures.get(run_id)

    def note(self, run_id: str, failure: Failure) -> Failure:
        """Stop a run's writing; the first reason stays and is returned."""
        if len(self._failures) >= REMEMBERED:
            self._failures.clear()  # what comes of them is refused by the target once more
        return self._failures.setdefault(run_id, failure)


class Work:
    """Outcomes and failures of items of one run, as they come to be known.

    `budget`: of its failures; None where nothing counts them. `done`: how many items have either.
    """

    def __init__(
        self, halts: Halts, commands: RunCommands, run_id: str, budget: RunBudget | None = None
    ) -> None:
        self.settled: Settled = defaultdict(lambda: defaultdict(list))
        self.failed: Failed = defaultdict(dict)
        self.done = 0
        self._halts = halts
        self._commands = commands
        self._run_id = run_id
        self._budget = budget
        self._halt_taken = False

    @property
    def halt(self) -> Failure | None:
        """Why the run's writing stopped, here or in another call that goes on beside this one."""
        return self._halts.of(self._run_id)

    def take_halt(self) -> Failure | None:
        """Return `halt` once; it is reported by the caller."""
        if self._halt_taken or self.halt is None:
            return None
        self._halt_taken = True
        return self.halt

    @property
    def is_cancelled(self) -> bool:
        """Whether a person cancelled the run: no further call is begun."""
        return self._commands.is_cancelled(self._run_id)

    async def wait(self) -> Failure | None:
        """Say why no further call is begun: the run is to wait. Raises RetriableError."""
        if self._commands.is_paused(self._run_id):
            return PAUSED
        return OVER_BUDGET if self._budget and await self._budget.is_spent() else None

    def take_settled(self) -> Settled:
        """Return the outcomes that are known so far; they are reported by the caller."""
        settled, self.settled = self.settled, defaultdict(lambda: defaultdict(list))
        return settled

    def settle(self, items: Sequence[Item], outcome: Outcome) -> None:
        self.done += len(items)
        for number, same in groupby(items, attrgetter("bundle")):
            self.settled[number][outcome] += [item.place for item in same]

    def fail(self, items: Sequence[Item], failure: Failure) -> None:
        self.done += len(items)
        if self._budget is not None:
            self._budget.note(items, failure)
        for item in items:
            self.failed[item.bundle][item.place] = failure

    def stop(self, items: Sequence[Item], failure: Failure) -> None:
        """Leave items unwritten because the target refuses the whole call; the first reason stays.

        They are skipped with the rest of the run, whose next one reads them again.
        """
        if items:
            self._halts.note(self._run_id, failure)
            self.settle(items, Outcome.CANCELLED)


def bulks_of(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Part items into calls; where their partition leaves, no further one is begun."""
    for start in range(0, len(items), size):
        if is_departing():
            return
        yield items[start : start + size]
