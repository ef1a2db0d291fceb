"""Reading dates, and writing them in the `yyyy MM dd HH mm ss fff zzz` family of formats."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any, TypeAlias

from syncline.domain.mapping.refusal import ValueRefusedError, shown

_DATE_NUMBERS = range(10_000_101, 99_991_232)
Part: TypeAlias = "str | Callable[[datetime], object]"
"""An attribute of a time, or a function of it."""


def parse_time(value: Any) -> datetime:  # noqa: ANN401
    """Read ISO-8601 as text, or yyyyMMdd as text or number; the offset is kept, if there is one.

    Digits behind the microseconds are dropped.

    Raises:
        ValueRefusedError: `invalid_date`: no such date, or a day or time that does not exist.
    """
    text = ""
    if type(value) is str:
        text = value.strip()
    elif type(value) is int and value in _DATE_NUMBERS:
        text = str(value)
    separator = text[10:11] if text[4:5] == "-" else text[8:9]
    if separator not in "Tt ":
        raise _no_date(value)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise _no_date(value) from None


def _no_date(value: object) -> ValueRefusedError:
    return ValueRefusedError(
        "must be a date such as 2026-01-31, 2026-01-31T13:45:00+01:00 or 20260131, "
        f"not {shown(value)}",
        code="invalid_date",
    )


def to_date(value: Any) -> str:  # noqa: ANN401
    """Return `yyyy-MM-dd`; a time of day is dropped, the day stays that of the value's offset."""
    if type(value) is str and len(value) == 10 and value[4] == value[7] == "-":
        try:
            date.fromisoformat(value)
        except ValueError:
            raise _no_date(value) from None
        return value
    return parse_time(value).date().isoformat()


def to_datetime(value: Any) -> str:  # noqa: ANN401
    """Return ISO-8601 text with all that the value had: offset and microseconds."""
    return parse_time(value).isoformat()


def _offset(moment: datetime) -> str:
    minutes = (moment.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"


_TOKENS: dict[str, tuple[str, Part]] = {
    "yyyy": ("%04d", "year"),
    "yy": ("%02d", lambda t: t.year % 100),
    "MM": ("%02d", "month"),
    "M": ("%d", "month"),
    "dd": ("%02d", "day"),
    "d": ("%d", "day"),
    "HH": ("%02d", "hour"),
    "H": ("%d", "hour"),
    "mm": ("%02d", "minute"),
    "m": ("%d", "minute"),
    "ss": ("%02d", "second"),
    "s": ("%d", "second"),
    "fff": ("%03d", lambda t: t.microsecond // 1000),
    "ffffff": ("%06d", "microsecond"),
    "zzz": ("%s", _offset),
    "Z": ("%s", lambda t: _offset(t) if t.utcoffset() else "Z"),
}
_PART = re.compile(r"'(?P<quoted>(?:[^']|'')*)'|(?P<token>([A-Za-z])\3*)|(?P<other>[^A-Za-z']+)")


def compile_format(pattern: str) -> Callable[[datetime], str]:
    """Return a function that writes a time; one without an offset counts as UTC.

    `yyyy yy MM M dd d HH H mm m ss s fff ffffff` as usual, `zzz` an offset such as +02:00, `Z` the
    same but Z for UTC. Other letters stand in single quotes; two quotes inside are one.

    Raises:
        ValueError: the format holds letters that mean nothing, or a quote that does not end.
    """
    template, parts, position = "", [], 0
    while position < len(pattern):
        found = _PART.match(pattern, position)
        if found is None or (found["token"] and found["token"] not in _TOKENS):
            raise ValueError(
                f"{pattern!r} is no date format at {pattern[position:]!r}: it may hold "
                f"{' '.join(_TOKENS)}, and other letters in single quotes"
            )
        if found["token"]:
            spec, part = _TOKENS[found["token"]]
            template += spec
            parts.append(part)
        else:
            literal = found["other"] or (found["quoted"] or "").replace("''", "'")
            template += literal.replace("%", "%%")
        position = found.end()
    return _writer(template, parts)


def _writer(template: str, parts: Sequence[Part]) -> Callable[[datetime], str]:
    names = [part for part in parts if isinstance(part, str)]
    if names and len(names) == len(parts):
        get = attrgetter(*names)  # one value, or a tuple of several: `%` takes both
        return lambda moment: template % get(moment)
    getters = [attrgetter(part) if isinstance(part, str) else part for part in parts]
    return lambda moment: template % tuple([getter(moment) for getter in getters])
