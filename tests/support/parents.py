"""What Execute knows of parents, in tests that have no database."""

from __future__ import annotations

from syncline.contracts.run_ref import RunRef
from syncline.postgres.runs.chains import Parents
from syncline.runtime.clock import Clock
from syncline_execute.parents import ParentWait


class KnownParents:
    """The parents of every run, as a test has set them."""

    def __init__(self) -> None:
        self.parents = Parents()

    async def of(self, run: RunRef) -> Parents:
        return self.parents


def parent_wait(clock: Clock, known: KnownParents | None = None) -> ParentWait:
    """Let records wait for their parents for 15 minutes; without `known` there are none."""
    return ParentWait(known or KnownParents(), clock, 900.0)
