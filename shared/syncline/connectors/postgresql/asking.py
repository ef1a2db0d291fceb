"""Asking the server about a query: what columns it gives, and some of its records by ID."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg

from syncline.connectors.port import ConnectorError
from syncline.connectors.postgresql.queries import Query, base_query, bind_names, by_ids
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.document import Extraction


async def types_of(connection: asyncpg.Connection, extraction: Extraction) -> dict[str, str]:
    """Ask the server what a query gives: column -> type; nothing is run."""
    query = base_query(extraction, {})
    bind_names(query, extraction, None, "text", [])
    blind = _without_bound_types(query)
    statement = await connection.prepare(f"select * from ({blind}) q")
    types = {a.name: a.type.name for a in statement.get_attributes()}
    for column in (extraction.id_column, extraction.cursor_column):
        if column is not None and column not in types:
            message = f"the source gives no column {column!r}; it gives: {', '.join(types)}"
            raise ConnectorError(
                Failure(Category.PERMANENT, "unknown_column", message, field=column)
            )
    return types


def _without_bound_types(query: Query) -> str:
    """Replace the cursor's cast by null, whose type the server infers from where it stands."""
    sql = query.sql
    for number, value in enumerate(query.values, 1):
        if value is None:
            sql = sql.replace(f"(${number}::text)::text", "null")
    return sql


async def fetch(
    connection: asyncpg.Connection,
    extraction: Extraction,
    types: Mapping[str, str],
    ids: list[str],
    id_type: str | None,
) -> list[Any]:
    query = base_query(extraction, types)
    bind_names(query, extraction, None, types.get(extraction.cursor_column or "", "text"), ids)
    by_ids(query, extraction, ids, id_type)
    rows: list[Any] = await connection.fetch(query.sql, *query.values)
    return rows
