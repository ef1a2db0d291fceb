"""`schedules`: when instances sync by themselves, what they will do, and what became of it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from syncline.actions.schedule_now import ByHand, note_firing
from syncline.domain.configuration.documents import Kind
from syncline.domain.conversion import converted
from syncline.domain.errors import ConflictError, InvalidInputError, Problem
from syncline.domain.schedule.cadence import Cadence, cron_of
from syncline.domain.schedule.firing import ScheduleStatus
from syncline.domain.schedule.preview import Preview, parse_cadence, preview
from syncline.postgres.schedules.catalog import FiringView, ScheduleView, ScheduleViews, Wanted
from syncline.resources import edits
from syncline_gateway.access.caller import Caller, Runner, User
from syncline_gateway.edits import IfMatch, Name, creation_of, edit_of, tagged
from syncline_gateway.parts import Needs, Parts
from syncline_gateway.requests.answers import Page, answer, nothing, returns
from syncline_gateway.requests.bodies import accepts, json_of
from syncline_gateway.requests.paging import Paged, moment, words

router = APIRouter(prefix="/schedules", tags=["schedules"])
ANSWER_WITHIN = 2.0
"""Seconds to wait for the trigger service's word on a run by hand."""
_Filter = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")]
_TEXT = msgspec.Meta(max_length=200)


class ScheduleBody(msgspec.Struct, rename="camel", kw_only=True):
    """A schedule as it is written: with `cron`, or with `cadence`, a form of the builder.

    Attributes:
        name: unique; made of instance and entity type where it is left out.
        instance: never changes.
        entity_type: never changes.
        cron: minute, hour, day of month, month, day of week.
        timezone: IANA name.
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


def _wanted(
    search: Annotated[
        str | None,
        Query(max_length=100, pattern=r"^[^\x00]*$", description="Part of any column."),
    ] = None,
    status: Annotated[ScheduleStatus | None, Query(description="Only those.")] = None,
    instance: _Filter = None,
    entity_type: Annotated[
        str | None, Query(alias="entityType", max_length=100, pattern=r"^[^\x00]*$")
    ] = None,
) -> Wanted:
    return Wanted(search, status, instance, entity_type)


@router.get("", responses=returns(Page[ScheduleView]))
async def list_schedules(
    caller: Runner, parts: Needs, paging: Paged, wanted: Annotated[Wanted, Depends(_wanted)]
) -> Any:  # noqa: ANN401
    """List schedules by name, with the last and the next run of each."""
    (after,) = paging.key(words) or (None,)
    found = await ScheduleViews(parts.database).list(
        caller.tenant, wanted, limit=paging.limit + 1, after=after
    )
    return answer(paging.page(found, lambda schedule: [schedule.name]))


@router.post(
    "", status_code=201, responses=returns(ScheduleView, 201), openapi_extra=accepts(ScheduleBody)
)
async def create(request: Request, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Store a new schedule. 409: there is one for this instance and entity type."""
    body = _with_name(_with_cron(await json_of(request)))
    step, mark = await edits.save(parts.configuration, creation_of(caller, Kind.SCHEDULE), body)
    view = await ScheduleViews(parts.database).get(caller.tenant, step.name)
    return answer(view, 201, tagged(mark, f"{request.url.path}/{quote(step.name)}"))


@router.post("/preview", responses=returns(Preview), openapi_extra=accepts(PreviewBody))
async def preview_schedule(request: Request, caller: Runner, parts: Needs) -> Any:  # noqa: ANN401
    """Say when a schedule would fire, in words, and what clock changes do to it."""
    body = _with_cron(await json_of(request))
    wanted = converted(body, PreviewBody)
    cron, zone = parse_cadence(wanted.cron or "", wanted.timezone)
    return answer(preview(cron, zone, parts.clock.now()))


@router.get("/{name}", responses=returns(ScheduleView))
async def show(name: Name, caller: Runner, parts: Needs) -> Any:  # noqa: ANN401
    """Return a schedule."""
    return await _shown(parts, caller, name)


@router.put("/{name}", responses=returns(ScheduleView), openapi_extra=accepts(ScheduleBody))
async def replace(
    name: Name, request: Request, caller: User, parts: Needs, if_match: IfMatch = None
) -> Any:  # noqa: ANN401
    """Store a schedule as the body wants it; slots before this moment are none of its own."""
    edit = edit_of(caller, Kind.SCHEDULE, name, if_match)
    await edits.save(parts.configuration, edit, _with_cron(await json_of(request)))
    return await _shown(parts, caller, name)


@router.delete("/{name}", status_code=204)
async def remove(name: Name, caller: User, parts: Needs, if_match: IfMatch = None) -> Response:
    """Delete a schedule; its runs stay, and one that is under way goes on."""
    await edits.delete(parts.configuration, edit_of(caller, Kind.SCHEDULE, name, if_match))
    return nothing()


@router.post("/{name}/enable", responses=returns(ScheduleView))
async def enable(name: Name, caller: User, parts: Needs, if_match: IfMatch = None) -> Any:  # noqa: ANN401
    """Let a schedule fire from now on; slots that passed meanwhile stay undone."""
    return await _switched(parts, caller, name, if_match, enabled=True)


@router.post("/{name}/disable", responses=returns(ScheduleView))
async def disable(name: Name, caller: User, parts: Needs, if_match: IfMatch = None) -> Any:  # noqa: ANN401
    """Keep a schedule from firing; a run that is under way goes on."""
    return await _switched(parts, caller, name, if_match, enabled=False)


@router.post("/{name}/run-now", status_code=202, responses=returns(RunByHand, 202))
async def run_now(name: Name, caller: Runner, parts: Needs) -> Any:  # noqa: ANN401
    """Start the schedule's run now. 409: a run of the same is active, or it cannot run."""
    wish = ByHand(caller.tenant, name, caller.actor, "gateway")
    run_id, message = await note_firing(parts.database, wish, parts.clock.now())
    state = "queued"
    with parts.hub.answer_to(run_id) as answered:
        await parts.producer.send([message])
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                status = await answered
        except TimeoutError:
            pass  # Kafka has it, and the firing's result will say what became of it
        else:
            if status.state == "rejected":
                raise ConflictError(status.reason or "refused")
            state = status.state
    location = {"Location": f"/api/v1/sync-events/{run_id}"}
    return answer(RunByHand(run_id, state), 202, location)


@router.get("/{name}/firings", responses=returns(Page[FiringView]))
async def firings(name: Name, caller: Runner, parts: Needs, paging: Paged) -> Any:  # noqa: ANN401
    """List what became of a schedule's slots, the newest first."""
    (before,) = paging.key(moment) or (None,)
    views = ScheduleViews(parts.database)
    found = await views.firings(caller.tenant, name, paging.limit + 1, before)
    return answer(paging.page(found, lambda firing: [firing.slot.isoformat()]))


async def _switched(
    parts: Parts, caller: Caller, name: str, if_match: str | None, *, enabled: bool
) -> Any:  # noqa: ANN401
    edit = edit_of(caller, Kind.SCHEDULE, name, if_match)
    await edits.switch_schedule(parts.configuration, edit, enabled=enabled)
    return await _shown(parts, caller, name)


async def _shown(parts: Parts, caller: Caller, name: str) -> Any:  # noqa: ANN401
    view = await ScheduleViews(parts.database).get(caller.tenant, name)
    return answer(view, headers=tagged(view.etag))


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
