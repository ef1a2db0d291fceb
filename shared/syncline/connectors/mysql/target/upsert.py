"""Bulk upserts: one insert … on duplicate key update where that can meet no other row."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar

from asyncmy.errors import MySQLError

from syncline.connectors.mysql import errors
from syncline.connectors.mysql.session import Session
from syncline.connectors.mysql.target.column_values import convert_values
from syncline.connectors.mysql.target.table import TargetTable
from syncline.connectors.mysql.text import identifier
from syncline.connectors.port import Pace
from syncline.connectors.sql.bisection import Groups, RefusedError
from syncline.connectors.sql.match_keys import of_target_id
from syncline.connectors.sql.upsert import Failures, TableUpsert, WriteErrors
from syncline.domain.record import Record

_LONGEST = 8_000_000
"""Bytes of a statement, or half of what the server takes if that is less."""
_MARGIN = 10_000
"""Bytes that a statement has beside the values of one record."""


class TooLongError(Exception):
    """A record makes a statement that is longer than the server takes."""


class Upsert(TableUpsert[TargetTable]):
    """Writes one bulk on one connection."""

    errors: ClassVar[WriteErrors] = errors
    refusals = MySQLError

    def __init__(self, session: Session, table: TargetTable, pace: Pace) -> None:
        super().__init__(table, pace)
        self._session = session

    def converted(self, records: list[Record], places: Sequence[int]) -> Failures:
        """Put SQL in place of each value."""
        return convert_values(records, places, self._table.columns)

    async def change_keys(
        self,
        records: list[Record],
        groups: Groups,
        target_ids: Sequence[str | None],
    ) -> tuple[Failures, set[int]]:
        """Give rows their new key and values, one by one."""
        found: set[int] = set()

        async def move(places: Sequence[int]) -> None:
            moved = set()
            async with self._transaction():
                for place in places:
                    old = of_target_id(target_ids[place] or "", len(self._table.key))
                    row = self._table.where(old) if old else None
                    if row and await self._update(records[place], row):
                        moved.add(place)
            found.update(moved)

        return await self.sent(move, groups), found

    async def create_or_update(self, records: list[Record], groups: Groups) -> Failures:
        """Create or update rows."""

        async def send(places: Sequence[int]) -> None:
            columns = list(records[places[0]])
            if self._needs_care(columns):
                await self._update_or_insert(records, places)
            else:
                rows = [",".join(records[place].values()) for place in places]
                await self._insert(columns, rows, self._change(columns))

        return await self.sent(send, groups)

    def _needs_care(self, columns: Sequence[str]) -> bool:
        """Tell whether the rows that are there must be found first."""
        lacks = any(c.demanded for n, c in self._table.columns.items() if n not in columns)
        return lacks or self._table.may_hit_others(columns)

    async def _update_or_insert(self, records: list[Record], places: Sequence[int]) -> None:
        """Update the rows that are there by their key, and create the others."""
        keys = {place: self.keys[place] or () for place in places}
        async with self._transaction():
            there = await self._table.there(keys, lock=True)
            for place in places:
                if place in there and (row := self._table.where(keys[place])):
                    await self._update(records[place], row)
            rows = [",".join(records[p].values()) for p in places if p not in there]
            await self._insert(list(records[places[0]]), rows, "")

    async def _update(self, record: Record, row: str) -> bool:
        """Update a row with all that a record says; tell whether it is there."""
        kept = self._table.on_create
        told = [(name, value) for name, value in record.items() if name not in kept]
        change = ", ".join(f"{identifier(name)} = {value}" for name, value in told)
        sql = f"update {self._table.sql} set {change} where {row}"
        self._check_size(len(sql.encode()))
        return await self._session.run(sql) > 0

    def _change(self, columns: Sequence[str]) -> str:
        """Return what is done where a row has the key; its own spelling of a text key goes."""
        table = self._table
        names = [n for n in columns if n not in table.key or not table.columns[n].is_exact]
        names = [identifier(name) for name in names if name not in table.on_create]
        key = identifier(table.key[0])
        change = ", ".join(f"{name} = values({name})" for name in names) or f"{key} = {key}"
        return f" on duplicate key update {change}"

    async def _insert(self, columns: Sequence[str], rows: Sequence[str], change: str) -> None:
        """Insert rows in statements that the server takes; each is written whole or not at all."""
        names = ", ".join(map(identifier, columns))
        start = f"insert into {self._table.sql} ({names}) values ("
        for part in self._parts(rows):
            await self._session.run(f"{start}{'),('.join(part)}){change}")

    def _parts(self, rows: Sequence[str]) -> Iterator[Sequence[str]]:
        most = min(_LONGEST, self._session.packet // 2)
        begin = size = 0
        for place, row in enumerate(rows):
            length = len(row) if row.isascii() else len(row.encode())
            self._check_size(length)
            if size + length > most and place > begin:
                yield rows[begin:place]
                begin, size = place, 0
            size += length + 3
        if begin < len(rows):
            yield rows[begin:]

    def _check_size(self, length: int) -> None:
        most = self._session.packet - _MARGIN
        if length > most:
            words = f"the record makes a statement of {length:,} bytes, and the server takes at "
            words += f"most {most:,} (max_allowed_packet)"
            raise RefusedError(TooLongError(words))

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        """Write all of the block or nothing; a connection that fails otherwise is closed."""
        await self._session.run("start transaction")
        try:
            yield
            await self._session.run("commit")
        except (MySQLError, RefusedError) as error:
            if isinstance(error, RefusedError) or errors.is_of_the_server(error):
                await self._session.run("rollback")
            raise
