"""The columns of a query and the types of its parameters, as the server describes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.port import SourceColumn
from syncline.connectors.postgresql.source.queries import base_query, unbound_names
from syncline.connectors.projection import check_named, duplicate_column
from syncline.connectors.sql.text import identifier
from syncline.domain.mapping.extraction import Extraction

_ARRAY = "[]"
_EXACT = "select not exists (select from pg_collation where not collisdeterministic)"


class SqlType(msgspec.Struct, frozen=True):
    """A type: PostgreSQL's own name of it, that name as SQL says it, and its kind."""

    name: str
    sql: str
    kind: str

    @property
    def is_document(self) -> bool:
        """Tell whether its values are read as JSON."""
        has_parts = self.name.endswith(_ARRAY) or self.kind == "composite"
        return has_parts or self.name in ("json", "jsonb")


class Shape(msgspec.Struct, frozen=True):
    """What a query gives, its columns in their order, and the types of the names that it takes.

    In `exact_texts` what is equal is the same: the database has no collation that says otherwise.
    """

    columns: dict[str, SqlType]
    names: dict[str, SqlType]
    exact_texts: bool = True


def sql_type(found: asyncpg.Type) -> SqlType:
    """Take over a type as the driver describes it."""
    name, array = found.name.removesuffix(_ARRAY), found.name.endswith(_ARRAY)
    sql = f"{identifier(found.schema)}.{identifier(name)}{_ARRAY if array else ''}"
    return SqlType(found.name, sql, found.kind)


async def shape_of(connection: asyncpg.Connection, extraction: Extraction) -> Shape:
    """Ask the server what an extraction gives; nothing is run.

    Raises ConnectorError where a column that the extraction names is missing, or there twice.
    """
    statement, names = await _prepared(connection, extraction)
    attributes = statement.get_attributes()
    columns = {a.name: sql_type(a.type) for a in attributes}
    _check_columns(extraction, [a.name for a in attributes])
    taken = dict(zip(names, map(sql_type, statement.get_parameters()), strict=True))
    exact = await connection.fetchval(_EXACT)
    return Shape(columns, taken, exact)


async def columns(connection: asyncpg.Connection, extraction: Extraction) -> list[SourceColumn]:
    """Return what a table or query gives, whatever the extraction names of it; nothing is run."""
    whole = dataclasses.replace(extraction, columns=())
    statement, _ = await _prepared(connection, whole)
    return [SourceColumn(a.name, a.type.name) for a in statement.get_attributes()]


async def _prepared(
    connection: asyncpg.Connection, extraction: Extraction
) -> tuple[Any, Sequence[str]]:
    """Have the query prepared; return the statement and the names that it binds, in order."""
    sql, names = unbound_names(base_query(extraction), extraction)
    try:
        statement = await connection.prepare(f"select * from ({sql}\n) q")
    except (asyncpg.IndeterminateDatatypeError, asyncpg.AmbiguousParameterError) as error:
        known = ", ".join(f":{name}" for name in names)
        message = f"PostgreSQL cannot tell the type of one of {known}: write it as :name::type"
        raise refusal("unknown_type", message, detail=str(error)) from error
    return statement, names


def _check_columns(extraction: Extraction, given: list[str]) -> None:
    check_named(extraction, given)
    for column in given:
        if given.count(column) > 1:
            raise duplicate_column(column)
