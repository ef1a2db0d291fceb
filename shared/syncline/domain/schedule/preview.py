"""A schedule in words: a sentence, its next firings, and what clock changes do to them."""

from __future__ import annotations

from calendar import day_name
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import msgspec
from cronsim.explain import explain

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.schedule.cadence import DAYS, LAST, Cadence, Pace, cadence_of
from syncline.domain.schedule.cron import ClockChange, Cron, changes, parse_cron, parse_zone
from syncline.domain.schedule.slots import next_slot, slots

SHOWN = 5
"""Firings of a preview."""
_AHEAD = 400
"""Days ahead in which clock changes are shown, one of each kind."""
_FEW = 3
"""Most wall times in a change that are shown one by one; with more it is an interval."""
_NAMES = dict(zip(DAYS, day_name, strict=True))
_HOUR = timedelta(hours=1)


class Moment(msgspec.Struct, frozen=True, rename="camel"):
    """One firing: the instant in UTC, and the same in the schedule's zone with its offset."""

    at: datetime
    local: str


class Preview(msgspec.Struct, frozen=True, rename="camel"):
    """What a schedule will do.

    Attributes:
        sentence: the expression in words.
        cadence: the builder's form of it, if it has one.
        notes: what a person might not expect, such as clock changes of the coming year.
    """

    cron: str
    timezone: str
    sentence: str
    cadence: Cadence | None
    next: list[Moment]
    notes: list[str]


def parse_cadence(cron: str, timezone: str) -> tuple[Cron, ZoneInfo]:
    """Check an expression and a zone. Raises InvalidInputError with the mistakes of both."""
    problems: list[Problem] = []
    parsed, zone = None, None
    try:
        parsed = parse_cron(cron)
    except InvalidInputError as error:
        problems += error.problems
    try:
        zone = parse_zone(timezone)
    except InvalidInputError as error:
        problems += error.problems
    if parsed is None or zone is None:
        raise InvalidInputError(problems)
    return parsed, zone


def preview(cron: Cron, zone: ZoneInfo, after: datetime, count: int = SHOWN) -> Preview:
    """Return what a schedule will do from a time on."""
    moments = [
        Moment(at, at.astimezone(zone).isoformat(timespec="seconds"))
        for at in islice(slots(cron, zone, after), count)
    ]
    notes = [*_doubts(cron), *_clock_notes(cron, zone, after)]
    return Preview(cron.text, zone.key, sentence(cron), cadence_of(cron), moments, notes)


def sentence(cron: Cron) -> str:
    """Return an expression in words: `Every weekday at 05:00`."""
    cadence = cadence_of(cron)
    return _of_form(cadence) if cadence else explain(cron.text)


def _of_form(cadence: Cadence) -> str:
    if cadence.pace is Pace.MINUTES:
        return "Every minute" if cadence.interval == 1 else f"Every {cadence.interval} minutes"
    if cadence.pace is Pace.HOURS:
        every = "Every hour" if cadence.interval == 1 else f"Every {cadence.interval} hours"
        return f"{every} at minute {cadence.minute}"
    if cadence.pace is Pace.DAILY:
        return f"Every day at {cadence.at}"
    if cadence.pace is Pace.WEEKLY:
        return f"Every {_week(cadence.days)} at {cadence.at}"
    day = "the last day" if cadence.day == LAST else f"day {cadence.day}"
    return f"On {day} of every month at {cadence.at}"


def _week(days: tuple[str, ...]) -> str:
    known = {DAYS: "day", DAYS[:5]: "weekday", DAYS[5:]: "Saturday and Sunday"}
    if days in known:
        return known[days]
    names = [_NAMES[day] for day in days]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _doubts(cron: Cron) -> Iterator[str]:
    """Return warnings about what is valid but often not meant."""
    cadence = cadence_of(cron)
    if cron.either_day:
        yield "Day of month and day of week are both given: one of them is enough."
    if cadence is None:
        return
    whole = {Pace.MINUTES: 60, Pace.HOURS: 24}.get(cadence.pace, 0)
    if whole % cadence.interval:
        unit, of = ("minute", "hour") if whole == 60 else ("hour", "day")
        last = (whole - 1) // cadence.interval * cadence.interval
        uneven = f"The {of} is not a multiple of {cadence.interval} {unit}s"
        yield f"{uneven}: after {unit} {last} comes {unit} 0."
    if cadence.pace is Pace.MONTHLY and 28 < cadence.day < LAST:
        yield f"Months without a day {cadence.day} are left out."


def _clock_notes(cron: Cron, zone: ZoneInfo, after: datetime) -> Iterator[str]:
    for change in changes(zone, after, _AHEAD):
        if cron.fields[1] == "*" and change.by % _HOUR == timedelta(0):
            continue  # it fires every hour, whatever the clock shows
        walls = list(
            takewhile(
                lambda wall, end=change.end: wall < end,  # type: ignore[misc]
                cron.by_the_wall(change.begin - timedelta(seconds=1)),
            )
        )
        if walls and len(walls) <= _FEW:
            yield _clock_note(cron, zone, change, walls)


def _clock_note(cron: Cron, zone: ZoneInfo, change: ClockChange, walls: list[datetime]) -> str:
    times = " and ".join(f"{wall:%H:%M}" for wall in walls)
    day = f"{change.begin.day} {change.begin:%b %Y}"
    one = len(walls) == 1
    if change.by > timedelta(0):
        missing = f"On {day} {times} {'does' if one else 'do'} not exist"
        if not cron.is_at_fixed_times:
            return f"{missing}: no firing then."
        at = next_slot(cron, zone, change.at - timedelta(seconds=1)).astimezone(zone)
        return f"{missing}: fires at {at:%H:%M}."
    twice = f"On {day} {times} {'happens' if one else 'happen'} twice"
    return f"{twice}: fires {'once, the first time' if cron.is_at_fixed_times else 'both times'}."
