"""Target tables: finding, comparing and deleting rows by the match key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.postgresql.target.catalog import Catalog, TableDescription, TargetColumn
from syncline.connectors.sql.match_keys import key_columns, key_parts, of_target_id, to_target_id
from syncline.connectors.sql.text import identifier, table_name
from syncline.domain.record import Record

_decode = msgspec.json.Decoder(Record).decode
_WHOLE_NUMBER = re.compile(r"0|-*[1-9]\d*")
_KINDS = frozenset("rpvfm")
_Keys = Sequence[tuple[str, ...]]


class Table(msgspec.Struct, frozen=True):
    """A target table, the columns of the match key, and those that updates leave as they are."""

    described: TableDescription
    key: tuple[str, ...]
    on_create: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.described.name

    @property
    def columns(self) -> dict[str, TargetColumn]:
        return self.described.columns

    async def existing(
        self, connection: asyncpg.Connection, payloads: Sequence[bytes]
    ) -> list[str | None]:
        """Return the target IDs of those payloads whose key the table has, None for the others."""
        keys = [key_parts(_decode(payload), self.key) for payload in payloads]
        known = [place for place, key in enumerate(keys) if key and "\0" not in "".join(key)]
        wanted = [keys[place] or () for place in known]
        given = self.given("k")
        rows = await self._by_keys(
            connection, f"select distinct k.place from {self.name} t join {given} on", wanted
        )
        found: list[str | None] = [None] * len(keys)
        for row in rows:
            place = known[row[0] - 1]
            found[place] = to_target_id(keys[place] or ())
        return found

    async def delete(self, connection: asyncpg.Connection, target_ids: Sequence[str]) -> None:
        """Delete rows by key; a key that can name no row is left out."""
        keys = [of_target_id(target_id, len(self.key)) for target_id in target_ids]
        sql = f"delete from {self.name} t using {self.given('k')} where"
        known = [key for key in keys if key is not None and "\0" not in "".join(key)]
        await self._by_keys(connection, sql, known)

    async def _by_keys(self, connection: asyncpg.Connection, sql: str, keys: _Keys) -> list[Any]:
        """Run a statement for rows with these keys.

        They are compared in the columns' types, which have the index, or else as text.
        """
        if not keys:
            return []
        given = list(map(list, zip(*keys, strict=True)))
        try:
            return list(await connection.fetch(f"{sql} {self.same('t', 'k')}", *given))
        except (
            asyncpg.DataError,
            asyncpg.IntegrityConstraintViolationError,
        ):  # one is not of the type: compared as text, which needs none
            same = " and ".join(f"t.{identifier(c)}::text = k{n}" for n, c in enumerate(self.key))
            return list(await connection.fetch(f"{sql} {same}", *given))

    def given(self, alias: str, first: int = 1) -> str:
        """Return keys that are bound as one array of texts a column, as rows `k0, k1 …, place`."""
        arrays = ", ".join(f"${first + n}::text[]" for n in range(len(self.key)))
        names = ", ".join(f"{alias}{n}" for n in range(len(self.key)))
        return f"unnest({arrays}) with ordinality as {alias}({names}, place)"

    def same(self, row: str, alias: str) -> str:
        """Return the condition that a row's key equals such texts."""
        return " and ".join(
            f"{row}.{identifier(name)} = {alias}{n}::{self.columns[name].type}"
            for n, name in enumerate(self.key)
        )

    async def rows_of(self, connection: asyncpg.Connection, keys: _Keys) -> list[int]:
        """Return a number for each key; keys that the database takes for one have the same.

        A key that is none of the column's type has a number of its own: writing it says why.
        """
        numbers = list(range(len(keys)))
        if all(self._is_plain(name, n, keys) for n, name in enumerate(self.key)):
            first: dict[tuple[str, ...], int] = {}
            return [first.setdefault(key, n) for n, key in enumerate(keys)]
        for group in await self._equal(connection, keys, numbers):
            for place in group:
                numbers[place] = group[0]
        return numbers

    def _is_plain(self, name: str, part: int, keys: _Keys) -> bool:
        """Tell whether keys are equal exactly where their texts are."""
        column = self.columns[name]
        if column.leaf in ("text", "varchar"):
            return column.collation is None
        if column.leaf in ("int2", "int4", "int8"):
            return all(_WHOLE_NUMBER.fullmatch(key[part]) for key in keys)
        return False

    async def _equal(
        self, connection: asyncpg.Connection, keys: _Keys, places: Sequence[int]
    ) -> list[list[int]]:
        """Return groups of places whose keys are equal."""
        by = ", ".join(
            f"k{n}::{self.columns[name].type}"
            + (f" collate {self.columns[name].collation}" if self.columns[name].collation else "")
            for n, name in enumerate(self.key)
        )
        sql = (
            f"select array_agg(place order by place) from {self.given('k')} "
            f"group by {by} having count(*) > 1"
        )
        right = await self.of_the_type(connection, keys, places)
        given = list(map(list, zip(*(keys[p] for p in right), strict=True)))
        rows = await connection.fetch(sql, *given) if given else []
        return [[right[place - 1] for place in row[0]] for row in rows]

    async def of_the_type(
        self, connection: asyncpg.Connection, keys: _Keys, places: Sequence[int]
    ) -> list[int]:
        """Return those places whose keys are of the columns' types."""
        if not places:
            return []
        casts = ", ".join(f"count(k{n}::{self.columns[c].type})" for n, c in enumerate(self.key))
        given = list(map(list, zip(*(keys[p] for p in places), strict=True)))
        try:
            await connection.fetch(f"select {casts} from {self.given('k')}", *given)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError):
            # halved, until the wrong one is alone
            if len(places) == 1:
                return []
            middle = len(places) // 2
            first = await self.of_the_type(connection, keys, places[:middle])
            return first + await self.of_the_type(connection, keys, places[middle:])
        return list(places)


async def table_of(
    connection: asyncpg.Connection,
    catalog: Catalog,
    options: Mapping[str, object],
    key: tuple[str, ...],
    on_create: tuple[str, ...] = (),
) -> Table:
    """Return the table of a target block as it is now.

    Raises ConnectorError where there is no match key, no such table, or no such column.
    """
    name = str(options["table"])
    found = await catalog.table(connection, table_name(name))
    if found is None:
        raise refusal("no_table", f"PostgreSQL: there is no table {name}: it must be made first")
    if found.kind not in _KINDS:
        raise refusal("no_table", f"PostgreSQL: {name} is no table or view")
    return Table(found, key_columns("PostgreSQL", key, name, found.columns), on_create)
