"""Bulk upserts: one MERGE on the match key, which locks what it looks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.mssql.errors import (
    DEADLOCK,
    NOT_PERMITTED,
    ServerError,
    failure_of,
    is_of_a_record,
    is_transient,
    may_pass,
    refused_call,
)
from syncline.connectors.mssql.kinds import Kind, made
from syncline.connectors.mssql.session import Session
from syncline.connectors.mssql.target.column_values import convert_values
from syncline.connectors.mssql.target.table import Key, TargetTable, json_rows
from syncline.connectors.port import Pace, WriteBatch, WriteResult, unpaced
from syncline.connectors.sql import upsert
from syncline.connectors.sql.bisection import Groups, RefusedError, Send, send_halved
from syncline.connectors.sql.match_keys import of_target_id
from syncline.connectors.sql.text import identifier
from syncline.connectors.sql.upsert import Failures
from syncline.domain.errors import Category, Failure
from syncline.domain.record import Record

_LONGEST = 4_000_000
"""Characters of the JSON of a statement, save of one that has a single record."""
_TRIES = 3
"""How often a statement is sent that a deadlock undid."""
_encode = msgspec.json.Encoder().encode


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
        """Refuse columns that SQL Server fills itself."""
        for name in columns:
            if self._table.columns[name].generated:
                message = f"column {name!r} of {self._table.name} is generated: take it out of the"
                raise refusal("generated_column", f"{message} mapping", field=name)

    def converted(self, records: list[Record], places: Sequence[int]) -> Failures:
        """Put a text in place of each value."""
        return convert_values(records, places, self._table.columns)

    async def rows_of(self, keys: Sequence[Key]) -> Sequence[object]:
        """Return what is equal for keys that SQL Server takes for one."""
        return await self._table.rows_of(self._session, keys)

    async def stored_ids(self, keys: Mapping[int, Key]) -> dict[int, str]:
        """Return IDs as the table spells them, where a collation finds them in another spelling."""
        return await self._table.stored(self._session, keys)

    async def change_keys(
        self, records: list[Record], groups: Groups, target_ids: Sequence[str | None]
    ) -> tuple[Failures, set[int]]:
        """Give rows their new key and values, one by one."""
        failures = await self._lossy(records, groups)
        found: set[int] = set()

        async def move(places: Sequence[int]) -> None:
            for place in places:
                old = of_target_id(target_ids[place] or "", len(self._table.key))
                said = self._table.said(old) if old else None
                if said is not None and await self._update(records[place], said):
                    found.add(place)

        whole = [[place] for places in groups for place in places if place not in failures]
        return failures | await self._sent(move, whole), found

    async def create_or_update(self, records: list[Record], groups: Groups) -> Failures:
        """Create or update rows."""
        failures = await self._lossy(records, groups)

        async def send(places: Sequence[int]) -> None:
            await self._merge(records, places)

        parts = [
            part
            for places in groups
            for part in _parts(records, [p for p in places if p not in failures])
        ]
        return failures | await self._sent(send, parts)

    async def _lossy(self, records: list[Record], groups: Groups) -> Failures:
        """Fail records with signs that a column without Unicode cannot hold."""
        narrow = {
            name
            for name, column in self._table.columns.items()
            if column.kind is Kind.TEXT and column.declared[0] in "vct" and column.collation
        }
        texts = {
            place: said
            for places in groups
            for place in places
            if (said := _odd_texts(records[place], narrow))
        }
        found = await self._table.unreadable(self._session, texts) if texts else {}
        return {place: _unreadable(name) for place, name in found.items()}

    async def _merge(self, records: list[Record], places: Sequence[int]) -> None:
        table, columns = self._table, list(records[places[0]])
        names = [identifier(name) for name in columns]
        given = [f"c{n}" for n in range(len(columns))]
        typed = ", ".join(map(self._value, columns, (f"g.{c}" for c in given)))
        same = " and ".join(f"t.{identifier(name)} = s.{identifier(name)}" for name in table.key)
        own = [n for n in columns if n not in table.key or table.columns[n].kind is Kind.TEXT]
        own = [n for n in own if n not in table.on_create]
        change = ", ".join(f"{c} = s.{c}" for c in map(identifier, own or table.key))
        sql = (
            f"merge into {table.sql} with (holdlock, updlock) as t "
            f"using (select {typed} from {json_rows('rows', given)} g) as s ({', '.join(names)}) "
            f"on ({same}) when matched then update set {change} "
            f"when not matched then insert ({', '.join(names)}) "
            f"values ({', '.join(f's.{name}' for name in names)});"
        )
        rows = [list(records[place].values()) for place in places]
        await self._session.rows(sql, {"rows": _encode(rows).decode()})

    async def _update(self, record: Record, key: Sequence[str]) -> bool:
        """Update the row of a key with all that a record says; tell whether it is there."""
        table = self._table
        told = {name: value for name, value in record.items() if name not in table.on_create}
        given = {f"c{n}": value for n, value in enumerate(told.values()) if value is not None}
        change = ", ".join(
            f"{identifier(name)} = {self._value(name, f'@c{n}') if f'c{n}' in given else 'null'}"
            for n, name in enumerate(told)
        )
        same = " and ".join(
            f"{identifier(name)} = {table.made(name, f'@k{n}')}" for n, name in enumerate(table.key)
        )
        given |= {f"k{n}": part for n, part in enumerate(key)}
        sql = f"update {table.sql} set {change} where {same}; select @@rowcount as changed"
        [[changed]] = (await self._session.rows(sql, given)).rows
        return bool(changed)

    def _value(self, name: str, text: str) -> str:
        """Return SQL of a column's value; a text is refused and not cut where it is too long."""
        column = self._table.columns[name]
        if name in self._table.key:
            return self._table.strictly(name, text)
        if column.kind is Kind.TEXT:
            return text
        if column.kind is Kind.DATE or column.kind is Kind.DATETIME:
            return made("datetime2(7)", text)
        return made("varbinary(max)" if column.kind is Kind.BINARY else column.declared, text)

    async def _sent(self, send: Send, groups: Groups) -> Failures:
        """Send records; what is refused is halved until the bad one is alone.

        Raises:
            ConnectorError: what would meet every record.
        """

        async def paced(places: Sequence[int]) -> None:
            await self._pace()
            try:
                await self._tried(send, places)
            except ServerError as error:
                if is_transient(error):
                    raise
                if not is_of_a_record(error):
                    raise refused_call(error, self._advice(error)) from error
                raise RefusedError(error) from error

        refused = await send_halved(paced, groups, may_pass)
        return {place: failure_of(error) for place, error in refused.items()}

    async def _tried(self, send: Send, places: Sequence[int]) -> None:
        """Send records, again where SQL Server ended this one of two that waited for each other."""
        for tries_left in reversed(range(_TRIES)):
            try:
                return await send(places)
            except ServerError as error:
                if error.number != DEADLOCK or not tries_left:
                    raise
        return None

    def _advice(self, error: ServerError) -> str:
        if error.number not in NOT_PERMITTED:
            return ""
        return f"grant select, insert, update on {self._table.sql} to the profile's user"


def _parts(records: list[Record], places: Sequence[int]) -> Iterator[Sequence[int]]:
    """Divide places so that the records of each make a statement of bearable length."""
    begin = size = 0
    for n, place in enumerate(places):
        length = sum(len(text) for text in records[place].values() if isinstance(text, str))
        if size + length > _LONGEST and n > begin:
            yield places[begin:n]
            begin, size = n, 0
        size += length
    if begin < len(places):
        yield places[begin:]


def _odd_texts(record: Record, names: set[str]) -> dict[str, str]:
    found = ((name, record.get(name)) for name in names)
    return {n: text for n, text in found if isinstance(text, str) and not text.isascii()}


def _unreadable(name: str) -> Failure:
    message = f"the column {name!r} is not Unicode, and cannot hold every character of the value"
    return Failure(Category.PERMANENT, "value_refused", message, field=name)
