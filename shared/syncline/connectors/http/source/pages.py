"""Reading an API page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.http.answers.answer import Answer, error_in_success, key_text
from syncline.connectors.http.answers.graphql import TOO_COSTLY
from syncline.connectors.http.answers.link_header import LinkError, next_link
from syncline.connectors.http.client.api import Api, error_of
from syncline.connectors.http.settings.bodies import filled, placed, without
from syncline.connectors.http.settings.extraction import CURSOR, USUAL, HttpSource
from syncline.connectors.http.settings.fields import RecordsPath
from syncline.connectors.http.source.content import Content, absence, content_of, records_of
from syncline.connectors.http.source.loops import LoopGuard
from syncline.connectors.http.source.paging import (
    COUNTING,
    PagePosition,
    anchored_position,
    decode_position,
    encode,
    first_position,
    next_position,
    query_at,
    total_in,
    without_seen,
)
from syncline.connectors.http.source.salvage import BadRecord
from syncline.connectors.port import ConnectorError, ExtractRequest, Page
from syncline.domain.columns import Columns
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.paths import parse_path
from syncline.domain.record import JsonObject
from syncline.domain.run import Notice

_DEAD = frozenset({"http_400", "not_found", "http_410", "http_422"})
"""How APIs answer a token that they do not know any more."""


async def read_pages(api: Api, source: HttpSource, request: ExtractRequest) -> AsyncIterator[Page]:
    """Stream pages; an answer is held whole, and given in parts of the size that was asked for."""
    position: PagePosition | None = _beginning(source, request)
    begun = request.position is not None
    walk, room = LoopGuard(source), request.limit
    while position is not None and not position.done:
        position, answer, content, records = await _read_at(api, source, position, begun=begun)
        page = page_of(source, records)
        walk.step(position, page)
        document, count = content.document, len(records)
        url = _url(api, source, position)
        counted = next_position(source.paging, position, answer, document, count, url)
        then = anchored_position(source, position, page, counted)
        parts = _parts(without_seen(source, position, page), position, then, request.page_size)
        notices = _end_notices(source, position, answer, document, count) if then is None else ()
        if notices and not parts:
            end = msgspec.structs.replace(position, skip=0, done=True)
            parts.append(Page([], [], Columns(0, {}), encode(end).decode()))
        if notices:
            parts[-1].notices = notices
        for part in parts:
            yield part if room is None else part.part(range(min(room, len(part.ids))))
            if room is not None:
                room -= len(part.ids)
                if room <= 0:
                    return
        position, begun = then, True


def _beginning(source: HttpSource, request: ExtractRequest) -> PagePosition:
    if request.position:
        return decode_position(request.position)
    if request.stable and source.stable is None:
        message = "the mapping names no parameters for a read that stands still: `options.stable`"
        raise refusal("stable_not_configured", message)
    cursor = source.bookmarks.after(request.after) if request.after is not None else None
    return first_position(source.paging, cursor, request.page_size, stable=request.stable)


async def _read_at(
    api: Api, source: HttpSource, position: PagePosition, *, begun: bool
) -> tuple[PagePosition, Answer, Content, list[object]]:
    """Read the page at a position; also return that, as fewer records may have been asked for."""
    while True:
        try:
            answer = await _asked(api, source, position)
            return position, answer, *_read(api, source, answer, begun=begun)
        except ConnectorError as error:
            position = _smaller(position, error)


async def _asked(api: Api, source: HttpSource, position: PagePosition) -> Answer:
    url, options = _url(api, source, position), source.options
    if options.query is not None:
        missing = CURSOR if position.cursor is None else ""
        body = options.graphql_body({CURSOR: position.cursor or ""}, {}, missing)
        body.variables.update(query_at(source.paging, position))
        return await api.ask(url, body, graphql=True)
    if options.body is None:
        return await api.read(url)
    return await api.ask(url, _body(source, options.body, position))


def _body(source: HttpSource, written: JsonObject, position: PagePosition) -> JsonObject:
    """Return a body with the bookmark, or without what holds it, and with the page asked for."""
    body = written
    if _is_alone(source, position):
        query, *below = parse_path(source.paging.parameter or USUAL["cursor"])
        body = {n: part for n, part in body.items() if below and n != query.key}
    if position.cursor is None:
        body = without(body, CURSOR)
    body = {n: filled(part, {CURSOR: position.cursor or ""}, {}) for n, part in body.items()}
    for path, value in query_at(source.paging, position):
        body = placed(body, [str(segment.key) for segment in parse_path(path)], value)
    return body


def _is_alone(source: HttpSource, position: PagePosition) -> bool:
    """Tell whether a page is asked for by its token, and by nothing else."""
    return source.paging.alone and position.token is not None


def _smaller(position: PagePosition, error: ConnectorError) -> PagePosition:
    """Return where to ask again for fewer records. Raises ConnectorError: that is not the remedy.

    A token that the API itself gave and does not know is a dead one.
    """
    failure = error.failure
    if failure.code == TOO_COSTLY and position.size > 1:
        return msgspec.structs.replace(position, size=position.size // 2, skip=0, behind="")
    of_cursor = failure.code == "error_in_answer" and "cursor" in failure.message.lower()
    if position.token is None or not (failure.code in _DEAD or of_cursor):
        raise error
    words = "the API does not take the page token any more that it gave before"
    message = f"{words}: {failure.message}"
    raise ConnectorError(
        msgspec.structs.replace(
            failure, category=Category.PERMANENT, code="position_expired", message=message
        )
    ) from error


def _url(api: Api, source: HttpSource, position: PagePosition) -> str:
    if source.options.query is not None:
        return api.url(source.endpoint, (), {})
    if source.paging.type == "link" and position.token is not None:
        return api.link(position.token, api.url(source.endpoint, [], {}))
    parameters = source.stable if position.stable and source.stable is not None else source.query
    query = [
        (name, value.replace(CURSOR, position.cursor or ""))
        for name, value in (() if _is_alone(source, position) else parameters)
        if position.cursor is not None or CURSOR not in value
    ]
    if source.options.body is not None:
        return api.url(source.endpoint, query, {})
    paged = [(name, str(value)) for name, value in query_at(source.paging, position)]
    return api.url(source.endpoint, query + paged, {})


def _read(
    api: Api, source: HttpSource, answer: Answer, *, begun: bool
) -> tuple[Content, list[object]]:
    ends = source.paging.end
    if answer.status == 204 and "noContent" in ends:
        return Content(None), []
    content = read_content(api, answer, source.options.records, begun=begun)
    return content, records_of(content, source.options.records, ends, source.endpoint, begun=begun)


def read_content(api: Api, answer: Answer, records: RecordsPath, *, begun: bool) -> Content:
    """Read an answer's body. Raises the error that it may carry."""
    content = content_of(answer, records, api.clean, begun=begun)
    failure = error_in_success(answer, content.document, api.settings.errors)
    if failure is not None:
        raise error_of(api.cleaned(failure))
    return content


