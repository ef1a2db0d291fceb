"""Time zones of schedules: checked names, and what their clocks do at changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import meant

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_NO_PLACES = {"localtime", "posixrules", "Factory"}


@cache
def zone_names() -> frozenset[str]:
    """Return the IANA names that a schedule may have."""
    return frozenset(available_timezones() - _NO_PLACES) | {"UTC"}


def parse_zone(name: str, path: str = "$.timezone") -> ZoneInfo:
    """Return the zone of an IANA name. Raises InvalidInputError."""
    if name in zone_names():
        return ZoneInfo(name)
    hint = meant(name, zone_names()) or "; such as UTC or Europe/Berlin"
    message = f"must be an IANA time zone, not {name[:100]!a}{hint}"
    raise InvalidInputError([Problem(path, message)])


class Change(msgspec.Struct, frozen=True):
    """A zone's clock is set.

    Attributes:
        at: when, in UTC.
        by: how far; forward is positive.
        begin, end: the wall times that do not exist, or happen twice; without a zone.
    """

    at: datetime
    by: timedelta
    begin: datetime
    end: datetime

    @property
    def is_forward(self) -> bool:
        return self.by > timedelta(0)


def changes(zone: ZoneInfo, begin: datetime, days: int) -> Iterator[Change]:
    """Yield the changes of a zone's clock within some days."""
    at = begin.astimezone(UTC)
    for _ in range(days):
        if _offset(zone, at) != _offset(zone, at + _DAY):
            yield _change(zone, at)
        at += _DAY


def _change(zone: ZoneInfo, day: datetime) -> Change:
    """Find the second of the change in the day after `day`."""
    low, high = day, day + _DAY
    before, after = _offset(zone, low), _offset(zone, high)
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    at = high.replace(microsecond=0)
    walls = sorted(((at + before).replace(tzinfo=None), (at + after).replace(tzinfo=None)))
    return Change(at, after - before, walls[0], walls[1])


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)
