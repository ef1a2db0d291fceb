"""Decides what happens to a schedule that is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice, takewhile

from syncline.domain.schedule.cron import parse_cron, parse_zone
from syncline.domain.schedule.firing import (
    DueSchedule,
    FiringKind,
    FiringResult,
    NewFiring,
    ScheduleUpdate,
    run_id_of,
)
from syncline.domain.schedule.slots import decide_slots, next_slot, slots

MOST_MISSED = 1000
"""Missed slots of one schedule that one check records; the next check takes the next ones."""
FARTHEST = timedelta(days=7)
"""How far back missed slots are recorded one by one."""
_MOMENT = timedelta(seconds=1)


def decide_update(schedule: DueSchedule, now: datetime) -> ScheduleUpdate:
    """Decide which due slots are recorded, and which is next. Raises InvalidInputError: no zone."""
    cron, zone = parse_cron(schedule.cron), parse_zone(schedule.timezone)
    if not schedule.able:
        return next_slot(cron, zone, now), ()
    begin = max(schedule.next_at, now - FARTHEST) - _MOMENT
    come = list(islice(takewhile(lambda at: at <= now, slots(cron, zone, begin)), MOST_MISSED + 1))
    if len(come) > MOST_MISSED:
        return come[MOST_MISSED], tuple(_noted(schedule, come[:MOST_MISSED]))
    due = decide_slots(come, now, schedule.able_since)
    noted = _noted(schedule, due.missed)
    if due.fires is not None:
        kind = FiringKind.CATCH_UP if due.catches_up else FiringKind.SLOT
        noted += _noted(schedule, [due.fires], kind, FiringResult.DUE, None)
    return next_slot(cron, zone, now), tuple(noted)


def _noted(
    schedule: DueSchedule,
    slots: Sequence[datetime],
    kind: FiringKind = FiringKind.SLOT,
    result: FiringResult = FiringResult.MISSED,
    reason: str | None = "no scheduler was running",
) -> list[NewFiring]:
    actor = f"schedule {schedule.name}"
    return [
        NewFiring(slot, run_id_of(schedule.id, slot), kind, actor, result, reason) for slot in slots
    ]
