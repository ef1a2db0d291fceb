"""Cursor values of a SQLite column: what kind they all are, and where a window begins.

Any column may hold anything, and SQLite puts numbers before texts and texts in the order of their
letters. Only values of one kind follow each other as time or numbers do.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.port import ConnectorError
from syncline.connectors.sql.text_dates import Form, form_of
from syncline.domain.mapping.extraction import EPOCHS, CursorType, Extraction

Value: TypeAlias = str | int | float | bytes | None
"""What SQLite stores."""


class RawText(msgspec.Struct, frozen=True):
    """A text that is not UTF-8, as its bytes."""

    data: bytes


def encode_position(cursor: Value, last_id: Value, since: str) -> str:
    """Write a position; `since` is when the read that came here, or one before it, began."""
    return msgspec.json.encode([_said(cursor), _said(last_id), since]).decode()


def decode_position(position: str) -> tuple[Value | RawText, Value | RawText, str | None]:
    """Read a position: the cursor value, the ID, and since when it was read."""
    cursor, last_id, *more = msgspec.json.decode(position)
    return _meant(cursor), _meant(last_id), more[0] if more else None


def group_of(cursor: Value, source_id: Value) -> tuple[Value, Value]:
    """Return what is equal for values that SQLite may take as equal, whatever their collation."""
    return _folded(cursor), _folded(source_id)


def _folded(value: Value) -> Value:
    return value.rstrip(" ").casefold() if isinstance(value, str) else value


def _said(value: Value) -> object:
    if isinstance(value, bytes):
        return {"blob": base64.b64encode(value).decode()}
    if isinstance(value, float) and math.isinf(value):
        return {"real": str(value)}
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:  # its bytes are kept
            return {"bytes": base64.b64encode(value.encode("utf-8", "surrogateescape")).decode()}
    return value


def _meant(value: Value | dict[str, str]) -> Value | RawText:
    if not isinstance(value, dict):
        return value
    if "real" in value:
        return float(value["real"])
    if "blob" in value:
        return base64.b64decode(value["blob"])
    return RawText(base64.b64decode(value["bytes"]))


Bind = Callable[[Value | RawText], str]
_DAYS, _MOMENTS = "yyyyMMdd", "yyyyMMddHHmmss"
_UNITS = (
    ("days of the Julian calendar", 1e7, 1 / 86_400, None),
    ("numbers such as 20260131", 1e8, 0.0, _DAYS),
    ("seconds since 1970", 1e11, 1.0, None),
    ("milliseconds since 1970", 1.9e13, 1e3, None),
    ("numbers such as 20260131081500", 1e14, 0.0, _MOMENTS),
    ("microseconds since 1970", 1e17, 1e6, None),
)
"""What numbers that are times may be: the words for it, what they are below, and how many of them
are a second, or else how they are written."""
_SAID = {"epoch": (1e11, 1.0), "epochMillis": (1e14, 1e3)}


_NUMBER = re.compile(r"[ \t\r\n]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\r\n]*")


class CursorKind(msgspec.Struct, frozen=True):
    """What all values of a cursor column must be: texts of one form or length, or numbers.

    Attributes:
        low, high: between which numbers lie that are times; `per_second` of them are a second.
    """

    words: str
    number: bool = False
    form: Form | None = None
    digits: int | None = None
    low: float = -math.inf
    high: float = math.inf
    per_second: float = 0.0

    def condition(self, column: str, bind: Bind) -> str:
        """Return SQL that holds for values of the kind; 0 and infinity are of every number's."""
        if self.number:
            numbers = f"typeof({column}) in ('integer', 'real')"
            if self.high == math.inf:
                return numbers
            between = f"{column} >= {bind(self.low)} and {column} < {bind(self.high)}"
            return f"({numbers} and ({column} = 0 or abs({column}) = 9e999 or ({between})))"
        globs = self.form.globs() if self.form else ["[0-9]" * self.digits if self.digits else "*"]
        alike = " or ".join(f"{column} glob {bind(glob)}" for glob in globs)
        return f"(typeof({column}) = 'text' and ({alike}))"


