"""A person's changes of cursors: every one adds a version, and is audited. Spec section 2.5."""

from __future__ import annotations

from typing import Any

from syncline.domain.errors import NotFoundError
from syncline.domain.mapping.document import CursorType
from syncline.postgres.audit import audit
from syncline.postgres.database import Database
from syncline.postgres.views import CursorView, cursor_view

_STREAM = """
select s.id, i.name as instance, s.entity_type,
  v.document->'extraction'->>'cursorType' as cursor_type
from streams s join instances i on i.id = s.instance_id join mappings m on m.id = s.mapping_id
join mapping_versions v on v.mapping_id = m.id and v.version = m.active_version
where s.tenant = $1 and (i.name = $2 or i.id::text = $2) and s.entity_type = $3 and not s.removed
"""


class Cursors:
    """Every method may raise RetriableError, and NotFoundError where there is no such stream."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def kind(self, tenant: str, instance: str, entity_type: str) -> CursorType:
        """Return how the values of a stream's cursor are compared."""
        async with self._database.connection() as connection:
            stream = await _stream(connection, tenant, instance, entity_type)
        return CursorType(stream["cursor_type"] or CursorType.DATETIME)

    async def history(self, tenant: str, instance: str, entity_type: str) -> list[CursorView]:
        """Return every version of a stream's cursor, newest first."""
        async with self._database.connection() as connection:
            stream = await _stream(connection, tenant, instance, entity_type)
            rows = await connection.fetch(
                """select $2::text as instance, $3::text as entity_type, c.* from cursors c
                where c.stream_id = $1 order by version desc""",
                stream["id"],
                stream["instance"],
                stream["entity_type"],
            )
        return [cursor_view(row) for row in rows]

    async def set(
        self, stream: tuple[str, str, str], value: str | None, actor: str, reason: str
    ) -> CursorView:
        """Add a version with a value; None reads everything the next time.

        A run that is active keeps what it started from and leaves the new version as it is.

        Args:
            stream: tenant, instance (name or ID), entity type.
        """
        async with self._database.transaction() as connection:
            found = await _stream(connection, *stream)
            await connection.execute("select from streams where id = $1 for update", found["id"])
            row = await connection.fetchrow(
                """insert into cursors (stream_id, version, tenant, value, actor, reason)
                select $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5
                from cursors where stream_id = $1
                returning *, $6::text as instance, $7::text as entity_type""",
                found["id"], stream[0], value, actor, reason, found["instance"],
                found["entity_type"],
            )  # fmt: skip
            name = f"{found['instance']}/{found['entity_type']}"
            details = {"value": value, "version": row["version"], "reason": reason}
            await audit(connection, stream[0], actor, "cursor.set", name, details)
            return cursor_view(row)


async def _stream(connection: Any, tenant: str, instance: str, entity_type: str) -> Any:  # noqa: ANN401
    found = await connection.fetchrow(_STREAM, tenant, instance, entity_type.lower())
    if found is None:
        raise NotFoundError(f"no instance {instance!r} with entity type {entity_type!r}")
    return found
