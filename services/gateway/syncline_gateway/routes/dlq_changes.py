"""`dlq`: replay, discard and restore entries at once; what is more than 1,000 is an operation."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec

from syncline.actions.dead_letters.dead_letter_detail import MaskedDeadLetters, PayloadEdit, edit_of
from syncline.actions.dead_letters.replay_plan import ReplayRequest, ReplayResult, plan, refusal
from syncline.actions.dead_letters.selection import Resolution, resolve
from syncline.contracts.messages import encode
from syncline.domain.dead_letter.operation import OperationKind
from syncline.domain.dead_letter.replay import FAILED, MAX_REPLAY
from syncline.domain.errors import ConflictError, InvalidInputError, Problem
from syncline.domain.record import JsonObject
from syncline.postgres.dead_letters.queue import DeadLetterDetail, DeadLetterQueue, DeadLetterView
from syncline_gateway.access.caller import Caller, Resolver
from syncline_gateway.api import Api
from syncline_gateway.live.hub import event
from syncline_gateway.requests.dead_letter_query import Reason, Selection, key_of
from syncline_gateway.requests.parameters import Id, IdempotencyKey
from syncline_gateway.requests.resource import Resource
from syncline_gateway.run_requests import Start, is_accepted, publish_replays

router = Resource(prefix="/dlq", tags=["dlq"])


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
    patch: list[JsonObject] | None = None
    reason: Reason | None = None


class ResolveMany(Selection, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which entries are discarded or restored, and why."""

    reason: Reason | None = None


