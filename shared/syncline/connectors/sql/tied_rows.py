"""Rows of one cursor value and one ID: nothing tells them apart, so pages never part them.

A read that goes on between two of them would pass some over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from syncline.connectors.errors import ConnectorError, refusal

MOST_TIED = 20_000
"""Rows with one cursor value and one ID that are read; more of them name no records."""
Row = TypeVar("Row")


def asked_for(held: int, size: int) -> int:
    """Return how many rows to fetch beside those that are held, for a page of a size."""
    return size if held > size else size + 1 - held


def untied(rows: Sequence[Row], group_of: Callable[[Row], object]) -> int:
    """Return how many of the rows are surely followed by none of their cursor value and ID."""
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
