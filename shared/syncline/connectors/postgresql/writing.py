"""Bulk upserts: COPY into a temporary table, then one insert … on conflict do update."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from typing import Any
from zlib import crc32

import asyncpg
import msgspec

from syncline.connectors.match_keys import key_parts, to_target_id
from syncline.connectors.port import ConnectorError, Pace, WriteBatch, WriteResult, unpaced
from syncline.connectors.postgresql.columns import as_columns
from syncline.connectors.postgresql.errors import TRANSIENT, failure_of
from syncline.connectors.postgresql.queries import identifier
from syncline.connectors.postgresql.tables import Table
from syncline.domain.errors import Category, Failure

_decode = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
_NO_KEY = (type(None), dict, list)
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x02": "\\x02"})


class Upsert:
    """Writes one bulk on one connection; a refused bulk is halved until the bad record is found."""

    def __init__(self, connection: asyncpg.Connection, table: Table, pace: Pace = unpaced) -> None:
        self._connection = connection
        self._table = table
        self._pace = pace

    async def write(self, batch: WriteBatch) -> WriteResult:
        """Write all records; raises what concerns the whole call."""
        records = _decode(b"[" + b",".join(batch.payloads) + b"]")
        failures: dict[int, Failure] = {}
        for columns, places in _by_columns(records).items():
            refused = self._refused(columns, records, places)
            failures |= refused
            accepted = [p for p in places if p not in refused] if refused else places
            failures |= await self._by_key(columns, records, accepted)
        keys = [key_parts(record, self._table.key) for record in records]
        ids = [
            None if key is None or place in failures else to_target_id(key)
            for place, key in enumerate(keys)
        ]
        return WriteResult(ids, failures)

    async def _by_key(
        self, columns: tuple[str, ...], records: Sequence[dict[str, Any]], places: list[int]
    ) -> dict[int, Failure]:
        """Write records that have the same columns; of two with one key the later one wins."""
        key = self._table.key
        last = {key_parts(records[place], key): place for place in places}
        failures = await self._halving(columns, records, list(last.values())) if last else {}
        if failures and len(last) < len(places):
            for place in places:
                winner = last[key_parts(records[place], key)]
                if winner in failures:
                    failures[place] = failures[winner]
        return failures

    def _refused(
        self, columns: tuple[str, ...], records: Sequence[dict[str, Any]], places: list[int]
    ) -> dict[int, Failure]:
        """Say why records cannot even be sent: an unknown column, or no key."""
        unknown = sorted(set(columns) - self._table.columns.keys())
        if unknown:
            message = f"table {self._table.name} has no column {unknown[0]!r}"
            failure = Failure(Category.PERMANENT, "unknown_column", message, field=unknown[0])
            return dict.fromkeys(places, failure)
        failures: dict[int, Failure] = {}
        for column in self._table.key:
            message = f"the key {column!r} must be a text or a number; it is empty or an object"
            failure = Failure(Category.PERMANENT, "invalid_key", message, field=column)
            none = [p for p in places if isinstance(records[p].get(column), _NO_KEY)]
            failures |= dict.fromkeys(none, failure)
        return failures

    async def _halving(
        self, columns: Sequence[str], records: Sequence[dict[str, Any]], places: list[int]
    ) -> dict[int, Failure]:
        try:
            chosen = [records[place] for place in places]
            await self._pace()
            await self._bulk(columns, as_columns(chosen, self._table.columns))
        except asyncpg.InvalidColumnReferenceError as error:
            raise ConnectorError(_no_constraint(self._table)) from error
        except TRANSIENT:
            raise
        except asyncpg.PostgresError as error:
            if len(places) == 1:
                return {places[0]: failure_of(error)}
            middle = len(places) // 2
            first = await self._halving(columns, records, places[:middle])
            return first | await self._halving(columns, records, places[middle:])
        return {}

    async def _bulk(self, columns: Sequence[str], records: Sequence[dict[str, Any]]) -> None:
        names = ", ".join(identifier(column) for column in columns)
        others = [identifier(column) for column in columns if column not in self._table.key]
        change = ", ".join(f"{name} = excluded.{name}" for name in others)
        key = ", ".join(map(identifier, self._table.key))
        types = [self._table.columns[column].sql for column in columns]
        temporary = f"_syncline_{crc32(f'{self._table.name} {names} {types}'.encode()):08x}"
        async with self._connection.transaction():
            await self._connection.execute(
                f"create temp table if not exists {temporary} on commit delete rows as "
                f"select {names} from {self._table.name} limit 0"
            )
            await self._connection.copy_to_table(
                temporary,
                source=_copy_text(records),
                columns=list(columns),
                format="text",
                null=NULL,
            )
            await self._connection.execute(
                f"insert into {self._table.name} ({names}) select {names} from {temporary} "
                f"order by {key} on conflict ({key}) do "
                + (f"update set {change}" if change else "nothing")
            )


def _no_constraint(table: Table) -> Failure:
    key = ", ".join(map(identifier, table.key))
    message = (
        f"table {table.name} has no unique constraint on {key}: "
        f"create unique index on {table.name} ({key})"
    )
    return Failure(Category.PERMANENT, "no_unique_key", message)


def _by_columns(records: Sequence[dict[str, Any]]) -> dict[tuple[str, ...], list[int]]:
    """Group places by the columns their records have; nearly always there is one group."""
    first = tuple(records[0]) if records else ()
    if all(tuple(record) == first for record in records):
        return {first: list(range(len(records)))} if records else {}
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, record in enumerate(records):
        groups.setdefault(tuple(record), []).append(place)
    return groups


async def _copy_text(records: Sequence[dict[str, Any]]) -> AsyncIterator[bytes]:
    """Write records as COPY's text format.

    The quick way escapes nothing; counting separators afterwards shows whether it was right.
    """
    plain = "\n".join(
        [
            "\t".join([v if v.__class__ is str else _PLAIN[v.__class__](v) for v in r.values()])
            for r in records
        ]
    )
    if _is_right(plain, records):
        yield (plain + "\n").encode()
        return
    lines = ["\t".join([_escaped(value) for value in record.values()]) for record in records]
    yield ("\n".join(lines) + "\n").encode()


def _is_right(plain: str, records: Sequence[dict[str, Any]]) -> bool:
    """Tell whether unescaped text says what was meant: it has as many separators as it must."""
    nulls = plain.count(NULL)
    return (
        plain.count("\t") == sum(map(len, records)) - len(records)
        and plain.count("\n") == len(records) - 1
        and "\\" not in plain
        and "\r" not in plain
        and (not nulls or nulls == sum(list(r.values()).count(None) for r in records))
    )


def _json(value: object) -> str:
    return _encode(value).decode()


NULL = "\x02"
"""What stands for null; a text that is just this character is escaped."""
_PLAIN: dict[type, Callable[[Any], str]] = {
    int: str,
    Decimal: str,
    float: str,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _value: NULL,
    dict: _json,
    list: _json,
}


def _escaped(value: Any) -> str:  # noqa: ANN401
    if value is None:
        return NULL
    text = value if isinstance(value, str) else _PLAIN[type(value)](value)
    return text.translate(_ESCAPES)
