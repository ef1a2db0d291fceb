"""`dlq`: look at dead letters, alone and in groups. Changing them is in `dlq_changes`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import Depends, Response
from fastapi.responses import StreamingResponse

from syncline.actions.dead_letters.dead_letter_detail import MaskedDeadLetters
from syncline.actions.dead_letters.selection import SelectionView, StreamCount, selection_words
from syncline.domain.errors import NotFoundError
from syncline.domain.record import JsonObject
from syncline.postgres.database.sorts import Order
from syncline.postgres.dead_letters.filter import DeadLetterFilter
from syncline.postgres.dead_letters.groups import GROUP_SORTS, DeadLetterGroup, DeadLetterGroups
from syncline.postgres.dead_letters.queue import (
    DEAD_LETTER_SORTS,
    DeadLetterDetail,
    DeadLetterQueue,
    DeadLetterView,
)
from syncline_gateway.access.caller import Caller, Runner
from syncline_gateway.api import Api
from syncline_gateway.export import DOCUMENTED, PART, ExportDep
from syncline_gateway.requests.dead_letter_query import DeadLetterFilterDep
from syncline_gateway.requests.parameters import Id, Page
from syncline_gateway.requests.resource import Resource
from syncline_gateway.requests.sorted_lists import SortedPart, order_of, part_of

router = Resource(prefix="/dlq", tags=["dlq"])
PartOfQueue = Annotated[SortedPart, Depends(part_of(DEAD_LETTER_SORTS))]
PartOfGroups = Annotated[SortedPart, Depends(part_of(GROUP_SORTS))]
OrderOfQueue = Annotated[Order, Depends(order_of(DEAD_LETTER_SORTS))]
_BYTES: dict[int | str, JsonObject] = {
    200: {
        "description": "The bytes.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class QueueSummary(msgspec.Struct, frozen=True, rename="camel"):
    """How many entries wait for a person, and when the newest failed, whatever its status."""

    pending: int
    last_failed_at: datetime | None


@router.get("")
async def list_dead_letters(
    caller: Runner, api: Api, part: PartOfQueue, wanted: DeadLetterFilterDep
) -> Page[DeadLetterView]:
    """List entries, the newest first where no other order is wanted."""
    queue, seen = DeadLetterQueue(api.database), _seen(wanted, caller)
    return part.page(await queue.page(caller.tenant, seen, part.limit, part.order))


@router.get("/export", responses=DOCUMENTED)
async def export_dead_letters(
    caller: Runner,
    api: Api,
    wanted: DeadLetterFilterDep,
    order: OrderOfQueue,
    export: ExportDep,
) -> StreamingResponse:
    """Export entries, in the order in which they are listed."""
    queue, seen = DeadLetterQueue(api.database), _seen(wanted, caller)

    async def following(entry: DeadLetterView | None) -> list[DeadLetterView]:
        return await queue.page(caller.tenant, seen, PART, order.behind(entry))

    return await export.answer(caller, "dlq", "dead-letters", DeadLetterView, following)


@router.get("/groups")
async def list_dead_letter_groups(
    caller: Runner, api: Api, part: PartOfGroups, wanted: DeadLetterFilterDep
) -> Page[DeadLetterGroup]:
    """Fold entries that failed alike into groups, the largest first if no other order is wanted."""
    groups, seen = DeadLetterGroups(api.database), _seen(wanted, caller)
    return part.page(await groups.page(caller.tenant, seen, part.limit, part.order))


@router.get("/summary")
async def get_dead_letter_summary(caller: Runner, api: Api) -> QueueSummary:
    """Count what waits for a person."""
    views = DeadLetterQueue(api.database)
    every = DeadLetterFilter(installation=caller.is_admin)
    newest = await views.page(caller.tenant, every, 1)
    pending = await views.count(caller.tenant, msgspec.structs.replace(every, status="pending"))
    return QueueSummary(pending, newest[0].failed_at if newest else None)


@router.get("/selection")
async def get_dead_letter_selection(
    caller: Runner, api: Api, wanted: DeadLetterFilterDep
) -> SelectionView:
    """Say in words and numbers what a filter selects now; act on it with its `asOf`."""
    now, found = await DeadLetterGroups(api.database).streams(caller.tenant, _seen(wanted, caller))
    streams = [StreamCount(*each) for each in found]
    total = sum(stream.count for stream in streams)
    words = await selection_words(api.database, caller.tenant, wanted)
    return SelectionView(words, total, wanted.as_of or now, streams)


@router.get("/{letter_id}")
async def get_dead_letter(letter_id: Id, caller: Runner, api: Api) -> DeadLetterDetail:
    """Show an entry in full; its payload is text, byte for byte but for secrets.

    Who may not see payloads gets it without (`isHidden`); the others' looks are audited.
    """
    return await MaskedDeadLetters(api.database, api.keyring).get(
        caller.tenant, letter_id, caller.viewer, installation=caller.is_admin
    )


@router.get("/{letter_id}/payload", responses=_BYTES)
async def get_dead_letter_payload(letter_id: Id, caller: Runner, api: Api) -> Response:
    """Download the failed stage's input: the bytes as they are stored, but for secrets."""
    found = await MaskedDeadLetters(api.database, api.keyring).payload(
        caller.tenant, letter_id, caller.payload_viewer(), installation=caller.is_admin
    )
    if found is None:
        raise NotFoundError(f"dead letter {letter_id} has no payload")
    headers = {"Content-Disposition": f'attachment; filename="{letter_id}.json"'}
    return Response(found, headers=headers, media_type="application/octet-stream")


def _seen(wanted: DeadLetterFilter, caller: Caller) -> DeadLetterFilter:
    """Let a Platform Admin see also what belongs to the installation."""
    return msgspec.structs.replace(wanted, installation=caller.is_admin)
