"""Users: who they are, what they may, and where. Every change is audited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from uuid6 import uuid7

from syncline.domain.access import (
    EVERYWHERE,
    Role,
    RoleName,
    checked_name,
    checked_tenants,
    sees_payloads,
)
from syncline.domain.errors import ConflictError, InvalidInputError, Problem
from syncline.domain.record import JsonObject
from syncline.postgres.audit.log import audit
from syncline.postgres.database.conditions import Conditions
from syncline.postgres.database.database import Connection, Queryable, Repository
from syncline.postgres.database.rows import fetch_structs, row_of, struct_of
from syncline.postgres.database.sorts import Order, Sorts, sort_column

# A key that a key made has it as its maker; `union` ends a circle of names that were used again.
_MADE = """
made as (
  select k.* from api_keys k where k.created_by = {}
  union select k.* from api_keys k join made m on k.tenant = m.tenant
    and k.created_by = 'api-key:' || m.name)
"""
_VIEW = """
select u.id, u.name, u.role, u.disabled, u.sees_payloads, u.password is not null as has_password,
  u.created_at, u.signed_in_at,
  array(select tenant from user_tenants t where t.user_id = u.id order by 1) as tenants,
  array(with recursive {made} select tenant || '/' || name from made
    where revoked_at is null and (expires_at is null or expires_at > now()) order by 1)
  as active_keys
from users u
""".format(made=_MADE.format("u.name"))
_REVOKE_KEYS = """
with recursive {made} update api_keys k set revoked_at = now(), revoked_by = $2 from made
where k.id = made.id and k.revoked_at is null returning k.tenant, k.name, k.prefix
""".format(made=_MADE.format("$1"))
_INSERT = """
insert into users (id, name, role, sees_payloads) values ($1, $2, $3, $4)
on conflict do nothing returning 1
"""
_UPDATE = "update users set role = $2, disabled = $3, sees_payloads = $4 where id = $1"
_CHANGED = ("role", "tenants", "disabled", "sees_payloads")
_LOCK = 7_305_817_214  # any fixed number of our own: who may be the last Platform Admin


class UserView(msgspec.Struct, frozen=True, rename="camel"):
    """A user as others see them.

    Attributes:
        tenants: empty for a Platform Admin, who may work in all.
        sees_payloads: they may see what records hold.
        active_keys: API keys that they made, as `tenant/name`, and that those keys made. They go
            on when their maker is disabled.
    """

    id: str
    name: str
    role: RoleName
    tenants: list[str]
    disabled: bool
    sees_payloads: bool
    has_password: bool
    created_at: datetime
    signed_in_at: datetime | None
    active_keys: list[str]


USER_SORTS = Sorts(
    {
        "name": sort_column("u.name", "name", folded=True),
        "role": sort_column("u.role", "role"),
        "signedInAt": sort_column("u.signed_in_at", "signed_in_at", "moment", nullable=True),
        "createdAt": sort_column("u.created_at", "created_at", "moment"),
    },
    unique=sort_column("u.name", "name"),
    default="name",
)
BY_NAME = USER_SORTS.order()


class UserChange(msgspec.Struct, frozen=True):
    """What is to change of a user; None leaves it as it is.

    Attributes:
        revoke_keys: revoke the API keys that they made.
    """

    role: RoleName | None = None
    tenants: Sequence[str] | None = None
    disabled: bool | None = None
    sees_payloads: bool | None = None
    revoke_keys: bool = False


class Users(Repository):
    """Users of the installation."""

    async def exist(self) -> bool:
        """Tell whether there is any user: without one the installation is to be set up."""
        found: bool = await self._database.fetchval("select exists(select from users)")
        return found

    async def list(
        self, limit: int | None = None, order: Order = BY_NAME, search: str | None = None
    ) -> list[UserView]:
        """Return users in an order, from where it begins: all, or with a part in their names."""
        where = Conditions()
        order.limit(where)
        where.add("position(lower({}) in lower(u.name)) > 0", search)
        sql = f"{_VIEW} where {where} order by {order} limit {where.bind(limit)}"
        return await fetch_structs(self._database, UserView, sql, *where.values)

    async def password_of(self, name: str) -> tuple[str, str | None, bool] | None:
        """Return ID, stored password and whether disabled, of a user by name; None: no such."""
        row = await self._database.fetchrow(
            "select id, password, disabled from users where lower(name) = lower($1)", name
        )
        return (row["id"], row["password"], row["disabled"]) if row else None

    async def change(self, name: str, change: UserChange, actor: str) -> UserView:
        """Change role, tenants or whether a user may sign in; who is disabled is signed out.

        Raises NotFoundError, InvalidInputError; ConflictError: no Platform Admin would be left.
        """
        async with self._database.transaction() as connection:
            await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
            before = await find_user(connection, name)
            after = _changed(before, change)
            await connection.execute(
                _UPDATE, before.id, after.role, after.disabled, after.sees_payloads
            )
            await _assign(connection, before.id, after.tenants)
            await _keep_an_admin(connection)
            if after.disabled:
                await end_sessions(connection, before.id)
            if change.revoke_keys:
                await _revoke_keys(connection, before.name, actor)
            details = _differences(before, after)
            if details:
                await audit(connection, EVERYWHERE, actor, "user.changed", before.name, details)
            return await find_user(connection, before.id)

    async def renew_password(self, user_id: str, password: str) -> None:
        """Store the same password's hash at another cost; nothing else changes."""
        await self._database.execute(
            "update users set password = $2 where id = $1", user_id, password
        )


