"""The builder's forms of a schedule, as cron expressions and back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.schedule.cron import Cron, parse_cron

DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
LAST = 32
"""Stands for the last day of a month."""
_BY_NUMBER = {"0": "SUN", "7": "SUN", **{str(n): day for n, day in enumerate(DAYS, 1)}}
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\Z")


class Pace(StrEnum):
    """What the builder offers."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Cadence(msgspec.Struct, frozen=True, rename="camel"):
    """One form of the builder; each pace has its own fields.

    Attributes:
        interval: every so many minutes (1-59) or hours (1-23).
        minute: of the hour, for `hours`.
        at: time of day, `05:30`, for `daily`, `weekly` and `monthly`.
        days: `MON` to `SUN`, for `weekly`.
        day: of the month, 1-31, or 32 for its last, for `monthly`.
    """

    pace: Pace
    interval: int = 1
    minute: int = 0
    at: str = "00:00"
    days: tuple[str, ...] = ()
    day: int = 1


def cron_of(cadence: Cadence) -> Cron:
    """Return the expression of a form. Raises InvalidInputError with every mistake."""
    problems = list(_problems(cadence))
    if problems:
        raise InvalidInputError(problems)
    hour, minute = (int(part) for part in cadence.at.split(":"))
    time = f"{minute} {hour}"
    steps = "*" if cadence.interval == 1 else f"*/{cadence.interval}"
    texts = {
        Pace.MINUTES: f"{steps} * * * *",
        Pace.HOURS: f"{cadence.minute} {steps} * * *",
        Pace.DAILY: f"{time} * * *",
        Pace.WEEKLY: f"{time} * * {','.join(day for day in DAYS if day in cadence.days)}",
        Pace.MONTHLY: f"{time} {'L' if cadence.day == LAST else cadence.day} * *",
    }
    return parse_cron(texts[cadence.pace])


def _problems(cadence: Cadence) -> Iterator[Problem]:
    pace = cadence.pace
    most = {Pace.MINUTES: 59, Pace.HOURS: 23}.get(pace)
    if most is not None and not 1 <= cadence.interval <= most:
        message = f"must be a whole number from 1 to {most}, not {cadence.interval}"
        yield Problem("$.cadence.interval", message)
    if pace is Pace.HOURS and not 0 <= cadence.minute <= 59:
        message = f"must be a whole number from 0 to 59, not {cadence.minute}"
        yield Problem("$.cadence.minute", message)
    if not _TIME.match(cadence.at):
        message = f"must be a time of day such as 05:30, not {cadence.at[:40]!a}"
        yield Problem("$.cadence.at", message)
    if pace is Pace.WEEKLY and (not cadence.days or not set(cadence.days) <= set(DAYS)):
        yield Problem("$.cadence.days", f"must name some of {', '.join(DAYS)}")
    if pace is Pace.MONTHLY and not 1 <= cadence.day <= LAST:
        message = f"must be from 1 to 31, or {LAST} for the last day, not {cadence.day}"
        yield Problem("$.cadence.day", message)


def cadence_of(cron: Cron) -> Cadence | None:
    """Return the form of an expression, None if no form makes it."""
    minute, hour, day, month, week = cron.fields
    if month != "*":
        return None
    if (day, week) == ("*", "*"):
        return _paced(minute, hour) or _timed(minute, hour, Pace.DAILY)
    if day == "*":
        days = _named(week)
        return _timed(minute, hour, Pace.WEEKLY, days=days) if days else None
    if week == "*" and (day.isdigit() or day == "L"):
        number = LAST if day == "L" else int(day)
        return _timed(minute, hour, Pace.MONTHLY, day=number)
    return None


def _paced(minute: str, hour: str) -> Cadence | None:
    if hour == "*" and (interval := _step(minute, 59)):
        return Cadence(Pace.MINUTES, interval)
    if minute.isdigit() and (interval := _step(hour, 23)):
        return Cadence(Pace.HOURS, interval, int(minute))
    return None


def _step(field: str, most: int) -> int | None:
    if field == "*":
        return 1
    found = re.fullmatch(r"\*/(\d+)", field)
    return int(found[1]) if found and 1 <= int(found[1]) <= most else None


def _timed(
    minute: str, hour: str, pace: Pace, *, days: tuple[str, ...] = (), day: int = 1
) -> Cadence | None:
    if not (minute.isdigit() and hour.isdigit()):
        return None
    return Cadence(pace, at=f"{int(hour):02}:{int(minute):02}", days=days, day=day)


def _named(week: str) -> tuple[str, ...]:
    """Return the days of a list or a range, none if it is neither."""
    found: list[str] = []
    for part in week.split(","):
        first, _, last = part.partition("-")
        ends = [_BY_NUMBER.get(name, name) for name in (first, last or first)]
        if not set(ends) <= set(DAYS) or DAYS.index(ends[0]) > DAYS.index(ends[1]):
            return ()
        found += DAYS[DAYS.index(ends[0]) : DAYS.index(ends[1]) + 1]
    return tuple(day for day in DAYS if day in found)
