"""What becomes of a failure: a pure decision. Spec section 3, Retry."""

from __future__ import annotations

import msgspec

from syncline.domain.errors import Category, Failure

LONGEST_WAIT = 300.0
"""Seconds; the most a Retry-After is honoured for."""


class RetryPolicy(msgspec.Struct, frozen=True, rename="camel"):
    """How often and how late a profile's failures are tried again.

    Attributes:
        retries: attempts after the first one, 0 to 10.
        base: seconds before the first retry; each next one waits four times as long.
        cap: seconds no own delay exceeds.
    """

    retries: int = 3
    base: float = 2.0
    cap: float = 32.0


class Retry(msgspec.Struct, frozen=True):
    """Try again after `delay` seconds."""

    delay: float


class GiveUp(msgspec.Struct, frozen=True):
    """Send the record to the dead-letter queue."""


def dispose(failure: Failure, attempt: int, policy: RetryPolicy, jitter: float) -> Retry | GiveUp:
    """Decide what becomes of a failed record.

    Args:
        failure: what went wrong.
        attempt: number of the attempt that just failed, from 1.
        policy: the profile's retry policy.
        jitter: a random number in [-1, 1]; scaled to ±20 % of the delay.

    Returns:
        Retry with a delay in seconds, or GiveUp.
    """
    if failure.category is Category.PERMANENT or attempt > policy.retries:
        return GiveUp()
    delay = min(policy.base * 4 ** (attempt - 1), policy.cap) * (1 + 0.2 * jitter)
    return Retry(max(delay, min(failure.retry_after or 0.0, LONGEST_WAIT)))
