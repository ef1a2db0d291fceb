"""Edits of single objects inside a change. Every edit is audited.

A deleted object keeps its row under another name, because runs and dead letters refer to it; its
secrets are erased.
"""

from __future__ import annotations

from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import StaleError
from syncline.domain.record import JsonObject
from syncline.postgres.audit.log import audit
from syncline.postgres.configuration.profiles import mapping_document
from syncline.postgres.configuration.subscriptions import remove_subscription
from syncline.postgres.database.database import Connection, Row
from syncline.postgres.database.near_names import TABLES, row_named
from syncline.postgres.database.rows import mark_of

_USERS = {
    Kind.PROFILE: """
select 'run ' || r.id from runs r
where (r.source_id = $1 or r.target_id = $1) and r.tenant = $2
  and r.state in ('queued', 'extracting', 'in_progress')
""",
    Kind.INSTANCE: """
select 'run ' || r.id from runs r
where r.instance_id = $1 and r.state in ('queued', 'extracting', 'in_progress')
union all
select count(*) || ' pending dead letters: replay or discard them first'
from dead_letters d where d.tenant = $2 and d.instance_id = $1 and d.status = 'pending'
having count(*) > 0
""",
}
_RETIRE = """
update {table} set deleted_at = clock_timestamp(), changed_at = clock_timestamp(),
  name = name || to_char(clock_timestamp(), ' (deleted YYYY-MM-DD HH24:MI:SS.US)'),
  {off} where id = $1
"""
_OFF = {
    Kind.PROFILE: "active = false, secrets = null, secret_sources = '{}'",
    Kind.MAPPING: "active_version = active_version",
    Kind.INSTANCE: "enabled = false",
    Kind.SCHEDULE: "enabled = false, next_at = null",
    Kind.HOOK: "enabled = false, secret = null",
}
REMOVE_STREAMS = "update streams set removed = true where instance_id = $1"


class Edits:
    """Edits within one transaction that changes one tenant's configuration."""

    def __init__(self, connection: Connection, tenant: str, actor: str) -> None:
        self._connection = connection
        self._tenant = tenant
        self._actor = actor

    async def mark(self, kind: Kind, name: str) -> str:
        """Return the ETag of an object's present state. Raises NotFoundError."""
        return mark_of((await self._row(kind, name))["changed_at"])

    async def require(self, kind: Kind, name: str, mark: str) -> None:
        """Raise StaleError where an edit is based on another state than the object has now."""
        if mark != await self.mark(kind, name):
            raise StaleError(f"{kind.lower()} {name!r} was changed meanwhile: load it again")

    async def mapping_version(self, name: str, version: int) -> JsonObject:
        """Return a version's document. Raises NotFoundError."""
        return await mapping_document(self._connection, self._tenant, name, version)

    async def activate(self, name: str, version: int) -> None:
        """Make a version the active one, which new runs use; does nothing if it is that already."""
        row = await self._row(Kind.MAPPING, name)
        if row["active_version"] == version:
            return
        await self._connection.execute(
            "update mappings set active_version = $2, changed_at = clock_timestamp() where id = $1",
            row["id"],
            version,
        )
        details = {"version": version, "before": row["active_version"]}
        await self._audit("mapping.activated", name, details)

    async def users(self, kind: Kind, name: str) -> list[str]:
        """Name the runs and dead letters that still need an object."""
        if kind not in _USERS:
            return []
        row = await self._row(kind, name)
        found = await self._connection.fetch(_USERS[kind], row["id"], self._tenant)
        return [user[0] for user in found]

    async def delete(self, kind: Kind, name: str) -> None:
        """Delete an object. Raises NotFoundError."""
        if kind is Kind.SUBSCRIPTION:
            await remove_subscription(self._connection, self._tenant, name)
        else:
            await self._retire(kind, name)
        await self._audit(f"{kind.lower()}.deleted", name, {})

    async def _retire(self, kind: Kind, name: str) -> None:
        row = await self._row(kind, name)
        await self._connection.execute(
            _RETIRE.format(table=TABLES[kind], off=_OFF[kind]), row["id"]
        )
        if kind is Kind.INSTANCE:
            await self._connection.execute(REMOVE_STREAMS, row["id"])

    async def _row(self, kind: Kind, name: str) -> Row:
        return await row_named(self._connection, kind, self._tenant, name)

    async def _audit(self, action: str, name: str, details: JsonObject) -> None:
        await audit(self._connection, self._tenant, self._actor, action, name, details)
