"""What becomes of slots that are due: which one fires, and which were missed. Spec section 9."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

ON_TIME = timedelta(seconds=60)
"""How late a slot may be noticed and still be an ordinary firing."""
WORTH = timedelta(hours=1)
"""How old the newest missed slot may be for one run to catch up."""


class SlotDecision(msgspec.Struct, frozen=True):
    """The decision about the slots of a schedule that have come.

    Attributes:
        fires: the slot that starts a run, if any.
        catches_up: whether that slot was missed and its run makes up for all of them.
        missed: the others, for the record.
    """

    fires: datetime | None = None
    catches_up: bool = False
    missed: tuple[datetime, ...] = ()


def decide_slots(come: Sequence[datetime], now: datetime, able_since: datetime) -> SlotDecision:
    """Decide about slots that have come.

    Args:
        come: in order, none later than `now`.
        able_since: since when the schedule could have fired at all; there is nothing to catch
            up from before.
    """
    if not come:
        return SlotDecision()
    *older, newest = come
    late = now - newest
    if late <= ON_TIME:
        return SlotDecision(newest, missed=tuple(older))
    if late < WORTH and newest >= able_since:
        return SlotDecision(newest, catches_up=True, missed=tuple(older))
    return SlotDecision(missed=tuple(come))
