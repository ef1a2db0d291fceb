"""Times that are text in a database: how they are written, and whether they sort by time.

A database compares texts letter by letter. That is the order of time only where all values are
written alike: `T` sorts after a blank, `+02:00` and `Z` may mean the same moment, and `28.10.2026`
begins with the day.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import msgspec

from syncline.connectors.errors import ConnectorError, refusal
from syncline.domain.errors import Problem
from syncline.domain.mapping.extraction import EPOCHS, CursorType, Extraction
from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.values.dates import compile_format, compile_parser

_ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?P<seconds>:\d\d(?P<fraction>\.\d+)?)?"
    r"(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?"
)
_BASIC = {
    re.compile(r"\d{8}"): "yyyyMMdd",
    re.compile(r"\d{14}"): "yyyyMMddHHmmss",
    re.compile(r"\d{8}T\d{6}"): "yyyyMMdd'T'HHmmss",
    re.compile(r"\d{8}T\d{6}Z"): "yyyyMMdd'T'HHmmss'Z'",
}
_SORTED = ("yyyy", "MM", "dd", "HH", "mm", "ss")
_TOKENS = re.compile(r"'(?:[^']|'')*'|(([A-Za-z])\2*)")
_DIGIT = "\0"
"""Stands for any digit in a shape; no text of a database holds it."""


class Form(msgspec.Struct, frozen=True):
    """How texts of one form look (one of `shapes`), and their pattern for `compile_format`."""

    shapes: tuple[tuple[str, ...], ...]
    pattern: str
    parse: Callable[[str], datetime]

    def globs(self) -> list[str]:
        """Return patterns for SQLite's GLOB."""
        return ["*".join(map(_glob, parts)) for parts in self.shapes]

    def regex(self) -> str:
        """Return one pattern for PostgreSQL's `~`."""
        shapes = ["[0-9]*".join(map(_regex, parts)) for parts in self.shapes]
        return f"^({'|'.join(shapes)})$"

    def write(self, moment: datetime) -> str:
        """Write a time so that it sorts among the texts, no later than it is."""
        return compile_format(self.pattern)(moment)


def form_of(text: str, cursor_format: str | None, *, bytewise: bool) -> Form | None:
    """Return the form of a text; None where texts of its form do not sort by time.

    Args:
        cursor_format: the form that the mapping names, which the text must have.
        bytewise: texts are compared byte by byte, not as a language sorts them.
    """
    if cursor_format is not None:
        return _named(text, cursor_format) if sorts_as_text(cursor_format) else None
    for form, pattern in _BASIC.items():
        if form.fullmatch(text):
            return _named(text, pattern)
    if found := _ISO.fullmatch(text):
        with suppress(ValueError):  # no day of the calendar
            datetime.fromisoformat(text)
            return _iso(text, found, bytewise=bytewise)
    return None


def sorts_as_text(pattern: str) -> bool:
    """Tell whether texts of a format sort by time: from the year on down, each in full length."""
    tokens = [m[1] for m in _TOKENS.finditer(pattern) if m[1]]
    if tokens and tokens[-1] in ("zzz", "Z"):
        tokens.pop()
    if tokens and tokens[-1] in ("fff", "ffffff"):
        tokens.pop()
        return tuple(tokens) == _SORTED
    return len(tokens) >= 3 and tuple(tokens) == _SORTED[: len(tokens)]


def _named(text: str, pattern: str) -> Form | None:
    parse = compile_parser(pattern)
    try:
        moment = parse(text)
    except ValueRefusedError:  # not of this form; the caller tries the others
        return None
    zone = "" if moment.tzinfo is None else text[text.rfind("Z") if text[-1:] == "Z" else -6 :]
    body = text[: len(text) - len(zone)]
    return Form(((_shape(body) + zone,),), pattern, parse)


def _iso(text: str, found: re.Match[str], *, bytewise: bool) -> Form:
    zone, fraction = found["zone"] or "", found["fraction"] or ""
    body = text[: len(text) - len(zone) - len(fraction)]
    pattern = "yyyy-MM-dd"
    if len(body) > len("2026-01-31"):
        pattern += f"'{body[10]}'HH:mm" + (":ss" if found["seconds"] else "")
    shape = _shape(body)
    if found["seconds"] and (not zone or (bytewise and zone != "Z")):
        return Form(((shape + zone,), (f"{shape}.{_DIGIT}", zone)), pattern, datetime.fromisoformat)
    return Form(((shape + _shape(fraction) + zone,),), pattern, datetime.fromisoformat)


def _shape(text: str) -> str:
    return re.sub(r"\d", _DIGIT, text)


def _glob(shape: str) -> str:
    return "".join("[0-9]" if c == _DIGIT else f"[{c}]" if c in "*?[" else c for c in shape)


def _regex(shape: str) -> str:
    return "".join("[0-9]" if c == _DIGIT else re.escape(c) for c in shape)


def cursor_problems(extraction: Extraction) -> list[Problem]:
    """Name what a mapping says of its cursor that no database can do."""
    problems = []
    if extraction.lookback and extraction.cursor_type is CursorType.ID:
        message = (
            "a duration cannot be taken from a number; the cursor waits for writers that are open, "
            "so that numbers drawn early and committed late are read without it: leave it out"
        )
        problems.append(Problem("$.extraction.lookback", message))
    named = extraction.cursor_format
    if named and named not in EPOCHS and not sorts_as_text(named):
        message = (
            "a database compares texts letter by letter, so only a form that goes from the year on "
            "down, each part in full length, sorts by time: give the column so by `sql`"
        )
        problems.append(Problem("$.extraction.cursorFormat", message))
    return problems


def text_pattern(value: str, extraction: Extraction, advice: str) -> str | None:
    """Return a regular expression that all values of a text cursor must match, as one of them does.

    Args:
        advice: SQL that makes times of texts; `{0}` stands for the column.

    Returns:
        None for texts that are compared as such.

    Raises ConnectorError where the values do not sort by time.
    """
    if extraction.cursor_type is CursorType.ID:
        digits = re.fullmatch(r"[0-9]+", value)
        return f"^[0-9]{{{len(value)}}}$" if digits else None
    named = extraction.cursor_format
    form = form_of(value.rstrip(" "), None if named in EPOCHS else named, bytewise=False)
    if form is not None:
        return form.regex()
    column = extraction.cursor_column or ""
    message = (
        f"{column} holds {value[:60]!r} as a cursor value: texts are compared letter by letter, "
        "and times so written do not follow each other. Give them by `sql` as times, for instance "
        f"`{advice.format(column)}`, or set cursorType `id` where it is no time"
    )
    raise refusal("invalid_cursor", message, column)


def mixed_texts(column: str, value: str, other: str, advice: str) -> ConnectorError:
    """Return the refusal of a text cursor whose values are not written alike."""
    message = (
        f"{column} holds {value[:60]!r} and {other[:60]!r}: texts are compared letter by letter, "
        "and so written they do not follow each other, so rows would be passed over. Write all in "
        f"one way, or give the column so by `sql`, for instance `{advice.format(column)}`"
    )
    return refusal("mixed_cursor", message, column)
