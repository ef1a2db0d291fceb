"""Cursor columns that are text: whether their values sort as time or numbers do."""

from __future__ import annotations

import asyncpg

from syncline.connectors.port import ExtractRequest
from syncline.connectors.postgresql.source.queries import TEXT, bound, bound_query
from syncline.connectors.postgresql.source.shape import Shape
from syncline.connectors.sql.text import identifier
from syncline.connectors.sql.text_dates import mixed_texts, text_pattern

TEXTS = frozenset({"text", "varchar", "bpchar"})
_AS_TIME = "to_timestamp({0}, 'DD.MM.YYYY HH24:MI') as {0}"
_READ = 1000
"""Characters of a value that is looked at; one may have a billion."""


async def check_texts(
    connection: asyncpg.Connection, request: ExtractRequest, shape: Shape
) -> None:
    """Look whether all values of a text column are written alike; other columns have an order.

    Raises ConnectorError where the values do not sort as time or numbers go: rows would be missed.
    """
    name = request.extraction.cursor_column
    if name is None or shape.columns[name].name not in TEXTS:
        return
    query = bound_query(request.extraction, shape.names, request.after, None)
    column = f"q.{identifier(name)}"
    some = f"from ({query}\n) q where {column} <> ''"
    value = request.after
    if value is None:
        value = await connection.fetchval(f"select left(max({column}), {_READ}) {some}")
    if value is None or (pattern := text_pattern(value, request.extraction, _AS_TIME)) is None:
        return
    alike = bound(pattern.replace(")$", ") *$"), TEXT)
    sql = f"select left({column}, {_READ}) {some} and not {column} ~ {alike} limit 1"
    other = await connection.fetchval(sql)
    if other is not None:
        raise mixed_texts(name, value, other, "{0}::timestamptz as {0}")
