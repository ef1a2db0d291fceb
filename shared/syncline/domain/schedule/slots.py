"""The times at which a schedule fires.

cronsim matches times of the wall clock; this module decides about clock changes, as Debian's cron
does. An expression with a fixed time of day fires once on each of its days: at the end of the gap
if its time does not exist, and the first time if it happens twice. An interval (a star in minute or
hour) follows the wall clock: a time that does not exist is left out, and one that happens twice
fires twice. (cronsim's own handling loses firings in half-hour zones.)
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from syncline.domain.schedule.cron import Cron

_REACH = timedelta(hours=3)
"""The most by which any clock is set back."""
_MINUTE = timedelta(minutes=1)


def slots(cron: Cron, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Yield every slot after a time, in order, in UTC, each once."""
    last = after.astimezone(UTC)
    later: list[datetime] = []
    for wall in cron.by_the_wall(_start(zone, last)):
        # First occurrences come in order; a second one waits for those before it.
        found = _instants(wall, zone, fixed=cron.is_at_fixed_times)
        while found and later and later[0] < found[0]:
            if (at := heapq.heappop(later)) > last:
                yield at
                last = at
        for at in found:
            heapq.heappush(later, at)
    yield from (at for at in sorted(set(later)) if at > last)


def next_slot(cron: Cron, zone: ZoneInfo, after: datetime) -> datetime:
    """Return the first slot after a time; a checked expression always has one."""
    return next(slots(cron, zone, after))


def _start(zone: ZoneInfo, after: datetime) -> datetime:
    """Return the wall time to begin at; earlier if wall times happen twice."""
    wall = after.astimezone(zone).replace(tzinfo=None, fold=0)
    around = {(after + reach).astimezone(zone).utcoffset() for reach in (-_REACH, _REACH)}
    return wall if len(around) == 1 else wall - 2 * _REACH


def _instants(wall: datetime, zone: ZoneInfo, *, fixed: bool) -> list[datetime]:
    """Return when a wall time happens; for one that does not exist, where it is moved to."""
    first, second = (_utc(wall, zone, fold) for fold in (0, 1))
    if first == second:
        return [first]
    if first < second:
        return [first] if fixed else [first, second]
    if not fixed:
        return []
    while _utc(wall, zone, 0).astimezone(zone).replace(tzinfo=None, fold=0) != wall:
        wall += _MINUTE  # it does not exist
    return [_utc(wall, zone, 0)]


def _utc(wall: datetime, zone: ZoneInfo, fold: int) -> datetime:
    return wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)


ON_TIME = timedelta(seconds=60)
"""How late a slot may be seen and still be a normal firing."""
WORTH = timedelta(hours=1)
"""How old the newest missed slot may be for one run to catch up."""


class SlotDecision(msgspec.Struct, frozen=True):
    """Which slot starts a run, whether it catches up on missed ones, and which were missed."""

    fires: datetime | None = None
    catches_up: bool = False
    missed: tuple[datetime, ...] = ()


def decide_slots(come: Sequence[datetime], now: datetime, able_since: datetime) -> SlotDecision:
    """Decide about due slots, which are in order.

    Slots before `able_since`, when the schedule could not fire, are not caught up.
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
