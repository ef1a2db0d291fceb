"""`audit-log`: who did what, when and from where."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Path, Query
from fastapi.responses import StreamingResponse

from syncline.domain.errors import InvalidInputError, Problem
from syncline.postgres.audit.log import AuditEntry, AuditFilter, AuditLog
from syncline_gateway.access.caller import Auditor
from syncline_gateway.api import Api
from syncline_gateway.export import DOCUMENTED, PART, ExportDep
from syncline_gateway.requests.parameters import Page, Paged, long_number, moment
from syncline_gateway.requests.resource import Resource

router = Resource(prefix="/audit-log", tags=["audit-log"])
Text = Annotated[str | None, Query(max_length=200, description="A part of it, in any case.")]
Moment = Annotated[datetime | None, Query(description="RFC 3339; without a zone it is UTC.")]


async def _filter(
    actor: Text = None,
    action: Annotated[
        str | None, Query(max_length=200, description="A whole action, or its kind: `profile`.")
    ] = None,
    object: Text = None,
    since: Moment = None,
    until: Moment = None,
) -> AuditFilter:
    wanted = AuditFilter(actor, action, object, _utc(since), _utc(until))
    if wanted.since and wanted.until and wanted.since >= wanted.until:
        raise InvalidInputError([Problem("query.until", "must be after `since`")])
    return wanted


Wanted = Annotated[AuditFilter, Depends(_filter)]


@router.get("")
async def list_audit_entries(
    caller: Auditor, api: Api, paging: Paged, wanted: Wanted
) -> Page[AuditEntry]:
    """List what was done in the tenant, newest first; for Platform Admins also what is of none."""
    log = AuditLog(api.database)
    after = paging.key(moment, long_number)
    found = await log.page(caller.tenants, wanted, paging.limit, after)
    return paging.page(found, lambda entry: [entry.at.isoformat(), str(entry.id)])


@router.get("/export", responses=DOCUMENTED)
async def export_audit_log(
    caller: Auditor, api: Api, wanted: Wanted, export: ExportDep
) -> StreamingResponse:
    """Export entries, newest first."""
    log = AuditLog(api.database)

    async def following(entry: AuditEntry | None) -> list[AuditEntry]:
        after = (entry.at, entry.id) if entry else None
        return await log.page(caller.tenants, wanted, PART, after)

    return await export.answer(caller, "audit_log", "audit-log", AuditEntry, following)


@router.get("/{entry}")
async def get_audit_entry(
    entry: Annotated[int, Path(ge=1, le=2**63 - 1)], caller: Auditor, api: Api
) -> AuditEntry:
    """Show one entry."""
    return await AuditLog(api.database).get(caller.tenants, entry)


def _utc(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time
