"""`dlq`: replay, discard and restore entries at once; what is more than 1,000 is an operation."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header, Request

from syncline.actions.dead_letters.edits import Edit, edit_of
from syncline.actions.dead_letters.masked import DeadLetters
from syncline.actions.dead_letters.replay_plan import ReplayResult, Wish, plan, refusal
from syncline.actions.dead_letters.resolution import (
    DISCARD,
    RESTORE,
    STATUS_OF,
    Resolution,
    resolve,
)
from syncline.contracts.messages import encode
from syncline.domain.dead_letter.replay import FAILED, MAX_REPLAY
from syncline.domain.errors import ConflictError, InvalidInputError, Problem
from syncline.postgres.dead_letters.catalog import LetterDetail, LetterView, LetterViews
from syncline_gateway.access.caller import Caller, User
from syncline_gateway.live.hub import event
from syncline_gateway.parts import Needs, Parts
from syncline_gateway.requests.answers import answer, returns
from syncline_gateway.requests.bodies import accepts
from syncline_gateway.requests.dead_letter_query import Entries, Reason, body_of, key_of
from syncline_gateway.triggers.replays import Start, ask, is_accepted

router = APIRouter(prefix="/dlq", tags=["dlq"])
Key = Annotated[
    str | None,
    Header(max_length=200, description="The same key with the same body is the same replay."),
]


class ReplayOne(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """How one entry is replayed.

    Attributes:
        from_stage: `failed` begins with the input of the stage that failed, `ingest` reads the
            record from its source again.
        payload: the whole payload as it should be, as text: every digit counts.
        patch: or what is to be changed, as a JSON Patch (RFC 6902).
        reason: why; required with a change.
    """

    from_stage: Start = "failed"
    payload: Annotated[str, msgspec.Meta(max_length=2_000_000)] | None = None
    patch: list[dict[str, Any]] | None = None
    reason: Reason | None = None


class ReplayMany(Entries, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which entries are replayed, and how."""

    from_stage: Start = "failed"
    reason: Reason | None = None


