"""`sync-events`: ask for a run, see how it stands, follow it, cancel it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from fastapi import Header
from fastapi.responses import StreamingResponse

from syncline.contracts.events import PROGRESS, RunStatus
from syncline.contracts.outbound import trigger_message
from syncline.contracts.status import status_message, status_of
from syncline.contracts.wire import Outbound
from syncline.domain.errors import ConflictError, InvalidInputError, NotFoundError, Problem
from syncline.domain.record import JsonObject
from syncline.domain.run import FINAL, Mode, Overlap, Run
from syncline.domain.trigger import DEFAULT_BATCH_SIZE, TriggerRequest
from syncline.postgres.runs.pauses import RunPauses
from syncline.postgres.runs.runs import Runs
from syncline.runtime.commands.control import cancel_message, forget_message, pause_message
from syncline_gateway.access.caller import Runner
from syncline_gateway.api import Api
from syncline_gateway.live.hub import COME_BACK, PING, SSE, event, sse_documented
from syncline_gateway.requests.parameters import Id, IdempotencyKey
from syncline_gateway.requests.problems import ProblemError
from syncline_gateway.requests.resource import Answered, Document, Resource
from syncline_gateway.run_requests import (
    fields_of,
    publish_refusal,
    publish_triggers,
    refuse_what_cannot_run,
    request_of,
    run_id_of,
)

router = Resource(prefix="/sync-events", tags=["sync-events"])
_FINAL = {state.value for state in FINAL}
LOOK_AFTER = 5.0
"""Seconds without an event after which the run's row is looked at."""


class SyncEvent(msgspec.Struct, rename="camel", kw_only=True):
    """Asks for a run.

    Attributes:
        instance: name of the instance; only Active ones may run.
        entity_type: one of its mapping configs', in any case; without it, the first in the
            instance's order.
        source_ids: limits the run to these records, at most 500; an array, or text with commas.
        mode: whether the cursor and smart sync apply.
        max_entities: most records to discover.
        batch_size: most records of a batch; never changes results.
        on_overlap: what happens while another run of the same instance and entity type is active.
        correlation_id: names the run. The same ID with the same request is the same run.
    """

    instance: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    entity_type: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    source_ids: list[Annotated[str, msgspec.Meta(max_length=512)]] | str | None = None
    mode: Mode | None = Mode.INCREMENTAL
    max_entities: Annotated[int, msgspec.Meta(ge=1)] | None = None
    batch_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = DEFAULT_BATCH_SIZE
    on_overlap: Overlap | None = Overlap.REJECT
    correlation_id: str | None = None


@router.post("", status_code=202)
async def trigger_sync(
    body: Document[SyncEvent], caller: Runner, api: Api, idempotency_key: IdempotencyKey = None
) -> Answered[RunStatus]:
    """Ask for a run. 202: Kafka has the trigger, whatever happens to any service."""
    run_id = run_id_of(api, body.value, caller, idempotency_key)
    fields = fields_of(body.value, caller)
    try:
        wanted = request_of(body.value, fields)
    except InvalidInputError as error:
        await publish_refusal(api, run_id, fields, error)
        raise
    status = await _begun_before(api, run_id, wanted, by_key=idempotency_key is not None)
    if status is None:
        await refuse_what_cannot_run(api, run_id, fields, wanted)
        status = await _begun(api, run_id, fields, wanted)
    return Answered(status, router.location(run_id))


async def _begun_before(
    api: Api, run_id: str, wanted: TriggerRequest, *, by_key: bool
) -> RunStatus | None:
    """Return the run that this very request began before, or None."""
    found = await Runs(api.database).with_request_hash(wanted.tenant, run_id)
    if found is None:
        return None
    run, fingerprint = found
    if fingerprint == wanted.fingerprint():
        return status_of(run)
    if by_key:
        detail = "this Idempotency-Key was used with another body: take a new key"
        raise ProblemError(422, "idempotency_key_reused", detail)
    raise ConflictError(f"correlation ID {run_id} belongs to another request")


async def _begun(api: Api, run_id: str, fields: JsonObject, wanted: TriggerRequest) -> RunStatus:
    """Publish the trigger; return what the trigger service says, or raise its refusal."""
    message = trigger_message(run_id, fields, "gateway", api.clock.now())
    (status,) = await publish_triggers(api, {run_id: message})
    if status is None:
        return await _unanswered(api, run_id, wanted)
    if status.state == "rejected":
        raise _refusal(status)
    return status


