"""Times of a zone's clocks, for columns that say no zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator


def _zone_name(name: str) -> str:
    if name and name not in available_timezones():
        raise ValueError("must be the name of a time zone such as Europe/Berlin")
    return name


ZoneName: TypeAlias = Annotated[str, AfterValidator(_zone_name)]
"""Of a setting; empty where times have no zone."""


def in_utc(text: str, zone: ZoneInfo) -> str:
    """Return a time of a zone's clocks, as JSON has it, in UTC; what is no time stays as it is."""
    try:
        value = datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):  # no day of the calendar, such as 2026-00-00
        return text
    return f"{value.replace(tzinfo=None).isoformat()}Z"


def in_zone(text: str, zone: ZoneInfo) -> str:
    """Return a time as a zone's clocks show it; one that names no zone stays as it is."""
    try:
        value = datetime.fromisoformat(text)
        if value.tzinfo is None:
            return text
        value = value.astimezone(zone)
    except (ValueError, OverflowError):  # no time, or no day of the calendar
        return text
    return value.replace(tzinfo=None).isoformat(sep=" ")
