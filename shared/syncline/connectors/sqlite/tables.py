"""Target tables: columns, what they are keyed by, and what SQLite takes for one key."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.sql.match_keys import fitting_keys, key_columns
from syncline.connectors.sql.text import identifier

_INDEXES = """
select l.name, l.partial, x.name, x.coll from pragma_index_list(?) l, pragma_index_xinfo(l.name) x
where l."unique" and x.key order by l.origin <> 'pk', l.name, x.seqno
"""
_PLAIN = {"INTEGER": int, "TEXT": str}
"""Affinities under which values of one type are equal only where they are the same."""
_BINARY = ("BLOB", "BINARY", "BYTEA")


class SqliteColumn(msgspec.Struct, frozen=True):
    """A column of a target table.

    Attributes:
        affinity: what SQLite makes of values: INTEGER, TEXT, BLOB (nothing), REAL or NUMERIC.
        binary: it is declared to hold bytes.
        generated: nobody may write it.
        demanded: a new row must have it, and nothing stands in for it.
    """

    name: str
    affinity: str
    binary: bool
    generated: bool
    demanded: bool


class SqliteTable(msgspec.Struct, frozen=True):
    """A target table and the columns of the match key, each with how its texts are compared.

    Updates leave the columns of `on_create` as they are.
    """

    name: str
    columns: dict[str, SqliteColumn]
    key: tuple[str, ...]
    collations: tuple[str, ...]
    on_create: tuple[str, ...] = ()

    def rows_of(
        self, connection: sqlite3.Connection, keys: Mapping[int, Sequence[object]]
    ) -> dict[int, int]:
        """Return a number for each place; keys that SQLite takes for one have the same."""
        if self._are_plain(keys):
            first: dict[tuple[object, ...], int] = {}
            return {place: first.setdefault(tuple(key), place) for place, key in keys.items()}
        names = [f"k{n}" for n in range(len(self.key))]
        made = ", ".join(
            f"{name} {self.columns[column].affinity} collate {identifier(collation)}"
            for name, column, collation in zip(names, self.key, self.collations, strict=True)
        )
        connection.execute(f"create temp table _syncline_keys (place integer primary key, {made})")
        marks = ", ".join("?" * (len(names) + 1))
        rows = [(place, *key) for place, key in keys.items()]
        connection.executemany(f"insert into temp._syncline_keys values ({marks})", rows)
        by = ", ".join(names)
        found = connection.execute(
            f"select place, min(place) over (partition by {by}) from temp._syncline_keys"
        ).fetchall()
        connection.execute("drop table temp._syncline_keys")
        return dict(found)

    def _are_plain(self, keys: Mapping[int, Sequence[object]]) -> bool:
        """Tell whether keys are equal exactly where their values are."""
        if any(collation.upper() != "BINARY" for collation in self.collations):
            return False
        kinds = [_PLAIN.get(self.columns[name].affinity) for name in self.key]
        if set(kinds) == {str}:
            return True
        return None not in kinds and all(list(map(type, key)) == kinds for key in keys.values())

    def where(self) -> str:
        """Return what finds the row with a key that is bound, as values or as texts."""
        return " and ".join(
            f"cast({identifier(name)} as text) = ?"
            if self.columns[name].affinity == "BLOB"
            else f"{identifier(name)} = ?"
            for name in self.key
        )

    def by_key(
        self, connection: sqlite3.Connection, sql: str, key: Sequence[object]
    ) -> list[tuple[object, ...]]:
        """Run a statement for the row with a key."""
        return connection.execute(
            f"{sql} {identifier(self.name)} where {self.where()}", key
        ).fetchall()


def table_of(
    connection: sqlite3.Connection,
    options: Mapping[str, object],
    key: tuple[str, ...],
    on_create: tuple[str, ...] = (),
) -> SqliteTable:
    """Look at the table of a target block as it is now.

    Raises ConnectorError where there is no match key, table or column, or the key has no index.
    """
    name = str(options["table"])
    kind = connection.execute(
        "select type, strict from pragma_table_list"
        " where schema = 'main' and name = ? collate nocase",
        (name,),
    ).fetchone()
    if kind is None:
        raise refusal("no_table", f"there is no table {name!r}: it must be made first")
    if kind[0] == "view":
        message = f"{name} is a view, which SQLite cannot upsert: name the table behind it"
        raise refusal("no_table", message)
    columns = _columns(connection, name, is_strict=bool(kind[1]))
    key = key_columns("SQLite", key, name, columns)
    return SqliteTable(name, columns, key, _collations(connection, name, key), on_create)


def _columns(
    connection: sqlite3.Connection, table: str, *, is_strict: bool
) -> dict[str, SqliteColumn]:
    rows = connection.execute(
        'select name, upper(type), "notnull", dflt_value, pk, hidden from pragma_table_xinfo(?)',
        (table,),
    ).fetchall()
    return {
        name: SqliteColumn(
            name,
            _affinity(kind, is_strict=is_strict),
            any(word in kind for word in _BINARY),
            hidden in (2, 3),
            bool(needed) and default is None and not (pk and kind == "INTEGER") and not hidden,
        )
        for name, kind, needed, default, pk, hidden in rows
    }


def _affinity(kind: str, *, is_strict: bool) -> str:
    """Return the affinity of a declared type: sqlite.org/datatype3.html, section 3.1."""
    if "INT" in kind:
        return "INTEGER"
    if any(word in kind for word in ("CHAR", "CLOB", "TEXT")):
        return "TEXT"
    if "BLOB" in kind or not kind or (is_strict and kind == "ANY"):
        return "BLOB"
    return "REAL" if any(word in kind for word in ("REAL", "FLOA", "DOUB")) else "NUMERIC"


class _Index(msgspec.Struct):
    name: str
    is_partial: bool
    columns: list[str | None]
    collations: list[str]

    @property
    def fits(self) -> bool:
        """Tell whether an upsert can stand on it."""
        return not self.is_partial and None not in self.columns


def _collations(
    connection: sqlite3.Connection, table: str, key: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the collations of the unique index over the key. Raises ConnectorError if none is."""
    indexes: dict[str, _Index] = {}
    for name, is_partial, column, collation in connection.execute(_INDEXES, (table,)):
        index = indexes.setdefault(name, _Index(name, bool(is_partial), [], []))
        index.columns.append(column)
        index.collations.append(collation)
    for index in indexes.values():
        if index.fits and set(index.columns) == set(key):
            by_column = dict(zip(index.columns, index.collations, strict=True))
            return tuple(by_column[name] for name in key)
    primary: list[str | None] = [
        row[0]
        for row in connection.execute(
            "select name from pragma_table_info(?) where pk > 0 order by pk", (table,)
        )
    ]
    if primary == list(key):  # `integer primary key` is the row's own number: it has no index
        return ("BINARY",)
    keyed = [index.columns for index in indexes.values() if index.fits]
    if primary and primary not in keyed:
        keyed.insert(0, primary)
    odd = [index.name for index in indexes.values() if not index.fits]
    message = _advice(table, key, [[str(name) for name in columns] for columns in keyed], odd)
    raise refusal("no_unique_key", message)


def _advice(
    table: str, key: Sequence[str], keyed: Sequence[Sequence[str]], odd: Sequence[str]
) -> str:
    names = ", ".join(map(identifier, key))
    said = f"table {table} is not keyed by the match key ({names}): "
    for index in odd:
        said += f"unique index {index} holds for some rows alone, or is over an expression; "
    if keyed:
        return f"{said}{fitting_keys(keyed)}"
    if odd:
        return f"{said}an upsert needs one over columns that holds for every row"
    return f"{said}it has no unique index: create unique index on {identifier(table)} ({names})"
