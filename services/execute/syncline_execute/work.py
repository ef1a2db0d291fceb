"""What becomes of the records of one call of Execute, collected while they are worked on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

from syncline.domain.errors import Failure
from syncline.domain.run import Outcome
from syncline_execute.rules import Item

Settled: TypeAlias = dict[int, dict[Outcome, list[int]]]
"""Batch index -> outcome -> places."""
Failed: TypeAlias = dict[int, dict[int, Failure]]
"""Batch index -> place -> why."""


class Work:
    """Outcomes and failures of items.

    Attributes:
        halt: why the run's writing stops, if the target refuses the whole call.
    """

    def __init__(self) -> None:
        self.settled: Settled = defaultdict(lambda: defaultdict(list))
        self.failed: Failed = defaultdict(dict)
        self.halt: Failure | None = None

    def settle(self, items: Sequence[Item], outcome: Outcome) -> None:
        for item in items:
            self.settled[item.batch][outcome].append(item.place)

    def fail(self, items: Sequence[Item], failure: Failure) -> None:
        for item in items:
            self.failed[item.batch][item.place] = failure

    def stop(self, items: Sequence[Item], failure: Failure) -> None:
        """Leave items unwritten because the target refuses the whole call; the first reason stays.

        They are skipped with the rest of the run, whose next one reads them again.
        """
        if items:
            self.halt = self.halt or failure
            self.settle(items, Outcome.CANCELLED)
