"""What SQL Server's types are to Syncline, and texts that values of them can be made of."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NoBase64Error
from datetime import UTC, datetime
from enum import StrEnum


class Kind(StrEnum):
    """What the values of a column are, by names that people know."""

    WHOLE = "int"
    BIT = "bit"
    DECIMAL = "decimal"
    REAL = "real"
    FLOAT = "float"
    DATE = "date"
    DATETIME = "datetime"
    OFFSET = "datetimeoffset"
    TIME = "time"
    ROWVERSION = "rowversion"
    GUID = "uniqueidentifier"
    BINARY = "binary"
    TEXT = "text"
    OTHER = "other"


MOMENTS = frozenset({Kind.DATE, Kind.DATETIME, Kind.OFFSET})
NUMBERS = frozenset({Kind.WHOLE, Kind.BIT, Kind.DECIMAL, Kind.REAL, Kind.FLOAT})
_BY_NAME: dict[str, Kind] = {
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint"), Kind.WHOLE),
    **dict.fromkeys(("decimal", "numeric", "money", "smallmoney"), Kind.DECIMAL),
    **dict.fromkeys(("datetime", "datetime2", "smalldatetime"), Kind.DATETIME),
    **dict.fromkeys(("timestamp", "rowversion"), Kind.ROWVERSION),
    **dict.fromkeys(("binary", "varbinary", "image"), Kind.BINARY),
    **dict.fromkeys(("char", "varchar", "nchar", "nvarchar", "text", "ntext", "xml"), Kind.TEXT),
    "bit": Kind.BIT,
    "real": Kind.REAL,
    "float": Kind.FLOAT,
    "date": Kind.DATE,
    "datetimeoffset": Kind.OFFSET,
    "time": Kind.TIME,
    "uniqueidentifier": Kind.GUID,
}
_LENGTH = re.compile(r"\((\d+)\)$")
_WHOLE = re.compile(r"[+-]?\d{1,19}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_GUID = re.compile(r"\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?")
_TIME = re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,7})?)?")
_MOMENT = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)(?:[T ](?P<time>\d\d:\d\d(?::\d\d(?:\.\d{1,7})?)?)"
    r" ?(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?"
)


def kind_of(declared: str) -> Kind:
    """Return the kind of a declared type, such as `nvarchar(20)`."""
    return _BY_NAME.get(declared.partition("(")[0], Kind.OTHER)


def length_of(declared: str) -> int | None:
    """Return how many characters or bytes a type holds; None for one without such a limit."""
    found = _LENGTH.search(declared)
    return int(found[1]) if found and kind_of(declared) in (Kind.TEXT, Kind.BINARY) else None


def moment(text: str) -> str | None:
    """Return a time without a zone, in UTC, as every language of SQL Server reads it.

    None for other texts.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    if not found["time"]:
        return text
    if found["zone"] in (None, "Z"):
        return f"{found['date']} {found['time']}"
    try:
        value = datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-")).astimezone(UTC)
    except (ValueError, OverflowError):  # no day of the calendar
        return None
    return value.replace(tzinfo=None).isoformat(sep=" ")


def with_offset(text: str) -> str | None:
    """Return a time with its offset from UTC, which is +00:00 where it has none."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    zone = found["zone"] or "Z"
    offset = "+00:00" if zone == "Z" else f"{zone[:3]}:{zone[3:].strip(':') or '00'}"
    return f"{found['date']} {found['time'] or '00:00'} {offset}"


def text_for(kind: Kind, text: str) -> str | None:
    """Return a text of which SQL Server makes a value of a kind; None where there is no such.

    What it would read in a way of its own, such as an empty text as 0, is none.
    """
    if kind is Kind.TEXT:
        return text
    if kind in MOMENTS:
        return with_offset(text) if kind is Kind.OFFSET else moment(text)
    if kind is Kind.BINARY:
        try:
            return b64decode(text, validate=True).hex()
        except (NoBase64Error, ValueError):  # no base64
            return None
    pattern = _PATTERNS.get(kind)
    return text if pattern and pattern.fullmatch(text) else None


def made(declared: str, name: str) -> str:
    """Return SQL that makes a value of a type of what `text_for` returned, by the name of that."""
    kind = kind_of(declared)
    if kind in MOMENTS or kind is Kind.TIME:
        return f"convert({declared}, {name}, 121)"
    if kind is Kind.BINARY:
        return f"convert({declared}, {name}, 2)"
    if kind is Kind.ROWVERSION:
        return f"convert(binary(8), convert(bigint, {name}))"
    return f"cast({name} as {declared})"


_PATTERNS = {
    Kind.WHOLE: _WHOLE,
    Kind.ROWVERSION: _WHOLE,
    Kind.BIT: re.compile("[01]"),
    Kind.DECIMAL: re.compile(r"[+-]?(\d{1,38}\.?\d{0,38}|\.\d{1,38})"),
    Kind.REAL: _NUMBER,
    Kind.FLOAT: _NUMBER,
    Kind.TIME: _TIME,
    Kind.GUID: _GUID,
}
