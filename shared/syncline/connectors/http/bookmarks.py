"""Bookmarks in a request: a time less the lookback, written as the API writes or wants it. Pure.

A window that is left out in silence loses what was committed late: an unreadable one is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.port import ConnectorError
from syncline.domain.mapping.extraction import EPOCHS
from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.values.dates import compile_format, compile_parser

Write: TypeAlias = Callable[[datetime], str]
_ISO = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d|\d{8})"
    r"(?:(?P<sep>[Tt ])(?P<time>\d\d(?::\d\d(?::\d\d)?|\d\d(?:\d\d)?)?)(?P<fraction>[.,]\d+)?"
    r"(?P<blank> ?)(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,9})?", re.ASCII)
_SINCE = re.compile(r"\d{9,13}(\.\d{1,9})?", re.ASCII)
"""Seconds or milliseconds since 1970, where nothing else is said: from 1973 on."""
_COMPACT = re.compile(r"(?:19|20)\d{6}|(?:19|20)\d{12}", re.ASCII)
_MILLIS = 100_000_000_000
"""Seconds since 1970 reach this in the year 5138, milliseconds reached it in 1973."""
_START = datetime(1970, 1, 1, tzinfo=UTC)


class Bookmarks(msgspec.Struct, frozen=True):
    """How an API writes its cursor values, and how it wants to be asked for them.

    Attributes:
        form: the extraction's `cursorFormat`: a format, `epoch`, `epochMillis`; None: ISO 8601.
        write: how the request says a time; None: as the API itself wrote it.
        lookback: seconds.
        step: seconds by which every request is earlier, as the API leaves the bookmark itself out.
    """

    form: str | None = None
    write: Write | None = None
    lookback: float = 0.0
    step: float = 0.0

    def after(self, value: str) -> str:
        """Return what to ask from, so that the lookback is read again. Raises as `at` does."""
        return self.at(value, self.lookback)

    def at(self, value: str, lookback: float = 0.0) -> str:
        """Return a bookmark, less some seconds, as it is asked for. Raises ConnectorError."""
        lookback += self.step
        if not lookback and self.write is None:
            return value
        try:
            moment, as_before = _read(value.strip(), self.form)
            return (self.write or as_before)(_earlier(moment, lookback))
        except (ValueError, OverflowError, ValueRefusedError) as error:
            raise _unreadable(value, self.form, lookback) from error


def _earlier(moment: datetime, seconds: float) -> datetime:
    try:
        return moment - timedelta(seconds=seconds)
    except OverflowError:
        return datetime.min.replace(tzinfo=moment.tzinfo)  # nothing lies before it


def _read(value: str, form: str | None) -> tuple[datetime, Write]:
    """Return the time that a text means, and what writes another one in the same manner."""
    if form is not None and form not in EPOCHS:
        return compile_parser(form)(value), compile_format(form)
    if form in EPOCHS or (_SINCE.fullmatch(value) and not _COMPACT.fullmatch(value)):
        return _epoch(value, form)
    if re.fullmatch(r"\d{14}", value, re.ASCII):
        return datetime.strptime(value, "%Y%m%d%H%M%S"), _compact  # noqa: DTZ007 - it has no zone
    found = _ISO.fullmatch(value)
    if found is None:
        raise ValueError(value)
    text = value.replace(",", ".").upper()
    text = text.replace(" ", "T", 1) if found["sep"] == " " else text
    return datetime.fromisoformat(text.replace(" ", "")), _iso_as(found)


def _compact(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S}".rjust(14, "0")


def _epoch(value: str, form: str | None) -> tuple[datetime, Write]:
    if not _NUMBER.fullmatch(value):
        raise ValueError(value)
    number = Decimal(value)
    millis = form == "epochMillis" if form else abs(number) >= _MILLIS
    unit = 1000 if millis else 1_000_000
    digits = len(value.partition(".")[2])

    def write(moment: datetime) -> str:
        since = (moment - _START) // timedelta(microseconds=1)
        return f"{Decimal(since) / unit:.{digits}f}" if digits else str(since // unit)

    return _START + timedelta(microseconds=int(number * unit)), write


def _iso_as(found: re.Match[str]) -> Write:
    """Return what writes a time with the separators and digits that another one had."""
    day = "%Y-%m-%d" if "-" in found["day"] else "%Y%m%d"
    time = found["time"]
    colon = ":" if time and ":" in time else ""
    parts = 0 if time is None else len(time.replace(":", "")) // 2
    clock = colon.join(["%H", "%M", "%S"][:parts])
    fraction, zone = found["fraction"] or "", found["zone"] or ""

    def write(moment: datetime) -> str:
        text = moment.strftime(day).rjust(10 if "-" in day else 8, "0")
        if time is None:
            return text
        text += found["sep"] + moment.strftime(clock)
        if fraction:
            places = len(fraction) - 1
            text += fraction[0] + f"{moment.microsecond:06}".ljust(places, "0")[:places]
        return text + found["blank"] + zone  # a time less some seconds keeps its offset

    return write


def _unreadable(value: str, form: str | None, lookback: float) -> ConnectorError:
    words = f"of the form {form!r}" if form else "as ISO 8601, yyyyMMdd or seconds since 1970"
    wanted = f"the lookback of {lookback:g} s can be taken from" if lookback else "can be written"
    hint = "" if form else ", or say in `extraction.cursorFormat` how the API writes it"
    message = (
        f"the bookmark {value[:80]!r} is no time {words}, which {wanted}: "
        f"{'leave the lookback out' if lookback else 'leave options.cursorFormat out'}{hint}"
    )
    return refusal("cursor_unreadable", message)


def request_format(text: str) -> Write:
    """Return what writes a time in UTC by `epoch`, `epochMillis` or a format. Raises ValueError."""
    if text in EPOCHS:
        factor = 1000 if text == "epochMillis" else 1
        unit = timedelta(seconds=1) / factor
        return lambda moment: str((_utc(moment) - _START) // unit)
    write = compile_format(text)
    return lambda moment: write(_utc(moment))


def _utc(moment: datetime) -> datetime:
    """A time without an offset is UTC; one with an offset becomes it."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
