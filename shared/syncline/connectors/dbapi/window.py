"""What of a query lies at or after a bookmark, and behind a position, as conditions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from syncline.connectors.dbapi.kinds import LONG, MOMENTS, Kind, bindable
from syncline.connectors.dbapi.queries import bind
from syncline.connectors.dbapi.shape import Column, Dialect
from syncline.connectors.errors import refusal
from syncline.domain.mapping.extraction import Extraction

_NO_CURSORS = frozenset({Kind.TEXT, Kind.FIXED, Kind.OTHER, Kind.BOOLEAN, Kind.TIME}) | LONG


class Position(msgspec.Struct, frozen=True, array_like=True):
    """Where an interrupted read goes on: behind all rows of one cursor value and one ID.

    Both are as `key_text` writes them; None where the source says null.
    """

    cursor: str | None
    id: str | None


def check_cursor(column: Column) -> None:
    """Raise ConnectorError where a cursor column has an order that is not one of changes."""
    if column.kind in _NO_CURSORS:
        message = (
            f"the cursor column {column.name!r} is {column.kind}, which does not sort as time "
            f"does: give it by `sql` as a time, for instance "
            f"`to_timestamp({column.name}, 'DD.MM.YYYY') as changed`"
        )
        raise refusal("invalid_cursor", message, field=column.name)


class Window:
    """The conditions and the order of a read; nulls come first in any database."""

    def __init__(
        self, dialect: Dialect, extraction: Extraction, shape: Mapping[str, Column]
    ) -> None:
        self._dialect = dialect
        self._extraction = extraction
        self._id = shape[extraction.id_column]
        self._cursor = shape.get(extraction.cursor_column or "")
        keys = (self._cursor, self._id)
        self.order = ", ".join(f"{c.key} nulls first" for c in keys if c is not None)

    def where(self, after: str | None, position: Position | None, given: dict[str, object]) -> str:
        """Return the conditions of a read, with ` where ` before them if there are any."""
        tests = filter(None, (self._start(after, given), self._behind(position, given)))
        found = " and ".join(tests)
        return f" where {found}" if found else ""

    def _start(self, after: str | None, given: dict[str, object]) -> str:
        """Return what lies at or after a cursor; rows without one always do.

        Raises ConnectorError where the column has no such values.
        """
        column = self._cursor
        if after is None or column is None:
            return ""
        value = bindable(column.kind, after)
        if value is None:
            message = f"the cursor {after[:60]!r} is no value of {column.name!r}, which is "
            raise refusal("invalid_cursor", f"{message}{column.kind}", field=column.name)
        if lookback := self._extraction.lookback:
            if column.kind not in MOMENTS:
                message = (
                    f"lookback: a duration cannot be taken from {column.name!r}, which is "
                    f"{column.kind}: it needs a column of times"
                )
                raise refusal("invalid_lookback", message, field=column.name)
            value = bindable(column.kind, earlier(after, lookback)) or value
        begin = self._dialect.made(column.kind, bind(value, given))
        return f"({column.key} >= {begin} or {column.key} is null)"

    def _behind(self, position: Position | None, given: dict[str, object]) -> str:
        """Return what lies behind a position: `a > x or (a = x and b > y)` can use an index."""
        if position is None:
            return ""
        later = self._later(self._id, position.id, given)
        if self._cursor is None:
            return later
        beyond = self._later(self._cursor, position.cursor, given)
        if position.cursor is None:
            return f"({beyond} or ({self._cursor.key} is null and {later}))"
        value = bindable(self._cursor.kind, position.cursor)
        at = self._dialect.made(self._cursor.kind, bind(value, given))
        return f"({beyond} or ({self._cursor.key} = {at} and {later}))"

    def _later(self, column: Column, text: str | None, given: dict[str, object]) -> str:
        if text is None:
            return f"{column.key} is not null"
        value = self._dialect.made(column.kind, bind(bindable(column.kind, text), given))
        return f"{column.key} > {value}"


def earlier(text: str, seconds: float) -> str:
    """Return a time that is some seconds earlier, in whole seconds; a day stays a day."""
    try:
        value = datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-"))
        value -= timedelta(seconds=math.ceil(seconds))
    except (ValueError, OverflowError):  # no day of the calendar, or before the year 1
        return text
    if len(text) == len("2026-01-31"):
        return value.date().isoformat()
    return value.isoformat(timespec="seconds")
