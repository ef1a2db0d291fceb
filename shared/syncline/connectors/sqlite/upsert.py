"""Bulk upserts in one transaction; a refused bulk is halved until the bad record is found."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from syncline.connectors.errors import refusal
from syncline.connectors.port import WriteBatch, WriteResult
from syncline.connectors.sql.match_keys import claims, keyed, of_target_id, still_held
from syncline.connectors.sql.values import bytes_of, json_text
from syncline.connectors.sqlite.row_writer import RowWriter
from syncline.connectors.sqlite.tables import Table, TargetColumn
from syncline.domain.errors import Category, Failure

_INFINITE = ("Infinity", "-Infinity")
"""How infinite numbers travel, which JSON has not."""


def value_for(value: object, column: TargetColumn) -> object:
    """Return a value as SQLite takes it: decimals as text, of which it keeps what it can.

    Raises ValueError where the column is binary, and the value is no base64 text.
    """
    if column.binary:
        return None if value is None else bytes_of(value)
    if value.__class__ is str and value in _INFINITE and column.affinity in ("REAL", "NUMERIC"):
        return float(value)
    make = _MAKERS.get(value.__class__)
    return value if make is None else make(value, column.affinity == "TEXT")


_MAKERS: dict[type, Callable[[Any, bool], Any]] = {
    int: lambda value, is_text: str(value) if is_text else value,
    bool: lambda value, is_text: str(value).lower() if is_text else int(value),
    Decimal: lambda value, _is_text: f"{value:f}",
    dict: lambda value, _is_text: json_text(value),
    list: lambda value, _is_text: json_text(value),
}


class Upsert:
    """Writes one bulk on one connection. Blocks: call it in a thread."""

    def __init__(self, connection: sqlite3.Connection, table: Table) -> None:
        self._connection = connection
        self._table = table
        self._failures: dict[int, Failure] = {}

    def write(self, batch: WriteBatch) -> WriteResult:
        """Write all records; raises what concerns the whole call."""
        table = self._table
        bulk = keyed(batch, table.key)
        self._failures = bulk.keyless()
        rows = {}
        for place, record in enumerate(bulk.records):
            if place not in self._failures and (row := self._row(place, record)) is not None:
                rows[place] = row
        ids = bulk.ids
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
        return bulk.result(self._failures, taken)

    def _row(self, place: int, record: Mapping[str, Any]) -> dict[str, Any] | None:
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
