"""Versions of cursors; a person's change adds one, and is audited. Spec section 2.5."""

from __future__ import annotations

from datetime import datetime

import msgspec

from syncline.domain.cursor.values import CursorFormat
from syncline.domain.errors import NotFoundError, StaleError
from syncline.domain.mapping.extraction import CursorType
from syncline.postgres.audit.log import audit
from syncline.postgres.database.database import Connection, Queryable, Repository, Row
from syncline.postgres.database.near_names import no_stream
from syncline.postgres.database.rows import fetch_structs, struct_of
from syncline.postgres.database.sorts import ListPart

_NEWEST = """
select version, value from cursors where stream_id = $1 order by version desc limit 1
"""
_ADD = """
insert into cursors (stream_id, version, tenant, value, run_id, actor, reason)
select $1, coalesce($2, (select coalesce(max(version), 0) + 1 from cursors where stream_id = $1)),
  $3, $4, $5, $6, $7
returning *, run_id as correlation_id
"""
# Without the value: who may clear cursors need not be able to set them.
_CLEAR = """
insert into cursors (stream_id, version, tenant, run_id, actor, reason)
values ($1, $2, $3, $4, $5, 'reset_cursor')
"""
_STREAM = """
select s.id, s.tenant, i.name as instance, s.entity_type,
  v.document->'extraction'->>'cursorType' as cursor_type,
  v.document->'extraction'->>'cursorFormat' as cursor_format
from streams s join instances i on i.id = s.instance_id join mappings m on m.id = s.mapping_id
join mapping_versions v on v.mapping_id = m.id and v.version = m.active_version
where s.tenant = $1 and (i.name = $2 or i.id::text = $2) and s.entity_type = $3 and not s.removed
"""
_PAGE = """
select i.name as instance, s.entity_type, coalesce(c.version, 0) as version, c.value,
  c.run_id as correlation_id, c.actor, c.reason, c.at from streams s
join instances i on i.id = s.instance_id
left join lateral (select * from cursors c where c.stream_id = s.id order by version desc limit 1) c
  on true
where s.tenant = $1 and not s.removed
  and ($2::text is null or (i.name, s.entity_type) > ($2, $3::text))
  and ($4::text is null or i.name ilike $4 or s.entity_type ilike $4)
  and ($5::text is null or i.name = $5)
order by i.name, s.entity_type limit $6
"""
_HISTORY = """
select c.*, c.run_id as correlation_id from cursors c
where c.stream_id = $1 and ($2::int is null or c.version < $2) order by version desc limit $3
"""
_LOCK = "select from streams where id = $1 for update"
_VALUE = "select value from cursors where stream_id = $1 and version = $2"


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


async def clear_cursor(
    connection: Connection, stream: int, version: int, tenant: str, run_id: str, actor: str
) -> None:
    """Add a version without a value in the caller's transaction: a run begins with Reset Cursor.

    Raises asyncpg.UniqueViolationError where somebody else added it at this moment.
    """
    await connection.execute(_CLEAR, stream, version, tenant, run_id, actor)


class Cursors(Repository):
    """Every method may raise RetriableError, and NotFoundError where there is no such stream."""

    async def format(self, tenant: str, instance: str, entity_type: str) -> CursorFormat:
        """Return how the values of a stream's cursor are read and compared."""
        return cursor_format_of(await _find_stream(self._database, tenant, instance, entity_type))

    async def all(self, tenant: str, instance: str | None = None) -> list[CursorView]:
        """Return the newest version of every stream's cursor, by instance and entity type."""
        return await self._newest(tenant, None, None, None, instance, None)

    async def page(
        self, tenant: str, part: ListPart, after: tuple[str, str] | None, instance: str | None
    ) -> list[CursorView]:
        """Return some of them: those behind an instance and entity type, or of one instance."""
        position = after or (None, None)
        return await self._newest(tenant, *position, part.pattern, instance, part.limit)

    async def _newest(self, *values: object) -> list[CursorView]:
        return await fetch_structs(self._database, CursorView, _PAGE, *values)

    async def current(self, tenant: str, instance: str, entity_type: str) -> CursorView:
        """Return the newest version of a stream's cursor; version 0: it was never set."""
        stream = await _find_stream(self._database, tenant, instance, entity_type)
        row = await self._database.fetchrow(_HISTORY, stream["id"], None, 1)
        if row is None:
            return CursorView(stream["instance"], stream["entity_type"], 0, None)
        return struct_of(CursorView, row, **_names(stream))

    async def history(
        self,
        tenant: str,
        instance: str,
        entity_type: str,
        *,
        before: int | None = None,
        limit: int | None = None,
    ) -> list[CursorView]:
        """Return versions of a stream's cursor, newest first; those below `before`."""
        stream = await _find_stream(self._database, tenant, instance, entity_type)
        rows = await self._database.fetch(_HISTORY, stream["id"], before, limit)
        return [struct_of(CursorView, row, **_names(stream)) for row in rows]

    async def set(
        self,
        stream: tuple[str, str, str],
        value: str | None,
        actor: str,
        reason: str,
        *,
        expected: int | None = None,
    ) -> CursorView:
        """Add a version with a value; None reads everything the next time.

        A run that is active keeps what it started from and leaves the new version as it is.

        Args:
            stream: tenant, instance (name or ID), entity type.
            expected: the version that the change is based on; StaleError where it is another now.
        """
        async with self._database.transaction() as connection:
            found = await _lock_stream(connection, stream, expected)
            return await _add(connection, found, value, actor, reason)

    async def roll_back(
        self,
        stream: tuple[str, str, str],
        version: int,
        actor: str,
        reason: str,
        *,
        expected: int | None = None,
    ) -> CursorView:
        """Add a version with the value of an older one. Raises NotFoundError, StaleError."""
        async with self._database.transaction() as connection:
            found = await _lock_stream(connection, stream, expected)
            old = await connection.fetchrow(_VALUE, found["id"], version)
            if old is None:
                raise NotFoundError(f"the cursor has no version {version}")
            return await _add(connection, found, old["value"], actor, reason)


async def _lock_stream(
    connection: Connection, stream: tuple[str, str, str], expected: int | None
) -> Row:
    """Return a stream's row, locked, if its cursor has the expected version."""
    found = await _find_stream(connection, *stream)
    await connection.execute(_LOCK, found["id"])
    if expected is not None:
        version, _ = await newest_cursor(connection, found["id"])
        if version != expected:
            raise StaleError(f"the cursor has moved to version {version} meanwhile: load it again")
    return found


async def _add(
    connection: Connection, stream: Row, value: str | None, actor: str, reason: str
) -> CursorView:
    tenant = stream["tenant"]
    new = NewCursor(stream["id"], tenant, value, actor, reason)
    row = await add_cursor(connection, new)
    name = f"{stream['instance']}/{stream['entity_type']}"
    details = {"value": value, "version": row["version"], "reason": reason}
    await audit(connection, tenant, actor, "cursor.set", name, details)
    return struct_of(CursorView, row, **_names(stream))


def _names(stream: Row) -> dict[str, str]:
    return {name: stream[name] for name in ("instance", "entity_type")}


async def _find_stream(database: Queryable, tenant: str, instance: str, entity_type: str) -> Row:
    found = await database.fetchrow(_STREAM, tenant, instance, entity_type.lower())
    if found is None:
        raise await no_stream(database, tenant, instance, entity_type)
    return found
