"""Cursor values, read and compared by their type. Spec section 2.5.

Values are texts, exactly as the source gave them; only this module decides which one is later. A
text that does not fit the type is never compared but refused, with a message.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias

import msgspec

from syncline.domain.cursor.offsets import offsets_of
from syncline.domain.errors import SynclineError
from syncline.domain.mapping.extraction import CursorType
from syncline.domain.mapping.values.dates import compile_parser
from syncline.domain.run import State

Key: TypeAlias = "datetime | Decimal | str"
"""What is compared; all keys of a column are of one kind."""

MAX_VALUE, MAX_OFFSETS = 200, 100_000
"""Most characters of a value that a person gives; of one that has a part for each partition."""
SAME_WIDTH = 12
"""From so many characters IDs of one length are texts, even if some look like numbers."""
_NUMBER = re.compile(r"[+-]?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,3})?", re.ASCII)
_FAR = re.compile(r"\+?\d{5,}-\d\d-\d\d.*", re.DOTALL)
_LONG_AGO = re.compile(r"(-\d{4,}-\d\d-\d\d.*)|(.* BC)", re.DOTALL)
_ENDLESS = {"infinity": 1, "inf": 1, "nan": 1, "-infinity": -1, "-inf": -1}
_UNCLEAR = frozenset({11, 13, 15})
"""Lengths at which a number such as milliseconds since 1970 can look like a day and a time."""
_OFFSETS = ' such as {"0":1234,"1":987}, by partition the offset of the next message'
_NO_DATE = "not an ISO 8601 time such as 2026-01-31T08:15:00"
_DAYS = (
    "dd.MM.yyyy", "dd/MM/yyyy", "MM/dd/yyyy", "dd-MM-yyyy", "yyyy/MM/dd", "yyyy.MM.dd",
    "yyyyMMdd", "d.M.yyyy",
)  # fmt: skip
_HOURS = ("", " HH:mm", " HH:mm:ss", " H:mm", "HHmmss")
_END, _BEGINNING = map(datetime.fromisoformat, ("9999-12-31T23:59:59.999999", "0001-01-01"))
_DAY = timedelta(hours=23, minutes=59)
_EXTREMES = (
    _BEGINNING.replace(tzinfo=timezone(_DAY)),
    _END.replace(tzinfo=timezone(-_DAY)),
)
"""Before and after all times that have an offset."""


class CursorFormat(msgspec.Struct, frozen=True):
    """How an extraction describes its cursor values: `cursorType` and `cursorFormat`."""

    type: CursorType = CursorType.DATETIME
    pattern: str | None = None


class UnreadableCursorError(SynclineError):
    """A value does not fit the cursor's type. `place` is its position among the values."""

    def __init__(self, place: int, message: str) -> None:
        super().__init__(message)
        self.place = place


def keys_of(values: Sequence[str], form: CursorFormat, beside: str | None = None) -> list[Key]:
    """Return the keys by which cursor values are compared, also with keys of earlier calls.

    Raises UnreadableCursorError if a value does not fit the type, or is of another kind.
    """
    together = values if beside is None else [beside, *values]
    if form.type is CursorType.OFFSETS:
        keys = _positions(together)
    else:
        keys = _ids(together) if form.type is CursorType.ID else _times(together, form.pattern)
    return keys if beside is None else keys[1:]


def _positions(values: Sequence[str]) -> list[Key]:
    """Read positions in a topic. A read only goes on, so that the sum of its offsets rises."""
    keys: list[Key] = []
    for place, value in enumerate(values):
        try:
            keys.append(Decimal(sum(offsets_of(value).values())))
        except ValueError as error:
            raise UnreadableCursorError(place, f"{error}{_OFFSETS}") from None
    return keys


def _times(values: Sequence[str], form: str | None) -> list[Key]:
    read = _iso if form is None else _reader(form)
    times = _quickly(values) if form is None else None
    if times is None:
        times = []
        for place, value in enumerate(values):
            try:
                times.append(read(value))
            except ValueError:
                raise UnreadableCursorError(place, _no_time(value, form)) from None
    if len({moment.tzinfo is None for moment in times}) > 1:
        times = _one_kind(values, times)
    return list(times)


def _quickly(values: Sequence[str]) -> list[datetime] | None:
    """Read plain ISO times, the most frequent kind; None if a value may be something else."""
    if not _UNCLEAR.isdisjoint(map(len, values)):
        return None
    try:
        return list(map(datetime.fromisoformat, values))
    except ValueError:  # a value is no plain ISO time: read all the slow way, which names it
        return None


def _iso(value: str) -> datetime:
    """Read an ISO 8601 time; an infinite one becomes the first or last possible time."""
    if value[4:5] == "-" and value[10:11] in "T t":
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass  # it may have blanks around it, or be refused below
    text = value.strip()
    if (end := _ENDLESS.get(text.lower())) is not None and text.lower() != "nan":
        return _END if end > 0 else _BEGINNING
    if _FAR.fullmatch(text):
        return _END
    if _LONG_AGO.fullmatch(text):
        return _BEGINNING
    separator = text[10:11] if text[4:5] == "-" else text[8:9]
    if separator not in "T t":
        raise ValueError(value)
    return datetime.fromisoformat(text)


