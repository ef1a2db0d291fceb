"""Target tables: what columns they have, and finding and deleting rows by the match key."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import msgspec

from syncline.connectors.port import ConnectorError
from syncline.connectors.postgresql.asking import SqlType, sql_type
from syncline.connectors.postgresql.queries import identifier, table_name
from syncline.domain.errors import Category, Failure

KNOWN_FOR = 30
"""Seconds after which a table is looked at again: its columns may have changed."""
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Table(msgspec.Struct, frozen=True):
    """A target table: its quoted name, its columns, and the column of the match key."""

    name: str
    columns: dict[str, SqlType]
    key: str

    def keys(self, payloads: Sequence[bytes]) -> list[str | None]:
        """Return the payloads' keys as text, None where there is none."""
        found = [_decode(payload).get(self.key) for payload in payloads]
        return [None if key is None else str(key) for key in found]

    async def existing(self, connection: asyncpg.Connection, keys: list[str]) -> set[str]:
        """Return which keys the table has."""
        sql = f"select {identifier(self.key)}::text from {self.name}"
        rows = await self._by_keys(connection, sql, keys)
        return {row[0] for row in rows}

    async def delete(self, connection: asyncpg.Connection, keys: list[str]) -> None:
        """Delete rows by key."""
        await self._by_keys(connection, f"delete from {self.name}", keys)

    async def _by_keys(
        self, connection: asyncpg.Connection, sql: str, keys: list[str]
    ) -> Sequence[Any]:
        """Compare in the key's own type, which has the index; as text where a key is none of it."""
        column = identifier(self.key)
        cast = self.columns[self.key].sql
        try:
            return list(
                await connection.fetch(f"{sql} where {column} = any($1::text[]::{cast}[])", keys)
            )
        except asyncpg.DataError:
            return list(
                await connection.fetch(f"{sql} where {column}::text = any($1::text[])", keys)
            )


class Tables:
    """Tables by name and key, remembered for a while."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[float, Table]] = {}

    async def of(
        self, connection: asyncpg.Connection, options: Mapping[str, Any], key: str | None
    ) -> Table:
        """Return the table of a target block.

        Raises:
            ConnectorError: there is no match key, or the table has no such column.
        """
        if key is None:
            raise _refusal("no_match_key", "the mapping has no matchKey: PostgreSQL needs one")
        name = str(options["table"])
        read_at, table = self._known.get((name, key), (0.0, None))
        if table is None or time.monotonic() - read_at > KNOWN_FOR:
            statement = await connection.prepare(f"select * from {table_name(name)}")
            columns = {a.name: sql_type(a.type) for a in statement.get_attributes()}
            table = Table(table_name(name), columns, key)
            if key not in columns:
                message = (
                    f"matchKey {key!r} is no column of table {name}; it has: {', '.join(columns)}"
                )
                raise _refusal("unknown_match_key", message)
            self._known[name, key] = time.monotonic(), table
        return table


def _refusal(code: str, message: str) -> ConnectorError:
    return ConnectorError(Failure(Category.PERMANENT, code, message))
