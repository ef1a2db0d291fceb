"""The query of an extraction: filters, order, and what lies behind a bookmark."""

from __future__ import annotations

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.port import ExtractRequest
from syncline.connectors.postgresql.source.queries import (
    bound,
    bound_query,
    condition_sql,
    lookback_sql,
)
from syncline.connectors.postgresql.source.selection import RowSelection, selection
from syncline.connectors.postgresql.source.shape import Shape
from syncline.connectors.postgresql.source.text_cursors import TEXTS
from syncline.connectors.sql.text import identifier
from syncline.domain.mapping.extraction import CursorType, Extraction

_MOMENTS = frozenset({"date", "timestamp", "timestamptz"})


class Position(msgspec.Struct, frozen=True, array_like=True):
    """Where an interrupted read goes on: behind all rows of one cursor value and one ID.

    Attributes:
        cursor, id: None where the source says null.
        open_since: of all reads up to here, see Snapshot; False where one could not tell.
        taken_at: when the read that came here saw the source.
    """

    cursor: str | None
    id: str | None
    open_since: str | bool | None = False
    taken_at: str | None = None


def order_of(extraction: Extraction) -> str:
    """Return the order of reading: by (cursor, ID), records without a cursor value first."""
    id_ = f"q.{identifier(extraction.id_column)}"
    if extraction.cursor_column is None:
        return id_
    return f"q.{identifier(extraction.cursor_column)} nulls first, {id_}"


def reading_query(
    request: ExtractRequest, shape: Shape, position: Position | None
) -> tuple[str, RowSelection]:
    """Read all that lies at or after the cursor, or behind a position, by (cursor, ID)."""
    extraction = request.extraction
    query = bound_query(extraction, shape.names, request.after, None)
    conditions = [condition_sql(test, shape.columns) for test in extraction.filters]
    if request.after is not None and extraction.cursor_column is not None:
        conditions.append(_at_or_after(extraction, shape, request.after))
    if position is not None:
        conditions.append(_behind(extraction, shape, position))
    where = " where " + " and ".join(conditions) if conditions else ""
    order = order_of(extraction)
    chosen = selection(extraction, shape, order)
    sql = f"select {chosen.sql} from ({query}\n) q{where} order by {order}"
    if request.limit is not None:
        sql += f" limit {request.limit:d}"
    return sql, chosen


def _at_or_after(extraction: Extraction, shape: Shape, after: str) -> str:
    name = extraction.cursor_column or ""
    cursor, kind = f"q.{identifier(name)}", shape.columns[name]
    is_widened = extraction.lookback and extraction.cursor_type is not CursorType.ID
    if is_widened and kind.name not in _MOMENTS:
        message = (
            f"lookback: a duration cannot be taken from {name!r}, which is {kind.name}: the cursor "
            "column must be date, timestamp or timestamptz (in `sql`, write it as such), or leave "
            "it out"
        )
        raise refusal("invalid_lookback", message, field=name)
    start = bound(after, kind.sql) + lookback_sql(extraction, kind.sql)
    empty = f" or {cursor} = ''" if kind.name in TEXTS else ""
    return f"({cursor} >= {start} or {cursor} is null{empty})"


def _behind(extraction: Extraction, shape: Shape, position: Position) -> str:
    """Say what lies behind a position; null cursors come first, null IDs last."""
    id_ = f"q.{identifier(extraction.id_column)}"
    later = "false"
    if position.id is not None:
        last = bound(position.id, shape.columns[extraction.id_column].sql)
        later = f"({id_} > {last} or {id_} is null)"
    if extraction.cursor_column is None:
        return later
    cursor = f"q.{identifier(extraction.cursor_column)}"
    if position.cursor is None:
        return f"({cursor} is not null or {later})"
    value = bound(position.cursor, shape.columns[extraction.cursor_column].sql)
    return f"({cursor} > {value} or ({cursor} = {value} and {later}))"
