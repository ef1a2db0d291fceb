"""Walking through pages: which request comes next, and noticing a walk in circles. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from syncline.connectors.http.answers import Answer, key_text
from syncline.connectors.http.source import Paging, PagingType

_LINK = re.compile(r'<([^>]*)>((?:\s*;\s*[\w*]+\s*=\s*(?:"[^"]*"|[^;,"]*))*)')
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^;,"\s]*))', re.IGNORECASE)


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a read stands; travels as a Page's position.

    Attributes:
        cursor: the bookmark in the request, as written; None: none.
        number: page number or offset.
        token: cursor or link of the page.
        size: records asked for; kept, as page numbers count in it.
        taken: records of the answers before this one.
        skip: records of this answer that were given already.
        seen: IDs at the bookmark that were given before it was asked from.
        done: nothing follows.
    """

    cursor: str | None = None
    number: int = 0
    token: str | None = None
    size: int = 0
    taken: int = 0
    skip: int = 0
    seen: tuple[str, ...] = ()
    done: bool = False


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Place).decode


def first_place(paging: Paging, cursor: str | None, page_size: int) -> Place:
    """Return where a read begins."""
    return Place(cursor=cursor, number=paging.first, size=min(paging.size, page_size))


def query_at(paging: Paging, place: Place) -> list[tuple[str, str]]:
    """Return the parameters that ask for a place."""
    query = []
    if paging.size_parameter:
        query.append((paging.size_parameter, str(place.size)))
    if paging.type in (PagingType.PAGE, PagingType.OFFSET):
        query.append((paging.parameter, str(place.number)))
    elif paging.type is PagingType.CURSOR and place.token is not None:
        query.append((paging.parameter, place.token))
    return query


def following(
    paging: Paging, place: Place, answer: Answer, document: object, count: int
) -> Place | None:
    """Return where the next answer is, None behind the last one.

    A short page is no sign of the end, as many APIs give less than was asked for: an empty one is.

    Args:
        count: records in this answer.
    """
    if paging.more is not None and not paging.more(document):
        return None
    if paging.type in (PagingType.PAGE, PagingType.OFFSET):
        return _counted(paging, place, document, count)
    token: object = None
    if paging.next is not None:
        token = paging.next(document)
    elif paging.type is PagingType.LINK:
        token = next_link(answer.headers.get("link", ""))
    text = key_text(token)
    return msgspec.structs.replace(place, token=text, skip=0) if text else None


def _counted(paging: Paging, place: Place, document: object, count: int) -> Place | None:
    if count == 0:
        return None
    step = 1 if paging.type is PagingType.PAGE else count
    taken = place.taken + count
    total = key_text(paging.total(document)) if paging.total else ""
    if total.isdigit() and taken >= int(total):
        return None
    return msgspec.structs.replace(place, number=place.number + step, taken=taken, skip=0)


def next_link(header: str) -> str | None:
    """Return the URL that a Link header names as next."""
    for url, parameters in _LINK.findall(header):
        rel = _REL.search(parameters)
        if rel and "next" in (rel[1] or rel[2]).lower().split():
            return str(url)
    return None


class Circle:
    """Notices that a walk repeats itself, with the memory of one step (Brent's algorithm)."""

    def __init__(self) -> None:
        self._kept: bytes | None = None
        self._steps = 0
        self._until = 1

    def closes(self, step: bytes) -> bool:
        """Take a step; tells whether the walk was there before."""
        if step == self._kept:
            return True
        self._steps += 1
        if self._steps == self._until:
            self._kept, self._steps, self._until = step, 0, self._until * 2
        return False


def step_of(paging: Paging, place: Place, ids: Sequence[str]) -> bytes:
    """Return what tells a page from the others: its token, or what came where it is counted."""
    if paging.type in (PagingType.CURSOR, PagingType.LINK):
        return (place.token or "").encode()
    return blake2b("\0".join(ids).encode("utf-8", "surrogatepass"), digest_size=16).digest()
