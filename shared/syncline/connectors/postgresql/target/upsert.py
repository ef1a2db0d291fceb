"""Bulk upserts: COPY into a temporary table, then one insert … on conflict do update."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from syncline.connectors.errors import refusal
from syncline.connectors.port import ConnectorError, Pace, WriteBatch, WriteResult, unpaced
from syncline.connectors.postgresql.target.bulks import Bulks
from syncline.connectors.postgresql.target.column_values import convert_values
from syncline.connectors.postgresql.target.direct_copy import DirectCopy
from syncline.connectors.postgresql.target.key_changes import change_keys
from syncline.connectors.postgresql.target.quick_upsert import quick_upsert
from syncline.connectors.postgresql.target.staging_table import Records
from syncline.connectors.postgresql.target.table import Table
from syncline.connectors.postgresql.target.unique_key import check_keyed
from syncline.connectors.sql.match_keys import claims, keyed, still_held
from syncline.connectors.sql.text import identifier
from syncline.domain.errors import Category, Failure

_Groups = dict[tuple[str, ...], list[int]]


class Upsert:
    """Writes one bulk on one connection."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        table: Table,
        pace: Pace = unpaced,
        direct_copy: DirectCopy | None = None,
    ) -> None:
        self._connection = connection
        self._table = table
        self._pace = pace
        self._direct_copy = direct_copy or DirectCopy()
        self._bulks = Bulks(connection, table, pace)

    async def write(self, batch: WriteBatch) -> WriteResult:
        """Write all records; raises what concerns the whole call."""
        table = self._table
        check_keyed(table.described, table.key)
        quick = await quick_upsert(self._connection, table, self._pace, batch, self._direct_copy)
        if quick is not None:
            return quick
        bulk = keyed(batch, table.key)
        records, keys, ids = bulk.records, bulk.keys, bulk.ids
        failures: dict[int, Failure] = {}
        groups = _by_columns(records)
        for columns, places in groups.items():
            failures |= self._refused(columns, records, [p for p in places if keys[p] is not None])
        failures |= bulk.keyless()
        for places in groups.values():
            ready = [place for place in places if place not in failures]
            failures |= convert_values(records, ready, table.columns)
        whole = [place for place in range(len(records)) if place not in failures]
        rows = await table.rows_of(self._connection, [keys[place] or () for place in whole])
        taken = claims(whole, dict(zip(whole, rows, strict=True)), ids, batch)
        failures |= taken.failures
        free = [p for p in whole if p not in taken.places] if taken.places else whole
        failures |= await self._send(groups, records, free, batch, ids)
        return bulk.result(failures, taken)

    async def _send(
        self,
        groups: _Groups,
        records: Records,
        free: list[int],
        batch: WriteBatch,
        ids: Sequence[str | None],
    ) -> dict[int, Failure]:
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
        self, columns: tuple[str, ...], records: Records, places: list[int]
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


def _generated(table: Table, name: str, how: str) -> ConnectorError:
    message = f"column {name!r} of {table.name} is generated always: take it out of the mapping"
    if how == "identity":
        column = identifier(name)
        message += f", or: alter table {table.name} alter column {column} set generated by default"
    return refusal("generated_column", message, field=name)


def _by_columns(records: Records) -> _Groups:
    """Group places by the columns their records have; nearly always there is one group."""
    first = tuple(records[0]) if records else ()
    if all(tuple(record) == first for record in records):
        return {first: list(range(len(records)))} if records else {}
    groups: _Groups = {}
    for place, record in enumerate(records):
        groups.setdefault(tuple(record), []).append(place)
    return groups
