"""Bulk upserts in one transaction; a refused bulk is halved until the bad record is found."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from syncline.connectors.folders import refusal
from syncline.connectors.match_keys import key_parts, to_target_id
from syncline.connectors.port import ConnectorError, WriteBatch, WriteResult
from syncline.connectors.sqlite.database import columns_of, failure_of, identifier
from syncline.domain.errors import Category, Failure

_decode = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
_TEXTS = ("CHAR", "CLOB", "TEXT")
_NO_KEY = (type(None), dict, list)
_REFUSED = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    OverflowError,
    UnicodeEncodeError,
)
_CONSTRAINT = "ON CONFLICT clause does not match"


class Table(msgspec.Struct, frozen=True):
    """A target table with its columns' declared types and the columns of the match key."""

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]

    @classmethod
    def of(
        cls, connection: sqlite3.Connection, options: Mapping[str, Any], key: tuple[str, ...]
    ) -> Table:
        """Look at the table of a target block. Raises ConnectorError."""
        name = str(options["table"])
        columns = columns_of(connection, name)
        if not key:
            raise refusal("no_match_key", "the mapping has no matchKey: SQLite needs one")
        for column in key:
            if column not in columns:
                has = ", ".join(columns)
                message = f"matchKey {column!r} is no column of table {name}; it has: {has}"
                raise refusal("unknown_match_key", message)
        return cls(name, columns, key)

    def by_key(
        self, connection: sqlite3.Connection, sql: str, key: Sequence[str]
    ) -> list[tuple[Any, ...]]:
        """Run a statement for the row with a key."""
        where = " and ".join(f"{identifier(column)} = ?" for column in self.key)
        return connection.execute(f"{sql} {identifier(self.name)} where {where}", key).fetchall()


class Upsert:
    """Writes one bulk on one connection. Blocks: call it in a thread."""

    def __init__(self, connection: sqlite3.Connection, table: Table) -> None:
        self._connection = connection
        self._table = table
        self._failures: dict[int, Failure] = {}

    def write(self, batch: WriteBatch) -> WriteResult:
        """Write all records; raises what concerns the whole call."""
        records = _decode(b"[" + b",".join(batch.payloads) + b"]")
        groups: dict[tuple[str, ...], list[int]] = {}
        for place, record in enumerate(records):
            if self._is_whole(place, record):
                groups.setdefault(tuple(record), []).append(place)
        self._connection.execute("begin immediate")
        for columns, places in groups.items():
            rows = {place: self._row(columns, records[place]) for place in places}
            self._halving(self._statement(columns), rows, places)
        self._connection.execute("commit")
        keys = [key_parts(record, self._table.key) for record in records]
        ids = [
            None if key is None or place in self._failures else to_target_id(key)
            for place, key in enumerate(keys)
        ]
        return WriteResult(ids, self._failures)

    def _is_whole(self, place: int, record: Mapping[str, Any]) -> bool:
        """Tell whether a record can be sent; say why not."""
        unknown = sorted(record.keys() - self._table.columns.keys())
        if unknown:
            message = f"table {self._table.name} has no column {unknown[0]!r}"
            self._fail(place, "unknown_column", message, unknown[0])
        for column in self._table.key:
            if isinstance(record.get(column), _NO_KEY):
                message = f"the key {column!r} must be a text or a number"
                self._fail(place, "invalid_key", message, column)
        return place not in self._failures

    def _fail(self, place: int, code: str, message: str, field: str | None = None) -> None:
        self._failures[place] = Failure(Category.PERMANENT, code, message, field=field)

    def _row(self, columns: Sequence[str], record: Mapping[str, Any]) -> list[Any]:
        return [_value(record[name], self._table.columns[name]) for name in columns]

    def _statement(self, columns: Sequence[str]) -> str:
        names = ", ".join(identifier(column) for column in columns)
        marks = ", ".join("?" * len(columns))
        others = [identifier(column) for column in columns if column not in self._table.key]
        change = ", ".join(f"{name} = excluded.{name}" for name in others)
        return (
            f"insert into {identifier(self._table.name)} ({names}) values ({marks}) "
            f"on conflict ({', '.join(map(identifier, self._table.key))}) do "
            + (f"update set {change}" if change else "nothing")
        )

    def _halving(self, sql: str, rows: Mapping[int, list[Any]], places: Sequence[int]) -> None:
        self._connection.execute("savepoint bulk")
        try:
            self._connection.executemany(sql, [rows[place] for place in places])
        except _REFUSED as error:
            self._connection.execute("rollback to bulk")
            self._connection.execute("release bulk")
            self._blame(sql, rows, places, error)
        except sqlite3.OperationalError as error:
            raise self._whole(error) from error
        else:
            self._connection.execute("release bulk")

    def _blame(
        self,
        sql: str,
        rows: Mapping[int, list[Any]],
        places: Sequence[int],
        error: Exception,
    ) -> None:
        if len(places) > 1:
            middle = len(places) // 2
            self._halving(sql, rows, places[:middle])
            self._halving(sql, rows, places[middle:])
            return
        broken = isinstance(error, sqlite3.IntegrityError)
        code = "constraint_violated" if broken else "value_refused"
        self._fail(places[0], code, f"SQLite: {error}")

    def _whole(self, error: sqlite3.OperationalError) -> Exception:
        if _CONSTRAINT not in str(error):
            return failure_of(error)
        table, key = identifier(self._table.name), ", ".join(map(identifier, self._table.key))
        message = (
            f"table {self._table.name} has no unique constraint on {key}: "
            f"create unique index on {table} ({key})"
        )
        return ConnectorError(Failure(Category.PERMANENT, "no_unique_key", message))


def _value(value: Any, declared: str) -> Any:  # noqa: ANN401
    """Return a value as SQLite takes it: decimals as text, of which it keeps what it can."""
    make = _MAKERS.get(value.__class__)
    return value if make is None else make(value, any(t in declared.upper() for t in _TEXTS))


def _whole_number(value: int, is_text: bool) -> int | str:
    return str(value) if is_text else value


def _boolean(value: bool, is_text: bool) -> int | str:
    return str(value).lower() if is_text else int(value)


_MAKERS: dict[type, Callable[[Any, bool], Any]] = {
    int: _whole_number,
    bool: _boolean,
    Decimal: lambda value, _is_text: f"{value:f}",
    dict: lambda value, _is_text: _encode(value).decode(),
    list: lambda value, _is_text: _encode(value).decode(),
}
