"""Decides what becomes of a failure. Spec section 3, Retry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec
from pydantic import Field

from syncline.domain.document_fields import CONFIG, Number, Whole
from syncline.domain.errors import Category, Failure

JITTER = 0.2
"""A retry comes up to this share of its delay sooner or later."""
LONGEST_DELAY = 300
"""Most seconds before a retry, unless a system asks for a longer wait. Spec section 3."""
LONGEST_PAUSE = 24 * 60 * 60.0
"""Most seconds that a system may ask us to wait at a time; then it is called again."""


@dataclass(frozen=True)
class RetryPolicy:
    """How failed calls to this system are tried again."""

    __pydantic_config__ = CONFIG

    retries: Annotated[Whole, Field(ge=0, le=10)] = 3
    """Attempts after the first one."""
    base: Annotated[Number, Field(gt=0, le=LONGEST_DELAY)] = 2.0
    """Seconds before the first retry; then 4 times that."""
    cap: Annotated[Number, Field(gt=0, le=LONGEST_DELAY)] = 32.0
    """The longest delay in seconds."""


class Retry(msgspec.Struct, frozen=True):
    """Try again after `delay` seconds; an uncounted retry uses up no attempt."""

    delay: float
    counted: bool = True


class GiveUp(msgspec.Struct, frozen=True):
    """Send the record to the dead-letter queue."""


def dispose(failure: Failure, attempt: int, policy: RetryPolicy, jitter: float) -> Retry | GiveUp:
    """Decide what becomes of a failed record.

    A `Retry-After` uses up no attempt: it says when to call, not what is wrong with a record.

    Args:
        attempt: number of the attempt that just failed, from 1.
        jitter: a random number in [-1, 1]; scaled to JITTER of the delay.
    """
    if failure.category is Category.PERMANENT:
        return GiveUp()
    if failure.retry_after is not None and failure.retry_after > 0:
        asked = max(failure.retry_after, min(policy.base, policy.cap))
        return Retry(min(asked, LONGEST_PAUSE), counted=False)
    if attempt > policy.retries:
        return GiveUp()
    # A profile of an earlier release may hold a longer delay.
    delay = min(policy.base * 4 ** (attempt - 1), policy.cap, LONGEST_DELAY)
    return Retry(delay * (1 + JITTER * jitter))
