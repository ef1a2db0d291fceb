"""What columns are to Syncline, and what is bound to be compared with one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from syncline.connectors.sql.values import finite

PLACES = 9
"""Of a second, in the finest times there are."""


class Kind(StrEnum):
    """What the values of a column are, by names that people know."""

    WHOLE = "integer"
    NUMBER = "number"
    REAL = "real"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    TEXT = "text"
    FIXED = "char"
    LONG_TEXT = "clob"
    RAW = "raw"
    LONG_RAW = "blob"
    DATE = "date"
    TIME = "time"
    SECOND = "datetime"
    MOMENT = "timestamp"
    OFFSET = "timestamp with time zone"
    OTHER = "other"


ZONELESS = frozenset({Kind.SECOND, Kind.MOMENT})
"""Times that say no zone."""
MOMENTS = ZONELESS | {Kind.DATE, Kind.OFFSET}
LONG = frozenset({Kind.LONG_TEXT, Kind.LONG_RAW})
_NUMBERS = frozenset({Kind.WHOLE, Kind.NUMBER, Kind.REAL, Kind.DOUBLE})
_RAW = re.compile(r"([0-9A-Fa-f]{2})*")
_TIME = re.compile(r"\d\d:\d\d:\d\d")
_MOMENT = re.compile(
    r"(?P<date>-?\d{4}-\d\d-\d\d)(?:[T ](?P<time>\d\d:\d\d)(?P<seconds>:\d\d)?(?P<part>\.\d{1,9})?"
    r" ?(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?"
)


class FixedText(str):
    """A text that is compared as one of a `char` column, whatever blanks there are at its end."""

    __slots__ = ()


def moment(kind: Kind, text: str) -> str | None:
    """Return a time as statements read it for a column; None where it is none.

    `2026-01-31 10:00:00.123456789`, with ` +02:00` where the column has a zone, without parts of a
    second where it has none; those are left out. Of columns without a zone it is in UTC.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    zone = "" if found["zone"] in (None, "Z") else found["zone"]
    if zone and kind is not Kind.OFFSET:
        return _in_utc(kind, text)
    if kind is Kind.DATE:
        return found["date"]
    whole = f"{found['date']} {found['time'] or '00:00'}{found['seconds'] or ':00'}"
    if kind is Kind.SECOND:
        return whole
    offset = f" {zone[:3] or '+00'}:{zone[3:].strip(':') or '00'}" if kind is Kind.OFFSET else ""
    return f"{whole}.{(found['part'] or '.')[1:].ljust(PLACES, '0')}{offset}"


def _in_utc(kind: Kind, text: str) -> str | None:
    try:
        value = datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-")).astimezone(UTC)
    except (ValueError, OverflowError):  # no day of the calendar
        return None
    return moment(kind, value.replace(tzinfo=None).isoformat(sep=" "))


def bindable(kind: Kind, text: str) -> object | None:
    """Return what is bound for a text; None where a column of the kind can have no such value."""
    if kind is Kind.TEXT:
        return text
    if kind is Kind.FIXED:
        return FixedText(text)
    if kind in MOMENTS:
        return moment(kind, text)
    if kind is Kind.BOOLEAN:
        return {"true": True, "false": False}.get(text.lower())
    if kind in _NUMBERS:
        return _number(kind, text)
    pattern = {Kind.RAW: _RAW, Kind.TIME: _TIME}.get(kind)
    return text if pattern and pattern.fullmatch(text) else None


def _number(kind: Kind, text: str) -> Decimal | float | None:
    number = finite(text)
    if number is None or kind is Kind.NUMBER:
        return number
    if kind is Kind.WHOLE:
        return int(number) if number == number // 1 else None
    return float(text)


def equal_for(kind: Kind, text: str) -> object:
    """Return what is equal for texts that name one value of a column."""
    if kind is Kind.FIXED:
        return text.rstrip(" ")
    if kind is Kind.RAW:
        return text.upper()
    found = bindable(kind, text)
    if kind is Kind.OFFSET and isinstance(found, str):
        return _in_utc(Kind.MOMENT, text) or found
    return text if found is None else found


def key_text(cell: object) -> str | None:
    """Return a cell as a text that `bindable` makes the same value of."""
    if cell is None:
        return None
    if isinstance(cell, bool):
        return str(cell).lower()
    return f"{cell:f}" if isinstance(cell, Decimal) else str(cell)
