"""Lists in pages: keyset paging by an opaque cursor, which belongs to one set of filters."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Depends, Query, Request

from syncline_gateway.answers import Page
from syncline_gateway.problems import ProblemError

T = TypeVar("T")
MOST = 100
_PAGING = ("cursor", "limit")


class Paging(msgspec.Struct, frozen=True):
    """Which part of a list is wanted.

    Attributes:
        limit: most items.
        after: the sort key of the last item of the page before, as texts; empty at the beginning.
        filters: digest of the request's filters.
    """

    limit: int
    after: tuple[str, ...]
    filters: str

    def key(self, *kinds: Callable[[str], Any]) -> tuple[Any, ...] | None:
        """Return the sort key of the last item of the page before; None at the beginning.

        Args:
            kinds: read the parts of the key; they raise ValueError on what is none.

        Raises:
            ProblemError: the cursor was made up.
        """
        if not self.after:
            return None
        try:
            return tuple(kind(t) for kind, t in zip(kinds, self.after, strict=True))
        except (ValueError, OverflowError):
            raise _wrong("is none that this list gave: take `next` of a page as it is") from None

    def page(self, items: Sequence[T], key: Callable[[T], Sequence[str]]) -> Page[T]:
        """Make the page of up to `limit` + 1 items, of which the last tells that more follow.

        Args:
            key: gives an item's sort key, the same that `after` holds.
        """
        shown = list(items[: self.limit])
        more = len(items) > self.limit
        return Page(shown, _encode(self.filters, key(shown[-1])) if more else None)


def _encode(filters: str, key: Sequence[str]) -> str:
    raw = msgspec.json.encode([filters, *key])
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(cursor: str, filters: str) -> tuple[str, ...]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        digest, *key = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=list[str])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise _wrong("is none that this list gave: take `next` of a page as it is") from None
    if digest != filters:
        raise _wrong("belongs to another list or other filters: begin without it")
    return tuple(key)


def _wrong(message: str) -> ProblemError:
    return ProblemError(400, "invalid_cursor", f"the cursor {message}")


def _filters(request: Request) -> str:
    """Return a digest of what is listed: the path and all parameters but those of paging."""
    given = sorted((n, v) for n, v in request.query_params.multi_items() if n not in _PAGING)
    raw = msgspec.json.encode([request.url.path, given])
    return hashlib.blake2b(raw, digest_size=6).hexdigest()


async def _paging(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MOST, description="Most items of the page.")] = 25,
    cursor: Annotated[
        str | None, Query(max_length=2000, description="`next` of the page before.")
    ] = None,
) -> Paging:
    filters = _filters(request)
    return Paging(limit, _decode(cursor, filters) if cursor else (), filters)


Paged = Annotated[Paging, Depends(_paging)]
"""A route's parameter: the part of the list that is wanted."""
