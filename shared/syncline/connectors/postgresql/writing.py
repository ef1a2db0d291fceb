"""Bulk upserts: COPY into a temporary table, then one insert … on conflict do update."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import asyncpg
import msgspec

from syncline.connectors.port import ConnectorError, WriteBatch, WriteResult
from syncline.connectors.postgresql.errors import TRANSIENT, failure_of
from syncline.connectors.postgresql.queries import quoted
from syncline.domain.errors import Category, Failure

_decode = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Table(msgspec.Struct, frozen=True):
    """A target table: its quoted name and its columns."""

    name: str
    columns: frozenset[str]
    key: str


class Upsert:
    """Writes one bulk on one connection; a refused bulk is halved until the bad record is found."""

    def __init__(self, connection: asyncpg.Connection, table: Table) -> None:
        self._connection = connection
        self._table = table

    async def write(self, batch: WriteBatch) -> WriteResult:
        """Write all records; raises what concerns the whole call."""
        records = _decode(b"[" + b",".join(batch.payloads) + b"]")
        failures = {p: f for p, r in enumerate(records) if (f := self._refusal(r)) is not None}
        for columns, by_key in self._grouped(records, failures).items():
            # Of two records with one key in a bulk the later one wins, as it would one by one.
            last = [own[-1] for own in by_key.values()]
            refused = await self._halving(columns, records, last)
            failures |= {
                place: refused[own[-1]]
                for own in by_key.values()
                if own[-1] in refused
                for place in own
            }
        keys = [None if p in failures else str(r[self._table.key]) for p, r in enumerate(records)]
        return WriteResult(keys, failures)

    def _grouped(
        self, records: Sequence[dict[str, Any]], failures: Mapping[int, Failure]
    ) -> dict[tuple[str, ...], dict[Any, list[int]]]:
        """Group places by the columns that are written, then by key."""
        groups: dict[tuple[str, ...], dict[Any, list[int]]] = {}
        for place, record in enumerate(records):
            if place not in failures:
                by_key = groups.setdefault(tuple(record), {})
                by_key.setdefault(record[self._table.key], []).append(place)
        return groups

    def _refusal(self, record: Mapping[str, Any]) -> Failure | None:
        unknown = record.keys() - self._table.columns
        if unknown:
            name = sorted(unknown)[0]
            message = f"table {self._table.name} has no column {name!r}"
            return Failure(Category.PERMANENT, "unknown_column", message, field=name)
        if record.get(self._table.key) is None:
            message = f"the key {self._table.key!r} is empty"
            return Failure(Category.PERMANENT, "missing_key", message, field=self._table.key)
        return None

    async def _halving(
        self, columns: Sequence[str], records: Sequence[dict[str, Any]], places: list[int]
    ) -> dict[int, Failure]:
        try:
            await self._bulk(columns, [records[place] for place in places])
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
        names = ", ".join(quoted(column) for column in columns)
        others = [quoted(column) for column in columns if column != self._table.key]
        change = ", ".join(f"{name} = excluded.{name}" for name in others)
        key = quoted(self._table.key)
        async with self._connection.transaction():
            await self._connection.execute(
                f"create temp table if not exists _syncline on commit drop as "
                f"select {names} from {self._table.name} limit 0"
            )
            await self._connection.copy_to_table(
                "_syncline", source=_copy_text(records), columns=list(columns), format="text"
            )
            await self._connection.execute(
                f"insert into {self._table.name} ({names}) select {names} from _syncline "
                f"order by {key} on conflict ({key}) do "
                + (f"update set {change}" if change else "nothing")
            )


def _no_constraint(table: Table) -> Failure:
    message = (
        f"table {table.name} has no unique constraint on {table.key!r}: "
        f"create unique index on {table.name} ({quoted(table.key)})"
    )
    return Failure(Category.PERMANENT, "no_unique_key", message)


async def _copy_text(records: Sequence[dict[str, Any]]) -> AsyncIterator[bytes]:
    lines = ["\t".join([_copied(value) for value in record.values()]) for record in records]
    yield ("\n".join(lines) + "\n").encode()


def _copied(value: Any) -> str:  # noqa: ANN401
    """Write a value as COPY's text format reads it."""
    kind = type(value)
    if kind is str:
        text: str = value
        return text if text.isalnum() else text.translate(_ESCAPES)
    if value is None:
        return "\\N"
    if kind is bool:
        return "t" if value else "f"
    if kind is dict or kind is list:
        return _encode(value).decode().translate(_ESCAPES)
    return str(value)
