"""Bulk upserts: one MERGE on the match key, which locks what it looks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import msgspec

from syncline.connectors.mssql import errors
from syncline.connectors.mssql.errors import ServerError
from syncline.connectors.mssql.kinds import Kind, made
from syncline.connectors.mssql.session import Session
from syncline.connectors.mssql.target.column_values import convert_values
from syncline.connectors.mssql.target.table import TargetTable, json_rows
from syncline.connectors.port import Pace
from syncline.connectors.sql.bisection import Groups
from syncline.connectors.sql.match_keys import of_target_id
from syncline.connectors.sql.text import identifier
from syncline.connectors.sql.upsert import Failures, TableUpsert, WriteErrors
from syncline.domain.errors import Category, Failure
from syncline.domain.record import Record

_LONGEST = 4_000_000
"""Characters of the JSON of a statement, save of one that has a single record."""
_encode = msgspec.json.Encoder().encode


class Upsert(TableUpsert[TargetTable]):
    """Writes one bulk on one connection."""

    errors: ClassVar[WriteErrors] = errors
    refusals = ServerError

    def __init__(self, session: Session, table: TargetTable, pace: Pace) -> None:
        super().__init__(table, pace)
        self._session = session

    def converted(self, records: list[Record], places: Sequence[int]) -> Failures:
        """Put a text in place of each value."""
        return convert_values(records, places, self._table.columns)

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
        return failures | await self.sent(move, whole), found

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
        return failures | await self.sent(send, parts)

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
        found = await self._table.unreadable(texts) if texts else {}
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
