"""Target tables: columns, what they are keyed by, and what Oracle takes for one key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from syncline.connectors.dbapi.kinds import LONG, Kind, bindable, equal_for
from syncline.connectors.dbapi.queries import bind
from syncline.connectors.errors import refusal
from syncline.connectors.oracle.kinds import DIALECT, MOST_LISTED
from syncline.connectors.oracle.session import Session
from syncline.connectors.oracle.target.catalog import TableDescription, TargetColumn, described
from syncline.connectors.sql import target_table
from syncline.connectors.sql.match_keys import key_columns, of_target_id
from syncline.connectors.sql.target_table import Key
from syncline.connectors.sql.text import identifier

_INPUT_TYPES = {
    Kind.WHOLE: "DB_TYPE_NUMBER",
    Kind.NUMBER: "DB_TYPE_NUMBER",
    Kind.REAL: "DB_TYPE_BINARY_DOUBLE",
    Kind.DOUBLE: "DB_TYPE_BINARY_DOUBLE",
    Kind.BOOLEAN: "DB_TYPE_BOOLEAN",
    Kind.FIXED: "DB_TYPE_CHAR",
    Kind.LONG_RAW: "DB_TYPE_BLOB",
}
_SHORT = 4000
"""Bytes of a text that may be bound as one and not as a CLOB."""


def input_type(column: TargetColumn, longest: int) -> str:
    """Return the type that a column's values are bound as; `longest` of them has so many bytes."""
    if column.type in ("NVARCHAR2", "NCHAR"):
        return "DB_TYPE_NVARCHAR" if column.type == "NVARCHAR2" else "DB_TYPE_NCHAR"
    if column.kind is Kind.LONG_TEXT and longest > _SHORT:
        return "DB_TYPE_NCLOB" if column.type == "NCLOB" else "DB_TYPE_CLOB"
    return _INPUT_TYPES.get(column.kind, "DB_TYPE_VARCHAR")


class TargetTable(target_table.TargetTable):
    """A target table of Oracle; `session` is the connection that it was looked at on."""

    def __init__(
        self,
        session: Session,
        name: str,
        described: TableDescription,
        key: Key,
        on_create: tuple[str, ...] = (),
    ) -> None:
        super().__init__(name, ".".join(map(identifier, described.parts)), key, on_create)
        self.session = session
        self._described = described

    @property
    def columns(self) -> Mapping[str, TargetColumn]:
        return self._described.columns

    def quoted(self, name: str) -> str:
        """Quote a column's name as the catalog has it."""
        column = self.columns.get(name)
        return identifier(name if column is None else column.name)

    def check_keyed(self) -> None:
        """Raise ConnectorError where a row cannot be found by the match key alone."""
        own = {name: self.columns[name] for name in self.key}
        names = tuple(column.name for column in own.values())
        keyed = [
            [key for key, name in zip(self.key, names, strict=True) if name in columns]
            if {*columns} == {*names}
            else columns
            for columns in self._described.keyed
        ]
        self.check_key(
            keyed,
            dict.fromkeys(self._described.others, "over an expression"),
            "whole columns",
            is_view=self._described.is_view,
        )
        for name, column in own.items():
            if not column.is_binary or column.kind in LONG or column.kind is Kind.OTHER:
                message = (
                    f"the column {name!r} cannot be a match key: it is {column.type}"
                    f"{'' if column.is_binary else ' with a collation that is not BINARY'}"
                )
                raise refusal("unusable_key", message, field=name)

    async def rows_of(self, keys: Sequence[Key]) -> list[object]:
        """Return what is equal for keys that Oracle takes for one."""
        return [self._same(key) for key in keys]

    def _same(self, key: Key) -> tuple[object, ...]:
        kinds = [self.columns[name].kind for name in self.key]
        return tuple(equal_for(kind, part) for kind, part in zip(kinds, key, strict=True))

    async def there(self, keys: Mapping[int, Key]) -> set[int]:
        """Return the places of keys that the table has."""
        found: set[object] = set()
        for some in _parts([key for key in keys.values() if self.bound(key) is not None]):
            given: dict[str, object] = {}
            wanted = ", ".join(self._values(key, given) for key in some)
            columns = ", ".join(
                f"{DIALECT.forms.get(self.columns[name].kind, '{}').format(self.quoted(name))}"
                for name in self.key
            )
            named = ", ".join(map(self.quoted, self.key))
            sql = f"select {columns} from {self.sql} where ({named}) in ({wanted})"
            for row in await self.session.rows(sql, given):
                found.add(self._same(tuple(str(cell) for cell in row)))
        return {place for place, key in keys.items() if self._same(key) in found}

    def bound(self, key: Key) -> list[object] | None:
        """Return a key as it is bound; None where there can be none such: '' is null in Oracle."""
        kinds = [self.columns[name].kind for name in self.key]
        values = [bindable(kind, part) for kind, part in zip(kinds, key, strict=True)]
        return None if None in values or "" in values else values

    def _values(self, key: Key, given: dict[str, object]) -> str:
        kinds = [self.columns[name].kind for name in self.key]
        values = self.bound(key) or []
        said = [DIALECT.made(k, bind(v, given)) for k, v in zip(kinds, values, strict=True)]
        return f"({', '.join(said)})"

    def where(self, first: int = 0) -> str:
        """Return what finds the row of a key whose parts are bound from `b<first>` on."""
        return " and ".join(
            f"{self.quoted(name)} = {DIALECT.made(self.columns[name].kind, f'b{first + n}')}"
            for n, name in enumerate(self.key)
        )

    def key_types(self, first: int = 0) -> dict[str, str]:
        """Return the types that the parts of a key are bound as, from `b<first>` on."""
        columns = [self.columns[name] for name in self.key]
        return {f"b{first + n}": input_type(column, 0) for n, column in enumerate(columns)}

    async def delete(self, target_ids: Sequence[str]) -> None:
        """Delete rows by key; a key that can name no row is left out."""
        keys = [of_target_id(target_id, len(self.key)) for target_id in target_ids]
        known = [values for key in keys if key and (values := self.bound(key))]
        if not known:
            return
        rows = [{f"b{n}": value for n, value in enumerate(values)} for values in known]
        sql = f"delete from {self.sql} where {self.where()}"
        refused = await self.session.run_each(sql, rows, self.key_types())
        if refused:
            await self.session.rollback()
            raise next(iter(refused.values()))
        await self.session.commit()


def _parts(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    for start in range(0, len(keys), MOST_LISTED):
        yield keys[start : start + MOST_LISTED]


async def table_of(
    session: Session, name: str, key: Key, on_create: tuple[str, ...] = ()
) -> TargetTable:
    """Look at a table as it is now.

    Raises ConnectorError where there is no match key, no such table, or no such column.
    """
    found = await described(session, name)
    key = key_columns("Oracle", key, name, found.columns)
    return TargetTable(session, name, found, key, on_create)
