"""`audit-log`: who did what, when and from where."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Path, Query
from fastapi.responses import StreamingResponse

from syncline.domain.errors import InvalidInputError, Problem
from syncline.postgres.audit.log import AUDIT_SORTS, AuditEntry, AuditFilter, AuditLog
from syncline.postgres.database.sorts import Order
from syncline_gateway.access.caller import Auditor
from syncline_gateway.api import Api
from syncline_gateway.export import DOCUMENTED, PART, ExportDep
from syncline_gateway.requests.parameters import Page
from syncline_gateway.requests.resource import Resource
from syncline_gateway.requests.sorted_lists import SortedPart, order_of, part_of

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
Part = Annotated[SortedPart, Depends(part_of(AUDIT_SORTS))]
Ordered = Annotated[Order, Depends(order_of(AUDIT_SORTS))]


@router.get("")
async def list_audit_entries(
    caller: Auditor, api: Api, part: Part, wanted: Wanted
) -> Page[AuditEntry]:
    """List what was done in the tenant; for Platform Admins also what is of none.

    The newest come first where no other order is wanted.
    """
    log = AuditLog(api.database)
    return part.page(await log.page(caller.tenants, wanted, part.limit, part.order))


@router.get("/export", responses=DOCUMENTED)
async def export_audit_log(
    caller: Auditor, api: Api, wanted: Wanted, order: Ordered, export: ExportDep
) -> StreamingResponse:
    """Export entries, in the order in which they are listed."""
    log = AuditLog(api.database)

    async def following(entry: AuditEntry | None) -> list[AuditEntry]:
        return await log.page(caller.tenants, wanted, PART, order.behind(entry))

    return await export.answer(caller, "audit_log", "audit-log", AuditEntry, following)


@router.get("/{entry}")
async def get_audit_entry(
    entry: Annotated[int, Path(ge=1, le=2**63 - 1)], caller: Auditor, api: Api
) -> AuditEntry:
    """Show one entry."""
    return await AuditLog(api.database).get(caller.tenants, entry)


def _utc(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time
