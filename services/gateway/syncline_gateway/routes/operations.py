"""`operations`: something done to many dead letters, over a frozen selection, by the server."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Query
from uuid6 import uuid7

from syncline.actions.dead_letters.selection import selection_words
from syncline.domain.dead_letter.operation import OperationKind
from syncline.domain.dead_letter.replay import FAILED
from syncline.domain.errors import InvalidInputError, Problem
from syncline.postgres.operations.catalog import OperationItem, OperationView
from syncline.postgres.operations.operations import KeyReusedError, NewOperation, Operations
from syncline_gateway.access.caller import Caller, Resolver, Runner
from syncline_gateway.api import Api
from syncline_gateway.requests.dead_letter_query import Reason, Selection, hash_of, key_of
from syncline_gateway.requests.parameters import (
    Id,
    IdempotencyKey,
    Page,
    Paged,
    identity,
    moment,
    number,
)
from syncline_gateway.requests.problems import ProblemError
from syncline_gateway.requests.resource import Answered, Resource
from syncline_gateway.run_requests import Start

router = Resource(prefix="/operations", tags=["operations"])


class OperationRequest(Selection, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is done to which entries.

    Attributes:
        kind: `replay`, `discard` or `restore`.
        expected_count: how many you saw; 409 if it is another number by more than one percent.
        from_stage: where a replay begins.
        rate: entries a second that a replay begins; without it as fast as runs go.
        stop_on_repeat: stop when an entry fails again with the error it had. True by itself if
            the filter names a group.
        stop_after: stop when so many entries have failed again.
    """

    kind: OperationKind
    expected_count: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] | None = None
    reason: Reason | None = None
    from_stage: Start = "failed"
    rate: Annotated[float, msgspec.Meta(gt=0, le=100_000)] | None = None
    stop_on_repeat: bool | None = None
    stop_after: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)] | None = None


@router.post("", status_code=202)
async def create_operation(
    body: OperationRequest, caller: Resolver, api: Api, idempotency_key: IdempotencyKey = None
) -> Answered[OperationView]:
    """Freeze a selection and begin. A replay begins after 5 seconds, in which it can be undone."""
    new = await _new(api, body, caller, key_of(api.keyring, caller.tenant, idempotency_key))
    try:
        begun = await Operations(api.database).start(new)
    except KeyReusedError as error:
        raise ProblemError(422, "idempotency_key_reused", str(error)) from None
    return Answered(begun, router.location(begun.id))


async def _new(api: Api, body: OperationRequest, caller: Caller, key: str | None) -> NewOperation:
    wanted = body.wanted(body.kind.takes, installation=caller.is_admin)
    replays = body.kind is OperationKind.REPLAY
    stage = None if body.from_stage == FAILED else body.from_stage
    repeat, after = body.stop_on_repeat, body.stop_after
    only = {"rate": body.rate, "stopOnRepeat": repeat, "stopAfter": after, "fromStage": stage}
    if not replays and any(only.values()):
        wrong = [Problem(f"$.{name}", "is for a replay only") for name, v in only.items() if v]
        raise InvalidInputError(wrong)
    return NewOperation(
        id=key or str(uuid7()),
        tenant=caller.tenant,
        kind=body.kind,
        request_hash=hash_of(body),
        selection=await selection_words(api.database, caller.tenant, wanted),
        wanted=wanted,
        expected=body.expected_count,
        reason=body.reason or None,
        from_stage=body.from_stage,
        rate=body.rate,
        stop_on_repeat=replays and (wanted.group is not None if repeat is None else repeat),
        stop_after=after,
        actor=caller.actor,
    )


@router.get("")
async def list_operations(
    caller: Runner,
    api: Api,
    paging: Paged,
    *,
    running: Annotated[bool, Query(description="Only those that have not ended.")] = False,
) -> Page[OperationView]:
    """List operations, the newest first."""
    after = paging.key(moment, identity)
    found = await Operations(api.database).newest(
        caller.tenant, paging.limit, after, running=running
    )
    return paging.page(found, lambda o: (o.created_at.isoformat(), o.id))


@router.get("/{operation_id}")
async def get_operation(operation_id: Id, caller: Runner, api: Api) -> OperationView:
    """Say how an operation stands."""
    return await Operations(api.database).get(caller.tenant, operation_id)


@router.get("/{operation_id}/items")
async def list_operation_items(
    operation_id: Id,
    caller: Runner,
    api: Api,
    paging: Paged,
    result: Annotated[
        str | None, Query(max_length=40, pattern="^[a-z_]+$", description="Or `waiting`, `asked`.")
    ] = None,
) -> Page[OperationItem]:
    """List an operation's entries with their results, first those that failed."""
    (after,) = paging.key(number) or (0,)
    found = await Operations(api.database).items(
        caller.tenant, operation_id, paging.limit, after, result=result
    )
    return paging.page(found, lambda item: (str(item.place),))


@router.post("/{operation_id}/abort", status_code=202)
async def abort_operation(operation_id: Id, caller: Resolver, api: Api) -> OperationView:
    """Stop an operation: writes under way finish, what was not sent stays as it was."""
    operations = Operations(api.database)
    return await operations.abort(caller.tenant, operation_id, caller.actor)


@router.post("/{operation_id}/undo", status_code=202)
async def undo_operation(operation_id: Id, caller: Resolver, api: Api) -> OperationView:
    """Undo a replay that has not begun, or restore what a discard discarded (a new operation)."""
    operations = Operations(api.database)
    return await operations.undo(caller.tenant, operation_id, caller.actor)
