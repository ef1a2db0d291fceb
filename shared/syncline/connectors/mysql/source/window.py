"""What of a query lies at or after a bookmark, and behind a position."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.mysql.kinds import MOMENTS, Kind, literal, moment
from syncline.connectors.mysql.source.queries import earlier
from syncline.connectors.mysql.source.shape import Column
from syncline.connectors.port import ExtractRequest
from syncline.domain.mapping.extraction import CursorType, Extraction


class Position(msgspec.Struct, frozen=True, array_like=True):
    """Where an interrupted read goes on: behind all rows of one cursor value and one ID.

    Both are as `text_of_cell` writes them; None where the source says null.
    """

    cursor: str | None
    id: str | None


def order_of(extraction: Extraction, shape: Mapping[str, Column]) -> str:
    """Return the order of reading: by (cursor, ID); null comes first."""
    keys = (extraction.cursor_column, extraction.id_column)
    return ", ".join(shape[name].key for name in keys if name is not None)


def where_of(request: ExtractRequest, shape: Mapping[str, Column]) -> str:
    """Return the condition of what lies at or after the cursor, and behind a position."""
    extraction, conditions = request.extraction, []
    if request.after is not None and extraction.cursor_column is not None:
        column = shape[extraction.cursor_column]
        start = _window_start(column.kind, request.after, extraction)
        is_empty = [f"{column.key} is null"]
        if column.kind is Kind.TEXT:
            is_empty.append(f"{column.key} = ''")
        if column.kind in MOMENTS:
            is_empty.append(f"{column.key} = '0000-00-00'")
        conditions.append(f"({column.key} >= {start} or {' or '.join(is_empty)})")
    if request.position is not None:
        position = msgspec.json.decode(request.position, type=Position)
        conditions.append(_behind(extraction, shape, position))
    return f" where {' and '.join(conditions)}" if conditions else ""


def _behind(extraction: Extraction, shape: Mapping[str, Column], position: Position) -> str:
    """Say what lies behind a position; `a > x or (a = x and b > y)` uses an index over both."""
    later = _later(shape[extraction.id_column], position.id)
    if extraction.cursor_column is None:
        return later
    column = shape[extraction.cursor_column]
    beyond = _later(column, position.cursor)
    if position.cursor is None:
        return f"({beyond} or ({column.key} is null and {later}))"
    same = f"{column.key} = {literal(column.kind, position.cursor)}"
    return f"({beyond} or ({same} and {later}))"


def _later(column: Column, text: str | None) -> str:
    if text is None:
        return f"{column.key} is not null"
    return f"{column.key} > {literal(column.kind, text)}"


def _window_start(kind: Kind, after: str, extraction: Extraction) -> str:
    """Return SQL of where a window begins. Raises ConnectorError where the column has no such."""
    name = extraction.cursor_column or ""
    if extraction.lookback and extraction.cursor_type is not CursorType.ID:
        if kind not in MOMENTS:
            message = (
                f"lookback: a duration cannot be taken from {name!r}, which is {kind}: the cursor "
                "column must be date, datetime or timestamp (in `sql`, cast it), or leave it out"
            )
            raise refusal("invalid_lookback", message, field=name)
        if (found := moment(after)) is not None:
            after = earlier(found, extraction.lookback)
    start = literal(kind, after)
    if start is None:
        message = f"the cursor {after[:60]!r} is no value of {name!r}, which is {kind}"
        raise refusal("invalid_cursor", message, field=name)
    return start
