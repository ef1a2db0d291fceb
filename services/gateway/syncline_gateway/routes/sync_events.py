"""`sync-events`: ask for a run, see how it stands, follow it, cancel it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from syncline.contracts.events import PROGRESS, RunStatus
from syncline.contracts.sending import trigger_message
from syncline.contracts.status import status_message, status_of
from syncline.contracts.wire import Outbound
from syncline.domain.errors import ConflictError, InvalidInputError, NotFoundError, Problem
from syncline.domain.run import FINAL, Mode, Overlap, Run
from syncline.domain.trigger import DEFAULT_BATCH_SIZE, TriggerRequest
from syncline.postgres.runs.pauses import Pauses
from syncline.postgres.runs.runs import Runs
from syncline.runtime.commands.control import cancel_message, forget_message, pause_message
from syncline_gateway.access.caller import Runner
from syncline_gateway.live.hub import Subscription, event
from syncline_gateway.live.sse import COME_BACK, PING, SSE, sse_documented
from syncline_gateway.parts import Needs, Parts
from syncline_gateway.requests.answers import answer, returns
from syncline_gateway.requests.bodies import accepts, json_of
from syncline_gateway.requests.problems import ProblemError
from syncline_gateway.triggers.refusals import refuse_what_cannot_run, tell_what_is_wrong
from syncline_gateway.triggers.run_request import fields_of, request_of, run_id_of

router = APIRouter(prefix="/sync-events", tags=["sync-events"])
ANSWER_WITHIN = 2.0
"""Seconds to wait for the trigger service's word; Kafka has the trigger all the same."""
_FINAL = {state.value for state in FINAL}


class SyncEvent(msgspec.Struct, rename="camel", kw_only=True):
    """Asks for a run.

    Attributes:
        instance: name of the instance; only Active ones may run.
        entity_type: one of its mapping configs', in any case.
        source_ids: limits the run to these records, at most 500; an array, or text with commas.
        mode: whether the cursor and smart sync apply.
        max_entities: most records to discover.
        batch_size: most records in a message; never changes results.
        on_overlap: what happens while another run of the same instance and entity type is active.
        correlation_id: names the run. The same ID with the same request is the same run.
    """

    instance: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    entity_type: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    source_ids: list[Annotated[str, msgspec.Meta(max_length=512)]] | str | None = None
    mode: Mode | None = Mode.INCREMENTAL
    max_entities: Annotated[int, msgspec.Meta(ge=1)] | None = None
    batch_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = DEFAULT_BATCH_SIZE
    on_overlap: Overlap | None = Overlap.REJECT
    correlation_id: str | None = None


@router.post(
    "", status_code=202, responses=returns(RunStatus, 202), openapi_extra=accepts(SyncEvent)
)
async def trigger(
    request: Request,
    caller: Runner,
    parts: Needs,
    idempotency_key: Annotated[
        str | None,
        Header(max_length=200, description="The same key with the same body is the same run."),
    ] = None,
) -> Any:  # noqa: ANN401 - a response
    """Ask for a run. 202: Kafka has the trigger, whatever happens to any service."""
    body = await json_of(request)
    run_id = run_id_of(body, caller, idempotency_key)
    fields = fields_of(body, caller)
    try:
        wanted = request_of(body, fields)
    except InvalidInputError as error:
        await tell_what_is_wrong(parts, run_id, fields, error)
        raise
    known = await _known(parts, run_id, wanted, by_key=idempotency_key is not None)
    if known is None:
        await refuse_what_cannot_run(parts, run_id, fields, wanted)
        known = await _asked(parts, run_id, fields, wanted)
    return answer(known, 202, {"Location": f"/api/v1/sync-events/{run_id}"})


async def _known(
    parts: Parts, run_id: str, wanted: TriggerRequest, *, by_key: bool
) -> RunStatus | None:
    """Return the run that this very request began before, or None."""
    found = await Runs(parts.database).of_request(wanted.tenant, run_id)
    if found is None:
        return None
    run, fingerprint = found
    if fingerprint == wanted.fingerprint():
        return status_of(run)
    if by_key:
        detail = "this Idempotency-Key was used with another body: take a new key"
        raise ProblemError(422, "idempotency_key_reused", detail)
    raise ConflictError(f"correlation ID {run_id} belongs to another request")


async def _asked(
    parts: Parts, run_id: str, fields: dict[str, Any], wanted: TriggerRequest
) -> RunStatus:
    """Publish the trigger, and return what the trigger service says of it.

    Raises:
        RetriableError: Kafka did not take it; nothing has begun.
        ConflictError: refused: a run is active, or the correlation ID is taken.
        NotFoundError: refused: what it names does not exist.
    """
    with parts.hub.answer_to(run_id) as answered:
        await parts.producer.send([trigger_message(run_id, fields, "gateway", parts.clock.now())])
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                status = await answered
        except TimeoutError:  # Kafka has it: nothing is lost, only unanswered
            return await _as_it_stands(parts, run_id, wanted)
    if status.state == "rejected":
        raise _refusal(status)
    return status


