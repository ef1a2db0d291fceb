"""Bulk upserts in one transaction; a refused bulk is halved until the bad record is found."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from decimal import Decimal
from functools import partial

from syncline.connectors.errors import refusal
from syncline.connectors.port import WriteBatch, WriteResult
from syncline.connectors.sql.match_keys import claims, keyed, of_target_id, still_held
from syncline.connectors.sql.values import bytes_of, json_text
from syncline.connectors.sqlite.row_writer import RowWriter
from syncline.connectors.sqlite.tables import SqliteColumn, SqliteTable
from syncline.domain.errors import Category, Failure
from syncline.domain.record import Record, Value

_INFINITE = ("Infinity", "-Infinity")
"""How infinite numbers travel, which JSON has not."""


def value_for(value: object, column: SqliteColumn) -> object:
    """Return a value as SQLite takes it: decimals as text, of which it keeps what it can.

    Raises ValueError where the column is binary, and the value is no base64 text.
    """
    if column.binary:
        return None if value is None else bytes_of(value)
    if value.__class__ is str and value in _INFINITE and column.affinity in ("REAL", "NUMERIC"):
        return float(value)
    make = _MAKERS.get(value.__class__)
    return value if make is None else make(value, column.affinity == "TEXT")


_MAKERS: dict[type, Callable[[Value, bool], Value]] = {
    int: lambda value, is_text: str(value) if is_text else value,
    bool: lambda value, is_text: str(value).lower() if is_text else int(value),
    Decimal: lambda value, _is_text: f"{value:f}",
    dict: lambda value, _is_text: json_text(value),
    list: lambda value, _is_text: json_text(value),
}


def upsert(connection: sqlite3.Connection, table: SqliteTable, batch: WriteBatch) -> WriteResult:
    """Write a bulk; raises what concerns the whole call. Blocks: call it in a thread."""
    bulk = keyed(batch, table.key)
    failures = bulk.keyless()
    rows: dict[int, Record] = {}
    for place, record in enumerate(bulk.records):
        if place not in failures:
            made = _row(table, record)
            if isinstance(made, Failure):
                failures[place] = made
            else:
                rows[place] = made
    ids = bulk.ids
    named = {place: [rows[place][name] for name in table.key] for place in rows}
    taken = claims(list(rows), table.rows_of(connection, named), ids, batch)
    failures |= taken.failures
    free = [place for place in rows if place not in taken.places]
    old = {
        place: key
        for place in free
        if batch.target_ids[place] not in (None, ids[place])
        and (key := of_target_id(batch.target_ids[place] or "", len(table.key)))
    }
    held = partial(still_held, ids=ids, batch=batch)
    failures |= RowWriter(connection, table, rows, old, held).all(free)
    return bulk.result(failures, taken)


def _row(table: SqliteTable, record: Record) -> Record | Failure:
    """Return the values of a record as they are sent, or why it cannot be."""
    for name in record:
        if name not in table.columns:
            message = f"table {table.name} has no column {name!r}"
            return Failure(Category.PERMANENT, "unknown_column", message, field=name)
        if table.columns[name].generated:
            message = f"column {name!r} of table {table.name} is generated: take it out"
            raise refusal("generated_column", f"{message} of the mapping", name)
    row = {}
    for name, value in record.items():
        try:
            row[name] = value_for(value, table.columns[name])
        except ValueError as error:
            message = f"the column {name!r} {error}"
            return Failure(Category.PERMANENT, "value_refused", message, field=name)
    return row
