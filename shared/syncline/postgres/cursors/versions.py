"""Versions of a stream's cursor: the newest one, and a new one behind it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from syncline.domain.cursor.values import CursorFormat
from syncline.domain.mapping.extraction import CursorType
from syncline.postgres.database.database import Connection, Row

_NEWEST = """
select version, value from cursors where stream_id = $1 order by version desc limit 1
"""
_ADD = """
insert into cursors (stream_id, version, tenant, value, run_id, actor, reason)
select $1, coalesce($2, (select coalesce(max(version), 0) + 1 from cursors where stream_id = $1)),
  $3, $4, $5, $6, $7
returning *, run_id as correlation_id
"""


class CursorView(msgspec.Struct, frozen=True, rename="camel"):
    """One version of a stream's cursor; version 0: it was never set."""

    instance: str
    entity_type: str
    version: int
    value: str | None
    correlation_id: str | None = None
    actor: str | None = None
    reason: str | None = None
    at: datetime | None = None


class NewCursor(msgspec.Struct, frozen=True):
    """A version to be added.

    Attributes:
        stream: its key.
        version: the number that it must have; None takes the next one.
        run_id: the run that moves the cursor.
    """

    stream: int
    tenant: str
    value: str | None
    actor: str
    reason: str
    version: int | None = None
    run_id: str | None = None


def cursor_format_of(row: Row) -> CursorFormat:
    """Read how a cursor's values are read and compared from the settings of its extraction."""
    type_ = CursorType(row["cursor_type"] or CursorType.DATETIME)
    return CursorFormat(type_, row["cursor_format"] or None)


async def newest_cursor(connection: Connection, stream: int) -> tuple[int, str | None]:
    """Return the newest version of a stream's cursor and its value; 0 where it was never set."""
    row = await connection.fetchrow(_NEWEST, stream)
    return (row["version"], row["value"]) if row else (0, None)


async def add_cursor(connection: Connection, new: NewCursor) -> Row:
    """Add a version of a cursor in the caller's transaction; return its row.

    Raises asyncpg.UniqueViolationError where somebody else added it at this moment.
    """
    row = await connection.fetchrow(
        _ADD, new.stream, new.version, new.tenant, new.value, new.run_id, new.actor, new.reason
    )
    assert row is not None
    return row
