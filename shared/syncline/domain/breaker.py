"""The circuit breaker's rules: when a system is left alone because it does not answer. Pure.

Spec section 3, Circuit breaker.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from syncline.domain.errors import Category, Failure

IN_A_ROW = 5
"""Failed calls in a row that open a profile's breaker."""
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 30.0
"""Seconds until a profile is tested: the first time, and at most."""
SOON = 120.0
"""Seconds after which a breaker that opens again begins with the first pause."""
NO_ENTRY = frozenset({"login_refused", "disk_full"})
"""Codes of failures that every call would meet: one of them opens the breaker."""
OF_THE_SYSTEM = NO_ENTRY | {"unreachable", "read_only", "http_503"}
"""Codes that no record can be the cause of: while the breaker is open they use up no attempt."""


def is_counted(failure: Failure) -> bool:
    """Tell whether a failed call may open the breaker.

    One with a `Retry-After` does not: the system answers, and names the time itself.
    """
    if failure.code in NO_ENTRY:
        return True
    return failure.category is Category.TRANSIENT and not failure.retry_after


def waiting_reason(profile: str, opened_at: datetime, reason: str) -> str:
    """Say what the runs of a profile with an open breaker wait for."""
    since = opened_at.isoformat(sep=" ", timespec="seconds")
    return f"waiting for {profile} since {since}: {reason}"


def failure_of_call(failures: Mapping[int, Failure], count: int) -> Failure | None:
    """Return why a call failed that wrote none of its `count` records; None if it did its work.

    An answer about single records shows that the system works.
    """
    if not count or len(failures) < count or not all(map(is_counted, failures.values())):
        return None
    return next(iter(failures.values()))
