"""Reading an API page by page, and single records by ID."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from syncline.connectors.http.anchoring import anchored, unseen
from syncline.connectors.http.answers import key_text
from syncline.connectors.http.calling import Api, address, filled, placed
from syncline.connectors.http.paging import (
    Circle,
    Place,
    decode,
    encode,
    first_place,
    following,
    query_at,
    step_of,
)
from syncline.connectors.http.source import CURSOR, Fetch, Paging, PagingType, Source
from syncline.connectors.http.target import Read
from syncline.connectors.port import ConnectorError, ExtractRequest, Page
from syncline.contracts.messages import encode as encode_record
from syncline.domain.errors import Category, Failure


async def pages(api: Api, source: Source, request: ExtractRequest) -> AsyncIterator[Page]:
    """Stream pages; an answer is held whole, and given in parts of the size that was asked for."""
    cursor = source.after(request.after) if request.after is not None else None
    place: Place | None = first_place(source.paging, cursor, request.page_size)
    if request.position:
        place = decode(request.position)
    circle, room = Circle(), request.limit
    while place is not None and not place.done:
        answer = await api.read(_url(api, source, place))
        document = api.decoded(answer)
        records = _records(document, source.records, source.endpoint)
        page = _page(source, records)
        if records and circle.closes(step_of(source.paging, place, page.ids)):
            raise ConnectorError(_loop(source))
        counted = following(source.paging, place, answer, document, len(records))
        following_ = anchored(source, place, page, counted)
        for part in _parts(unseen(source, place, page), place, following_, request.page_size):
            yield part if room is None else _first(part, room)
            if room is not None:
                room -= len(part.ids)
                if room <= 0:
                    return
        place = following_


def _url(api: Api, source: Source, place: Place) -> str:
    base = api.settings.base_url
    if source.paging.type is PagingType.LINK and place.token is not None:
        return api.link(place.token, base + source.endpoint)
    query = [
        (name, value.replace(CURSOR, place.cursor or ""))
        for name, value in source.query
        if place.cursor is not None or CURSOR not in value
    ]
    return address(base, source.endpoint, query + query_at(source.paging, place))


def _parts(page: Page, place: Place, then: Place | None, size: int) -> list[Page]:
    """Cut an answer; each part knows where the read goes on behind it."""
    end = then or msgspec.structs.replace(place, skip=0, done=True)
    parts = []
    for start in range(place.skip, len(page.ids), size):
        stop = start + size
        last = stop >= len(page.ids)
        after = end if last else msgspec.structs.replace(place, skip=stop)
        bad = {i - start: f for i, f in page.bad.items() if start <= i < stop}
        parts.append(
            Page(
                page.ids[start:stop],
                page.cursors[start:stop],
                page.records[start:stop],
                encode(after).decode(),
                bad,
            )
        )
    return parts


def _first(page: Page, count: int) -> Page:
    if len(page.ids) <= count:
        return page
    bad = {i: f for i, f in page.bad.items() if i < count}
    return Page(page.ids[:count], page.cursors[:count], page.records[:count], page.position, bad)


def _page(source: Source, records: Sequence[Any]) -> Page:
    ids, cursors, kept = [], [], []
    bad = {}
    for index, record in enumerate(records):
        if isinstance(record, dict):
            ids.append(key_text(source.id(record)))
            cursors.append(key_text(source.cursor(record)) or None if source.cursor else None)
            kept.append(record)
        else:
            message = "the API gave something that is no JSON object where a record should be"
            bad[index] = Failure(Category.PERMANENT, "invalid_record", message)
            ids.append("")
            cursors.append(None)
            kept.append({"value": record})
    return Page(ids, cursors, kept, "", bad)


def _records(document: Any, read: Read | None, where: str) -> list[Any]:  # noqa: ANN401
    if document is None:
        return []
    found = read(document) if read else document
    if isinstance(found, list):
        return found
    has = "nothing" if found is None else f"{type(found).__name__} {encode_record(found)[:80]!r}"
    keys = (
        f"; the answer has: {', '.join(map(str, document))[:200]}"
        if isinstance(document, dict)
        else ""
    )
    message = f"{where}: `options.records` must lead to a list of records, and leads to {has}{keys}"
    raise ConnectorError(Failure(Category.PERMANENT, "no_records", message))


def _loop(source: Source) -> Failure:
    kind: Paging = source.paging
    hint = {
        PagingType.PAGE: f"does it know `{kind.parameter}`? name `paging.total` or `paging.more`",
        PagingType.OFFSET: f"does it know `{kind.parameter}`? name `paging.total` or `paging.more`",
    }.get(kind.type, "it names a page as next that was read before")
    message = f"{source.endpoint}: the pages repeat themselves: {hint}"
    return Failure(Category.PERMANENT, "paging_loop", message)


async def fetched(api: Api, source: Source, ids: Sequence[str]) -> Page:
    """Read just these records; those the API does not know are missing.

    Raises:
        ConnectorError: the mapping does not say how records are read by ID.
    """
    fetch = source.fetch
    if fetch is None:
        message = (
            "the mapping does not say how single records are read: give `extraction.options.fetch`"
            ", such as {endpoint: '/items/{id}'}"
        )
        raise ConnectorError(Failure(Category.PERMANENT, "fetch_not_configured", message))
    records: list[Any] = []
    wanted = [i for i in dict.fromkeys(ids) if i not in ("", ".", "..")]
    by_list = any("{ids}" in value for _, value in fetch.query)
    odd = [i for i in wanted if by_list and fetch.separator in i]
    wanted = [i for i in wanted if i not in odd] if odd else wanted
    for start in range(0, len(wanted), fetch.size):
        records += await _some(api, source, fetch, wanted[start : start + fetch.size])
    page, asked = _page(source, records), set(ids)
    kept = {i: place for place, i in enumerate(page.ids) if i in asked}
    places = list(kept.values())
    return Page(
        [page.ids[p] for p in places] + odd,
        [page.cursors[p] for p in places] + [None] * len(odd),
        [page.records[p] for p in places] + [{} for _ in odd],
        "",
        {len(places) + n: _unaskable(i, fetch) for n, i in enumerate(odd)},
    )


def _unaskable(source_id: str, fetch: Fetch) -> Failure:
    message = (
        f"the ID {source_id!r} holds {fetch.separator!r}, which separates IDs in the request: use "
        "{idsJson}, {id} or another separator in `extraction.options.fetch`"
    )
    return Failure(Category.PERMANENT, "id_not_searchable", message)


async def _some(api: Api, source: Source, fetch: Fetch, ids: Sequence[str]) -> list[Any]:
    values = {
        "{id}": ids[0],
        "{ids}": fetch.separator.join(ids),
        "{idsJson}": msgspec.json.encode(list(ids)).decode(),
    }
    query = [(name, placed(value, values)) for name, value in fetch.query]
    url = address(api.settings.base_url, filled(fetch.endpoint, {"id": ids[0]}), query)
    try:
        document = await api.document(url)
    except ConnectorError as error:
        if error.failure.code == "not_found" and fetch.size == 1:
            return []
        raise
    found = fetch.records(document) if fetch.records else document
    return found if isinstance(found, list) else [] if found is None else [found]
