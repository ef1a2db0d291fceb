"""Cron expressions of five fields, matched by cronsim, and time zones; both are checked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from cronsim import CronSim, CronSimError

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import meant

LONGEST = 200
_ANY_DAY = datetime(2024, 1, 1)  # noqa: DTZ001 - a time by the wall clock
_FIELDS = (
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day of month", "1-31 or L (the last)"),
    ("month", "1-12 or JAN-DEC"),
    ("day of week", "0-7 or SUN-SAT (0 and 7 are Sunday), MON#1 (the first Monday)"),
)
_ALIASES = {
    "@HOURLY": "0 * * * *",
    "@DAILY": "0 0 * * *",
    "@MIDNIGHT": "0 0 * * *",
    "@WEEKLY": "0 0 * * 0",
    "@MONTHLY": "0 0 1 * *",
    "@YEARLY": "0 0 1 1 *",
    "@ANNUALLY": "0 0 1 1 *",
}


class Cron(msgspec.Struct, frozen=True):
    """A checked expression; `text` is upper case with single spaces."""

    text: str

    @property
    def fields(self) -> tuple[str, ...]:
        """Minute, hour, day of month, month, day of week."""
        return tuple(self.text.split(" "))

    @property
    def is_at_fixed_times(self) -> bool:
        """Whether minute and hour are fixed: a time of day, not an interval."""
        return not any(field.startswith("*") for field in self.fields[:2])

    @property
    def either_day(self) -> bool:
        """Whether day of month and day of week are both limited: then one match is enough."""
        return not any(self.fields[place].startswith("*") for place in (2, 4))

    def by_the_wall(self, after: datetime) -> Iterator[datetime]:
        """Yield matching times, without a zone, of a wall clock without clock changes."""
        yield from CronSim(self.text, after)


def parse_cron(text: str, path: str = "$.cron") -> Cron:
    """Check an expression. Raises InvalidInputError for wrong fields, or if it never fires."""
    shown = text[:LONGEST].upper().split()
    if len(text) > LONGEST:
        raise _wrong(path, f"has {len(text)} characters, at most {LONGEST} are allowed")
    if len(shown) == 1 and shown[0] in _ALIASES:
        raise _wrong(path, f"must be written out: {_ALIASES[shown[0]]}")
    if len(shown) != len(_FIELDS):
        names = ", ".join(name for name, _ in _FIELDS)
        raise _wrong(path, f"must have five fields ({names}), not {len(shown)}")
    problems = [p for place, part in enumerate(shown) for p in _field_problem(place, part, path)]
    if problems:
        raise InvalidInputError(problems)
    cron = Cron(" ".join(shown))
    try:
        fires = next(cron.by_the_wall(_ANY_DAY), None) is not None
    except CronSimError:  # no year has such a day: refused below
        fires = False
    if not fires:
        raise _wrong(path, "never fires: no month that it names has such a day")
    return cron


def _field_problem(place: int, part: str, path: str) -> list[Problem]:
    alone = ["*"] * len(_FIELDS)
    alone[place] = part
    try:
        CronSim(" ".join(alone), _ANY_DAY)
    except CronSimError:  # the library's message does not say what would be right
        name, allowed = _FIELDS[place]
        forms = "lists (1,15), ranges (1-5) and steps (*/2)"
        message = f"field {place + 1} ({name}): must be {allowed}, or {forms}, not {part!a}"
        return [Problem(path, message)]
    return []


def _wrong(path: str, message: str) -> InvalidInputError:
    return InvalidInputError([Problem(path, message)])


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


class ClockChange(msgspec.Struct, frozen=True):
    """A clock change of a zone: wall times from `begin` to `end` do not exist, or come twice."""

    at: datetime
    by: timedelta
    begin: datetime
    end: datetime


def changes(zone: ZoneInfo, begin: datetime, days: int) -> Iterator[ClockChange]:
    """Yield the changes of a zone's clock within some days."""
    at = begin.astimezone(UTC)
    for _ in range(days):
        if _offset(zone, at) != _offset(zone, at + _DAY):
            yield _change(zone, at)
        at += _DAY


def _change(zone: ZoneInfo, day: datetime) -> ClockChange:
    """Find the second of the change in the day after `day`."""
    low, high = day, day + _DAY
    before, after = _offset(zone, low), _offset(zone, high)
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    at = high.replace(microsecond=0)
    walls = sorted(((at + before).replace(tzinfo=None), (at + after).replace(tzinfo=None)))
    return ClockChange(at, after - before, walls[0], walls[1])


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)
