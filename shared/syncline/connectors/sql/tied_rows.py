"""Rows of one cursor value and one ID: nothing tells them apart, so pages never part them.

A read that goes on between two of them would pass some over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from syncline.connectors.errors import ConnectorError, refusal

MOST_TIED = 20_000
"""Rows with one cursor value and one ID that are read; more of them name no records."""
Row = TypeVar("Row")


class UntiedPages(Generic[Row]):
    """Makes pages of rows that come in order.

    Args:
        size: of a page; it may have a few more, or fewer.
        group_of: returns what is equal of rows that have the same cursor value and the same ID.
        key_of: returns a row's ID and its cursor value.
    """

    def __init__(
        self,
        size: int,
        group_of: Callable[[Row], object],
        key_of: Callable[[Row], tuple[object, object]],
    ) -> None:
        self._size = size
        self._group_of = group_of
        self._key_of = key_of
        self._held: list[Row] = []

    @property
    def asked(self) -> int:
        """How many rows to take next."""
        held, size = len(self._held), self._size
        return size if held > size else size + 1 - held

    def take(self, rows: Sequence[Row], *, is_end: bool) -> list[Row]:
        """Take the next rows; return those that make a page, if any, and all at the end.

        Raises ConnectorError where more rows share a cursor value and ID than can name records.
        """
        self._held += rows
        count = len(self._held) if is_end else self._untied()
        if not count and len(self._held) > MOST_TIED:
            raise not_unique(*self._key_of(self._held[0]))
        page, self._held = self._held[:count], self._held[count:]
        return page

    def _untied(self) -> int:
        """Return how many rows are surely followed by none of their cursor value and ID."""
        rows, group_of = self._held, self._group_of
        last, count = group_of(rows[-1]), len(rows) - 1
        if group_of(rows[0]) == last:
            return 0
        while group_of(rows[count - 1]) == last:
            count -= 1
        return count


def not_unique(source_id: object, cursor: object) -> ConnectorError:
    """Refuse an ID column that names no record."""
    message = (
        f"more than {MOST_TIED:,} rows have the ID {str(source_id)!r} and one cursor value "
        f"({cursor}): idColumn must be a column that names each record"
    )
    return refusal("id_not_unique", message)
