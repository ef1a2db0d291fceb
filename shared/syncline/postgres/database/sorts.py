"""Sorted lists: what a list can be sorted by, and what comes behind a row of it.

Rows with equal values are kept apart by a column whose values are unique, in the same direction:
so no page repeats a row or leaves one out, and one index serves both directions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from syncline.domain.errors import SynclineError
from syncline.postgres.database.conditions import Conditions

T = TypeVar("T")
Kind = Literal["text", "number", "decimal", "moment", "id"]
Value: TypeAlias = str | int | float | datetime | None
_TYPES: Mapping[Kind, str] = {
    "text": "text",
    "number": "bigint",
    "decimal": "float8",
    "moment": "timestamptz",
    "id": "uuid",
}


class UnknownSortError(SynclineError):
    """A list is not offered in this order."""


class SortColumn(msgspec.Struct, frozen=True):
    """A column that a list can be sorted by.

    Attributes:
        sql: its value: a column, or an expression.
        of: reads the value from what the list shows.
        nullable: there may be none; such rows come last, whichever the direction.
        folded: texts differ by more than their case.
    """

    sql: str
    of: Callable[[Any], Value]
    kind: Kind = "text"
    nullable: bool = False
    folded: bool = False

    @property
    def term(self) -> str:
        """What rows are compared by."""
        return f"lower({self.sql})" if self.folded else self.sql

    def bound(self) -> str:
        """Return what a value of the column is compared as; `{}` stands for it."""
        value = f"{{}}::{_TYPES[self.kind]}"
        return f"lower({value})" if self.folded else value


def sort_column(
    sql: str,
    field: str,
    kind: Kind = "text",
    *,
    nullable: bool = False,
    folded: bool = False,
) -> SortColumn:
    """Return a column whose value is a field of what the list shows."""
    return SortColumn(sql, attrgetter(field), kind, nullable, folded)


class Order(msgspec.Struct, frozen=True):
    """An order of a list, and behind which row a part of it begins.

    Attributes:
        unique: tells rows with equal values apart.
        after: the row's values in both columns; None at the beginning.
    """

    column: SortColumn
    unique: SortColumn
    descending: bool = False
    after: tuple[Value, Value] | None = None

    def values_of(self, item: object) -> tuple[Value, Value]:
        """Return what tells where an item of the list stands."""
        return self.column.of(item), self.unique.of(item)

    def behind(self, item: object | None) -> Order:
        """Return the order from an item on; with None from the beginning."""
        after = None if item is None else self.values_of(item)
        return msgspec.structs.replace(self, after=after)

    def limit(self, where: Conditions) -> None:
        """Leave out what does not come behind the row."""
        if self.after is None:
            return
        value, unique = self.after
        by, tie, way = self.column, self.unique, "<" if self.descending else ">"
        if value is None:
            condition = f"{by.term} is null and {tie.term} {way} {tie.bound()}"
            where.add(condition, unique)
            return
        condition = f"({by.term}, {tie.term}) {way} ({by.bound()}, {tie.bound()})"
        if by.nullable:
            condition = f"({condition} or {by.term} is null)"
        where.add(condition, value, unique)

    def __str__(self) -> str:
        way = " desc" if self.descending else ""
        last = f"{self.column.term} is null, " if self.column.nullable else ""
        return f"{last}{self.column.term}{way}, {self.unique.term}{way}"

    def merged(self, items: Iterable[T]) -> list[T]:
        """Put items of several parts of a list in this order, where the database did not.

        It is the database's for columns that have a value in each row and no case.
        """
        return sorted(items, key=self.values_of, reverse=self.descending)


class Sorts(msgspec.Struct, frozen=True):
    """What a list can be sorted by.

    Attributes:
        columns: by the names of what it shows.
        unique: a column that no two rows have the same value in.
        default: a name; with `-` before it descending.
    """

    columns: Mapping[str, SortColumn]
    unique: SortColumn
    default: str

    def order(self, wanted: str | None = None) -> Order:
        """Return an order by its name. Raises UnknownSortError: the list is not offered so."""
        chosen = wanted or self.default
        column = self.columns.get(chosen.removeprefix("-"))
        if column is None:
            raise UnknownSortError(chosen)
        return Order(column, self.unique, chosen.startswith("-"))


class ListPart(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a small list: with a text in its items, in any case, from the order's start.

    Without an order, that in which the list is shown by itself.
    """

    limit: int
    order: Order | None = None
    search: str | None = None

    @property
    def pattern(self) -> str | None:
        """What `search` means to `ilike`."""
        if not self.search:
            return None
        quoted = self.search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return f"%{quoted}%"
