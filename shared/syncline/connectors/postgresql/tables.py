"""Target tables: what columns they have, and finding and deleting rows by the match key."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import msgspec

from syncline.connectors.match_keys import key_parts, of_target_id, to_target_id
from syncline.connectors.port import ConnectorError
from syncline.connectors.postgresql.asking import SqlType, sql_type
from syncline.connectors.postgresql.queries import identifier, table_name
from syncline.domain.errors import Category, Failure

KNOWN_FOR = 30
"""Seconds after which a table is looked at again: its columns may have changed."""
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Table(msgspec.Struct, frozen=True):
    """A target table: its quoted name, its columns, and those of the match key."""

    name: str
    columns: dict[str, SqlType]
    key: tuple[str, ...]

    async def existing(
        self, connection: asyncpg.Connection, payloads: Sequence[bytes]
    ) -> list[str | None]:
        """Return the target IDs of those payloads whose key the table has, None for the others."""
        keys = [key_parts(_decode(payload), self.key) for payload in payloads]
        known = {place: key for place, key in enumerate(keys) if key is not None}
        sql = f"select distinct k.place from {self.name} t join {{keys}} on {{same}}"
        there = {row[0] - 1 for row in await self._by_keys(connection, sql, list(known.values()))}
        places = [place for n, place in enumerate(known) if n in there]
        found: list[str | None] = [None] * len(keys)
        for place in places:
            found[place] = to_target_id(known[place])
        return found

    async def delete(self, connection: asyncpg.Connection, target_ids: Sequence[str]) -> None:
        """Delete rows by key; what can name no row is none."""
        keys = [of_target_id(target_id, len(self.key)) for target_id in target_ids]
        sql = f"delete from {self.name} t using {{keys}} where {{same}}"
        await self._by_keys(connection, sql, [key for key in keys if key is not None])

    async def _by_keys(
        self, connection: asyncpg.Connection, sql: str, keys: Sequence[tuple[str, ...]]
    ) -> list[Any]:
        """Compare in the key's own type, which has the index; as text where a key is none of it."""
        columns = [[*column] for column in zip(*keys, strict=True)]
        if not columns:
            return []
        given = ", ".join(f"${n}::text[]" for n in range(1, len(self.key) + 1))
        names = ", ".join(f"k{n}" for n in range(len(self.key)))
        joined = f"unnest({given}) with ordinality as k({names}, place)"
        typed = [f"t.{identifier(c)} = k{n}::{self.columns[c].sql}" for n, c in enumerate(self.key)]
        try:
            same = " and ".join(typed)
            return list(await connection.fetch(sql.format(keys=joined, same=same), *columns))
        except asyncpg.DataError:
            texts = [f"t.{identifier(c)}::text = k{n}" for n, c in enumerate(self.key)]
            same = " and ".join(texts)
            return list(await connection.fetch(sql.format(keys=joined, same=same), *columns))


class Tables:
    """Tables by name and key, remembered for a while."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[str, ...]], tuple[float, Table]] = {}

    async def of(
        self, connection: asyncpg.Connection, options: Mapping[str, Any], key: tuple[str, ...]
    ) -> Table:
        """Return the table of a target block.

        Raises:
            ConnectorError: there is no match key, or the table has no such column.
        """
        if not key:
            raise _refusal("no_match_key", "the mapping has no matchKey: PostgreSQL needs one")
        name = str(options["table"])
        read_at, table = self._known.get((name, key), (0.0, None))
        if table is None or time.monotonic() - read_at > KNOWN_FOR:
            statement = await connection.prepare(f"select * from {table_name(name)}")
            columns = {a.name: sql_type(a.type) for a in statement.get_attributes()}
            table = Table(table_name(name), columns, key)
            for column in key:
                if column in columns:
                    continue
                has = ", ".join(columns)
                message = f"matchKey {column!r} is no column of table {name}; it has: {has}"
                raise _refusal("unknown_match_key", message)
            self._known[name, key] = time.monotonic(), table
        return table


def _refusal(code: str, message: str) -> ConnectorError:
    return ConnectorError(Failure(Category.PERMANENT, code, message))