async def insert_user(
    connection: Connection,
    name: str,
    role: RoleName,
    tenants: Sequence[str],
    actor: str,
    payloads: bool | None = None,
) -> UserView:
    """Add a user without a password. Raises InvalidInputError; ConflictError: the name is taken.

    Args:
        payloads: whether they see those of records; None: if new ones of their role do.
    """
    checked = checked_name(name)
    assigned = checked_tenants(tenants, Role.of(role))
    user_id = str(uuid7())
    sees = sees_payloads(Role.of(role)) if payloads is None else payloads
    if not await connection.fetchval(_INSERT, user_id, checked, role, sees):
        raise ConflictError(f"there is a user {checked!r} already")
    await _assign(connection, user_id, assigned)
    details = {"role": role, "tenants": assigned, "seesPayloads": sees}
    await audit(connection, EVERYWHERE, actor, "user.created", checked, details)
    return await find_user(connection, user_id)


async def store_password(connection: Connection, user_id: str, password: str, actor: str) -> None:
    """Store a new password's hash and end the user's sessions."""
    name = await connection.fetchval(
        "update users set password = $2 where id = $1 returning name", user_id, password
    )
    await end_sessions(connection, user_id)
    await audit(connection, EVERYWHERE, actor, "user.password_set", name, {})


async def end_sessions(connection: Connection, user_id: str) -> None:
    """Sign a user out everywhere."""
    await connection.execute("delete from sessions where user_id = $1", user_id)


async def _revoke_keys(connection: Connection, name: str, actor: str) -> None:
    for row in await connection.fetch(_REVOKE_KEYS, name, actor):
        details = {"prefix": row["prefix"]}
        await audit(connection, row["tenant"], actor, "api_key.revoked", row["name"], details)


async def find_user(database: Queryable, name: str) -> UserView:
    """Return a user by name or ID. Raises NotFoundError."""
    sql = f"{_VIEW} where lower(u.name) = lower($1) or u.id::text = $1"
    return struct_of(UserView, await row_of(database, f"user {name!r}", sql, name))


async def _assign(connection: Connection, user_id: str, tenants: Sequence[str]) -> None:
    known = await connection.fetch("select id from tenants where id = any($1)", list(tenants))
    unknown = sorted(set(tenants) - {row["id"] for row in known})
    if unknown:
        raise InvalidInputError([Problem("$.tenants", f"there is no tenant {unknown[0]!r}")])
    await connection.execute("delete from user_tenants where user_id = $1", user_id)
    await connection.executemany(
        "insert into user_tenants (user_id, tenant) values ($1, $2)",
        [(user_id, tenant) for tenant in tenants],
    )


async def _keep_an_admin(connection: Connection) -> None:
    left = await connection.fetchval(
        "select exists(select from users where role = 'platform_admin' and not disabled)"
    )
    if not left:
        raise ConflictError("no Platform Admin would be left who could sign in")


def _changed(user: UserView, change: UserChange) -> UserView:
    changes = {name: getattr(change, name) for name in _CHANGED}
    wanted = {name: new for name, new in changes.items() if new is not None}
    after = msgspec.structs.replace(user, **wanted)
    tenants = checked_tenants(after.tenants, Role.of(after.role))
    return msgspec.structs.replace(after, tenants=tenants)


def _differences(before: UserView, after: UserView) -> JsonObject:
    pairs = {
        name: {"before": getattr(before, name), "after": getattr(after, name)} for name in _CHANGED
    }
    return {name: pair for name, pair in pairs.items() if pair["before"] != pair["after"]}