def _parts(page: Page, position: PagePosition, then: PagePosition | None, size: int) -> list[Page]:
    """Cut an answer; each part knows where the read goes on behind it."""
    end = then or msgspec.structs.replace(position, skip=0, behind="", done=True)
    parts = []
    for start in range(_given(page, position), len(page.ids), size):
        stop = start + size
        last = stop >= len(page.ids)
        behind = page.ids[min(stop, len(page.ids)) - 1]
        after = end if last else msgspec.structs.replace(position, skip=stop, behind=behind)
        part = page.part(range(start, min(stop, len(page.ids))))
        part.position = encode(after).decode()
        parts.append(part)
    return parts


def _given(page: Page, position: PagePosition) -> int:
    """Return how many of an answer's records were given: none, where the list has moved since."""
    if position.skip and page.ids[position.skip - 1 : position.skip] != [position.behind]:
        return 0
    return position.skip


def page_of(source: HttpSource, records: Sequence[object]) -> Page:
    """Return records as a page; what is none, or could not be read, is in it as bad."""
    ids, cursors, kept = [], [], []
    bad: dict[int, Failure] = {}
    for index, given in enumerate(records):
        record, id_, cursor = given, "", None
        if isinstance(given, BadRecord):
            bad[index] = given.failure
            record = given.record
        if isinstance(record, dict):
            id_ = key_text(source.id(record))
            cursor = key_text(source.cursor(record)) or None if source.cursor else None
        else:
            message = "the API gave something that is no JSON object where a record should be"
            bad.setdefault(index, Failure(Category.PERMANENT, "invalid_record", message))
            record = {"value": record}
        ids.append(id_)
        cursors.append(cursor)
        kept.append(record)
    return Page(ids, cursors, Columns.of(kept), "", bad)


def _end_notices(
    source: HttpSource, position: PagePosition, answer: Answer, document: object, count: int
) -> tuple[Notice, ...]:
    """Return what a person should know of a read that ended with an answer of `count` records."""
    paging = source.paging
    if paging.type == "none" and _names_next(answer):
        words = (
            "the API names a next page (`Link`), and the mapping reads the first one alone: say "
            "`paging.type: link`, or leave this away if one page is all you want"
        )
        return (Notice("only_first_page", f"{source.endpoint}: {words}"),)
    if paging.type in COUNTING:
        total = total_in(paging, answer, document)
        taken = position.taken + count
        if total.isdigit() and taken > int(total):
            words = f"says that there are {total} records and gave {taken}; all of them were read"
            return (Notice("total_wrong", f"{source.endpoint} {words} (`paging.total`)", taken),)
        first = position.total
        if total.isdigit() and first is not None and int(total) < first:
            words = (
                f"had {first} records when the read began and {total} when it ended: where some "
                "are deleted while pages are counted, others move up and may be passed over; read "
                "by `cursor` or `link`, or with `ordered` from a cursor"
            )
            return (Notice("total_fell", f"{source.endpoint} {words}", first - int(total)),)
    elif _is_full(source, position, count) and _says_nothing(source, answer, document):
        words = (
            f"the first page was full ({count} records, as asked for) and names no next one: if "
            "there are more, `paging.next` or `paging.type` is wrong"
        )
        return (Notice("no_next_page", f"{source.endpoint}: {words}", count),)
    return ()


def _names_next(answer: Answer) -> bool:
    try:
        return next_link(answer.headers.get("link", "")) is not None
    except LinkError:  # it names no page; whoever reads on refuses the link
        return False


def _is_full(source: HttpSource, position: PagePosition, count: int) -> bool:
    asked = source.paging.size_parameter and source.paging.type != "none"
    return bool(asked) and position.token is None and count >= position.size


def _says_nothing(source: HttpSource, answer: Answer, document: object) -> bool:
    """Tell an API that says there is no next page from one that says nothing of it."""
    paging = source.paging
    if paging.more is not None and paging.more(document) is not None:
        return False
    if not paging.next:
        return "link" not in answer.headers
    return absence(document, paging.next) == "missing"
