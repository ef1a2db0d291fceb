"""The cursor: comparing bookmarks, and where a run may leave it. Spec section 2.5."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation

from syncline.domain.mapping.document import CursorType
from syncline.domain.run import State

MAX_VALUE = 200
"""Characters of a value that a person gives."""


def is_later(value: str, than: str | None, kind: CursorType) -> bool:
    """Tell whether one cursor value lies behind another; texts are as the source gave them."""
    if than is None or value == than:
        return than is None
    return _comparable(value, kind) > _comparable(than, kind)


def _comparable(value: str, kind: CursorType) -> tuple[int, Decimal, str]:
    """Numbers before texts; a text that is no instant is compared as text."""
    if kind is CursorType.ID:
        try:
            return 0, Decimal(value), ""
        except InvalidOperation:
            return 1, Decimal(0), value
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return 1, Decimal(0), value
    if instant.tzinfo is None:
        return 0, Decimal(0), instant.isoformat()
    return 0, Decimal(str(instant.timestamp())), value


def value_problem(value: str, kind: CursorType) -> str | None:
    """Say why a person's value cannot be a cursor, or None: the source must compare it."""
    if not value.strip() or len(value) > MAX_VALUE or not value.isprintable():
        return f"must be printable text of 1 to {MAX_VALUE} characters"
    if kind is CursorType.ID:
        return None
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return f"must be a time such as 2026-01-31T08:15:00, not {value!r}"
    return None


def moved_cursor(
    *,
    state: State,
    before: str | None,
    high_water: str | None,
    read_to: str | None,
    kind: CursorType,
) -> str | None:
    """Decide where a closing run leaves the cursor.

    Reading is inclusive, so the last value read is always safe: its other records are read again.
    The highest value taken as a whole is preferred where the read stopped early.

    Args:
        before: the bookmark now.
        high_water: highest value all of whose records were taken.
        read_to: highest value that was read at all.

    Returns:
        The new value, or None when the cursor stays.
    """
    if state not in (State.SUCCEEDED, State.PARTIAL_SUCCESS):
        return None
    for value in (high_water, read_to):
        if value is not None and is_later(value, before, kind):
            return value
    return None
