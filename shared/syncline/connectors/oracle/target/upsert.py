"""Bulk upserts: one MERGE for each record, all of a bulk in one call that tells who failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from syncline.connectors.dbapi.errors import ServerError
from syncline.connectors.oracle.errors import CODES
from syncline.connectors.oracle.kinds import DIALECT
from syncline.connectors.oracle.session import Session
from syncline.connectors.oracle.target.column_values import convert_values
from syncline.connectors.oracle.target.table import TargetTable, input_type
from syncline.connectors.port import Pace
from syncline.connectors.sql.bisection import Groups, RefusedError, send_again
from syncline.connectors.sql.match_keys import of_target_id
from syncline.connectors.sql.upsert import Failures, TableUpsert, WriteErrors
from syncline.domain.record import Record

_LONGEST = 8_000_000
"""Characters of the values that one call sends, save of a call that has a single record."""
_MOST = 5000
"""Records of one call; Oracle tells of no more than 65,535 that failed."""


class Upsert(TableUpsert[TargetTable]):
    """Writes one bulk on one connection."""

    errors: ClassVar[WriteErrors] = CODES
    refusals = ServerError

    def __init__(self, session: Session, table: TargetTable, pace: Pace) -> None:
        super().__init__(table, pace)
        self._session = session

    def converted(self, records: list[Record], places: Sequence[int]) -> Failures:
        """Put what is bound in place of each value."""
        table = self._table
        return convert_values(records, places, table.columns, table.key, self._session.charset)

    async def change_keys(
        self, records: list[Record], groups: Groups, target_ids: Sequence[str | None]
    ) -> tuple[Failures, set[int]]:
        """Give rows their new key and values, one by one."""
        found: set[int] = set()

        async def move(places: Sequence[int]) -> None:
            for place in places:
                old = of_target_id(target_ids[place] or "", len(self._table.key))
                bound = self._table.bound(old) if old else None
                if bound is not None and await self._update(records[place], bound):
                    found.add(place)

        return await self.sent(move, [[place] for places in groups for place in places]), found

    async def create_or_update(self, records: list[Record], groups: Groups) -> Failures:
        """Create or update rows."""

        async def each(some: Groups) -> dict[int, BaseException]:
            refused: dict[int, BaseException] = {}
            for places in some:
                for part in _parts(records, places):
                    refused |= await self._merged(records, part)
            return refused

        refused = await send_again(each, groups, self.errors.may_pass)
        return {place: self.errors.failure_of(error) for place, error in refused.items()}

    async def _merged(
        self, records: list[Record], places: Sequence[int]
    ) -> dict[int, BaseException]:
        """Merge records in one call; return why some were refused, by their places.

        Raises ServerError for what passes, and ConnectorError for what would meet every record.
        """
        refused: dict[int, BaseException] = {}
        sql = self.merge(list(records[places[0]]))
        rows = [{f"b{n}": v for n, v in enumerate(records[p].values())} for p in places]

        async def send(_places: Sequence[int]) -> None:
            refused.clear()
            found = await self._session.run_each(sql, rows, self._types(records, places))
            others = [error for error in found.values() if not self.errors.is_of_a_record(error)]
            if others:
                await self._session.rollback()
                raise others[0]
            await self._session.commit()
            refused.update({places[offset]: error for offset, error in found.items()})

        await self.sent(send, [places])
        return refused

    def merge(self, names: Sequence[str]) -> str:
        """Return the statement that creates or updates one row; `b0` … are its values."""
        table = self._table
        columns = [table.quoted(name) for name in names]
        values = [DIALECT.made(table.columns[n].kind, f"b{p}") for p, n in enumerate(names)]
        same = " and ".join(
            f"t.{table.quoted(name)} = {values[list(names).index(name)]}" for name in table.key
        )
        change = ", ".join(
            f"{columns[place]} = {values[place]}"
            for place, name in enumerate(names)
            if name not in table.key and name not in table.on_create
        )
        update = f"when matched then update set {change} " if change else ""
        return (
            f"merge into {table.sql} t using dual on ({same}) {update}"
            f"when not matched then insert ({', '.join(columns)}) values ({', '.join(values)})"
        )

    def _types(self, records: list[Record], places: Sequence[int]) -> dict[str, str]:
        """Return the types that the values of records with the same columns are bound as."""
        types = {}
        for place, name in enumerate(records[places[0]]):
            values = (records[p][name] for p in places)
            longest = max((4 * len(v) for v in values if isinstance(v, str)), default=0)
            types[f"b{place}"] = input_type(self._table.columns[name], longest)
        return types

    async def _update(self, record: Record, key: Sequence[object]) -> bool:
        """Update the row of a key with all that a record says; tell whether it is there."""
        table = self._table
        told = {name: value for name, value in record.items() if name not in table.on_create}
        change = ", ".join(
            f"{table.quoted(name)} = {DIALECT.made(table.columns[name].kind, f'b{n}')}"
            for n, name in enumerate(told)
        )
        row = {f"b{n}": value for n, value in enumerate([*told.values(), *key])}
        sql = f"update {table.sql} set {change} where {table.where(len(told))}"
        types = self._types([told], [0]) | table.key_types(len(told))
        refused = await self._session.run_each(sql, [row], types)
        if refused:
            await self._session.rollback()
            raise RefusedError(refused[0]) if self.errors.is_of_a_record(refused[0]) else refused[0]
        await self._session.commit()
        return self._session.changed > 0


def _parts(records: list[Record], places: Sequence[int]) -> list[list[int]]:
    """Divide places so that the records of each make a call of bearable length."""
    parts: list[list[int]] = []
    size = 0
    for place in places:
        length = sum(len(v) for v in records[place].values() if isinstance(v, str | bytes))
        size += length
        if not parts or size > _LONGEST or len(parts[-1]) >= _MOST:
            parts.append([])
            size = length
        parts[-1].append(place)
    return parts
