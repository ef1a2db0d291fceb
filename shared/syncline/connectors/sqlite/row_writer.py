"""Writing rows to SQLite in one transaction; refused parts are halved to find the bad row."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from syncline.connectors.sql.text import identifier
from syncline.connectors.sqlite.tables import SqliteTable
from syncline.domain.chain import PARENT_MISSING
from syncline.domain.errors import Category, Failure
from syncline.domain.record import Record

_REFUSED = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    OverflowError,
    UnicodeEncodeError,
)
_MAY_PASS = tuple(f"SQLITE_CONSTRAINT_{what}" for what in ("FOREIGNKEY", "UNIQUE", "PRIMARYKEY"))
"""What needs another row first, or what another row still has."""
_LEFT_OUT = "a trigger of the table left the row out: it is not written"


class _LeftOutError(Exception):
    """A statement wrote fewer rows than it was given."""


class _TransactionLostError(Exception):
    """A trigger, or a check at the end, undid the whole transaction."""


_Refused = dict[int, Exception]
_Failures = dict[int, Failure]


class RowWriter:
    """Sends the rows of one bulk.

    Args:
        rows: place -> column -> value.
        old: place -> the key by which its row is known, where that is another one now.
        held: says which rows cannot be written because others could not get their new key.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        table: SqliteTable,
        rows: Mapping[int, Record],
        old: Mapping[int, Sequence[str]],
        held: Callable[[Sequence[int], Sequence[int]], _Failures],
    ) -> None:
        self._connection = connection
        self._table = table
        self._rows = rows
        self._old = old
        self._held = held

    def all(self, places: Sequence[int]) -> _Failures:
        """Write rows; returns why some were refused. Raises what sqlite3 says of the database."""
        try:
            with self._transaction():
                return self._passes(places)
        except _TransactionLostError:  # SQLite took all back: each is written anew, alone
            return self._alone(places)

    def _alone(self, places: Sequence[int]) -> _Failures:
        """Write each row in a transaction of its own, again for as long as that helps."""
        refused: _Failures = {}
        for place in places:
            try:
                with self._transaction():
                    refused |= self._passes([place])
            except _TransactionLostError as error:
                refused[place] = _failure(error.__cause__ or error)
        if refused and len(refused) < len(places):
            return self._alone(list(refused))
        return refused

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("begin immediate")
        try:
            yield
            self._connection.execute("commit")
        except sqlite3.IntegrityError as error:
            raise _TransactionLostError from error
        finally:
            if self._connection.in_transaction:
                self._connection.execute("rollback")

    def _passes(self, places: Sequence[int]) -> _Failures:
        """Write rows, those with a changed key first: it may be another's new one."""
        there: set[int] = set()
        known = [place for place in places if place in self._old]
        failures = self._again(lambda some: self._move(some, there), known)
        rest = [place for place in places if place not in there and place not in failures]
        failures |= self._held(list(failures), rest)
        return failures | self._again(self._upsert, [p for p in rest if p not in failures])

    def _again(
        self, write: Callable[[Sequence[int]], _Refused], places: Sequence[int]
    ) -> _Failures:
        """Write rows, and those again that wait for another one, for as long as that helps."""
        refused = write(places)
        tried, left = len(places), _waiting(refused)
        while left and len(left) < tried:
            again = write(left)
            refused = {p: e for p, e in refused.items() if p not in left} | again
            tried, left = len(left), _waiting(again)
        return {place: _failure(error) for place, error in refused.items()}

    def _upsert(self, places: Sequence[int]) -> _Refused:
        groups: dict[tuple[str, ...], list[int]] = {}
        for place in places:
            groups.setdefault(tuple(self._rows[place]), []).append(place)
        failed: _Refused = {}
        for columns, some in groups.items():
            failed |= self._halving(self._writer(columns), some)
        return failed

    def _move(self, places: Sequence[int], there: set[int]) -> _Refused:
        """Give rows their new key and values; adds to `there` whose row was there."""
        failed: _Refused = {}
        for place in places:
            try:
                with self._savepoint():
                    names = [n for n in self._rows[place] if n not in self._table.on_create]
                if self._update(place, names, self._old[place]):
                    there.add(place)
            except _REFUSED as error:
                failed[place] = error
        return failed

    def _writer(self, columns: Sequence[str]) -> Callable[[Sequence[int]], None]:
        """Return what creates or updates rows that have just these columns."""
        table, names = self._table, ", ".join(map(identifier, columns))
        others = [name for name in columns if name not in (*table.key, *table.on_create)]
        into = f"insert into {identifier(table.name)} ({names}) values "
        into += f"({', '.join('?' * len(columns))})"
        change = ", ".join(f"{identifier(n)} = excluded.{identifier(n)}" for n in others)
        key = ", ".join(map(identifier, table.key))
        upsert = f"{into} on conflict ({key}) do " + (
            f"update set {change}" if change else "nothing"
        )

        def write(places: Sequence[int]) -> None:
            rows = [list(self._rows[place].values()) for place in places]
            written = self._connection.executemany(upsert, rows).rowcount
            if change and written != len(rows):
                raise _LeftOutError(_LEFT_OUT)

        def update_first(places: Sequence[int]) -> None:
            there = {place for place in places if self._update(place, others)}
            write([place for place in places if place not in there])

        demanded = any(c.demanded for n, c in table.columns.items() if n not in columns)
        return update_first if demanded else write

    def _update(self, place: int, names: Sequence[str], old: Sequence[str] | None = None) -> bool:
        """Update columns of a record's row, by its old key if given; tell whether it is there."""
        row, table = self._rows[place], self._table
        key = old or [row[name] for name in table.key]
        if not names:
            return bool(table.by_key(self._connection, "select 1 from", key))
        change = ", ".join(f"{identifier(name)} = ?" for name in names)
        sql = f"update {identifier(table.name)} set {change} where {table.where()}"
        bound = [*(row[name] for name in names), *key]
        return self._connection.execute(sql, bound).rowcount > 0

    def _halving(self, write: Callable[[Sequence[int]], None], places: Sequence[int]) -> _Refused:
        try:
            with self._savepoint():
                write(places)
        except (*_REFUSED, _LeftOutError) as error:
            if len(places) == 1:
                return {places[0]: error}
        else:
            return {}
        middle = len(places) // 2
        first = self._halving(write, places[:middle])
        return first | self._halving(write, places[middle:])

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        self._connection.execute("savepoint bulk")
        try:
            yield
        except Exception as error:
            if not self._connection.in_transaction:
                raise _TransactionLostError from error
            self._connection.execute("rollback to bulk")
            self._connection.execute("release bulk")
            raise
        self._connection.execute("release bulk")


def _waiting(refused: _Refused) -> list[int]:
    return [
        place
        for place, error in refused.items()
        if getattr(error, "sqlite_errorname", None) in _MAY_PASS
    ]


def _failure(error: BaseException) -> Failure:
    code = "constraint_violated" if isinstance(error, sqlite3.IntegrityError) else "value_refused"
    if getattr(error, "sqlite_errorname", None) == "SQLITE_CONSTRAINT_FOREIGNKEY":
        code = PARENT_MISSING
    return Failure(Category.PERMANENT, code, f"SQLite: {error}")
