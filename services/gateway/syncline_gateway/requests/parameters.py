"""Parameters that many routes have: IDs, states, pages; and refusing what a route has not.

Lists come in pages by keyset: an opaque cursor belongs to one set of filters, and one order.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import msgspec
from fastapi import Depends, Header, Query, Request, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from pydantic import GetCoreSchemaHandler, GetPydanticSchema
from pydantic_core import CoreSchema, core_schema

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import unknown
from syncline_gateway.requests.problems import ProblemError


def _schema(_type: object, handler: GetCoreSchemaHandler) -> CoreSchema:
    as_text = core_schema.to_string_ser_schema()
    return core_schema.no_info_after_validator_function(str, handler(UUID), serialization=as_text)


Id = Annotated[str, GetPydanticSchema(_schema)]
"""A route's parameter: an ID; the document calls it a UUID."""


async def _if_match(
    if_match: Annotated[
        str | None,
        Header(
            max_length=100,
            description="The `ETag` that the edit is based on; 412 when it was changed meanwhile.",
        ),
    ] = None,
) -> str | None:
    return if_match and if_match.strip().removeprefix("W/").strip('"')


IfMatch = Annotated[str | None, Depends(_if_match)]
"""A route's parameter: the state that an edit is based on; `*` is any, None was not said."""


IdempotencyKey = Annotated[
    str | None,
    Header(max_length=200, description="The same key with the same body asks for one thing once."),
]
"""A route's parameter: what makes a request that is sent again the same one."""


def etag(mark: str) -> dict[str, str]:
    """Return the header that tells an object's state."""
    return {"ETag": f'"{mark}"'}


_NONE = "unknown parameter; this address has none"


async def only_known_parameters(request: Request) -> None:
    """Refuse query parameters that the route does not have. Raises InvalidInputError."""
    if not request.query_params:
        return
    known = query_parameters(request.scope["route"])
    problems = [
        Problem(f"query.{name}", unknown("parameter", name, known) if known else _NONE)
        for name in request.query_params
        if name not in known
    ]
    if problems:
        raise InvalidInputError(problems)


def query_parameters(route: APIRoute) -> list[str]:
    """Return the names of the query parameters that a route takes, those of models too."""
    # fields of a model of query parameters have no class of their own
    others = (params.Path, params.Header)
    return [
        f.alias for f in get_flat_params(route.dependant) if not isinstance(f.field_info, others)
    ]


T = TypeVar("T")
MOST = 100
_PAGING = ("cursor", "limit")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A part of a list; pass `next` as `cursor` for the following part (null at the end)."""

    items: list[T]
    next: str | None


class Paging(msgspec.Struct, frozen=True):
    """Which part of a list is wanted.

    Attributes:
        limit: items to fetch: one more than the page shows, which tells whether more follow.
        after: the sort key of the last item of the page before, as texts; empty at the beginning.
        filters: digest of the request's filters.
    """

    limit: int
    after: tuple[str, ...]
    filters: str

    def key(self, *kinds: Callable[[str], Any]) -> tuple[Any, ...] | None:
        """Return the sort key of the last item of the page before; None at the beginning.

        Each of `kinds` reads one part; what raises ValueError there becomes a ProblemError.
        """
        if not self.after:
            return None
        try:
            return tuple(kind(t) for kind, t in zip(kinds, self.after, strict=True))
        except (ValueError, OverflowError):
            raise _wrong("is none that this list gave: take `next` of a page as it is") from None

    def page(self, items: Sequence[T], key: Callable[[T], Sequence[str]]) -> Page[T]:
        """Make the page of `limit` items and one more; `key` gives an item's sort key."""
        shown = list(items[: self.limit - 1])
        more = len(items) == self.limit
        return Page(shown, cursor_of(self.filters, key(shown[-1])) if more else None)


def moment(text: str) -> datetime:
    """Read a time of a sort key."""
    return datetime.fromisoformat(text).astimezone(UTC)


def identity(text: str) -> str:
    """Read an ID of a sort key."""
    return str(UUID(text))


def number(text: str) -> int:
    """Read a whole number of a sort key that an int4 holds."""
    return _below(2**31, text)


def long_number(text: str) -> int:
    """Read one that an int8 holds."""
    return _below(2**63, text)


def whole(text: str) -> int:
    """Read any whole number that an int8 holds."""
    value = int(text)
    if not -(2**63) <= value < 2**63:
        raise ValueError(text)
    return value


def decimal(text: str) -> float:
    """Read a number with a fraction, or one that is beyond all others."""
    value = float(text)
    if math.isnan(value):
        raise ValueError(text)
    return value


def _below(limit: int, text: str) -> int:
    value = int(text)
    if not 0 <= value < limit:
        raise ValueError(text)
    return value


def words(text: str) -> str:
    """Read a text of a sort key; no stored one holds a NUL."""
    if "\0" in text:
        raise ValueError(text)
    return text


def cursor_of(filters: str, key: Sequence[str]) -> str:
    """Return the cursor that leads behind the item of a sort key, in the list of `filters`."""
    raw = msgspec.json.encode([filters, *key])
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(cursor: str, filters: str) -> tuple[str, ...]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        digest, *key = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=list[str])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise _wrong("is none that this list gave: take `next` of a page as it is") from None
    if digest != filters:
        raise _wrong("belongs to another list, other filters or another order: begin without it")
    return tuple(key)


def _wrong(message: str) -> ProblemError:
    return ProblemError(400, "invalid_cursor", f"the cursor {message}")


def digest_of(path: str, parameters: Sequence[tuple[str, str]]) -> str:
    """Return a digest of what is listed: the path and all parameters but those of paging."""
    given = sorted((n, v) for n, v in parameters if n not in _PAGING)
    raw = msgspec.json.encode([path, given])
    return hashlib.blake2b(raw, digest_size=6).hexdigest()


async def _paging(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MOST, description="Most items of the page.")] = 25,
    cursor: Annotated[
        str | None, Query(max_length=2000, description="`next` of the page before.")
    ] = None,
) -> Paging:
    filters = digest_of(request.url.path, request.query_params.multi_items())
    return Paging(limit + 1, _decode(cursor, filters) if cursor else (), filters)


Paged = Annotated[Paging, Depends(_paging)]
"""A route's parameter: the part of the list that is wanted."""
