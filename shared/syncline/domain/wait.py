"""Waits of a run: since when, until when and for what it waits for a system. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

MOST = 20
"""Waits that a run keeps; what comes after them makes the last one longer."""
SAME = timedelta(seconds=10)
"""A wait that begins so soon after another one goes on with it."""
_SHOWN = 300
"""Most characters of a reason that are kept."""


class Wait(msgspec.Struct, frozen=True):
    """A run's source or target asked to wait, or did not answer.

    Attributes:
        reading: the source is waited for, and no record.
        until: when what waits is tried next.
        reason: what is waited for, in plain words; of the latest word about it.
    """

    reading: bool
    since: datetime
    until: datetime
    reason: str


def waits_with(
    waits: Sequence[Wait], reading: bool, now: datetime, until: datetime, reason: str
) -> list[Wait]:
    """Return a run's waits and what is told of one now; told again, it changes nothing."""
    own = [number for number, wait in enumerate(waits) if wait.reading == reading]
    last = waits[own[-1]] if own else None
    if last is not None and until <= last.until:
        return list(waits)
    reason = reason[:_SHOWN]
    if last is None or (now > last.until + SAME and len(waits) < MOST):
        return [*waits, Wait(reading, now, until, reason)]
    longer = msgspec.structs.replace(last, until=until, reason=reason)
    return [*waits[: own[-1]], longer, *waits[own[-1] + 1 :]]
