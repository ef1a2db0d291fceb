"""Bulk upserts in one transaction; a refused bulk is halved until the bad record is found."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.port import WriteBatch, WriteResult
from syncline.connectors.sql.match_keys import (
    claims,
    key_parts,
    of_target_id,
    still_held,
    to_target_id,
)
from syncline.connectors.sqlite.row_writer import RowWriter
from syncline.connectors.sqlite.tables import Table
from syncline.connectors.sqlite.values import value_for
from syncline.domain.errors import Category, Failure

_decode = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal).decode


class Upsert:
    """Writes one bulk on one connection. Blocks: call it in a thread."""

    def __init__(self, connection: sqlite3.Connection, table: Table) -> None:
        self._connection = connection
        self._table = table
        self._failures: dict[int, Failure] = {}

    def write(self, batch: WriteBatch) -> WriteResult:
        """Write all records; raises what concerns the whole call."""
        table = self._table
        records = _decode(b"[" + b",".join(batch.payloads) + b"]")
        keys = [key_parts(record, table.key) for record in records]
        ids = [None if key is None else to_target_id(key) for key in keys]
        rows = {place: row for place, record in enumerate(records)
                if (row := self._row(place, record, keys[place])) is not None}  # fmt: skip
        named = {place: [rows[place][name] for name in table.key] for place in rows}
        taken = claims(list(rows), table.rows_of(self._connection, named), ids, batch)
        self._failures |= taken.failures
        free = [place for place in rows if place not in taken.places]
        old = {
            place: key
            for place in free
            if batch.target_ids[place] not in (None, ids[place])
            and (key := of_target_id(batch.target_ids[place] or "", len(table.key)))
        }
        held = partial(still_held, ids=ids, batch=batch)
        sending = RowWriter(self._connection, table, rows, old, held)
        self._failures |= sending.all(free)
        failures = self._failures
        failures |= {p: failures[last] for p, last in taken.older.items() if last in failures}
        return WriteResult([None if p in failures else i for p, i in enumerate(ids)], failures)

    def _row(
        self, place: int, record: Mapping[str, Any], key: Sequence[str] | None
    ) -> dict[str, Any] | None:
        """Return the values of a record that can be sent; note why one cannot."""
        columns = self._table.columns
        for name in record:
            if name not in columns:
                message = f"table {self._table.name} has no column {name!r}"
                self._fail(place, "unknown_column", message, name)
                return None
            if columns[name].generated:
                message = f"column {name!r} of table {self._table.name} is generated: take it out"
                raise refusal("generated_column", f"{message} of the mapping", name)
        if key is None:
            column = next(c for c in self._table.key if key_parts(record, (c,)) is None)
            message = f"the key {column!r} must be a text or a number"
            self._fail(place, "invalid_key", message, column)
            return None
        return self._values(place, record)

    def _values(self, place: int, record: Mapping[str, Any]) -> dict[str, Any] | None:
        row = {}
        for name, value in record.items():
            try:
                row[name] = value_for(value, self._table.columns[name])
            except ValueError as error:
                self._fail(place, "value_refused", f"the column {name!r} {error}", name)
                return None
        return row

    def _fail(self, place: int, code: str, message: str, field: str) -> None:
        self._failures[place] = Failure(Category.PERMANENT, code, message, field=field)
