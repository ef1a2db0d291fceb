"""Reading single records by their IDs: what an answer leaves out is asked for again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.http.answers.answer import Answer
from syncline.connectors.http.answers.graphql import TOO_COSTLY
from syncline.connectors.http.client.api import Api, fill_parameter
from syncline.connectors.http.settings.bodies import filled
from syncline.connectors.http.settings.extraction import Fetch, HttpSource
from syncline.connectors.http.settings.fields import quoted
from syncline.connectors.http.source.content import absence
from syncline.connectors.http.source.pages import page_of, read_content, read_pages
from syncline.connectors.http.source.paging import total_in
from syncline.connectors.port import ConnectorError, ExtractRequest, Page
from syncline.domain.columns import Columns, joined
from syncline.domain.errors import Category, Failure, FailureError, RetriableError
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.record import Record

_GONE = frozenset({"not_found", "http_410"})
_LONG = frozenset({"too_large", "http_414", "http_431", TOO_COSTLY})
_DOTS = frozenset({"", ".", ".."})
"""What would be another path, not a record."""


async def fetch_records(
    api: Api, source: HttpSource, extraction: Extraction, ids: Sequence[str]
) -> Page:
    """Read records by ID; those the API does not know are missing from the page.

    Raises:
        ConnectorError: the mapping does not say how, or the API does not do what was asked.
        RetriableError: what the API says it has and does not give (`records_missing`).
    """
    fetch = source.options.fetch
    if fetch is None:
        message = (
            "the mapping does not say how single records are read: give `extraction.options.fetch`"
            ", such as {endpoint: '/items/{id}'}"
        )
        raise refusal("fetch_not_configured", message)
    wanted = [i for i in dict.fromkeys(ids) if i not in _DOTS]
    by_list = any("{ids}" in value for _, value in fetch.parameters)  # joined by a separator
    odd = [i for i in wanted if by_list and fetch.separator in i]
    wanted = [i for i in wanted if i not in odd] if odd else wanted
    pages, refused = await _given(api, source, fetch, wanted)
    if wanted and refused == wanted:
        await _check_endpoint(api, source, fetch, extraction)
    if odd:
        bad = {place: _unaskable(source_id, fetch) for place, source_id in enumerate(odd)}
        nothing: list[Record] = [{} for _ in odd]
        pages.append(Page(odd, [None] * len(odd), Columns.of(nothing), "", bad))
    return _together(pages)


def _unaskable(source_id: str, fetch: Fetch) -> Failure:
    message = (
        f"the ID {source_id!r} holds {fetch.separator!r}, which separates IDs in the request: "
        "use {idsJson}, {id} or another separator in `extraction.options.fetch`"
    )
    return Failure(Category.PERMANENT, "id_not_searchable", message)


def _together(pages: Sequence[Page]) -> Page:
    """Return all that came as one page."""
    page = Page([], [], joined([each.records for each in pages]), "", asked={})
    for each in pages:
        page.bad |= {len(page.ids) + place: why for place, why in each.bad.items()}
        page.ids += each.ids
        page.cursors += each.cursors
        page.asked |= each.asked
    return page


async def _given(
    api: Api, source: HttpSource, fetch: Fetch, wanted: Sequence[str]
) -> tuple[list[Page], list[str]]:
    """Return pages of what the API gave, and the IDs that it says are nowhere."""
    pages, refused = list[Page](), list[str]()
    for start in range(0, len(wanted), fetch.ids_per_call):
        missing = list(wanted[start : start + fetch.ids_per_call])
        while missing:
            records = await _halved(api, source, fetch, missing)
            if records is None:
                refused += missing
                break
            page, found = _asked_for(page_of(source, records), missing)
            pages.append(page)
            if not found and records:
                message = (
                    f"{fetch.endpoint} was asked for {missing[0]!r} and gave other records: "
                    "correct the parameters in `extraction.options.fetch`, the API does not know "
                    "one of them"
                )
                raise refusal("filter_ignored", message)
            missing = [i for i in missing if i not in found]
            if not found or fetch.ids_per_call == 1:
                break
    return pages, refused


def _asked_for(page: Page, asked: Sequence[str]) -> tuple[Page, set[str]]:
    """Return the records of a page that were asked for, and the IDs as they were asked for."""
    spelled = {_spelling(i): i for i in asked}
    exact, found = set(asked), set()
    taken: dict[int, str] = {}  # place -> ID
    spellings: dict[str, str] = {}
    for place, source_id in enumerate(page.ids):
        ask = source_id if source_id in exact else spelled.get(_spelling(source_id))
        if ask is None and len(asked) == 1 and len(page.ids) == 1 and not source_id:
            ask = asked[0]  # a record that could not be read, where one was asked for
        if ask is None:
            continue
        found.add(ask)
        if ask != source_id and source_id:
            spellings[ask] = source_id
        taken[place] = source_id or ask
    part = page.part(list(taken))
    return msgspec.structs.replace(part, ids=list(taken.values()), asked=spellings), found


def _spelling(source_id: str) -> str:
    """Return what spellings of one ID have in common: APIs look for `ABC-1` and find `abc-1`."""
    text = source_id.strip().casefold()
    return text.lstrip("0") or "0" if text.isdigit() else text


async def _halved(
    api: Api, source: HttpSource, fetch: Fetch, ids: Sequence[str]
) -> list[object] | None:
    """Ask for some records, and in halves where the API finds the request too long."""
    try:
        return await _some(api, source, fetch, ids)
    except FailureError as error:
        if len(ids) == 1 or error.failure.code not in _LONG:
            raise
    middle = len(ids) // 2
    one = await _halved(api, source, fetch, ids[:middle])
    other = await _halved(api, source, fetch, ids[middle:])
    return None if one is None and other is None else (one or []) + (other or [])


async def _some(
    api: Api, source: HttpSource, fetch: Fetch, ids: Sequence[str]
) -> list[object] | None:
    """Ask for some records; None where the API says that there is no such thing."""
    shown = [quoted(i, double_quotes=fetch.double_quotes) for i in ids]
    values = {
        "{id}": shown[0],
        "{ids}": fetch.separator.join(shown),
        "{idsJson}": msgspec.json.encode(list(ids)).decode(),
    }
    try:
        answer = await _asked(api, fetch, ids, values)
    except ConnectorError as error:
        if error.failure.code in _GONE:
            return None
        raise
    if answer.status == 204 and "noContent" in source.paging.end:
        return []
    content = read_content(api, answer, fetch.records, begun=False)
    if content.salvaged is not None:
        return content.salvaged
    found = fetch.records.read(content.document)
    if found is None and absence(content.document, fetch.records.path) == "missing":
        message = f"{fetch.endpoint}: `options.fetch.records` leads to nothing in the answer"
        raise refusal("no_records", message)
    records = found if isinstance(found, list) else [] if found is None else [found]
    if fetch.query is not None:  # GraphQL gives null for an ID that it does not know
        records = [record for record in records if record is not None]
    _check_total(source, fetch, answer, content.document, records)
    return records


async def _asked(api: Api, fetch: Fetch, ids: Sequence[str], values: Mapping[str, str]) -> Answer:
    url = _url(api, fetch, values)
    if fetch.query is not None:
        body = fetch.graphql_body(values, {"{ids}": list(ids)})
        return await api.ask(url, body, graphql=True)
    if fetch.body is not None:
        return await api.ask(url, filled(fetch.body, values, {"{ids}": list(ids)}))
    return await api.read(url)


def _url(api: Api, fetch: Fetch, values: Mapping[str, str]) -> str:
    query = [(name, fill_parameter(value, values)) for name, value in fetch.parameters]
    return api.url(fetch.endpoint, query, {"id": values["{id}"]})


def _check_total(
    source: HttpSource, fetch: Fetch, answer: Answer, document: object, records: Sequence[object]
) -> None:
    """Refuse an empty answer that says that it has records."""
    total = total_in(source.paging, answer, document)
    if not records and total.isdigit() and int(total) > 0:
        message = (
            f"{fetch.endpoint} says that it has {total} of the records asked for, and gave none"
        )
        raise RetriableError(message, code="records_missing")


async def _check_endpoint(
    api: Api, source: HttpSource, fetch: Fetch, extraction: Extraction
) -> None:
    """Raise ConnectorError where the API does not know a record that it gives itself, either."""
    request = ExtractRequest(extraction, limit=1, page_size=1)
    async for page in read_pages(api, source, request):
        known = page.ids[0]
        if known in _DOTS or await _some(api, source, fetch, [known]) is not None:
            return
        message = (
            f"{fetch.endpoint}: the API does not know any record there, not even {known!r}, which "
            f"{source.endpoint} gives: correct `options.fetch.endpoint`"
        )
        raise refusal("not_found", message)
