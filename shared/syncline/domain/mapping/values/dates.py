"""Dates: reading them, and the one `yyyy MM dd HH mm ss fff zzz` family of formats.

`compile_format` writes a form, `compile_parser` reads the same form: strictly, nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from operator import attrgetter
from typing import TypeAlias

from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.naming import shown
from syncline.domain.record import Value

_DATE_NUMBERS = range(10_000_101, 99_991_232)
Part: TypeAlias = "str | Callable[[datetime], object]"
"""An attribute of a time, or a function of it."""


def parse_time(value: Value) -> datetime:
    """Read ISO 8601 as text, or yyyyMMdd as text or number; the offset is kept, if there is one.

    Digits behind the microseconds are dropped. Raises ValueRefusedError (`invalid_date`).
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


def to_date(value: Value) -> str:
    """Return `yyyy-MM-dd`; a time of day is dropped, the day stays that of the value's offset."""
    if type(value) is str and len(value) == 10 and value[4] == value[7] == "-":
        try:
            date.fromisoformat(value)
        except ValueError:
            raise _no_date(value) from None
        return value
    return parse_time(value).date().isoformat()


def to_datetime(value: Value) -> str:
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
    template, parts = "", []
    for token, literal in _parts_of(pattern):
        if token:
            spec, part = _TOKENS[token]
            template += spec
            parts.append(part)
        template += literal.replace("%", "%%")
    return _writer(template, parts)


def _parts_of(pattern: str) -> Iterator[tuple[str, str]]:
    """Yield the tokens and literals of a format: one of the two is empty. Raises ValueError."""
    position = 0
    while position < len(pattern):
        found = _PART.match(pattern, position)
        if found is None or (found["token"] and found["token"] not in _TOKENS):
            raise ValueError(
                f"{pattern!r} is no date format at {pattern[position:]!r}: it may hold "
                f"{' '.join(_TOKENS)}, and other letters in single quotes"
            )
        yield found["token"] or "", found["other"] or (found["quoted"] or "").replace("''", "'")
        position = found.end()


def _writer(template: str, parts: Sequence[Part]) -> Callable[[datetime], str]:
    names = [part for part in parts if isinstance(part, str)]
    if names and len(names) == len(parts):
        get = attrgetter(*names)  # one value, or a tuple of several: `%` takes both
        return lambda moment: template % get(moment)
    getters = [attrgetter(part) if isinstance(part, str) else part for part in parts]
    return lambda moment: template % tuple([getter(moment) for getter in getters])


_OFFSET = r"[+-][0-9]{2}:[0-5][0-9]"
_READS: dict[str, tuple[str, str]] = {
    "yyyy": ("year", "[0-9]{4}"),
    "yy": ("year", "[0-9]{2}"),
    "MM": ("month", "[0-9]{2}"),
    "M": ("month", "[0-9]{1,2}"),
    "dd": ("day", "[0-9]{2}"),
    "d": ("day", "[0-9]{1,2}"),
    "HH": ("hour", "[0-9]{2}"),
    "H": ("hour", "[0-9]{1,2}"),
    "mm": ("minute", "[0-9]{2}"),
    "m": ("minute", "[0-9]{1,2}"),
    "ss": ("second", "[0-9]{2}"),
    "s": ("second", "[0-9]{1,2}"),
    "fff": ("microsecond", "[0-9]{3}"),
    "ffffff": ("microsecond", "[0-9]{6}"),
    "zzz": ("offset", _OFFSET),
    "Z": ("offset", f"Z|{_OFFSET}"),
}
_UNITS = ("year", "month", "day", "hour", "minute", "second", "microsecond")
_PIVOT = 69
"""Two digits of a year from here on are 19xx, below 20xx: the window that POSIX uses."""


def compile_parser(pattern: str) -> Callable[[str], datetime]:
    """Return a function that reads texts of one form, such as `dd.MM.yyyy HH:mm`, as times.

    The family is that of `compile_format`. Doubled letters want exactly so many digits, single
    ones one or two; `yy` means 1969 to 2068; what the form lacks is zero. Blanks around the text
    do not count. A time has an offset only where the form has one. What is read raises
    ValueRefusedError (`invalid_date`) where it is not of the form, or no day or time that exists.

    Raises:
        ValueError: it is no format, says no whole date, one unit twice, a unit without the one
            above it, or a number without fixed length directly before another.
    """
    form, tokens, open_ended = "", [], ""
    for token, literal in _parts_of(pattern):
        unit, digits = _READS[token] if token else ("", "")
        if open_ended and (unit not in ("", "offset") or literal[:1].isdigit()):
            raise ValueError(
                f"{pattern!r} is unclear: `{open_ended}` has no end before `{token or literal}`"
            )
        form += f"({digits})" if token else re.escape(literal)
        tokens += [token] if token else []
        open_ended = token if len(token) == 1 and unit != "offset" else ""
    _check_units(pattern, [_READS[token][0] for token in tokens])
    return _reader(pattern, re.compile(form), tokens)


def compile_reader(pattern: str) -> Callable[[Value], datetime]:
    """Return `compile_parser`'s function for values of any type; a whole number is its digits."""
    parse = compile_parser(pattern)

    def read(value: Value) -> datetime:
        if type(value) is int:
            value = str(value) if 0 <= value < 10**20 else ""
        if type(value) is not str:
            raise _not_of(pattern, value)
        return parse(value)

    return read


def _check_units(pattern: str, units: Sequence[str]) -> None:
    for unit in units:
        if units.count(unit) > 1:
            raise ValueError(f"{pattern!r} says the {unit} twice")
    if missing := [unit for unit in _UNITS[:3] if unit not in units]:
        raise ValueError(f"{pattern!r} says no {missing[0]}: a date needs year, month and day")
    for unit, above in zip(_UNITS[4:], _UNITS[3:], strict=False):
        if unit in units and above not in units:
            raise ValueError(f"{pattern!r} says the {unit} and not the {above}")


def _reader(
    pattern: str, form: re.Pattern[str], tokens: Sequence[str]
) -> Callable[[str], datetime]:
    units = [_READS[token][0] for token in tokens]

    def read(text: str) -> datetime:
        found = form.fullmatch(text.strip())
        if found is None:
            raise _not_of(pattern, text)
        parts = dict(zip(units, found.groups(), strict=True))
        offset = parts.pop("offset", None)
        numbers = {unit: int(digits) for unit, digits in parts.items()}
        if "yy" in tokens:
            numbers["year"] += 1900 if numbers["year"] >= _PIVOT else 2000
        if "fff" in tokens:
            numbers["microsecond"] *= 1000
        try:
            return datetime(**numbers, tzinfo=None if offset is None else _zone(offset))
        except ValueError:
            raise _not_of(pattern, text) from None

    return read


def _zone(offset: str) -> timezone:
    if offset == "Z":
        return UTC
    minutes = int(offset[1:3]) * 60 + int(offset[4:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def _not_of(pattern: str, text: object) -> ValueRefusedError:
    return ValueRefusedError(
        f"must be a date of the form {pattern}, not {shown(text)}", code="invalid_date"
    )
