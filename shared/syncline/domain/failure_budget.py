"""The failure budget of an instance: how many records may fail until a run waits for a person.

Spec section 3, Circuit breaker; docs/decisions/0065. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from syncline.domain.document_fields import CONFIG, Number, Whole

LEAST = 100
"""Records from which `percent` counts, so that the first failure of a run is not all of it."""
PAUSED_BY = "failure budget"
"""Who has paused a run that is over its budget."""
_SHOWN = 200
"""Most characters of an error that are shown."""


@dataclass(frozen=True)
class FailureBudget:
    """How many records of a run may fail; one with more failures waits until a person decides."""

    __pydantic_config__ = CONFIG

    count: Annotated[Whole | None, Field(ge=0, le=1_000_000_000)] = None
    """Failed records; none: any number."""
    percent: Annotated[Number | None, Field(gt=0, le=100)] = None
    """Failed records in a hundred that were not skipped, from 100 records on; none: any share."""

    def exceeded(self, failed: int, records: int) -> str | None:
        """Return in words what is exceeded, None if nothing is.

        Args:
            failed: records that failed since the run began or was resumed.
            records: those that the run has found and not skipped, whatever their outcome.
        """
        if self.count is not None and failed > self.count:
            return f"{self.count:,} records"
        if self.percent is not None and records >= LEAST and failed * 100 > self.percent * records:
            return f"{self.percent:g} %"
        return None


def attention_reason(
    failed: int, accepted: int, records: int, limit: str, groups: Iterable[tuple[int, str]]
) -> str:
    """Return why a run needs attention.

    Args:
        failed: records of the run that failed; `accepted` of them before it was resumed.
        records, limit: what `FailureBudget.exceeded` was given, and what it returned.
        groups: the largest groups of failures, each with its number of records and an error.
    """
    errors = "; ".join(f"{count:,} of them: {error[:_SHOWN]}" for count, error in groups)
    before = f" ({accepted:,} of them were accepted)" if accepted else ""
    what = f"{failed:,} of {records:,} records failed{before}"
    over = f"{what}, more than the failure budget of {limit}"
    return f"{over}: {errors}" if errors else over
