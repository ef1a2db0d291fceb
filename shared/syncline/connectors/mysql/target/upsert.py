"""Bulk upserts: one insert … on duplicate key update where that can meet no other row."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager

from asyncmy.errors import MySQLError

from syncline.connectors.errors import refusal
from syncline.connectors.mysql.errors import (
    DEADLOCK,
    NOT_PERMITTED,
    code_of,
    failure_of,
    is_of_the_call,
    is_of_the_server,
    is_transient,
    may_pass,
    refused_call,
)
from syncline.connectors.mysql.session import Session
from syncline.connectors.mysql.target.column_values import convert_values
from syncline.connectors.mysql.target.table import Key, TargetTable
from syncline.connectors.mysql.text import identifier
from syncline.connectors.port import Pace, WriteBatch, WriteResult, unpaced
from syncline.connectors.sql import upsert
from syncline.connectors.sql.bisection import Groups, RefusedError, Send, send_halved
from syncline.connectors.sql.match_keys import of_target_id
from syncline.connectors.sql.upsert import Failures
from syncline.domain.record import Record

_LONGEST = 8_000_000
"""Bytes of a statement, or half of what the server takes if that is less."""
_MARGIN = 10_000
"""Bytes that a statement has beside the values of one record."""
_TRIES = 3
"""How often a statement is sent that a deadlock undid."""


class TooLongError(Exception):
    """A record makes a statement that is longer than the server takes."""


class Upsert(upsert.Upsert):
    """Writes one bulk on one connection."""

    def __init__(self, session: Session, table: TargetTable, pace: Pace = unpaced) -> None:
        super().__init__(table.name, table.columns, table.key)
        self._session = session
        self._table = table
        self._pace = pace

    async def write(self, batch: WriteBatch) -> WriteResult:
        """Write all records; raises what concerns the whole call."""
        self._table.check_keyed()
        return await self.write_with_care(batch)

    def check_writable(self, columns: Sequence[str]) -> None:
        """Refuse columns that are generated."""
        for name in columns:
            if self._table.columns[name].generated:
                message = f"column {name!r} of {self._table.name} is generated: take it out of the"
                raise refusal("generated_column", f"{message} mapping", field=name)

    def converted(self, records: list[Record], places: Sequence[int]) -> Failures:
        """Put SQL in place of each value."""
        return convert_values(records, places, self._table.columns)

    async def rows_of(self, keys: Sequence[Key]) -> Sequence[object]:
        """Return what is equal for keys that MySQL takes for one."""
        return await self._table.rows_of(self._session, keys)

    async def stored_ids(self, keys: Mapping[int, Key]) -> dict[int, str]:
        """Return IDs as the table spells them, where a collation finds them in another spelling."""
        return await self._table.stored(self._session, keys)

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

        return await self._sent(move, groups), found

    async def create_or_update(self, records: list[Record], groups: Groups) -> Failures:
        """Create or update rows."""

        async def send(places: Sequence[int]) -> None:
            columns = list(records[places[0]])
            if self._needs_care(columns):
                await self._update_or_insert(records, places)
            else:
                rows = [",".join(records[place].values()) for place in places]
                await self._insert(columns, rows, self._change(columns))

        return await self._sent(send, groups)

    def _needs_care(self, columns: Sequence[str]) -> bool:
        """Tell whether the rows that are there must be found first."""
        lacks = any(c.demanded for n, c in self._table.columns.items() if n not in columns)
        return lacks or self._table.may_hit_others(columns)

    async def _update_or_insert(self, records: list[Record], places: Sequence[int]) -> None:
        """Update the rows that are there by their key, and create the others."""
        keys = {place: self.keys[place] or () for place in places}
        async with self._transaction():
            there = await self._table.there(self._session, keys, lock=True)
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
            if isinstance(error, RefusedError) or is_of_the_server(error):
                await self._session.run("rollback")
            raise

    async def _sent(self, send: Send, groups: Groups) -> Failures:
        """Send records; what is refused is halved until the bad one is alone.

        Raises:
            ConnectorError: what would meet every record.
        """

        async def paced(places: Sequence[int]) -> None:
            await self._pace()
            try:
                await self._tried(send, places)
            except MySQLError as error:
                if is_transient(error):
                    raise
                if is_of_the_call(error):
                    raise refused_call(error, self._advice(error)) from error
                raise RefusedError(error) from error

        refused = await send_halved(paced, groups, may_pass)
        return {place: failure_of(error) for place, error in refused.items()}

    async def _tried(self, send: Send, places: Sequence[int]) -> None:
        """Send records, again where other writers stood in their way and MySQL chose this one."""
        for tries_left in reversed(range(_TRIES)):
            try:
                return await send(places)
            except MySQLError as error:
                if code_of(error) != DEADLOCK or not tries_left:
                    raise
        return None

    def _advice(self, error: MySQLError) -> str:
        if code_of(error) not in NOT_PERMITTED:
            return ""
        return f"grant select, insert, update on {self._table.sql} to the profile's user"
