"""Sorted lists of requests: the order that is wanted, and the parts of a list in that order.

A cursor belongs to the order in which it was given, as it belongs to the filters.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from fastapi import Depends, Query

from syncline.postgres.database.sorts import (
    Kind,
    Order,
    SortColumn,
    Sorts,
    UnknownSortError,
    Value,
)
from syncline_gateway.requests.parameters import (
    Page,
    Paged,
    Paging,
    decimal,
    identity,
    moment,
    whole,
    words,
)
from syncline_gateway.requests.problems import ProblemError

T = TypeVar("T")
_READERS: Mapping[Kind, Callable[[str], Any]] = {
    "text": words,
    "number": whole,
    "decimal": decimal,
    "moment": moment,
    "id": identity,
}
_VALUE = "="
"""Stands before a value in a cursor, so that no value is another thing than an empty text."""


class SortedPart(msgspec.Struct, frozen=True):
    """The part of a sorted list that is wanted.

    Attributes:
        order: begins where the page before ended.
        limit: items to fetch: one more than the page shows.
    """

    paging: Paging
    order: Order

    @property
    def limit(self) -> int:
        return self.paging.limit

    def page(self, items: Sequence[T]) -> Page[T]:
        """Make the page of `limit` items and one more."""
        return self.paging.page(items, self._key)

    def _key(self, item: object) -> list[str]:
        return [_text(value) for value in self.order.values_of(item)]


def order_of(sorts: Sorts) -> Callable[..., Awaitable[Order]]:
    """Return the dependency that says in which order a list is wanted."""
    names = list(sorts.columns)
    wanted = Query(
        None,
        description=f"With `-` before it descending. Without it the list is by `{sorts.default}`.",
        json_schema_extra={"pattern": f"^-?({'|'.join(names)})$"},
    )

    async def order(sort: str | None = wanted) -> Order:
        try:
            return sorts.order(sort)
        except UnknownSortError:
            shown = ", ".join(names)
            detail = f"this list is not sorted by {sort!r}: it can be by {shown}; - turns it round"
            raise ProblemError(400, "invalid_sort", detail) from None

    return order


def part_of(sorts: Sorts) -> Callable[..., Awaitable[SortedPart]]:
    """Return the dependency that says which part of a list, in which order, is wanted."""
    order = Depends(order_of(sorts))

    async def part(paging: Paged, wanted: Order = order) -> SortedPart:
        after = paging.key(_reader(wanted.column), _reader(wanted.unique))
        return SortedPart(paging, msgspec.structs.replace(wanted, after=after))

    return part


def _reader(column: SortColumn) -> Callable[[str], Value]:
    read = _READERS[column.kind]

    def value(text: str) -> Value:
        if not text and column.nullable:
            return None
        if not text.startswith(_VALUE):
            raise ValueError(text)
        found: Value = read(text.removeprefix(_VALUE))
        return found

    return value


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return _VALUE + value.isoformat()
    return _VALUE + str(int(value) if isinstance(value, bool) else value)