class ResolveMany(Entries, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which entries are discarded or restored, and why."""

    reason: Reason | None = None


class DiscardReason(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """DiscardReason something is done."""

    reason: Reason | None = None


class ReplayResults(msgspec.Struct, frozen=True, rename="camel"):
    """A result for each entry: `accepted`, `asked` while nobody answered, or why not."""

    entries: list[ReplayResult]


class Resolutions(msgspec.Struct, frozen=True, rename="camel"):
    """A result for each entry."""

    entries: list[Resolution]


@router.post("/replay", status_code=202, responses=returns(ReplayResults, 202),
             openapi_extra=accepts(ReplayMany))  # fmt: skip
async def replay_many(
    request: Request, caller: User, parts: Needs, idempotency_key: Key = None
) -> Any:  # noqa: ANN401 - a response
    """Replay up to 1,000 entries, one run for each instance and entity type."""
    body = await body_of(request, ReplayMany)
    entries, missing = await _entries(parts, caller.tenant, body, "pending")
    wish = _wish(caller, idempotency_key, body.from_stage, body.reason)
    wish = msgspec.structs.replace(wish, named=body.ids is not None)
    results = await _replay(parts, entries, wish)
    gone = [
        ReplayResult(i, None, None, None, None, "refused: there is no such entry") for i in missing
    ]
    return answer(ReplayResults([*results, *gone]), 202)


@router.post("/{letter_id}/replay", status_code=202, responses=returns(ReplayResult, 202),
             openapi_extra=accepts(ReplayOne))  # fmt: skip
async def replay_one(
    letter_id: UUID, request: Request, caller: User, parts: Needs, idempotency_key: Key = None
) -> Any:  # noqa: ANN401 - a response
    """Replay an entry, changed by a person or as it is; 409 if it is not Pending."""
    body = await body_of(request, ReplayOne)
    found = await DeadLetters(parts.database, parts.keyring).get(caller.tenant, str(letter_id))
    wish = _wish(caller, idempotency_key, body.from_stage, body.reason)
    if refusal(found.entry) is None:
        wish = msgspec.structs.replace(wish, edit=_edit(found, body))
    (result,) = await _replay(parts, [found.entry], wish)
    if not is_accepted(result):
        raise ConflictError(result.result.removeprefix("refused: "))
    return answer(result, 202)


def _edit(found: LetterDetail, body: ReplayOne) -> Edit | None:
    if body.payload is None and body.patch is None:
        return None
    problems = []
    if body.payload is not None and body.patch is not None:
        problems.append(Problem("$.patch", "give either `payload` or `patch`"))
    if body.from_stage != FAILED:
        message = "cannot go with `fromStage: ingest`, which reads the source again"
        problems.append(Problem("$.fromStage", message))
    if not body.reason:
        problems.append(Problem("$.reason", "is required with a change: it is kept with it"))
    if problems:
        raise InvalidInputError(problems)
    if body.payload is not None:
        return edit_of(found, body.payload, "$.payload", "the payload")
    return edit_of(found, encode(body.patch).decode(), "$.patch", "the patch")


@router.post("/discard", responses=returns(Resolutions), openapi_extra=accepts(ResolveMany))
async def discard_many(request: Request, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Discard up to 1,000 entries that wait: nobody needs them. They may be restored."""
    return await _resolve_many(request, caller, parts, DISCARD)


@router.post("/restore", responses=returns(Resolutions), openapi_extra=accepts(ResolveMany))
async def restore_many(request: Request, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Let up to 1,000 discarded entries wait again."""
    return await _resolve_many(request, caller, parts, RESTORE)


@router.post(
    "/{letter_id}/discard", responses=returns(Resolution), openapi_extra=accepts(DiscardReason)
)
async def discard_one(letter_id: UUID, request: Request, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Discard an entry; 409 if it is not Pending."""
    return await _resolve_one(letter_id, request, caller, parts, DISCARD)


@router.post(
    "/{letter_id}/restore", responses=returns(Resolution), openapi_extra=accepts(DiscardReason)
)
async def restore_one(letter_id: UUID, request: Request, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Let a discarded entry wait again; 409 if it is not Discarded."""
    return await _resolve_one(letter_id, request, caller, parts, RESTORE)


async def _resolve_one(
    letter_id: UUID, request: Request, caller: Caller, parts: Parts, doing: str
) -> Any:  # noqa: ANN401 - a response
    reason = (await body_of(request, DiscardReason)).reason
    found = await LetterViews(parts.database).get(caller.tenant, str(letter_id))
    (result,) = await resolve(
        parts.database, caller.tenant, [found.entry], doing, actor=caller.actor, reason=reason
    )
    if not result.done:
        raise ConflictError(result.result)
    _tell(parts, caller.tenant)
    return answer(result)


async def _resolve_many(request: Request, caller: Caller, parts: Parts, doing: str) -> Any:  # noqa: ANN401
    body = await body_of(request, ResolveMany)
    entries, missing = await _entries(parts, caller.tenant, body, STATUS_OF[doing])
    results = await resolve(
        parts.database, caller.tenant, entries, doing, actor=caller.actor, reason=body.reason
    )
    _tell(parts, caller.tenant)
    gone = [Resolution(i, None, None, done=False, result="there is no such entry") for i in missing]
    return answer(Resolutions([*results, *gone]))


async def _entries(
    parts: Parts, tenant: str, body: Entries, status: str
) -> tuple[list[LetterView], list[str]]:
    """Return the entries that are meant, and the IDs that are none.

    Raises:
        InvalidInputError: more than 1,000 match.
    """
    wanted = body.wanted(status)
    found = await LetterViews(parts.database).oldest(tenant, wanted, MAX_REPLAY + 1)
    if len(found) > MAX_REPLAY:
        message = "more than 1,000 entries match: begin an operation at /api/v1/operations"
        raise InvalidInputError([Problem("$.filter", message)])
    if wanted.ids is None:
        return found, []
    known = {entry.id: entry for entry in found}
    missing = [letter_id for letter_id in wanted.ids if letter_id not in known]
    return [known[letter_id] for letter_id in wanted.ids if letter_id in known], missing


def _wish(caller: Caller, key: str | None, from_stage: str, reason: str | None) -> Wish:
    return Wish(
        tenant=caller.tenant, actor=caller.actor, source="gateway", from_stage=from_stage,
        reason=reason or None, key=key_of(caller.tenant, key),
    )  # fmt: skip


async def _replay(parts: Parts, entries: list[LetterView], wish: Wish) -> list[ReplayResult]:
    asked, results = plan(entries, wish, parts.clock.now())
    results += await ask(parts, asked)
    _tell(parts, wish.tenant)
    order = {entry.id: number for number, entry in enumerate(entries)}
    return sorted(results, key=lambda result: order[result.id])


def _tell(parts: Parts, tenant: str) -> None:
    """Let those who look at the queue look again."""
    parts.hub.publish(tenant, "dlq", "dlq", event("dlq", {"changed": True}))
