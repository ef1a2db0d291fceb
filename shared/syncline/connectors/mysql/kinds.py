"""What MySQL's types are to Syncline, and values of them as SQL."""

from __future__ import annotations

import re
import struct
from base64 import b64decode
from binascii import Error as NoBase64Error
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from asyncmy.constants import FIELD_TYPE

from syncline.connectors.mysql.text import text_literal


class Kind(StrEnum):
    """What the values of a column are, by names that people know."""

    WHOLE = "int"
    DECIMAL = "decimal"
    FLOAT = "float"
    DOUBLE = "double"
    DATE = "date"
    DATETIME = "datetime"
    TIMESTAMP = "timestamp"
    TIME = "time"
    BIT = "bit"
    JSON = "json"
    BINARY = "binary"
    TEXT = "text"


MOMENTS = frozenset({Kind.DATE, Kind.DATETIME, Kind.TIMESTAMP})
NUMBERS = frozenset({Kind.WHOLE, Kind.DECIMAL, Kind.FLOAT, Kind.DOUBLE, Kind.BIT})
_BY_NAME = {
    **dict.fromkeys(
        ("tinyint", "smallint", "mediumint", "int", "integer", "bigint", "year"), Kind.WHOLE
    ),
    **dict.fromkeys(("decimal", "numeric"), Kind.DECIMAL),
    **dict.fromkeys(("tinyblob", "blob", "mediumblob", "longblob", "varbinary"), Kind.BINARY),
}
_BY_CODE = {
    **dict.fromkeys(
        (
            FIELD_TYPE.TINY,
            FIELD_TYPE.SHORT,
            FIELD_TYPE.INT24,
            FIELD_TYPE.LONG,
            FIELD_TYPE.LONGLONG,
            FIELD_TYPE.YEAR,
        ),
        Kind.WHOLE,
    ),
    FIELD_TYPE.DECIMAL: Kind.DECIMAL,
    FIELD_TYPE.NEWDECIMAL: Kind.DECIMAL,
    FIELD_TYPE.FLOAT: Kind.FLOAT,
    FIELD_TYPE.DOUBLE: Kind.DOUBLE,
    FIELD_TYPE.DATE: Kind.DATE,
    FIELD_TYPE.NEWDATE: Kind.DATE,
    FIELD_TYPE.DATETIME: Kind.DATETIME,
    FIELD_TYPE.TIMESTAMP: Kind.TIMESTAMP,
    FIELD_TYPE.TIME: Kind.TIME,
    FIELD_TYPE.BIT: Kind.BIT,
    FIELD_TYPE.JSON: Kind.JSON,
    FIELD_TYPE.GEOMETRY: Kind.BINARY,
}
_BINARY_CHARSET = 63
_WHOLE = re.compile(r"[+-]?\d{1,20}")
_TIME = re.compile(r"-?\d{1,3}:\d\d(:\d\d(\.\d{1,6})?)?")
_MOMENT = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)(?:[T ](?P<time>\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)"
    r"(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?"
)


def kind_of_type(name: str) -> Kind:
    """Return the kind of a declared type, such as `varchar`."""
    found = _BY_NAME.get(name)
    if found is None and name in Kind.__members__.values():
        return Kind(name)
    return found or Kind.TEXT


def kind_of_field(code: int, charset: int) -> Kind:
    """Return the kind of a column of a result, by the protocol's numbers."""
    return _BY_CODE.get(code, Kind.BINARY if charset == _BINARY_CHARSET else Kind.TEXT)


def moment(text: str) -> str | None:
    """Return a time as MySQL writes it: in UTC, without a zone. None for other texts."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    if not found["time"]:
        return text
    if found["zone"] in (None, "Z"):
        return f"{found['date']} {found['time']}"
    try:
        value = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):  # no day of the calendar
        return None
    return value.strftime("%Y-%m-%d %H:%M:%S.%f").removesuffix(".000000")


def literal(kind: Kind, text: str) -> str | None:
    """Return a text as SQL of a kind; None where no value of the kind is written so."""
    return _LITERALS.get(kind, text_literal)(text)


def _whole(text: str) -> str | None:
    return str(int(text)) if _WHOLE.fullmatch(text) else None


def _quoted_moment(text: str) -> str | None:
    found = moment(text)
    return found and f"'{found}'"


def _time(text: str) -> str | None:
    return f"'{text}'" if _TIME.fullmatch(text) else None


def _decimal(text: str) -> str | None:
    try:
        number = Decimal(text)
    except InvalidOperation:  # no number
        return None
    return f"{number:f}" if number.is_finite() and abs(number.adjusted()) < 100 else None


def _double(text: str) -> str | None:
    try:
        written = repr(float(text))
    except ValueError:  # no number
        return None
    if written.lstrip("-") in ("inf", "nan"):
        return None
    return written if "e" in written else f"{written}e0"


def _float(text: str) -> str | None:
    """Return the number of four bytes that a text is, with all the digits it has."""
    if _double(text) is None:
        return None
    try:
        return _double(str(struct.unpack("f", struct.pack("f", float(text)))[0]))
    except OverflowError:  # it needs more than four bytes
        return None


def _binary(text: str) -> str | None:
    try:
        return f"x'{b64decode(text, validate=True).hex()}'"
    except (NoBase64Error, ValueError):  # no base64
        return None


_LITERALS = {
    Kind.WHOLE: _whole,
    Kind.BIT: _whole,
    Kind.DECIMAL: _decimal,
    Kind.FLOAT: _float,
    Kind.DOUBLE: _double,
    Kind.DATE: _quoted_moment,
    Kind.DATETIME: _quoted_moment,
    Kind.TIMESTAMP: _quoted_moment,
    Kind.TIME: _time,
    Kind.BINARY: _binary,
}
"""What writes texts of a kind; others are texts."""