async def _as_it_stands(parts: Parts, run_id: str, wanted: TriggerRequest) -> RunStatus:
    """Nobody answered yet: the run's row, or a run that waits to be accepted."""
    try:
        return status_of(await Runs(parts.database).get(wanted.tenant, run_id))
    except NotFoundError:  # no row yet: it waits in Kafka
        return RunStatus(
            correlation_id=run_id,
            tenant=wanted.tenant,
            instance=wanted.instance,
            entity_type=wanted.entity_type,
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


@router.get("/{correlation_id}", responses=returns(RunStatus))
async def show(correlation_id: UUID, caller: Runner, parts: Needs) -> Any:  # noqa: ANN401
    """Say how a run stands."""
    return answer(status_of(await Runs(parts.database).get(caller.tenant, str(correlation_id))))


@router.post("/{correlation_id}/cancel", status_code=202, responses=returns(RunStatus, 202))
async def cancel(correlation_id: UUID, caller: Runner, parts: Needs) -> Any:  # noqa: ANN401
    """Cancel a run: no new record enters, writes under way finish, the rest is skipped."""
    run = await Runs(parts.database).request_cancel(
        caller.tenant, str(correlation_id), caller.actor
    )
    await parts.producer.send([cancel_message(run.id, caller.actor)])
    return answer(status_of(run), 202)


@router.post("/{correlation_id}/pause", responses=returns(RunStatus))
async def pause(correlation_id: UUID, caller: Runner, parts: Needs) -> Any:  # noqa: ANN401
    """Hold a run: batches under way finish, the others wait, whatever is restarted meanwhile."""
    run = await Pauses(parts.database).pause(caller.tenant, str(correlation_id), caller.actor)
    return await _told(parts, run, pause_message(run.id, caller.actor))


@router.post("/{correlation_id}/resume", responses=returns(RunStatus))
async def resume(correlation_id: UUID, caller: Runner, parts: Needs) -> Any:  # noqa: ANN401
    """Let a paused run go on."""
    run = await Pauses(parts.database).resume(caller.tenant, str(correlation_id), caller.actor)
    return await _told(parts, run, forget_message(run.id))


async def _told(parts: Parts, run: Run, command: Outbound) -> Any:  # noqa: ANN401
    """Tell the stages, and all who follow the run. Without us the trigger service does it soon."""
    status = status_of(run)
    now = parts.clock.now()
    await parts.producer.send([command, status_message(PROGRESS, "gateway", status, now)])
    return answer(status)


@router.get("/{correlation_id}/stream", responses=sse_documented(RunStatus))
async def stream(
    correlation_id: UUID,
    caller: Runner,
    parts: Needs,
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
) -> StreamingResponse:
    """Follow a run: `snapshot`, then `run` with each change, and `end` when it has ended.

    The `id` of an event is the run's sequence number; after `Last-Event-ID` only newer ones come.
    """
    run_id = str(correlation_id)
    seen = int(last_event_id) if last_event_id and last_event_id.isdecimal() else -1
    first = status_of(await Runs(parts.database).get(caller.tenant, run_id))
    return StreamingResponse(_following(parts, caller.tenant, first, seen), **SSE)


async def _following(
    parts: Parts, tenant: str, first: RunStatus, seen: int
) -> AsyncIterator[bytes]:
    run_id = first.correlation_id
    runs = Runs(parts.database)
    with parts.hub.subscribed(tenant, [f"run:{run_id}"]) as subscription:
        status = first
        while not parts.hub.is_closing:
            subscription.missed = False
            if status.seq > seen:
                yield event("snapshot", status, str(status.seq))
                seen = status.seq
            if status.state in _FINAL:
                yield event("end", status, str(status.seq))
                return
            async for chunk in _until_missed(subscription):
                yield chunk
            status = status_of(await runs.get(tenant, run_id))
        yield COME_BACK


LOOK_AFTER = 5.0
"""Seconds without an event after which the run's row is looked at."""


async def _until_missed(subscription: Subscription) -> AsyncIterator[bytes]:
    """Yield chunks until something may be missing: then the row is read again."""
    while not subscription.missed:
        chunk = await subscription.take(LOOK_AFTER)
        if not chunk:
            yield PING
            return
        yield chunk
        if _has_ended(chunk):
            return


def _has_ended(chunk: bytes) -> bool:
    return any(f'"state":"{state}"'.encode() in chunk for state in _FINAL)
