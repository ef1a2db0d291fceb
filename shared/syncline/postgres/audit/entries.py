"""Reading the audit log, newest first, in pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from syncline.domain.record import JsonObject
from syncline.postgres.database.conditions import Conditions
from syncline.postgres.database.database import Repository
from syncline.postgres.database.rows import fetch_structs, row_of, struct_of

_COLUMNS = "id, tenant, at, actor, action, object, details, host(ip) as ip"
# A page of each tenant by the index, the newest of these.
_PAGE = """
select a.* from unnest($1::text[]) t (tenant) cross join lateral (
  select {columns} from audit_log where tenant = t.tenant and {where}
  order by at desc, id desc limit {limit}) a
order by a.at desc, a.id desc limit {limit}
"""


class AuditEntry(msgspec.Struct, frozen=True, rename="camel"):
    """Something that somebody did.

    Attributes:
        tenant: `*` for what belongs to none: users, tenants, sign-ins.
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
    """What of the log is wanted; None: everything.

    Attributes:
        action: a whole action, or only its kind.
        since: this moment and later.
        until: before this moment.
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
        after: tuple[datetime, int] | None = None,
    ) -> list[AuditEntry]:
        """Return entries of these tenants, newest first.

        Args:
            after: time and ID of the last entry that is known already.
        """
        where = Conditions(list(tenants))
        where.add("actor = {}", wanted.actor)
        where.add("(action = {0} or split_part(action, '.', 1) = {0})", wanted.action)
        where.add("object = {}", wanted.object)
        where.add("at >= {}", wanted.since)
        where.add("at < {}", wanted.until)
        where.add("(at, id) < ({}, {})", *(after or (None, None)))
        sql = _PAGE.format(columns=_COLUMNS, where=where, limit=where.bind(limit))
        return await fetch_structs(self._database, AuditEntry, sql, *where.values)

    async def get(self, tenants: Sequence[str], entry: int) -> AuditEntry:
        """Return one entry. Raises NotFoundError: these tenants have no such."""
        sql = f"select {_COLUMNS} from audit_log where tenant = any($1) and id = $2"
        what = f"entry {entry} in the audit log"
        return struct_of(AuditEntry, await row_of(self._database, what, sql, list(tenants), entry))
