"""Reading the audit log, newest first, in pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from syncline.domain.errors import NotFoundError
from syncline.postgres.database.database import Database

_PAGE = """
select a.* from unnest($1::text[]) t (tenant) cross join lateral (
  select id, tenant, at, actor, action, object, details, host(ip) as ip from audit_log
  where tenant = t.tenant and ($2::text is null or actor = $2)
    and ($3::text is null or action = $3 or split_part(action, '.', 1) = $3)
    and ($4::text is null or object = $4)
    and ($5::timestamptz is null or at >= $5) and ($6::timestamptz is null or at < $6)
    and ($7::timestamptz is null or (at, id) < ($7, $8))
  order by at desc, id desc limit $9) a
order by a.at desc, a.id desc limit $9
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
    details: dict[str, Any]
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


class AuditLog:
    """Every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
        rows = await self._database.fetch(
            _PAGE, list(tenants), wanted.actor, wanted.action, wanted.object,
            wanted.since, wanted.until, *(after or (None, None)), limit,
        )  # fmt: skip
        return [AuditEntry(**dict(row)) for row in rows]

    async def get(self, tenants: Sequence[str], entry: int) -> AuditEntry:
        """Return one entry. Raises NotFoundError: these tenants have no such."""
        row = await self._database.fetchrow(
            "select id, tenant, at, actor, action, object, details, host(ip) as ip from audit_log "
            "where tenant = any($1) and id = $2",
            list(tenants),
            entry,
        )
        if row is None:
            raise NotFoundError(f"no entry {entry} in the audit log")
        return AuditEntry(**dict(row))
