"""A run in which nothing moves: when it is given up, and what is said of it. Spec section 2.3."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from syncline.domain.errors import Category, Failure

STALLED = "stalled"
GRACE = 0.1
"""Share of the time without movement that a run gets after it was first suspected.

An outage stops everything, this clock too: a suspicion travels over the broker as reports do. What
comes back from an outage has this long to move before anybody is given up.
"""
NAMED = 10
"""Records that the reason names."""


def stall_reason(missing: Sequence[tuple[str, str]], after: float) -> str:
    """Say why a run was closed.

    Args:
        missing: stage and source ID of every record without an outcome.
        after: seconds that nothing moved.
    """
    still = f"{STALLED}: nothing moved for {in_words(after)}"
    if not missing:
        return f"{still}; ingest did not end reading the source"
    by_stage: dict[str, list[str]] = defaultdict(list)
    for stage, source_id in missing:
        by_stage[stage].append(source_id)
    return f"{still}; no outcome came of " + "; ".join(
        f"{len(ids)} record{'s' * (len(ids) != 1)} last seen on the way into {stage}: {_named(ids)}"
        for stage, ids in sorted(by_stage.items())
    )


def stall_failure(stage: str, after: float) -> Failure:
    """Say why a record of such a run failed."""
    message = f"no outcome came from {stage} or a later stage; nothing moved for {in_words(after)}"
    return Failure(Category.UNKNOWN, STALLED, message)


def in_words(seconds: float) -> str:
    """Return a length of time for people."""
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


def _named(ids: Sequence[str]) -> str:
    more = len(ids) - NAMED
    return ", ".join(ids[:NAMED]) + (f" and {more} more" if more > 0 else "")
