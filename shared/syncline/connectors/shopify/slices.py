"""Reading in the order of IDs: after some records, a read begins anew behind the last ID.

A shop gives 25,000 records in one read at most. What is read in the order of changes goes on at the
last change (`paging.anchorAfter`); what is read in the order of IDs, at the last ID.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.http.client.api import Api
from syncline.connectors.http.settings.extraction import CURSOR, HttpSource
from syncline.connectors.http.source.pages import read_pages
from syncline.connectors.http.source.paging import decode_position
from syncline.connectors.port import ExtractRequest, Page
from syncline.connectors.shopify.entities import ANCHOR_AFTER, FILTERS


class SlicePosition(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where such a read stands.

    Attributes:
        since: the bookmark as it is asked for, "" where everything is read.
        behind: the ID behind which the slice began, "" for the first one.
        within: where the read stands in the slice.
    """

    since: str = ""
    behind: str = ""
    within: str = ""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(SlicePosition).decode


async def read_slices(
    api: Api, source: HttpSource, request: ExtractRequest, anchor_after: int = ANCHOR_AFTER
) -> AsyncIterator[Page]:
    """Stream pages in the order of IDs, slice by slice. Raises as `read_pages` does."""
    position, room = _beginning(source, request), request.limit
    following: SlicePosition | None = position
    while following is not None:
        position, following = following, None
        own = msgspec.structs.replace(
            request, after=None, position=position.within or None, limit=room
        )
        async for page in read_pages(api, _slice(source, position), own):
            if page.ids and decode_position(page.position).taken >= anchor_after:
                following = SlicePosition(position.since, str(number_of(page.ids[-1])))
            then = following or msgspec.structs.replace(position, within=page.position)
            room = None if room is None else room - len(page.ids)
            yield msgspec.structs.replace(page, position=_encode(then).decode())
            if room == 0:
                return
            if following is not None:
                break


def _beginning(source: HttpSource, request: ExtractRequest) -> SlicePosition:
    if request.position is None:
        after = request.after
        return SlicePosition("" if after is None else source.bookmarks.after(after))
    try:
        return _decode(request.position)
    except msgspec.DecodeError as error:
        message = "the position of the interrupted read was written by another version"
        raise refusal("position_expired", message) from error


def _slice(source: HttpSource, position: SlicePosition) -> HttpSource:
    """Return a source that is asked for one slice."""
    filters = [f"id:>{position.behind}"] if position.behind else []
    if position.since:
        filters.append(FILTERS.replace(CURSOR, position.since))
    others = {name: v for name, v in source.options.variables.items() if name != "query"}
    variables = {**others, "query": " AND ".join(filters)} if filters else others
    options = source.options.model_copy(update={"variables": variables})
    return source.model_copy(update={"options": options})


def number_of(source_id: str) -> int:
    """Return the number at the end of an ID such as gid://shopify/Customer/1."""
    number = source_id.rpartition("/")[2]
    if not (number.isascii() and number.isdigit()):
        message = f"the shop gave the ID {source_id[:100]!r}, which ends with no number"
        raise refusal("next_unreadable", message)
    return int(number)