def _one_kind(values: Sequence[str], times: Sequence[datetime]) -> list[datetime]:
    """Give infinite times the zone of the others; raise if only some have a zone."""
    ends = (_END, _BEGINNING)
    for place, moment in enumerate(times):
        if moment.tzinfo is None and moment not in ends:
            other = next(v for v, t in zip(values, times, strict=True) if t.tzinfo is not None)
            raise UnreadableCursorError(
                place,
                f"{values[place]!r} has no offset from UTC and {other!r} has one: they cannot be "
                "compared; let the source write all of them in one form",
            )
    return [_EXTREMES[t == _END] if t.tzinfo is None else t for t in times]


@lru_cache(maxsize=256)
def _reader(form: str) -> Callable[[str], datetime]:
    """Return a function that reads times of a format; it raises ValueError."""
    if form in ("epoch", "epochMillis"):
        unit = timedelta(milliseconds=1) if form == "epochMillis" else timedelta(seconds=1)
        return lambda value: _since_1970(value, unit)
    return compile_parser(form)


def _since_1970(value: str, unit: timedelta) -> datetime:
    number = _number(value)
    if number is None:
        raise ValueError(value)
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + float(number) * unit
    except OverflowError:
        # beyond the calendar: the first or last time, treated as one in the future
        return (_END if number > 0 else _BEGINNING).replace(tzinfo=UTC)


def _number(value: str) -> Decimal | None:
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    end = _ENDLESS.get(text.lower())
    return None if end is None else Decimal("Infinity") * end


def _ids(values: Sequence[str]) -> list[Key]:
    """Read IDs: all of them numbers, or all of them texts."""
    numbers = [_number(value) for value in values]
    if None not in numbers:
        return [number for number in numbers if number is not None]
    if all(n is None or not n.is_finite() for n in numbers):
        return list(values)
    if len(set(map(len, values))) == 1 and len(values[0]) >= SAME_WIDTH:
        return list(values)  # such as hexadecimal ones
    place = next(p for p, number in enumerate(numbers) if number is None)
    number = next(v for v, n in zip(values, numbers, strict=True) if n is not None)
    raise UnreadableCursorError(
        place,
        f"{values[place]!r} is no number and {number!r} is one: numbers and other texts in one "
        "column have no order",
    )


def _no_time(value: str, form: str | None) -> str:
    """Return the message that a text is no time, and which format would fit."""
    if form is not None:
        return f"{value[:80]!r} does not fit `cursorFormat: {form}`"
    return f"{value[:80]!r} is {_NO_DATE}{_advice(value.strip())}"


def _advice(text: str) -> str:
    if re.fullmatch(r"\d{9,13}", text):
        unit, form = ("seconds", "epoch") if len(text) < 12 else ("milliseconds", "epochMillis")
        return f"; {unit} since 1970: `cursorFormat: {form}`; numbers that count: `cursorType: id`"
    fitting = [f for day in _DAYS if (f := _fitting(day, text))]
    if not fitting and _NUMBER.fullmatch(text):
        return "; numbers are compared with `cursorType: id`"
    if not fitting:
        return "; set `cursorFormat` to the format of the source's times, such as dd.MM.yyyy HH:mm"
    return (
        "; " + " or ".join(f"`cursorFormat: {form}`" for form in _distinct(fitting)) + " would fit"
    )


def _distinct(forms: Sequence[str]) -> list[str]:
    """Drop formats that are only a less strict form of the first one."""
    return [form for form in forms if form[:1] != "d" or form[1:2] == "d" or form == forms[0]][:2]


def _fitting(day: str, text: str) -> str | None:
    """Return the format, with or without a time of day, of a text with such a day."""
    for form in (day + hours for hours in _HOURS):
        with suppress(ValueError):  # not this one
            _reader(form)(text)
            return form
    return None


def is_later(value: str, than: str | None, form: CursorFormat) -> bool:
    """Tell whether a cursor value is later; one that cannot be read counts as later.

    So it is read, and then refused by an error that names it.
    """
    if than is None or value == than:
        return than is None
    try:
        first, second = keys_of([value, than], form)
    except UnreadableCursorError:  # it is read, and then refused by name
        return True
    return bool(operator.gt(first, second))


def value_problem(value: str, form: CursorFormat) -> str | None:
    """Return why a person's value cannot be a cursor, or None."""
    longest = MAX_OFFSETS if form.type is CursorType.OFFSETS else MAX_VALUE
    if not value.strip() or len(value) > longest or not value.isprintable():
        return f"must be printable text of 1 to {longest} characters"
    if form.type is CursorType.ID:
        return None
    try:
        keys_of([value], form)
    except UnreadableCursorError as error:  # the message says what is right
        if form.type is CursorType.OFFSETS:
            return str(error)
        shape = form.pattern or "2026-01-31T08:15:00"
        return f"must be a time such as {shape}, not {value!r}"
    return None


def moved_cursor(
    *,
    state: State,
    before: str | None,
    high_water: str | None,
    read_to: str | None,
    form: CursorFormat,
) -> str | None:
    """Return where a closing run leaves the cursor, None if it stays.

    Reading is inclusive, so the last value that was read is always safe: its other records are read
    again. If the read stopped early, the highest value with all its records taken is preferred.
    """
    if state not in (State.SUCCEEDED, State.PARTIAL_SUCCESS):
        return None
    for value in (high_water, read_to):
        if value is not None and is_later(value, before, form):
            return value
    return None
