"""`operations`: something done to many dead letters, over a frozen selection, by the server."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header, Query, Request
from uuid6 import uuid7

from syncline.actions.dead_letters.selection import words_of
from syncline.domain.dead_letter.operation import OperationKind
from syncline.domain.dead_letter.replay import FAILED
from syncline.domain.errors import InvalidInputError, Problem
from syncline.postgres.operations.catalog import OperationItem, OperationView
from syncline.postgres.operations.operations import KeyReusedError, NewOperation, Operations
from syncline_gateway.access.caller import Caller, Runner, User
from syncline_gateway.parts import Needs
from syncline_gateway.requests.answers import Page, answer, returns
from syncline_gateway.requests.bodies import accepts
from syncline_gateway.requests.dead_letter_query import Entries, Reason, body_of, hash_of, key_of
from syncline_gateway.requests.paging import Paged, identity, moment, number
from syncline_gateway.requests.problems import ProblemError
from syncline_gateway.triggers.replays import Start

router = APIRouter(prefix="/operations", tags=["operations"])


class OperationRequest(Entries, kw_only=True, rename="camel", forbid_unknown_fields=True):
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


@router.post("", status_code=202, responses=returns(OperationView, 202),
             openapi_extra=accepts(OperationRequest))  # fmt: skip
async def begin(
    request: Request,
    caller: User,
    parts: Needs,
    idempotency_key: Annotated[
        str | None,
        Header(max_length=200, description="The same key with the same body is one operation."),
    ] = None,
) -> Any:  # noqa: ANN401 - a response
    """Freeze a selection and begin. A replay begins after 5 seconds, in which it can be undone."""
    new = _new(await body_of(request, OperationRequest), caller, idempotency_key)
    try:
        begun = await Operations(parts.database).begin(new)
    except KeyReusedError as error:
        raise ProblemError(422, "idempotency_key_reused", str(error)) from None
    return answer(begun, 202, {"Location": f"/api/v1/operations/{begun.id}"})


def _new(body: OperationRequest, caller: Caller, key: str | None) -> NewOperation:
    wanted = body.wanted(body.kind.takes)
    replays = body.kind is OperationKind.REPLAY
    only = {
        "rate": body.rate, "stopOnRepeat": body.stop_on_repeat, "stopAfter": body.stop_after,
        "fromStage": None if body.from_stage == FAILED else body.from_stage,
    }  # fmt: skip
    if not replays and any(only.values()):
        wrong = [Problem(f"$.{name}", "is for a replay only") for name, v in only.items() if v]
        raise InvalidInputError(wrong)
    careful = body.stop_on_repeat
    return NewOperation(
        id=key_of(caller.tenant, key) or str(uuid7()),
        tenant=caller.tenant,
        kind=body.kind,
        request_hash=hash_of(body),
        selection=words_of(wanted),
        wanted=wanted,
        expected=body.expected_count,
        reason=body.reason or None,
        from_stage=body.from_stage,
        rate=body.rate,
        stop_on_repeat=replays and (wanted.group is not None if careful is None else careful),
        stop_after=body.stop_after,
        actor=caller.actor,
    )


@router.get("", responses=returns(Page[OperationView]))
async def list_(
    caller: Runner,
    parts: Needs,
    paging: Paged,
    *,
    running: Annotated[bool, Query(description="Only those that have not ended.")] = False,
) -> Any:  # noqa: ANN401 - a response
    """List operations, the newest first."""
    after = paging.key(moment, identity)
    found = await Operations(parts.database).newest(
        caller.tenant, paging.limit + 1, after, running=running
    )
    return answer(paging.page(found, lambda o: (o.created_at.isoformat(), o.id)))


@router.get("/{operation_id}", responses=returns(OperationView))
async def show(operation_id: UUID, caller: Runner, parts: Needs) -> Any:  # noqa: ANN401
    """Say how an operation stands."""
    return answer(await Operations(parts.database).get(caller.tenant, str(operation_id)))


@router.get("/{operation_id}/items", responses=returns(Page[OperationItem]))
async def items(
    operation_id: UUID,
    caller: Runner,
    parts: Needs,
    paging: Paged,
    result: Annotated[
        str | None,
        Query(max_length=40, pattern="^[a-z_]+$", description="Or `waiting`, `asked`."),
    ] = None,
) -> Any:  # noqa: ANN401 - a response
    """List an operation's entries with their results, the oldest entry first."""
    (after,) = paging.key(number) or (0,)
    found = await Operations(parts.database).items(
        caller.tenant, str(operation_id), paging.limit + 1, after, result=result
    )
    return answer(paging.page(found, lambda item: (str(item.number),)))


@router.post("/{operation_id}/abort", status_code=202, responses=returns(OperationView, 202))
async def abort(operation_id: UUID, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Stop an operation: writes under way finish, what was not sent stays as it was."""
    operations = Operations(parts.database)
    return answer(await operations.abort(caller.tenant, str(operation_id), caller.actor), 202)


@router.post("/{operation_id}/undo", status_code=202, responses=returns(OperationView, 202))
async def undo(operation_id: UUID, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Undo a replay that has not begun, or restore what a discard discarded (a new operation)."""
    operations = Operations(parts.database)
    return answer(await operations.undo(caller.tenant, str(operation_id), caller.actor), 202)