def kind_of(value: str | float | bytes, extraction: Extraction) -> CursorKind:
    """Return the kind of a value. Raises ConnectorError where the cursor can have no such."""
    if isinstance(value, bytes):
        raise _no_cursor(extraction, value, "a cursor must be a number or a text, not a BLOB")
    if extraction.cursor_type is CursorType.ID:
        if isinstance(value, str):
            digits = len(value) if re.fullmatch(r"[0-9]+", value) else None
            words = f"texts of {digits} digits" if digits else "texts"
            return CursorKind(words, digits=digits)
        return CursorKind("numbers", number=True)
    return _time(value, extraction) if isinstance(value, str) else _instant(value, extraction)


def _instant(value: float, extraction: Extraction) -> CursorKind:
    if said := _SAID.get(extraction.cursor_format or ""):
        return CursorKind("numbers", number=True, high=said[0], per_second=said[1])
    low = -math.inf
    for words, high, per_second, pattern in _UNITS:
        if value < high:
            form = form_of(str(value), pattern, bytewise=True) if pattern else None
            return CursorKind(words, True, form, low=low, high=high, per_second=per_second)
        low = high
    return CursorKind("numbers", number=True)


def _time(value: str, extraction: Extraction) -> CursorKind:
    asked = None if extraction.cursor_format in EPOCHS else extraction.cursor_format
    form = form_of(value, asked, bytewise=True)
    if form is None:
        why = (
            f"it is not written as cursorFormat {asked!r} says"
            if asked
            else "texts are compared letter by letter, and times so written do not follow each "
            "other: write 2026-01-31 08:15:00 or its like, or give it so by `sql` (it may say "
            "`substr`, `datetime(…)`), or set cursorType `id` where it is no time"
        )
        raise _no_cursor(extraction, value, why)
    return CursorKind(f"times such as {value}", form=form)


def _no_cursor(extraction: Extraction, value: object, why: str) -> ConnectorError:
    column = extraction.cursor_column
    shown = str(value)[:60]
    return refusal("invalid_cursor", f"{column} holds {shown!r} as a cursor value: {why}", column)


def mixed_kinds(extraction: Extraction, kind: CursorKind, other: Value) -> ConnectorError:
    """Return the refusal of a column that holds another kind as well."""
    column = extraction.cursor_column
    shown = repr(other) if isinstance(other, str | bytes) else str(other)
    message = (
        f"{column} holds {kind.words}, and {shown[:60]} as well: SQLite cannot put values of two "
        "kinds in the order of time or numbers, so rows would be passed over. Write all of them "
        "in one way, or give them so by `sql`, for instance `datetime(" + f"{column}) as {column}`"
    )
    return refusal("mixed_cursor", message, column)


def window_start(value: str | float, kind: CursorKind, lookback: float) -> str | float:
    """Return where a window begins that reaches some seconds back from a value."""
    if kind.form is None:
        if isinstance(value, str) or not lookback:
            return value
        return value - lookback * kind.per_second
    if not lookback:
        several = len(kind.form.shapes) > 1
        return _shortest(str(value)) if several else value
    try:
        begin = kind.form.write(kind.form.parse(str(value)) - timedelta(seconds=lookback))
    except OverflowError:
        begin = "0"  # before all times
    return int(begin) if kind.number else begin


def _shortest(value: str) -> str:
    """Return the first of the texts that say the same moment with more or fewer zeros."""
    return re.sub(r"(?:\.0*|(\.\d*[1-9])0+)(?=$|[+-])", r"\1", value)


def number_or_text(text: str) -> str | float:
    """Return the number that a text is for SQLite, or the text."""
    if not _NUMBER.fullmatch(text):
        return float(text) if text in ("Infinity", "-Infinity") else text
    try:
        whole = int(text)
    except ValueError:  # it has a point or an exponent
        return float(text)
    return whole if -(2**63) <= whole < 2**63 else text


def less_lookback(value: str, extraction: Extraction) -> str | float:
    """Return `:cursor`: a bookmark less the lookback, in the form that it has."""
    if not extraction.lookback or extraction.cursor_type is CursorType.ID:
        return value
    form = form_of(value, extraction.cursor_format, bytewise=True)
    found = value if form else number_or_text(value)
    return window_start(found, kind_of(found, extraction), extraction.lookback)
