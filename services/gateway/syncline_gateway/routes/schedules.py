"""`schedules`: when instances sync by themselves, what they will do, and what became of it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Depends, Query

from syncline.actions.manual_firing import fire_by_hand
from syncline.domain.configuration.documents import Kind
from syncline.domain.conversion import converted
from syncline.domain.errors import ConflictError, InvalidInputError, Problem
from syncline.domain.schedule.cadence import Cadence, cron_of
from syncline.domain.schedule.firing import ScheduleStatus
from syncline.domain.schedule.preview import Preview, parse_cadence, preview
from syncline.postgres.schedules.schedule_list import (
    SCHEDULE_SORTS,
    FiringView,
    ScheduleFilter,
    ScheduleList,
    ScheduleView,
)
from syncline.resources import edits
from syncline.resources.edits import Edit
from syncline_gateway.access.caller import Runner
from syncline_gateway.api import Api
from syncline_gateway.edits import Name, Text, add_routes, edit_of, saved
from syncline_gateway.requests.parameters import Page, Paged, etag, moment
from syncline_gateway.requests.resource import Answered, Document, Resource
from syncline_gateway.requests.sorted_lists import SortedPart, part_of
from syncline_gateway.run_requests import publish_triggers

router = Resource(prefix="/schedules", tags=["schedules"])
ScheduleEdit = Annotated[Edit, Depends(edit_of(Kind.SCHEDULE))]
_TEXT = msgspec.Meta(max_length=200)


class ScheduleBody(msgspec.Struct, rename="camel", kw_only=True):
    """A schedule as it is written: with `cron`, or with `cadence`, a form of the builder.

    It is named after instance and entity type, which never change, where it has no name.
    """

    name: str | None = None
    instance: Annotated[str, _TEXT]
    entity_type: Annotated[str, _TEXT]
    cron: Annotated[str, _TEXT] | None = None
    cadence: Cadence | None = None
    timezone: str = "UTC"
    enabled: bool = True


class PreviewBody(msgspec.Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What is to be previewed: `cron`, or `cadence`, a form of the builder."""

    cron: Annotated[str, _TEXT] | None = None
    cadence: Cadence | None = None
    timezone: str = "UTC"


class RunByHand(msgspec.Struct, rename="camel"):
    """A run that was asked for; `state` is `queued` while it is not accepted yet."""

    correlation_id: str
    state: str


def _filter(
    search: Annotated[Text, Query(description="Part of any column.")] = None,
    status: Annotated[ScheduleStatus | None, Query(description="Only those.")] = None,
    instance: Text = None,
    entity_type: Annotated[Text, Query(alias="entityType")] = None,
) -> ScheduleFilter:
    return ScheduleFilter(search, status, instance, entity_type)


@router.get("")
async def list_schedules(
    caller: Runner,
    api: Api,
    part: Annotated[SortedPart, Depends(part_of(SCHEDULE_SORTS))],
    wanted: Annotated[ScheduleFilter, Depends(_filter)],
) -> Page[ScheduleView]:
    """List schedules with the last and the next run of each, by name if not sorted otherwise."""
    schedules = ScheduleList(api.database)
    return part.page(
        await schedules.page(caller.tenant, wanted, limit=part.limit, order=part.order)
    )


@router.post("/preview")
async def preview_schedule(body: Document[PreviewBody], _caller: Runner, api: Api) -> Preview:
    """Say when a schedule would fire, in words, and what clock changes do to it."""
    wanted = converted(_with_cron(body.value), PreviewBody)
    cron, zone = parse_cadence(wanted.cron or "", wanted.timezone)
    return preview(cron, zone, api.clock.now())


@router.get("/{name}")
async def get_schedule(name: Name, caller: Runner, api: Api) -> Answered[ScheduleView]:
    """Return a schedule."""
    return await _shown(api, caller.tenant, name)


@router.post("/{name}/enable")
async def enable_schedule(edit: ScheduleEdit, api: Api) -> Answered[ScheduleView]:
    """Let a schedule fire from now on; slots that passed meanwhile stay undone."""
    step = await edits.switch(api.configuration, edit, enabled=True)
    return await _shown(api, edit.tenant, step.name)


@router.post("/{name}/disable")
async def disable_schedule(edit: ScheduleEdit, api: Api) -> Answered[ScheduleView]:
    """Keep a schedule from firing; a run that is under way goes on."""
    step = await edits.switch(api.configuration, edit, enabled=False)
    return await _shown(api, edit.tenant, step.name)


@router.post("/{name}/run-now", status_code=202)
async def run_schedule_now(name: Name, caller: Runner, api: Api) -> Answered[RunByHand]:
    """Start the schedule's run now. 409: a run of the same is active, or it cannot run."""
    run_id, message = await fire_by_hand(
        api.database, caller.tenant, name, caller.actor, "gateway", api.clock.now()
    )
    (status,) = await publish_triggers(api, {run_id: message})
    if status is not None and status.state == "rejected":
        raise ConflictError(status.reason or "refused")
    state = "queued" if status is None else status.state
    return Answered(RunByHand(run_id, state), {"Location": f"/api/v1/sync-events/{run_id}"})


@router.get("/{name}/firings")
async def list_schedule_firings(
    name: Name, caller: Runner, api: Api, paging: Paged
) -> Page[FiringView]:
    """List what became of a schedule's slots, the newest first."""
    (before,) = paging.key(moment) or (None,)
    views = ScheduleList(api.database)
    found = await views.firings(caller.tenant, name, paging.limit, before)
    return paging.page(found, lambda firing: [firing.slot.isoformat()])


async def _saved(api: Api, edit: Edit, body: Document[ScheduleBody]) -> Answered[ScheduleView]:
    """Store a schedule as the body wants it; slots before this moment are none of its own.

    409: there is one for this instance and entity type.
    """
    document = _with_cron(body.value)
    if edit.name is None:
        document = _with_name(document)
    step, mark = await edits.save(api.configuration, edit, document)
    view = await ScheduleList(api.database).get(edit.tenant, step.name)
    return saved(router, edit, step.name, view, mark)


add_routes(router, Kind.SCHEDULE, "schedule", _saved)


async def _shown(api: Api, tenant: str, name: str) -> Answered[ScheduleView]:
    view = await ScheduleList(api.database).get(tenant, name)
    return Answered(view, etag(view.etag))


def _with_cron(body: object) -> object:
    """Put the cron expression in place of a form of the builder. Raises InvalidInputError."""
    if not isinstance(body, dict):
        return body
    rest = {key: v for key, v in body.items() if key not in ("cron", "cadence") or v is not None}
    if "cadence" not in rest:
        return rest
    del rest["cadence"]
    if "cron" in rest:
        raise InvalidInputError([Problem("$.cadence", "give `cron` or `cadence`, not both")])
    cadence = converted(body["cadence"], Cadence, "$.cadence")
    return rest | {"cron": cron_of(cadence).text}


def _with_name(body: object) -> object:
    """Name a schedule after what it syncs, where it has no name."""
    if not isinstance(body, dict) or body.get("name"):
        return body
    return body | {"name": f"{body.get('instance')} {body.get('entityType')}"[:100]}