class ReplayMany(ResolveMany, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which entries are replayed, and how."""

    from_stage: Start = "failed"


class DiscardReason(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Why an entry is discarded or restored."""

    reason: Reason | None = None


class ReplayResults(msgspec.Struct, frozen=True, rename="camel"):
    """A result for each entry: `accepted`, `asked` while nobody answered, or why not."""

    entries: list[ReplayResult]


class Resolutions(msgspec.Struct, frozen=True, rename="camel"):
    """A result for each entry."""

    entries: list[Resolution]


@router.post("/replay", status_code=202)
async def replay_dead_letters(
    body: ReplayMany, caller: Resolver, api: Api, idempotency_key: IdempotencyKey = None
) -> ReplayResults:
    """Replay up to 1,000 entries, one run for each instance and entity type."""
    entries, missing = await _entries(api, caller, body, "pending")
    request = _replay_request(api, caller, idempotency_key, body, named=body.ids is not None)
    results = await _replay(api, entries, request)
    gone = [
        ReplayResult(i, None, None, None, None, "refused: there is no such entry") for i in missing
    ]
    return ReplayResults([*results, *gone])


@router.post("/{letter_id}/replay", status_code=202)
async def replay_dead_letter(
    letter_id: Id,
    body: ReplayOne,
    caller: Resolver,
    api: Api,
    idempotency_key: IdempotencyKey = None,
) -> ReplayResult:
    """Replay an entry, changed by who may see payloads, or as it is; 409 if it is not Pending."""
    changes = body.payload is not None or body.patch is not None
    found = await MaskedDeadLetters(api.database, api.keyring).get(
        caller.tenant,
        letter_id,
        caller.payload_viewer() if changes else None,
        installation=caller.is_admin,
    )
    request = _replay_request(api, caller, idempotency_key, body)
    if changes and refusal(found.entry) is None:
        edit = await asyncio.to_thread(_edit, found, body)  # may be long
        request = msgspec.structs.replace(request, edit=edit)
    (result,) = await _replay(api, [found.entry], request)
    if not is_accepted(result):
        raise ConflictError(result.result.removeprefix("refused: "))
    return result


def _edit(found: DeadLetterDetail, body: ReplayOne) -> PayloadEdit:
    both = body.payload is not None and body.patch is not None
    wrong = {
        ("$.patch", "give either `payload` or `patch`"): both,
        ("$.fromStage", "cannot go with `fromStage: ingest`, which reads the source again"): (
            body.from_stage != FAILED
        ),
        ("$.reason", "is required with a change: it is kept with it"): not body.reason,
    }
    if problems := [Problem(*mistake) for mistake, is_made in wrong.items() if is_made]:
        raise InvalidInputError(problems)
    if body.payload is not None:
        return edit_of(found, body.payload, "$.payload", "the payload")
    return edit_of(found, encode(body.patch).decode(), "$.patch", "the patch")


@router.post("/discard")
async def discard_dead_letters(body: ResolveMany, caller: Resolver, api: Api) -> Resolutions:
    """Discard up to 1,000 entries that wait: nobody needs them. They may be restored."""
    return await _resolve_many(body, caller, api, OperationKind.DISCARD)


@router.post("/restore")
async def restore_dead_letters(body: ResolveMany, caller: Resolver, api: Api) -> Resolutions:
    """Let up to 1,000 discarded entries wait again."""
    return await _resolve_many(body, caller, api, OperationKind.RESTORE)


@router.post("/{letter_id}/discard")
async def discard_dead_letter(
    letter_id: Id, body: DiscardReason, caller: Resolver, api: Api
) -> Resolution:
    """Discard an entry; 409 if it is not Pending."""
    return await _resolve_one(letter_id, body, caller, api, OperationKind.DISCARD)


@router.post("/{letter_id}/restore")
async def restore_dead_letter(
    letter_id: Id, body: DiscardReason, caller: Resolver, api: Api
) -> Resolution:
    """Let a discarded entry wait again; 409 if it is not Discarded."""
    return await _resolve_one(letter_id, body, caller, api, OperationKind.RESTORE)


async def _resolve_one(
    letter_id: str, body: DiscardReason, caller: Caller, api: Api, kind: OperationKind
) -> Resolution:
    found = await DeadLetterQueue(api.database).get(
        caller.tenant, letter_id, installation=caller.is_admin
    )
    (result,) = await _resolve([found.entry], body.reason, caller, api, kind)
    if not result.done:
        raise ConflictError(result.result)
    return result


async def _resolve_many(
    body: ResolveMany, caller: Caller, api: Api, kind: OperationKind
) -> Resolutions:
    entries, missing = await _entries(api, caller, body, kind.takes)
    results = await _resolve(entries, body.reason, caller, api, kind)
    gone = [Resolution(i, None, None, done=False, result="there is no such entry") for i in missing]
    return Resolutions([*results, *gone])


async def _resolve(
    entries: list[DeadLetterView],
    reason: str | None,
    caller: Caller,
    api: Api,
    kind: OperationKind,
) -> list[Resolution]:
    results = await resolve(
        api.database, caller.tenant, entries, kind, actor=caller.actor, reason=reason
    )
    if any(result.done for result in results):
        _publish_change(api, caller.tenant)
    return results


async def _entries(
    api: Api, caller: Caller, body: Selection, status: str
) -> tuple[list[DeadLetterView], list[str]]:
    """Return the entries that are meant (at most 1,000), and the IDs that are none."""
    wanted = body.wanted(status, installation=caller.is_admin)
    found = await DeadLetterQueue(api.database).oldest(caller.tenant, wanted, MAX_REPLAY + 1)
    if len(found) > MAX_REPLAY:
        message = "more than 1,000 entries match: begin an operation at /api/v1/operations"
        raise InvalidInputError([Problem("$.filter", message)])
    if wanted.ids is None:
        return found, []
    known = {entry.id: entry for entry in found}
    missing = [letter_id for letter_id in wanted.ids if letter_id not in known]
    return [known[letter_id] for letter_id in wanted.ids if letter_id in known], missing


def _replay_request(
    api: Api,
    caller: Caller,
    key: str | None,
    body: ReplayOne | ReplayMany,
    *,
    named: bool = True,
) -> ReplayRequest:
    return ReplayRequest(
        tenant=caller.tenant,
        actor=caller.actor,
        source="gateway",
        from_stage=body.from_stage,
        reason=body.reason or None,
        key=key_of(api.keyring, caller.tenant, key),
        named=named,
    )


async def _replay(
    api: Api, entries: list[DeadLetterView], request: ReplayRequest
) -> list[ReplayResult]:
    runs, results = plan(entries, request, api.clock.now())
    results += await publish_replays(api, runs)
    _publish_change(api, request.tenant)
    order = {entry.id: number for number, entry in enumerate(entries)}
    return sorted(results, key=lambda result: order[result.id])


def _publish_change(api: Api, tenant: str) -> None:
    """Let those who look at the queue read it again."""
    api.hub.publish(tenant, "dlq", "dlq", event("dlq", {"changed": True}))
