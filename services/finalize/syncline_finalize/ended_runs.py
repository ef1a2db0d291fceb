"""The runs that this process saw end: what stages tell of them late costs no transaction."""

from __future__ import annotations

from collections import OrderedDict

from syncline.contracts.messages import Report, is_of_stage
from syncline.domain.run import Run

KEPT = 10_000
"""Runs known at once. Stages tell how far they got within a second: more ends are not between."""


class EndedRuns:
    """The last runs that ended. In memory alone: of a run not known here, the database tells."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def note(self, run: Run) -> None:
        """Note a run that was just stored."""
        if run.state.is_final:
            self._ids[run.id] = None
            if len(self._ids) > KEPT:
                self._ids.popitem(last=False)

    def makes_void(self, report: Report) -> bool:
        """Tell whether a report says only how far a stage got with a run that is over."""
        return is_of_stage(report) and report.run.id in self._ids
