"""Which dead letters a request is about: query parameters of lists, selections in bodies."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from fastapi import Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from syncline.domain.dead_letter.replay import MAX_REPLAY
from syncline.domain.errors import InvalidInputError, Problem
from syncline.postgres.dead_letters.filter import DeadLetterFilter
from syncline.security.secrets import Keyring
from syncline_gateway.requests.parameters import Id

_NO_NUL = "^[^\\x00]*$"
_YEARS = range(1970, 9999)

Words = Annotated[str, Field(max_length=512, pattern=_NO_NUL)]
Time = Annotated[AwareDatetime, Field(description="RFC 3339, such as 2026-01-31T08:15:00Z.")]


class DeadLetterQuery(BaseModel):
    """Filters of a list, as query parameters: an entry must match all of them."""

    model_config = ConfigDict(alias_generator=to_camel)
    status: Literal["pending", "replayed", "discarded", "overtaken", "all"] = "pending"
    instance: Words | None = None
    entity_type: Words | None = None
    stage: Words | None = None
    category: Literal["transient", "permanent", "unknown"] | None = None
    code: Words | None = None
    source_id: Words | None = None
    run: Id | None = Field(None, description="Correlation ID of the run it failed in.")
    group: Words | None = Field(None, description="A fingerprint; see `groups`.")
    text: Words | None = Field(None, description="Is found in the error.")
    retries: int | None = Field(None, ge=0, le=1_000_000, description="At least so many.")
    failed_from: Time | None = None
    failed_to: Time | None = None
    as_of: Time | None = Field(None, description="Stored until then.")


def _wanted(query: Annotated[DeadLetterQuery, Query()]) -> DeadLetterFilter:
    times = {name: getattr(query, name) for name in ("failed_from", "failed_to", "as_of")}
    wrong = [Problem(f"query.{to_camel(name)}", _FAR) for name, at in times.items() if _is_far(at)]
    if wrong:
        raise InvalidInputError(wrong)
    given = query.model_dump()
    status = given.pop("status")
    return DeadLetterFilter(**given, status=None if status == "all" else status)


_FAR = "must lie between the years 1970 and 9998"


def _is_far(at: datetime | None) -> bool:
    return at is not None and at.year not in _YEARS


DeadLetterFilterDep = Annotated[DeadLetterFilter, Depends(_wanted)]
"""A route's parameter: which entries; all filters together, every one over all entries."""

Text = Annotated[str, msgspec.Meta(max_length=512, pattern=_NO_NUL)]
Reason = Annotated[str, msgspec.Meta(max_length=500, pattern=_NO_NUL)]


class EntryFilter(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """Entries that match all of these; `{}` is every entry."""

    instance: Text | None = None
    entity_type: Text | None = None
    stage: Text | None = None
    category: Literal["transient", "permanent", "unknown"] | None = None
    code: Text | None = None
    source_id: Text | None = None
    run: UUID | None = None
    group: Text | None = None
    text: Text | None = None
    retries: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] | None = None
    failed_from: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    failed_to: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class Selection(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """Up to 1,000 entries by ID, or a filter; what was stored after `asOf` is not meant."""

    ids: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=MAX_REPLAY)] | None = None
    filter: EntryFilter | None = None
    as_of: Annotated[datetime, msgspec.Meta(tz=True)] | None = None

    def wanted(self, status: str, *, installation: bool) -> DeadLetterFilter:
        """Return the entries that are meant. Raises InvalidInputError.

        IDs mean their entries whatever their status is; a filter means those with `status`.
        """
        if (self.ids is None) == (self.filter is None):
            raise InvalidInputError([Problem("$.ids", "give either `ids` or `filter`")])
        if self.ids is not None:
            ids = tuple(dict.fromkeys(map(str, self.ids)))
            return DeadLetterFilter(ids=ids, installation=installation)
        assert self.filter is not None
        given = msgspec.structs.asdict(self.filter)
        times = (given["failed_from"], given["failed_to"], self.as_of)
        if any(_is_far(at) for at in times):
            raise InvalidInputError([Problem("$.filter", f"its times {_FAR}")])
        run = given.pop("run")
        given |= {"run": str(run) if run else None, "installation": installation}
        return DeadLetterFilter(**given, status=status, as_of=self.as_of)


def key_of(keyring: Keyring, tenant: str, key: str | None) -> str | None:
    """Return what an idempotency key stands for in its tenant; others cannot foresee it."""
    return keyring.id_of(f"dead letters\0{tenant}\0{key}") if key else None


def hash_of(body: msgspec.Struct) -> str:
    """Return what makes two bodies the same request."""
    raw = msgspec.json.encode(body, order="sorted")
    return str(UUID(bytes=hashlib.blake2b(raw, digest_size=16).digest()))
