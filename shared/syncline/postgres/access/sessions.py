"""Sessions of the console: found by the hash of their cookie, ended by time or by hand."""

from __future__ import annotations

from datetime import datetime

import msgspec

from syncline.domain.access import EVERYWHERE, Role
from syncline.domain.errors import NotFoundError
from syncline.postgres.audit.log import audit
from syncline.postgres.database.database import Connection, Database, Repository
from syncline.postgres.database.rows import struct_of

_FIND = """
select u.id as user_id, u.name, u.role, u.sees_payloads, s.tenant, s.expires_at,
  now() - s.used_at > interval '1 minute' as is_stale,
  u.role = 'platform_admin' or exists(
    select from user_tenants t where t.user_id = u.id and t.tenant = s.tenant) as is_member,
  (select min(tenant) from user_tenants t where t.user_id = u.id) as home
from sessions s join users u on u.id = s.user_id
where s.token_hash = $1 and s.expires_at > now() and not u.disabled
  and s.used_at > now() - make_interval(secs => $2)
"""
_INSERT = """
insert into sessions (token_hash, user_id, tenant, address, expires_at) values ($1, $2,
  coalesce((select min(tenant) from user_tenants where user_id = $2), 'default'), $3,
  now() + make_interval(secs => $4))
"""


class Lifetimes(msgspec.Struct, frozen=True):
    """Seconds that a session lasts: without use, and in all."""

    idle: float = 12 * 3600.0
    absolute: float = 7 * 86400.0


class SessionView(msgspec.Struct, frozen=True):
    """A valid session, and the tenant that it looks at now."""

    user_id: str
    name: str
    role: Role
    sees_payloads: bool
    tenant: str
    expires_at: datetime


class Sessions(Repository):
    """Every method may raise RetriableError."""

    def __init__(self, database: Database, lifetimes: Lifetimes) -> None:
        super().__init__(database)
        self._lifetimes = lifetimes

    async def find(self, token_hash: bytes) -> SessionView | None:
        """Return a session that is valid now, and note at most once a minute that it is used."""
        row = await self._database.fetchrow(_FIND, token_hash, self._lifetimes.idle)
        if row is None:
            return None
        tenant = row["tenant"] if row["is_member"] else row["home"]  # the user lost this tenant
        if tenant is None:
            return None
        if row["is_stale"] or tenant != row["tenant"]:
            await self._database.execute(
                "update sessions set used_at = now(), tenant = $2 where token_hash = $1",
                token_hash,
                tenant,
            )
        return struct_of(SessionView, row, role=Role.of(row["role"]), tenant=tenant)

    async def end(self, token_hash: bytes) -> None:
        """End a session; one that does not exist has ended already."""
        async with self._database.transaction() as connection:
            name = await connection.fetchval(
                "delete from sessions s using users u where s.token_hash = $1 "
                "and u.id = s.user_id returning u.name",
                token_hash,
            )
            if name is not None:
                await audit(connection, EVERYWHERE, name, "session.ended", name, {})

    async def switch(self, token_hash: bytes, session: SessionView, tenant: str) -> None:
        """Let a session look at another tenant. Raises NotFoundError: not one of the user's."""
        if tenant not in await self.tenants(session):
            raise NotFoundError(f"no tenant {tenant!r}")
        await self._database.execute(
            "update sessions set tenant = $2 where token_hash = $1", token_hash, tenant
        )

    async def tenants(self, session: SessionView) -> list[str]:
        """Return the tenants that a session may look at."""
        if session.role is Role.ADMIN:
            return await self.all_tenants()
        rows = await self._database.fetch(
            "select tenant from user_tenants where user_id = $1 order by 1", session.user_id
        )
        return [row["tenant"] for row in rows]

    async def all_tenants(self) -> list[str]:
        """Return every tenant there is."""
        rows = await self._database.fetch("select id from tenants order by id")
        return [row["id"] for row in rows]


async def begin_session(
    connection: Connection,
    token_hash: bytes,
    user_id: str,
    address: str | None,
    lifetimes: Lifetimes,
    how: str,
) -> None:
    """Begin a user's session in their first tenant; `how` they signed in goes to the audit log."""
    await connection.execute("delete from sessions where expires_at < now()")
    name = await connection.fetchval(
        "update users set signed_in_at = now() where id = $1 returning name", user_id
    )
    await connection.execute(_INSERT, token_hash, user_id, address, lifetimes.absolute)
    await audit(connection, EVERYWHERE, name, "session.begun", name, {"by": how})
