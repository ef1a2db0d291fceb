"""Paging: which request comes next, and what ends a read. Pure.

An end is what an API says in words that are understood, and nothing else: an empty page, a last
page without next, `more: false`, a total that was reached. All else is a failure with a name.
"""

from __future__ import annotations

from urllib.parse import urljoin

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.http.answers.answer import Answer, key_text
from syncline.connectors.http.answers.link_header import next_link
from syncline.connectors.http.settings.extraction import End, Paging, PagingType
from syncline.connectors.port import ConnectorError
from syncline.domain.errors import RetriableError

COUNTING = frozenset({PagingType.PAGE, PagingType.OFFSET})
_NO = frozenset({"false", "0", "no", "n"})
_YES = frozenset({"true", "1", "yes", "y"})


class PagePosition(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a read stands; travels as a Page's position.

    Attributes:
        cursor: the bookmark in the request, as written; None: none.
        number: page number or offset.
        token: cursor or link of the page.
        size: records asked for; kept, as page numbers count in it.
        taken: records of the answers before this one; most: of the longest of them.
        total: what the first answer said of the number of all records.
        skip: records of this answer that were given already; behind: the ID of the last of them.
        seen: IDs at the bookmark that were given before it was asked from.
        stable: the read asks in an order that stands still.
        done: nothing follows.
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
    paging: Paging, cursor: str | None, page_size: int, *, stable: bool = False
) -> PagePosition:
    """Return where a read begins."""
    size = min(paging.size, page_size)
    return PagePosition(cursor=cursor, number=paging.first_number, size=size, stable=stable)


def query_at(paging: Paging, position: PagePosition) -> list[tuple[str, str]]:
    """Return the parameters that ask for a position."""
    query = []
    if paging.size_parameter:
        query.append((paging.size_parameter, str(position.size)))
    if paging.type in COUNTING:
        query.append((paging.page_parameter, str(position.number)))
    elif paging.type is PagingType.CURSOR and position.token is not None:
        query.append((paging.page_parameter, position.token))
    return query


def next_position(
    paging: Paging,
    position: PagePosition,
    answer: Answer,
    document: object,
    count: int,
    url: str = "",
) -> PagePosition | None:
    """Return where the next answer is, None behind the last one.

    A short page is no sign of the end, as many APIs give less than was asked for.

    Args:
        count: records in this answer.
        url: what was asked; a link is relative to it.

    Raises:
        RetriableError: the answer contradicts itself or the ones before it (`records_missing`).
        ConnectorError: what it names as next cannot be followed (`next_unreadable`), or is where
            the read stands already (`paging_loop`).
    """
    total = _whole(paging.total(document)) if paging.total else None
    then = msgspec.structs.replace(
        position,
        taken=position.taken + count,
        most=max(position.most, count),
        total=total if position.taken == 0 else position.total,
        skip=0,
        behind="",
    )
    more = _truth(paging.more(document)) if paging.more else None
    if more is False or paging.type is PagingType.NONE:
        return _ended(answer, then, total)
    if paging.type in COUNTING:
        return _counted(paging, then, answer, total, count, more=more)
    token = _token(paging, answer, document, url)
    if token is None:
        return _ended(answer, then, total, more=more)
    if token == position.token:
        if not count and End.SAME_TOKEN in paging.end:
            return None
        raise loop_error(answer.where, "names itself as the next page")
    return msgspec.structs.replace(then, token=token)


def _counted(
    paging: Paging,
    then: PagePosition,
    answer: Answer,
    total: int | None,
    count: int,
    *,
    more: bool | None,
) -> PagePosition | None:
    if count == 0 and (paging.type is PagingType.OFFSET or more is not True):
        if total is not None and then.taken < total:
            raise RetriableError(_fewer(answer, then.taken, total), code="records_missing")
        return _ended(answer, then, None, more=more)
    if total is not None and then.taken == total and then.taken > count < then.most:
        return None  # more than one page counts, and a short one was the last of them
    step = 1 if paging.type is PagingType.PAGE else count
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


def _token(paging: Paging, answer: Answer, document: object, url: str) -> str | None:
    """Return what the answer names as next; None where it says that there is none."""
    try:
        if not paging.next:
            link = next_link(answer.headers.get("link", ""))
        else:
            link = _named(paging, answer, document)
        return urljoin(url, link) if link and paging.type is PagingType.LINK else link
    except ValueError as error:
        raise _unreadable(f"{answer.where}: {error}") from error


def _named(paging: Paging, answer: Answer, document: object) -> str | None:
    value = paging.next_in(document)
    if value is None or value is False or value == "":
        return None
    text = key_text(value)
    if value is True or not text or (paging.type is PagingType.LINK and not isinstance(value, str)):
        kinds = {dict: "an object", list: "an array", bool: "true"}
        what = kinds.get(type(value), "no text")
        message = f"{answer.where}: `paging.next` leads to {what}, where the next page should be"
        raise _unreadable(message)
    return text


def _unreadable(message: str) -> ConnectorError:
    return refusal("next_unreadable", message)


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
