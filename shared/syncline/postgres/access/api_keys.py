"""API keys of programs: each belongs to one tenant and has a role. Only hashes are stored."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from uuid6 import uuid7

from syncline.domain.access import Role, RoleName, checked_name, sees_payloads
from syncline.domain.errors import ConflictError, InvalidInputError, Problem
from syncline.postgres.audit.log import audit
from syncline.postgres.database.conditions import Conditions
from syncline.postgres.database.database import Queryable, Repository
from syncline.postgres.database.rows import fetch_structs, row_of, struct_of
from syncline.postgres.database.sorts import Order, Sorts, sort_column

_STATUS = """
case when revoked_at is not null then 'revoked' when expires_at <= now() then 'expired'
  else 'active' end
"""
_VIEW = f"""
select id, name, prefix, role, sees_payloads, {_STATUS} as status,
  created_by, created_at, expires_at, used_at, revoked_at, revoked_by
from api_keys
"""
_INSERT = """
insert into api_keys (id, tenant, name, prefix, hash, role, sees_payloads, created_by,
  expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, now() + make_interval(days => $9))
on conflict do nothing returning id
"""
_NAMED = """
where tenant = $1 and (id::text = $2 or prefix = $2 or name = $2)
order by revoked_at nulls first limit 1 for update
"""
_REVOKE = "update api_keys set revoked_at = now(), revoked_by = $2 where id = $1"
_FIND = """
select id, tenant, name, role, sees_payloads, prefix, hash from api_keys
where prefix = $1 and revoked_at is null and (expires_at is null or expires_at > now())
"""


class ApiKeyView(msgspec.Struct, frozen=True, rename="camel"):
    """An API key as lists show it: its beginning (`prefix`), and its last use to the minute."""

    id: str
    name: str
    prefix: str
    role: RoleName
    sees_payloads: bool
    status: Literal["active", "expired", "revoked"]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None


API_KEY_SORTS = Sorts(
    {
        "name": sort_column("name", "name", folded=True),
        "role": sort_column("role", "role"),
        "status": sort_column(_STATUS, "status"),
        "usedAt": sort_column("used_at", "used_at", "moment", nullable=True),
        "expiresAt": sort_column("expires_at", "expires_at", "moment", nullable=True),
        "createdAt": sort_column("created_at", "created_at", "moment"),
        "createdBy": sort_column("created_by", "created_by", folded=True),
    },
    unique=sort_column("id", "id", "id"),
    default="-createdAt",
)
NEWEST = API_KEY_SORTS.order()


class NewApiKey(msgspec.Struct, frozen=True):
    """A key to be made; it expires after so many days, or never.

    `payloads` says whether it sees those of records; None: if those of its role do.
    """

    name: str
    role: RoleName
    days: int | None = None
    payloads: bool | None = None


class ValidApiKey(msgspec.Struct, frozen=True):
    """A stored key that is valid now."""

    id: str
    tenant: str
    name: str
    role: Role
    sees_payloads: bool
    prefix: str
    hash: bytes


class ApiKeys(Repository):
    """API keys of tenants."""

    async def list(
        self, tenant: str, limit: int | None = None, order: Order = NEWEST
    ) -> list[ApiKeyView]:
        """Return a tenant's keys in an order, from where it begins; without a limit all."""
        where = Conditions(tenant)
        order.limit(where)
        sql = f"{_VIEW} where tenant = $1 and {where} order by {order} limit {where.bind(limit)}"
        return await fetch_structs(self._database, ApiKeyView, sql, *where.values)

    async def get(self, tenant: str, key_id: str) -> ApiKeyView:
        """Return a key. Raises NotFoundError: the tenant has no such key."""
        return await _found(self._database, tenant, key_id)

    async def add(
        self, tenant: str, wanted: NewApiKey, stored: tuple[str, bytes], actor: str
    ) -> ApiKeyView:
        """Store a new key. Raises InvalidInputError; ConflictError where its name is in use."""
        name = checked_name(wanted.name)
        async with self._database.transaction() as connection:
            if not await connection.fetchval("select 1 from tenants where id = $1", tenant):
                raise InvalidInputError([Problem("$.tenant", f"there is no tenant {tenant!r}")])
            by_role = sees_payloads(Role.of(wanted.role))
            sees = by_role if wanted.payloads is None else wanted.payloads
            values = (tenant, name, *stored, wanted.role, sees, actor, wanted.days)
            key_id = await connection.fetchval(_INSERT, str(uuid7()), *values)
            if key_id is None:
                message = f"a key named {name!r} is in use: revoke it, or give this another name"
                raise ConflictError(message)
            details: dict[str, object] = {"prefix": stored[0], "role": wanted.role}
            details |= {"days": wanted.days, "seesPayloads": sees}
            await audit(connection, tenant, actor, "api_key.created", name, details)
            return await _found(connection, tenant, key_id)

    async def revoke(self, tenant: str, key: str, actor: str) -> ApiKeyView:
        """Revoke a key by ID, prefix or name; a revoked one stays so. Raises NotFoundError."""
        async with self._database.transaction() as connection:
            row = await row_of(connection, f"API key {key!r}", _VIEW + _NAMED, tenant, key)
            if row["revoked_at"] is None:
                await connection.execute(_REVOKE, row["id"], actor)
                details = {"prefix": row["prefix"]}
                await audit(connection, tenant, actor, "api_key.revoked", row["name"], details)
            return await _found(connection, tenant, row["id"])

    async def find(self, prefix: str) -> ValidApiKey | None:
        """Return the key of a prefix if it is neither revoked nor expired."""
        row = await self._database.fetchrow(_FIND, prefix)
        return struct_of(ValidApiKey, row, role=Role.of(row["role"])) if row else None

    async def note_use(self, key_id: str) -> None:
        """Note that a key is used now, unless that was noted within the last minute."""
        await self._database.execute(
            "update api_keys set used_at = now() where id = $1 "
            "and (used_at is null or used_at < now() - interval '1 minute')",
            key_id,
        )


async def _found(database: Queryable, tenant: str, key_id: str) -> ApiKeyView:
    sql = f"{_VIEW} where tenant = $1 and id = $2"
    return struct_of(ApiKeyView, await row_of(database, f"API key {key_id!r}", sql, tenant, key_id))
