"""Tenants: the isolated workspaces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from syncline.domain.access import EVERYWHERE
from syncline.domain.errors import ConflictError, InvalidInputError, Problem
from syncline.postgres.audit.log import audit
from syncline.postgres.database.conditions import Conditions
from syncline.postgres.database.database import Repository
from syncline.postgres.database.rows import fetch_structs
from syncline.postgres.database.sorts import Order, Sorts, sort_column

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_VIEW = """
select v.* from (
  select t.id, t.created_at,
    (select count(*) from user_tenants u where u.tenant = t.id) as users,
    (select count(*) from instances i where i.tenant = t.id and i.deleted_at is null) as instances
  from tenants t where t.id = any($1)) v
"""


class TenantView(msgspec.Struct, frozen=True, rename="camel"):
    """A tenant, and how much is in it."""

    id: str
    created_at: datetime
    users: int
    instances: int


TENANT_SORTS = Sorts(
    {
        "id": sort_column("v.id", "id"),
        "instances": sort_column("v.instances", "instances", "number"),
        "users": sort_column("v.users", "users", "number"),
        "createdAt": sort_column("v.created_at", "created_at", "moment"),
    },
    unique=sort_column("v.id", "id"),
    default="id",
)


class Tenants(Repository):
    """The tenants of the installation."""

    async def page(self, those: Sequence[str], limit: int, order: Order) -> list[TenantView]:
        """Return some tenants in an order, from where it begins."""
        where = Conditions(list(those))
        order.limit(where)
        sql = f"{_VIEW} where {where} order by {order} limit {where.bind(limit)}"
        return await fetch_structs(self._database, TenantView, sql, *where.values)

    async def add(self, tenant: str, actor: str) -> TenantView:
        """Add a tenant. Raises InvalidInputError; ConflictError: it is there already."""
        if not _ID.fullmatch(tenant):
            message = "must have 1 to 63 lower-case letters, digits or hyphens, no hyphen first"
            raise InvalidInputError([Problem("$.id", message)])
        async with self._database.transaction() as connection:
            created = await connection.fetchval(
                "insert into tenants (id) values ($1) on conflict do nothing returning created_at",
                tenant,
            )
            if created is None:
                raise ConflictError(f"there is a tenant {tenant!r} already")
            await audit(connection, EVERYWHERE, actor, "tenant.created", tenant, {})
        return TenantView(tenant, created, 0, 0)
