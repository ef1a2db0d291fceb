"""What of a query lies at or after a bookmark, and behind a position."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.mssql.kinds import MOMENTS, Kind, made, text_for
from syncline.connectors.mssql.source.shape import Column
from syncline.domain.mapping.extraction import Extraction


class Position(msgspec.Struct, frozen=True, array_like=True):
    """Where an interrupted read goes on: behind all rows of one cursor value and one ID.

    Both are as `key_text` writes them; None where the source says null.
    """

    cursor: str | None
    id: str | None


def check_cursor(column: Column) -> None:
    """Raise ConnectorError where a cursor column has an order that is not one of changes."""
    if column.kind in (Kind.TEXT, Kind.GUID, Kind.OTHER):
        message = (
            f"the cursor column {column.name!r} is {column.declared}, which does not sort as time "
            f"does: give it by `sql` as a time, for instance "
            f"`convert(datetime2, {column.name}, 104) as changed`"
        )
        raise refusal("invalid_cursor", message, field=column.name)


class Window:
    """What of a query lies at or after a bookmark, and behind a position, as conditions."""

    def __init__(self, extraction: Extraction, shape: Mapping[str, Column]) -> None:
        self._extraction = extraction
        self._id = shape[extraction.id_column]
        self._cursor = shape.get(extraction.cursor_column or "")
        keys = (self._cursor, self._id)
        self.order = ", ".join(column.key for column in keys if column is not None)

    def start(self, after: str | None, given: dict[str, str]) -> str:
        """Return what lies at or after a cursor; rows without one always do.

        Raises ConnectorError where the column has no such values.
        """
        column = self._cursor
        if after is None or column is None:
            return ""
        text = text_for(column.kind, after)
        if text is None:
            message = f"the cursor {after[:60]!r} is no value of {column.name!r}, which is "
            raise refusal("invalid_cursor", f"{message}{column.declared}", field=column.name)
        given["after"] = _rounded(column, text)
        begin = made(column.declared, "@after")
        if lookback := self._extraction.lookback:
            if column.kind not in MOMENTS:
                message = (
                    f"lookback: a duration cannot be taken from {column.name!r}, which is "
                    f"{column.declared}: it needs a column of times"
                )
                raise refusal("invalid_lookback", message, field=column.name)
            part = f"day, -{math.ceil(lookback / 86_400)}"
            if column.kind is not Kind.DATE:
                part = f"second, -{math.ceil(lookback)}"
            begin = f"dateadd({part}, {begin})"
        return f"({column.key} >= {begin} or {column.key} is null)"

    def behind(self, position: Position | None, given: dict[str, str]) -> str:
        """Return what lies behind a position: `a > x or (a = x and b > y)` can use an index."""
        if position is None:
            return ""
        later = _later(self._id, position.id, "id", given)
        if self._cursor is None:
            return later
        beyond = _later(self._cursor, position.cursor, "at", given)
        if position.cursor is None:
            return f"({beyond} or ({self._cursor.key} is null and {later}))"
        same = f"{self._cursor.key} = {made(self._cursor.declared, '@at')}"
        return f"({beyond} or ({same} and {later}))"


def _later(column: Column, text: str | None, name: str, given: dict[str, str]) -> str:
    if text is None:
        return f"{column.key} is not null"
    given[name] = text
    return f"{column.key} > {made(column.declared, f'@{name}')}"


def _rounded(column: Column, text: str) -> str:
    """Return a time with no more digits than `datetime` and `smalldatetime` can read."""
    if column.declared not in ("datetime", "smalldatetime"):
        return text
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction[:3]}" if fraction else whole
