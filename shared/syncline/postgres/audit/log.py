"""The audit log: who changed what, noted in the transaction that does it. Spec section 11."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime

import msgspec

from syncline.domain.configuration.comparison import Difference
from syncline.domain.record import JsonObject
from syncline.postgres.database.conditions import Conditions
from syncline.postgres.database.database import Connection, Database, Repository
from syncline.postgres.database.rows import fetch_structs, row_of, struct_of
from syncline.postgres.database.sorts import Order, Sorts, sort_column

ADDRESS: ContextVar[str | None] = ContextVar("address", default=None)
"""The address that the change under way came from; a request sets it at its start."""
MOST_DIFFERENCES = 100
LONGEST_VALUE = 500
"""Of one value in an entry, which is for people; versions of mappings are kept elsewhere."""
_INSERT = """
insert into audit_log (tenant, actor, action, object, details, ip) values ($1, $2, $3, $4, $5, $6)
"""
_INSERT_VIEW = """
insert into audit_log (tenant, actor, action, object, details, ip)
select $1, $2, $3, $4, $5::jsonb, $6::inet where not exists (
  select from audit_log where tenant = $1 and object = $4 and actor = $2 and action = $3
    and details = $5::jsonb and at > now() - interval '10 minutes')
"""
_COLUMNS = "id, tenant, at, actor, action, object, details, host(ip) as ip"
_ACTOR = "strpos(lower(actor), lower({})) > 0"
_ACTION = "(action = {0} or split_part(action, '.', 1) = {0})"
_TENANTS = "unnest($1::text[]) p (tenant)"
# There are few actors and actions, however many entries: each is one step through an index.
_NAMES = """
(with recursive seen (tenant, {column}) as (
  select t, (select min({column}) from audit_log where tenant = t) from unnest($1::text[]) t
  union all
  select s.tenant, (select min(a.{column}) from audit_log a
    where a.tenant = s.tenant and a.{column} > s.{column})
  from seen s where s.{column} is not null
) select * from seen where {condition}) p
"""
# A page of each tenant, actor or action by the index, the first of these.
_PAGE = """
select a.* from {parts} cross join lateral (
  select {columns} from audit_log a where tenant = p.tenant and {where}
  order by {order} limit {limit}) a
order by {order} limit {limit}
"""
AUDIT_SORTS = Sorts(
    {"at": sort_column("a.at", "at", "moment")},
    unique=sort_column("a.id", "id", "number"),
    default="-at",
)
NEWEST = AUDIT_SORTS.order()


def before_and_after(differences: Sequence[Difference]) -> JsonObject:
    """Return what was changed, by path; secrets are masked in differences already."""
    shown = differences[:MOST_DIFFERENCES]
    details = {d.path: {"before": _short(d.old), "after": _short(d.new)} for d in shown}
    left = len(differences) - len(shown)
    return details | ({"more": left} if left else {})


def _short(value: object) -> object:
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        return value[:LONGEST_VALUE] + "…"
    return value


async def audit(
    connection: Connection,
    tenant: str,
    actor: str,
    action: str,
    name: str,
    details: Mapping[str, object],
) -> None:
    """Write an entry; `action` is `<kind>.<what>`, `details` hold no secret."""
    await connection.execute(_INSERT, tenant, actor, action, name, dict(details), ADDRESS.get())


async def audit_view(
    database: Database,
    tenant: str,
    actor: str,
    action: str,
    name: str,
    details: Mapping[str, object],
) -> None:
    """Write that somebody looks at records, before they see them. Raises RetriableError.

    The same look again within ten minutes, as pages do that refresh themselves, is no new entry.
    """
    values = (tenant, actor, action, name, dict(details), ADDRESS.get())
    await database.execute(_INSERT_VIEW, *values)


async def audit_each(
    connection: Connection,
    tenant: str,
    actor: str,
    action: str,
    changed: Mapping[str, Mapping[str, object]],
) -> None:
    """Write an entry of the same change for each of several things: name -> details."""
    address = ADDRESS.get()
    rows = [
        (tenant, actor, action, name, dict(details), address) for name, details in changed.items()
    ]
    await connection.executemany(_INSERT, rows)


class AuditEntry(msgspec.Struct, frozen=True, rename="camel"):
    """One entry of the audit log.

    Attributes:
        tenant: `*` for what belongs to no tenant: users, tenants, sign-ins.
        action: `<kind>.<what>`.
        details: what was changed, without secrets.
    """

    id: int
    tenant: str
    at: datetime
    actor: str
    action: str
    object: str
    details: JsonObject
    ip: str | None


class AuditFilter(msgspec.Struct, frozen=True):
    """Which entries; None is any. `actor` and `object` are parts, in any case.

    `action` may be only a kind; `until` itself is not included.
    """

    actor: str | None = None
    action: str | None = None
    object: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditLog(Repository):
    """The audit log."""

    async def page(
        self,
        tenants: Sequence[str],
        wanted: AuditFilter,
        limit: int,
        order: Order = NEWEST,
    ) -> list[AuditEntry]:
        """Return entries of these tenants in an order, from where it begins."""
        where = Conditions(list(tenants))
        parts = _TENANTS
        if wanted.actor is not None:
            parts = _names(where, "actor", _ACTOR, wanted.actor)
            where.add(_ACTION, wanted.action)
        elif wanted.action is not None:
            parts = _names(where, "action", _ACTION, wanted.action)
        where.add("strpos(lower(object), lower({})) > 0", wanted.object)
        where.add("at >= {}", wanted.since)
        where.add("at < {}", wanted.until)
        order.limit(where)
        sql = _PAGE.format(
            parts=parts, columns=_COLUMNS, where=where, order=order, limit=where.bind(limit)
        )
        return await fetch_structs(self._database, AuditEntry, sql, *where.values)

    async def get(self, tenants: Sequence[str], entry: int) -> AuditEntry:
        """Return one entry. Raises NotFoundError: these tenants have no such."""
        sql = f"select {_COLUMNS} from audit_log where tenant = any($1) and id = $2"
        what = f"entry {entry} in the audit log"
        return struct_of(AuditEntry, await row_of(self._database, what, sql, list(tenants), entry))


def _names(where: Conditions, column: str, condition: str, value: str) -> str:
    """Return a table of the names in a column that meet a condition; entries must be of these."""
    where.add(f"{column} = p.{column}")
    return _NAMES.format(column=column, condition=condition.format(where.bind(value)))
