"""Bulk upserts: COPY into a temporary table, then one insert … on conflict do update."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import asyncpg
import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.port import ConnectorError, Pace, WriteBatch, WriteResult, unpaced
from syncline.connectors.postgresql.target.bulks import Bulks
from syncline.connectors.postgresql.target.column_values import as_columns
from syncline.connectors.postgresql.target.key_changes import change_keys
from syncline.connectors.postgresql.target.table import Table
from syncline.connectors.postgresql.target.unique_key import check_keyed
from syncline.connectors.sql.match_keys import claims, key_parts, still_held, to_target_id
from syncline.connectors.sql.text import identifier
from syncline.domain.errors import Category, Failure

_decode = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal).decode


class Upsert:
    """Writes one bulk on one connection."""

    def __init__(self, connection: asyncpg.Connection, table: Table, pace: Pace = unpaced) -> None:
        self._connection = connection
        self._table = table
        self._bulks = Bulks(connection, table, pace)

    async def write(self, batch: WriteBatch) -> WriteResult:
        """Write all records; raises what concerns the whole call."""
        table = self._table
        check_keyed(table.described, table.key)
        records = _decode(b"[" + b",".join(batch.payloads) + b"]")
        keys = [key_parts(record, table.key) for record in records]
        ids = [None if key is None else to_target_id(key) for key in keys]
        failures: dict[int, Failure] = {}
        groups = _by_columns(records)
        for columns, places in groups.items():
            failures |= self._refused(columns, records, [p for p in places if keys[p] is not None])
        failures |= self._keyless(records, keys)
        for places in groups.values():
            ready = [place for place in places if place not in failures]
            failures |= as_columns(records, ready, table.columns)
        whole = [place for place in range(len(records)) if place not in failures]
        rows = await table.rows_of(self._connection, [keys[place] or () for place in whole])
        taken = claims(whole, dict(zip(whole, rows, strict=True)), ids, batch)
        failures |= taken.failures
        free = [p for p in whole if p not in taken.places] if taken.places else whole
        failures |= await self._send(groups, records, free, batch, ids)
        failures |= {p: failures[last] for p, last in taken.older.items() if last in failures}
        return WriteResult([None if p in failures else i for p, i in enumerate(ids)], failures)

    async def _send(
        self, groups: dict[tuple[str, ...], list[int]], records: list[dict[str, Any]],
        free: list[int], batch: WriteBatch, ids: Sequence[str | None],
    ) -> dict[int, Failure]:  # fmt: skip
        """Write records, those with a changed key first: it may be another's new one."""
        wanted = set(free)
        failures: dict[int, Failure] = {}
        parts = [[p for p in places if p in wanted] for places in groups.values()]
        moved = {p for p in free if batch.target_ids[p] not in (None, ids[p])}
        if moved:
            ready = [[p for p in places if p in moved and p not in failures] for places in parts]
            refused, found = await change_keys(self._bulks, records, ready, batch.target_ids)
            failures |= refused
            wanted -= found
            stuck = [place for place in moved if place in refused]
            rest = [p for p in free if p in wanted and p not in failures]
            failures |= still_held(stuck, rest, ids, batch)
        ready = [[p for p in places if p in wanted and p not in failures] for places in parts]
        failures |= await self._bulks.upsert(records, ready)
        return failures

    def _refused(
        self, columns: tuple[str, ...], records: Sequence[dict[str, Any]], places: list[int]
    ) -> dict[int, Failure]:
        """Fail records that have a column which the table does not have.

        Raises:
            ConnectorError: a column that nobody may write.
        """
        known = self._table.columns
        for name in columns:
            if name in known and known[name].generated:
                raise _generated(self._table, name, known[name].generated or "")
        unknown = sorted(set(columns) - known.keys())
        if not unknown:
            return {}
        message = f"table {self._table.name} has no column {unknown[0]!r}"
        failure = Failure(Category.PERMANENT, "unknown_column", message, field=unknown[0])
        return dict.fromkeys(places, failure)

    def _keyless(
        self, records: Sequence[dict[str, Any]], keys: Sequence[tuple[str, ...] | None]
    ) -> dict[int, Failure]:
        """Fail records without a key."""
        failures: dict[int, Failure] = {}
        for place in [place for place, key in enumerate(keys) if key is None]:
            column = next(c for c in self._table.key if key_parts(records[place], (c,)) is None)
            message = f"the key {column!r} must be a text or a number; it is empty or an object"
            failures[place] = Failure(Category.PERMANENT, "invalid_key", message, field=column)
        return failures


def _generated(table: Table, name: str, how: str) -> ConnectorError:
    message = f"column {name!r} of {table.name} is generated always: take it out of the mapping"
    if how == "identity":
        column = identifier(name)
        message += f", or: alter table {table.name} alter column {column} set generated by default"
    return refusal("generated_column", message, field=name)


def _by_columns(records: Sequence[dict[str, Any]]) -> dict[tuple[str, ...], list[int]]:
    """Group places by the columns their records have; nearly always there is one group."""
    first = tuple(records[0]) if records else ()
    if all(tuple(record) == first for record in records):
        return {first: list(range(len(records)))} if records else {}
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, record in enumerate(records):
        groups.setdefault(tuple(record), []).append(place)
    return groups
