"""`dlq`: look at dead letters, alone and in groups. Changing them is in `dlq_changes`."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Response

from syncline.actions.dead_letters.masked import DeadLetters
from syncline.actions.dead_letters.selection import SelectionView, StreamCount, words_of
from syncline.domain.errors import NotFoundError
from syncline.postgres.dead_letters.catalog import LetterDetail, LetterView, LetterViews
from syncline.postgres.dead_letters.filter import LetterFilter
from syncline.postgres.dead_letters.groups import LetterGroup, LetterGroups
from syncline_gateway.access.caller import Runner
from syncline_gateway.parts import Needs
from syncline_gateway.requests.answers import Page, answer, returns
from syncline_gateway.requests.dead_letter_query import Filtered
from syncline_gateway.requests.paging import Paged, identity, moment, number, words

router = APIRouter(prefix="/dlq", tags=["dlq"])
_BYTES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The bytes.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class QueueSummary(msgspec.Struct, frozen=True, rename="camel"):
    """The dead-letter queue in one look.

    Attributes:
        pending: entries that wait for a person.
        last_failed_at: when the newest entry failed, whatever its status.
    """

    pending: int
    last_failed_at: datetime | None


@router.get("", responses=returns(Page[LetterView]))
async def list_(caller: Runner, parts: Needs, paging: Paged, wanted: Filtered) -> Any:  # noqa: ANN401
    """List entries, the newest first."""
    after = paging.key(moment, identity)
    found = await LetterViews(parts.database).newest(caller.tenant, wanted, paging.limit + 1, after)
    return answer(paging.page(found, lambda e: (e.failed_at.isoformat(), e.id)))


@router.get("/groups", responses=returns(Page[LetterGroup]))
async def groups(caller: Runner, parts: Needs, paging: Paged, wanted: Filtered) -> Any:  # noqa: ANN401
    """Fold entries that failed alike into groups, the largest first."""
    after = paging.key(number, words)
    found = await LetterGroups(parts.database).largest(
        caller.tenant, wanted, paging.limit + 1, after
    )
    return answer(paging.page(found, lambda g: (str(g.count), g.group)))


@router.get("/summary", responses=returns(QueueSummary))
async def summary(caller: Runner, parts: Needs) -> Any:  # noqa: ANN401
    """Count what waits for a person."""
    views = LetterViews(parts.database)
    newest = await views.newest(caller.tenant, LetterFilter(), 1)
    pending = await views.count(caller.tenant, LetterFilter(status="pending"))
    return answer(QueueSummary(pending, newest[0].failed_at if newest else None))


@router.get("/selection", responses=returns(SelectionView))
async def selection(caller: Runner, parts: Needs, wanted: Filtered) -> Any:  # noqa: ANN401
    """Say in words and numbers what a filter selects now; act on it with its `asOf`."""
    now, found = await LetterGroups(parts.database).streams(caller.tenant, wanted)
    streams = [StreamCount(*each) for each in found]
    total = sum(stream.count for stream in streams)
    return answer(SelectionView(words_of(wanted), total, wanted.as_of or now, streams))


@router.get("/{letter_id}", responses=returns(LetterDetail))
async def show(letter_id: UUID, caller: Runner, parts: Needs) -> Any:  # noqa: ANN401
    """Show an entry in full; its payload is text, byte for byte but for secrets."""
    return answer(
        await DeadLetters(parts.database, parts.keyring).get(caller.tenant, str(letter_id))
    )


@router.get("/{letter_id}/payload", responses=_BYTES)
async def payload(letter_id: UUID, caller: Runner, parts: Needs) -> Response:
    """Download the failed stage's input: the bytes as they are stored, but for secrets."""
    found = await DeadLetters(parts.database, parts.keyring).payload(caller.tenant, str(letter_id))
    if found is None:
        raise NotFoundError(f"dead letter {letter_id} has no payload")
    headers = {"Content-Disposition": f'attachment; filename="{letter_id}.json"'}
    return Response(found, headers=headers, media_type="application/octet-stream")
