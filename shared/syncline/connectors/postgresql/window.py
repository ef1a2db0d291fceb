"""The query of an extraction: chosen columns, filters, order, and what lies behind a bookmark."""

from __future__ import annotations

from syncline.connectors.port import ExtractRequest
from syncline.connectors.postgresql.asking import Shape, SqlType
from syncline.connectors.postgresql.queries import (
    TEXT,
    Query,
    bound_query,
    condition,
    identifier,
    lookback,
)
from syncline.domain.mapping.document import Extraction

_NUMBERS = frozenset({"int2", "int4", "int8", "float4", "float8", "numeric"})
_DATES = frozenset({"date", "timestamp", "timestamptz", "time", "timetz"})
_PLAIN = _NUMBERS | _DATES | {"bool", "text", "varchar", "bpchar", "name", "uuid", "bytea"}
_PLAIN |= {"json", "jsonb"}
_ELEMENTS = frozenset({"bool", "int2", "int4", "int8", "text", "varchar", "bpchar", "uuid"})


def reading_query(
    request: ExtractRequest,
    shape: Shape,
    position: tuple[str | None, str] | None,
    *,
    dates_as_text: bool,
) -> Query:
    """Read all that lies at or after the cursor, or behind a position, by (cursor, ID)."""
    extraction = request.extraction
    query = bound_query(extraction, shape.names, request.after, None)
    id_ = f"q.{identifier(extraction.id_column)}"
    conditions = [condition(query, test, shape.columns) for test in extraction.filters]
    order = id_
    if extraction.cursor_column is not None:
        cursor = f"q.{identifier(extraction.cursor_column)}"
        cast = shape.columns[extraction.cursor_column].sql
        order = f"{cursor} nulls first, {id_}"
        if request.after is not None:
            start = query.bind(request.after, cast) + lookback(query, extraction, cast)
            conditions.append(f"({cursor} >= {start} or {cursor} is null)")
    if position is not None:
        conditions.append(_behind(query, extraction, shape, position))
    where = " where " + " and ".join(conditions) if conditions else ""
    chosen = _chosen(extraction, shape, dates_as_text=dates_as_text)
    query.sql = f"select {chosen} from ({query.sql}\n) q{where} order by {order}"
    return query


def _behind(
    query: Query, extraction: Extraction, shape: Shape, position: tuple[str | None, str]
) -> str:
    """Say what lies behind a position; records without a cursor value come first."""
    id_ = f"q.{identifier(extraction.id_column)}"
    last_id = query.bind(position[1], shape.columns[extraction.id_column].sql)
    if extraction.cursor_column is None:
        return f"{id_} > {last_id}"
    cursor = f"q.{identifier(extraction.cursor_column)}"
    if position[0] is None:
        return f"({cursor} is not null or {id_} > {last_id})"
    value = query.bind(position[0], shape.columns[extraction.cursor_column].sql)
    return f"({cursor} > {value} or ({cursor} = {value} and {id_} > {last_id}))"


def fetching_query(
    extraction: Extraction, shape: Shape, ids: list[str], *, typed: bool, dates_as_text: bool
) -> Query:
    """Read some IDs: compared in the column's own type where they all are of it, else as text."""
    query = bound_query(extraction, shape.names, None, ids)
    column = f"q.{identifier(extraction.id_column)}"
    cast = shape.columns[extraction.id_column].sql if typed else TEXT
    compared = column if typed else f"{column}::text"
    wanted = query.bind(ids, f"{cast}[]")
    chosen = _chosen(extraction, shape, dates_as_text=dates_as_text)
    query.sql = f"select {chosen} from ({query.sql}\n) q where {compared} = any({wanted})"
    return query


def columns_of(extraction: Extraction, shape: Shape) -> dict[str, SqlType]:
    """Return the asked-for columns, and those that name and order a record."""
    if not extraction.columns:
        return shape.columns
    wanted = [*extraction.columns, extraction.id_column, extraction.cursor_column]
    return {name: shape.columns[name] for name in wanted if name is not None}


def _chosen(extraction: Extraction, shape: Shape, *, dates_as_text: bool) -> str:
    columns = columns_of(extraction, shape)
    return ", ".join(_said(n, t, dates_as_text=dates_as_text) for n, t in columns.items())


def _said(name: str, kind: SqlType, *, dates_as_text: bool) -> str:
    """Return a column in a form that JSON has: plain, an object or list, or PostgreSQL's text."""
    column, array = f"q.{identifier(name)}", kind.name.endswith("[]")
    if kind.name in _PLAIN and not (dates_as_text and kind.name in _DATES):
        return column
    if array and kind.name[:-2] in _ELEMENTS:
        return column
    as_json = array or kind.kind == "composite"
    text = "" if as_json else " #>> '{}'"
    return f"to_json({column}){text} as {identifier(name)}"
