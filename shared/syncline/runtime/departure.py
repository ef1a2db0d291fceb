"""Whether the partition of the work in hand leaves this process, so that nothing long is begun.

The others wait for its end: those of the group, who get the partition, or whoever stops the
process. What is left of the work is repeated by the next owner.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

_DEPARTURE: ContextVar[asyncio.Event] = ContextVar("departure")


def note_departure_of(partition: asyncio.Event) -> None:
    """Let the task in hand know by an event of its partition's departure."""
    _DEPARTURE.set(partition)


def is_departing() -> bool:
    """Tell whether the task in hand works for a partition that leaves."""
    departure = _DEPARTURE.get(None)
    return departure is not None and departure.is_set()


def end_if_departing() -> None:
    """End the task in hand where its partition leaves, as if it were cut off.

    Raises asyncio.CancelledError: nothing of it is sent or committed.
    """
    if is_departing():
        raise asyncio.CancelledError
