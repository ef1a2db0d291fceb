"""A person's changes of cursors: every one adds a version, and is audited. Spec section 2.5."""

from __future__ import annotations

from typing import Any

from syncline.domain.cursor.bookmark import CursorKind
from syncline.domain.errors import NotFoundError, StaleError
from syncline.domain.mapping.extraction import CursorType
from syncline.postgres.audit.log import audit
from syncline.postgres.cursors.versions import CursorView, cursor_view
from syncline.postgres.database.conditions import ListPart
from syncline.postgres.database.database import Database
from syncline.postgres.database.near_names import no_stream

_STREAM = """
select s.id, s.tenant, i.name as instance, s.entity_type,
  v.document->'extraction'->>'cursorType' as cursor_type,
  v.document->'extraction'->>'cursorFormat' as cursor_format
from streams s join instances i on i.id = s.instance_id join mappings m on m.id = s.mapping_id
join mapping_versions v on v.mapping_id = m.id and v.version = m.active_version
where s.tenant = $1 and (i.name = $2 or i.id::text = $2) and s.entity_type = $3 and not s.removed
"""


_PAGE = """
select i.name as instance, s.entity_type, c.* from streams s
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
select $2::text as instance, $3::text as entity_type, c.* from cursors c
where c.stream_id = $1 and ($4::int is null or c.version < $4) order by version desc limit $5
"""


class Cursors:
    """Every method may raise RetriableError, and NotFoundError where there is no such stream."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def kind(self, tenant: str, instance: str, entity_type: str) -> CursorKind:
        """Return how the values of a stream's cursor are read and compared."""
        async with self._database.connection() as connection:
            stream = await _stream(connection, tenant, instance, entity_type)
        type_ = CursorType(stream["cursor_type"] or CursorType.DATETIME)
        return CursorKind(type_, stream["cursor_format"] or None)

    async def page(
        self, tenant: str, part: ListPart, after: tuple[str, str] | None, instance: str | None
    ) -> list[CursorView]:
        """Return the newest version of streams' cursors, by instance and entity type.

        Args:
            after: instance and entity type of the last one before them.
        """
        rows = await self._database.fetch(
            _PAGE, tenant, *(after or (None, None)), part.pattern, instance, part.limit
        )
        return [cursor_view(row) for row in rows]

    async def all(self, tenant: str, instance: str | None = None) -> list[CursorView]:
        """Return the newest version of every stream's cursor, by instance and entity type."""
        rows = await self._database.fetch(_PAGE, tenant, None, None, None, instance, None)
        return [cursor_view(row) for row in rows]

    async def current(self, tenant: str, instance: str, entity_type: str) -> CursorView:
        """Return the newest version of a stream's cursor; version 0: it was never set."""
        found = await self.history(tenant, instance, entity_type, limit=1)
        async with self._database.connection() as connection:
            stream = await _stream(connection, tenant, instance, entity_type)
        return found[0] if found else CursorView(stream["instance"], stream["entity_type"], 0, None)

    async def history(
        self,
        tenant: str,
        instance: str,
        entity_type: str,
        *,
        before: int | None = None,
        limit: int | None = None,
    ) -> list[CursorView]:
        """Return versions of a stream's cursor, newest first.

        Args:
            before: only versions below this one.
        """
        async with self._database.connection() as connection:
            stream = await _stream(connection, tenant, instance, entity_type)
            values = (stream["id"], stream["instance"], stream["entity_type"], before, limit)
            rows = await connection.fetch(_HISTORY, *values)
        return [cursor_view(row) for row in rows]

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
            expected: the version that the change was based on.

        Raises:
            StaleError: the cursor has moved since that version.
        """
        async with self._database.transaction() as connection:
            found = await _locked(connection, stream, expected)
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
        """Add a version with the value that an older one had.

        Raises:
            NotFoundError: the cursor has no such version.
            StaleError: the cursor has moved since the expected version.
        """
        async with self._database.transaction() as connection:
            found = await _locked(connection, stream, expected)
            old = await connection.fetchrow(
                "select value from cursors where stream_id = $1 and version = $2",
                found["id"],
                version,
            )
            if old is None:
                raise NotFoundError(f"the cursor has no version {version}")
            return await _add(connection, found, old["value"], actor, reason)


async def _locked(connection: Any, stream: tuple[str, str, str], expected: int | None) -> Any:  # noqa: ANN401
    """Return a stream's row, locked, if its cursor stands where it is expected."""
    found = await _stream(connection, *stream)
    await connection.execute("select from streams where id = $1 for update", found["id"])
    if expected is not None:
        version = await connection.fetchval(
            "select coalesce(max(version), 0) from cursors where stream_id = $1", found["id"]
        )
        if version != expected:
            raise StaleError(f"the cursor has moved to version {version} meanwhile: load it again")
    return found


async def _add(
    connection: Any,  # noqa: ANN401 - a database connection
    stream: Any,  # noqa: ANN401 - a database row
    value: str | None,
    actor: str,
    reason: str,
) -> CursorView:
    row = await connection.fetchrow(
        """insert into cursors (stream_id, version, tenant, value, actor, reason)
        select $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5
        from cursors where stream_id = $1
        returning *, $6::text as instance, $7::text as entity_type""",
        stream["id"], stream["tenant"], value, actor, reason, stream["instance"],
        stream["entity_type"],
    )  # fmt: skip
    name = f"{stream['instance']}/{stream['entity_type']}"
    details = {"value": value, "version": row["version"], "reason": reason}
    await audit(connection, stream["tenant"], actor, "cursor.set", name, details)
    return cursor_view(row)


async def _stream(connection: Any, tenant: str, instance: str, entity_type: str) -> Any:  # noqa: ANN401
    found = await connection.fetchrow(_STREAM, tenant, instance, entity_type.lower())
    if found is None:
        raise await no_stream(connection, tenant, instance, entity_type)
    return found
