"""Writing bulks: a refused one is halved until the bad record is found, or fails as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from syncline.connectors.errors import refusal
from syncline.connectors.port import ConnectorError, Pace
from syncline.connectors.postgresql.errors import (
    failure_of,
    is_of_the_call,
    is_row_security,
    is_transient,
    refused_call,
    words_of,
)
from syncline.connectors.postgresql.target import catalog
from syncline.connectors.postgresql.target.staging_table import (
    CopyRows,
    Records,
    copy_rows,
    create_staged,
    staged_value,
    text_of,
)
from syncline.connectors.postgresql.target.table import Table
from syncline.connectors.sql.bisection import Groups, RefusedError, Send, send_halved
from syncline.connectors.sql.text import identifier
from syncline.domain.errors import Category, Failure

_MAY_PASS = frozenset({"23503", "23505"})
"""SQLSTATEs of a row that is not there yet, and of a value that another row still has."""


class LeftOutError(Exception):
    """A statement wrote fewer rows than it was given."""


class StagingError(Exception):
    """COPY refused a value: a record's error, whatever its SQLSTATE."""


class Bulks:
    """Sends records that have the same columns, in transactions of as many as it takes."""

    def __init__(self, connection: asyncpg.Connection, table: Table, pace: Pace) -> None:
        self.connection = connection
        self.table = table
        self._pace = pace

    async def upsert(self, records: Records, groups: Groups) -> dict[int, Failure]:
        """Create or update rows; returns why records were refused."""

        async def send(some: Sequence[int]) -> None:
            part = [records[place] for place in some]
            await self.insert(list(part[0]), text_of(part), len(part))

        return await self.halving(send, groups)

    async def halving(self, send: Send, groups: Groups) -> dict[int, Failure]:
        """Send records, in ever smaller parts where they are refused.

        Raises:
            ConnectorError: what would meet every record.
        """

        async def paced(places: Sequence[int]) -> None:
            await self._pace()
            try:
                await send(places)
            except (StagingError, LeftOutError) as error:
                raise RefusedError(error.__cause__ or error) from error
            except asyncpg.PostgresError as error:
                if is_transient(error):
                    raise
                await self.raise_of_all(error)
                raise RefusedError(error) from error

        refused = await send_halved(paced, groups, _may_pass)
        count = sum(map(len, groups))
        if len(refused) == count > 1 and all(map(is_row_security, refused.values())):
            raise self._locked_out(next(iter(refused.values())))
        return {place: _failure(error) for place, error in refused.items()}

    async def raise_of_all(self, error: asyncpg.PostgresError) -> None:
        """Raise an error that every record would meet, with what a person can do."""
        table = self.table.described
        if is_row_security(error):
            if table.row_security and not await catalog.lets_rows_in(self.connection, table):
                raise self._locked_out(error) from error
            return
        if isinstance(error, asyncpg.InvalidColumnReferenceError):
            message = f"{words_of(error)}: {table.name} is not keyed by the match key"
            raise refusal("no_unique_key", f"PostgreSQL: {message}") from error
        if not is_of_the_call(error):
            return
        advice = ""
        if isinstance(error, asyncpg.InsufficientPrivilegeError):
            lacking = await catalog.grants(self.connection, table)
            advice = "; ".join(lacking) or f"grant {table.user} what it lacks"
        raise refused_call(error, advice) from error

    def _locked_out(self, error: BaseException) -> ConnectorError:
        table = self.table.described
        advice = f"create a policy on {table.name} that lets {table.user} insert and update"
        return refused_call(error, advice)

    async def staged(self, names: Sequence[str], rows: CopyRows) -> str:
        """Put rows into a temporary table of this transaction, and return its name."""
        columns = [self.table.columns[name] for name in names]
        staged = await create_staged(self.connection, columns)
        try:
            name = staged.removeprefix("pg_temp.")
            await copy_rows(self.connection, (None, name), names, rows)
        except asyncpg.PostgresError as error:
            state = error.sqlstate or ""
            if is_transient(error) or state.startswith("53") or state == "42501":
                raise
            raise StagingError from error
        return staged

    async def insert(self, columns: Sequence[str], rows: CopyRows, count: int) -> None:
        """Create or update rows, all or none.

        Args:
            count: how many rows there are.

        Raises:
            LeftOutError: the table left some of them out.
        """
        table = self.table
        names = ", ".join(map(identifier, columns))
        values = ", ".join(staged_value(table.columns[name]) for name in columns)
        key = ", ".join(map(identifier, table.key))
        order = ", ".join(f"s.{identifier(name)}" for name in table.key)
        kept = (*table.key, *table.on_create)
        others = [identifier(name) for name in columns if name not in kept]
        change = ", ".join(f"{name} = excluded.{name}" for name in others)
        action = f"update set {change}" if change else "nothing"
        async with self.connection.transaction():
            staged = await self.staged(columns, rows)
            there = 0
            if any(c.demanded for n, c in table.columns.items() if n not in columns):
                there = await self._update_first(staged, columns)
            said = await self.connection.execute(
                f"insert into {table.name} ({names}) select {values} from {staged} s "
                f"order by {order} on conflict ({key}) do {action}"
            )
            if change and int(said.split()[-1]) + there != count:
                raise LeftOutError

    async def _update_first(self, staged: str, columns: Sequence[str]) -> int:
        """Update the rows that are there: what they have need not be in the payload.

        Returns:
            How many there are; the temporary table has the others.
        """
        table = self.table
        same = self.same_key("t", "s")
        change = assignments(table, columns)
        if change:
            await self.connection.execute(
                f"update {table.name} t set {change} from {staged} s where {same}"
            )
        said = await self.connection.execute(
            f"delete from {staged} s using {table.name} t where {same}"
        )
        return int(said.split()[-1])

    def same_key(self, one: str, other: str) -> str:
        """Return the condition that two rows have the same key."""
        return " and ".join(
            f"{one}.{identifier(name)} = {other}.{identifier(name)}" for name in self.table.key
        )


def _may_pass(error: BaseException) -> bool:
    return getattr(error, "sqlstate", None) in _MAY_PASS


def _failure(error: BaseException) -> Failure:
    if isinstance(error, asyncpg.PostgresError):
        return failure_of(error)
    message = "PostgreSQL: a trigger or rule of the table left the row out: it is not written"
    return Failure(Category.PERMANENT, "value_refused", message)


def assignments(table: Table, columns: Sequence[str], *, with_key: bool = False) -> str:
    """Return the assignments of an update from the temporary table's row `s`."""
    return ", ".join(
        f"{identifier(name)} = {staged_value(table.columns[name])}"
        for name in columns
        if (with_key or name not in table.key) and name not in table.on_create
    )