async def _unanswered(api: Api, run_id: str, wanted: TriggerRequest) -> RunStatus:
    """Nobody answered yet: the run's row, or a run that waits to be accepted."""
    try:
        return status_of(await Runs(api.database).get(wanted.tenant, run_id))
    except NotFoundError:  # no row yet: it waits in Kafka
        return RunStatus(
            correlation_id=run_id,
            tenant=wanted.tenant,
            instance=wanted.instance,
            entity_type=wanted.entity_type or "",
            mode=wanted.mode.value,
            trigger=wanted.trigger,
            state="queued",
            seq=0,
            reason="not accepted yet: Kafka has it, the trigger service has not answered",
        )


def _refusal(status: RunStatus) -> Exception:
    reason = status.reason or "refused"
    if status.code == "not_found":
        return NotFoundError(reason)
    if status.code == "invalid_input":
        return InvalidInputError([Problem(p["path"], p["message"]) for p in status.problems])
    return ConflictError(reason)


@router.get("/{correlation_id}")
async def get_sync_event(correlation_id: Id, caller: Runner, api: Api) -> RunStatus:
    """Say how a run stands."""
    return status_of(await Runs(api.database).get(caller.tenant, correlation_id))


@router.post("/{correlation_id}/cancel", status_code=202)
async def cancel_sync_event(correlation_id: Id, caller: Runner, api: Api) -> RunStatus:
    """Cancel a run: no new record enters, writes under way finish, the rest is skipped."""
    run = await Runs(api.database).request_cancel(caller.tenant, correlation_id, caller.actor)
    return await _publish(api, run, cancel_message(run.id, caller.actor))


@router.post("/{correlation_id}/pause")
async def pause_sync_event(correlation_id: Id, caller: Runner, api: Api) -> RunStatus:
    """Hold a run: batches under way finish, the others wait, whatever is restarted meanwhile."""
    run = await RunPauses(api.database).pause(caller.tenant, correlation_id, caller.actor)
    return await _publish(api, run, pause_message(run.id, caller.actor))


@router.post("/{correlation_id}/resume")
async def resume_sync_event(correlation_id: Id, caller: Runner, api: Api) -> RunStatus:
    """Let a paused run go on."""
    run = await RunPauses(api.database).resume(caller.tenant, correlation_id, caller.actor)
    return await _publish(api, run, forget_message(run.id))


async def _publish(api: Api, run: Run, command: Outbound) -> RunStatus:
    """Tell the stages, and all who follow the run. Without us the trigger service does it soon."""
    status = status_of(run)
    now = api.clock.now()
    await api.producer.send([command, status_message(PROGRESS, "gateway", status, now)])
    return status


@router.get("/{correlation_id}/stream", responses=sse_documented(RunStatus))
async def stream_sync_event(
    correlation_id: Id,
    caller: Runner,
    api: Api,
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
) -> StreamingResponse:
    """Follow a run: `snapshot`, then `run` with each change, and `end` when it has ended.

    The `id` of an event is the run's sequence number; after `Last-Event-ID` only newer ones come.
    """
    seen = int(last_event_id) if last_event_id and last_event_id.isdecimal() else -1
    first = status_of(await Runs(api.database).get(caller.tenant, correlation_id))
    return StreamingResponse(_following(api, caller.tenant, first, seen), **SSE)


async def _following(api: Api, tenant: str, first: RunStatus, seen: int) -> AsyncIterator[bytes]:
    run_id = first.correlation_id
    runs = Runs(api.database)
    with api.hub.following(tenant, [f"run:{run_id}"]) as follower:
        status = first
        while not api.hub.is_closing:
            follower.missed = False
            if status.seq > seen:
                yield event("snapshot", status, str(status.seq))
                seen = status.seq
            if status.state in _FINAL:
                yield event("end", status, str(status.seq))
                return
            goes_on = True
            while goes_on and not follower.missed:
                chunk = await follower.take(LOOK_AFTER)
                yield chunk or PING
                goes_on = bool(chunk) and not _has_ended(chunk)
            status = status_of(await runs.get(tenant, run_id))
        yield COME_BACK


def _has_ended(chunk: bytes) -> bool:
    return any(f'"state":"{state}"'.encode() in chunk for state in _FINAL)
