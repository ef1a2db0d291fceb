"""Paging: which request comes next, and what ends a read. Pure.

An end is what an API says in words that are understood; all else is a failure with a name.
"""

from __future__ import annotations

from urllib.parse import urljoin

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.http.answers.answer import Answer, key_text
from syncline.connectors.http.answers.link_header import next_link
from syncline.connectors.http.settings.extraction import USUAL, HttpPaging, HttpSource
from syncline.connectors.port import ConnectorError, Page
from syncline.domain.errors import RetriableError
from syncline.domain.mapping.paths import reader

COUNTING = frozenset({"page", "offset"})
_NO = frozenset({"false", "0", "no", "n"})
_YES = frozenset({"true", "1", "yes", "y"})


class PagePosition(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a read stands; travels as a Page's position.

    Attributes:
        cursor: the bookmark in the request, as written; `number`: page number or offset.
        token: cursor or link of the page.
        size: records asked for; kept, as page numbers count in it.
        taken: records of the answers before this one; `most`: of the longest of them.
        total: what the first answer said of the number of all records.
        skip: records of this answer that were given already; `behind`: the last one's ID.
        seen: IDs at the bookmark that were given before it was asked from.
    """

    cursor: str | None = None
    number: int = 0
    token: str | None = None
    size: int = 0
    taken: int = 0
    most: int = 0
    total: int | None = None
    skip: int = 0
    behind: str = ""
    seen: tuple[str, ...] = ()
    stable: bool = False
    done: bool = False


encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PagePosition).decode


def decode_position(position: str) -> PagePosition:
    """Read a position. Raises ConnectorError (`position_expired`) where it is none of ours."""
    try:
        return _decode(position)
    except msgspec.DecodeError as error:
        message = "the position of the interrupted read was written by another version"
        raise refusal("position_expired", message) from error


def first_position(
    paging: HttpPaging, cursor: str | None, page_size: int, *, stable: bool = False
) -> PagePosition:
    """Return where a read begins."""
    size = min(paging.size, page_size)
    number = int(paging.type == "page") if paging.first is None else paging.first
    return PagePosition(cursor=cursor, number=number, size=size, stable=stable)


def query_at(paging: HttpPaging, position: PagePosition) -> list[tuple[str, str | int]]:
    """Return the parameters that ask for a position."""
    query: list[tuple[str, str | int]] = []
    name = paging.parameter or USUAL.get(paging.type, "")
    if paging.size_parameter:
        query.append((paging.size_parameter, position.size))
    if paging.type in COUNTING:
        query.append((name, position.number))
    elif paging.type == "cursor" and position.token is not None:
        query.append((name, position.token))
    return query


def total_in(paging: HttpPaging, answer: Answer, document: object) -> str:
    """Return what an answer says of the number of all records, "" where nothing."""
    if paging.total_header:
        return answer.headers.get(paging.total_header.lower(), "")
    return key_text(paging.total(document)) if paging.total else ""


def next_position(
    paging: HttpPaging,
    position: PagePosition,
    answer: Answer,
    document: object,
    count: int,
    url: str = "",
) -> PagePosition | None:
    """Return where the next answer is, None behind the last one; a short page is no end.

    Args:
        count: records in this answer; `url`: what was asked, which a link is relative to.

    Raises:
        RetriableError: the answer contradicts itself or the ones before it (`records_missing`).
        ConnectorError: its next page is unreadable (`next_unreadable`) or this one (`paging_loop`).
    """
    total = _whole(total_in(paging, answer, document))
    then = msgspec.structs.replace(
        position,
        taken=position.taken + count,
        most=max(position.most, count),
        total=total if position.taken == 0 else position.total,
        skip=0,
        behind="",
    )
    more = _truth(paging.more(document)) if paging.more else None
    if more is False or paging.type == "none":
        return _ended(answer, then, total)
    if paging.type in COUNTING:
        return _counted(paging, then, answer, total, count, more=more)
    token = _token(paging, answer, document, url)
    if token is None:
        return _ended(answer, then, total, more=more)
    if token == position.token:
        if not count and "sameToken" in paging.end:
            return None
        raise loop_error(answer.where, "names itself as the next page")
    return msgspec.structs.replace(then, token=token)


def _counted(
    paging: HttpPaging,
    then: PagePosition,
    answer: Answer,
    total: int | None,
    count: int,
    *,
    more: bool | None,
) -> PagePosition | None:
    if count == 0 and (paging.type == "offset" or more is not True):
        if total is not None and then.taken < total:
            raise RetriableError(_fewer(answer, then.taken, total), code="records_missing")
        return _ended(answer, then, None, more=more)
    if total is not None and then.taken == total and then.taken > count < then.most:
        return None  # more than one page counts, and a short one was the last of them
    step = 1 if paging.type == "page" else count
    return msgspec.structs.replace(then, number=then.number + step)


def _ended(
    answer: Answer, then: PagePosition, total: int | None, *, more: bool | None = None
) -> PagePosition | None:
    """Return the end, where nothing that the answers say speaks against it."""
    if more is True:
        message = f"{answer.where} says that there is more, and gives no next page and no record"
        raise RetriableError(message, code="records_missing")
    if total is not None and total == then.total and then.taken < total:
        raise RetriableError(_fewer(answer, then.taken, total), code="records_missing")
    return None


def _fewer(answer: Answer, taken: int, total: int) -> str:
    return (
        f"{answer.where} says that there are {total} records (`paging.total`) and gave {taken}: "
        "if the total counts something else, leave it out of the mapping"
    )


def _token(paging: HttpPaging, answer: Answer, document: object, url: str) -> str | None:
    """Return what the answer names as next; None where it says that there is none."""
    try:
        if not paging.next:
            link = next_link(answer.headers.get("link", ""))
        else:
            link = _named(paging, answer, document)
        return urljoin(url, link) if link and paging.type == "link" else link
    except ValueError as error:
        raise refusal("next_unreadable", f"{answer.where}: {error}") from error


def _named(paging: HttpPaging, answer: Answer, document: object) -> str | None:
    value = reader(paging.next)(document)
    if value is None or value is False or value == "":
        return None
    text = key_text(value)
    if value is True or not text or (paging.type == "link" and not isinstance(value, str)):
        kinds = {dict: "an object", list: "an array", bool: "true"}
        what = kinds.get(type(value), "no text")
        message = f"{answer.where}: `paging.next` leads to {what}, where the next page should be"
        raise refusal("next_unreadable", message)
    return text


def loop_error(where: str, words: str) -> ConnectorError:
    """Say that a read does not come to an end."""
    hint = "check `paging` in the mapping: the API may not know its parameter"
    return refusal("paging_loop", f"{where} {words}: {hint}")


def _whole(value: object) -> int | None:
    text = key_text(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _truth(value: object) -> bool | None:
    """Return what an answer says of there being more; None where that is not understood."""
    text = "" if isinstance(value, dict | list) else str(value).strip().lower()
    return True if text in _YES else False if text in _NO else None


def without_seen(source: HttpSource, position: PagePosition, page: Page) -> Page:
    """Leave out the records at the bookmark itself that were given before it was asked from."""
    if not position.seen:
        return page
    seen = set(position.seen)
    return page.part(
        [
            n
            for n, (id_, cursor) in enumerate(zip(page.ids, page.cursors, strict=True))
            if id_ not in seen or cursor is None or source.bookmarks.at(cursor) != position.cursor
        ]
    )


def anchored_position(
    source: HttpSource, position: PagePosition, page: Page, counted: PagePosition | None
) -> PagePosition | None:
    """Return where the read goes on: from the page's last bookmark instead of counting pages on.

    While a read counts pages, a record that changes moves to the end of the order: all behind it
    move up by one, and the one at the page's border is passed over. A read from a bookmark has
    nothing before it that could move. A page with one bookmark only is counted on from, as is a
    read that began without one: asking for one would leave out the records that have none.

    A read by cursor begins anew likewise after `paging.anchorAfter` records, as an API may give no
    more than `paging.most` in one read.

    Args:
        counted: the next position by counting, or by the API's cursor.

    Raises:
        ConnectorError: as many records came as the API gives at most (`paging_limit`).
    """
    paging = source.paging
    is_counting = paging.type in COUNTING and source.options.ordered and not position.stable
    last = _anchor(source, position, page, counted, is_counting=is_counting)
    if last is None:
        if paging.most and position.taken + len(page.ids) >= paging.most:
            message = (
                f"{source.endpoint} gave {paging.most:,} records, which is all that it gives in "
                "one read: others may be missing; read from a cursor, or less at a time"
            )
            raise refusal("paging_limit", message)
        return counted
    written = map(source.bookmarks.at, filter(None, page.cursors))
    seen = tuple(i for i, value in zip(page.ids, written, strict=True) if value == last)
    anew = first_position(paging, last, position.size)
    return msgspec.structs.replace(anew, size=position.size, seen=seen)


def _anchor(
    source: HttpSource,
    position: PagePosition,
    page: Page,
    counted: PagePosition | None,
    *,
    is_counting: bool,
) -> str | None:
    """Return the bookmark to read on from, None where the read goes on as it is."""
    if counted is None or None in page.cursors:
        return None
    after = source.paging.anchor_after
    is_due = after is not None and counted.taken >= after
    if not is_due and not (is_counting and position.cursor is not None):
        return None
    written = [source.bookmarks.at(cursor) for cursor in page.cursors if cursor is not None]
    return None if not written or written[0] == written[-1] else written[-1]
