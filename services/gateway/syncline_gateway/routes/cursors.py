"""`cursors`: how far each entity type was read, and setting that by hand."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from syncline.actions.connections.source_count import SourceCount, SourceCounter
from syncline.domain.cursor.values import value_problem
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import NAME
from syncline.postgres.cursors.cursors import Cursors, CursorView
from syncline.postgres.database.sorts import ListPart
from syncline_gateway.access.caller import Configurer, Runner
from syncline_gateway.api import Api
from syncline_gateway.edits import Search
from syncline_gateway.requests.parameters import IfMatch, Page, Paged, etag, number, words
from syncline_gateway.requests.resource import Answered, Resource

router = Resource(prefix="/cursors", tags=["cursors"])
Instance = Annotated[str, Path(pattern=NAME, description="Name of the instance.")]
EntityType = Annotated[
    str,
    Path(alias="entityType", max_length=100, pattern=r"^[^\x00]+$", description="Such as `item`."),
]


class Reset(BaseModel):
    """Clears a cursor."""

    model_config = ConfigDict(extra="forbid", strict=True)
    reason: str = Field(
        min_length=1,
        max_length=500,
        pattern=r"^[^\x00]*[^\s\x00][^\x00]*$",
        description="Why; it is kept.",
    )


class Rewind(Reset):
    """Sets a cursor: to a value, or to what it was in a version."""

    value: str | None = Field(None, description="As the source gives it; reading begins there.")
    version: int | None = Field(None, ge=1, le=2**31 - 1, description="An older version.")

    @model_validator(mode="after")
    def one_of_both(self) -> Rewind:
        if (self.value is None) == (self.version is None):
            raise ValueError("give either `value` or `version`")
        return self


@router.get("")
async def list_cursors(
    caller: Runner,
    api: Api,
    paging: Paged,
    search: Search = None,
    instance: Annotated[str | None, Query(pattern=NAME, description="Only of this one.")] = None,
) -> Page[CursorView]:
    """List the cursor of every instance and entity type; version 0: it was never set."""
    after = paging.key(words, words)
    part = ListPart(limit=paging.limit, search=search)
    found = await Cursors(api.database).page(caller.tenant, part, after, instance)
    return paging.page(found, lambda cursor: [cursor.instance, cursor.entity_type])


@router.get("/{instance}/{entityType}")
async def get_cursor(
    instance: Instance, entity_type: EntityType, caller: Runner, api: Api
) -> Answered[CursorView]:
    """Return where a cursor stands."""
    return _shown(await Cursors(api.database).current(caller.tenant, instance, entity_type))


@router.get("/{instance}/{entityType}/versions")
async def list_cursor_versions(
    instance: Instance, entity_type: EntityType, caller: Runner, api: Api, paging: Paged
) -> Page[CursorView]:
    """List every version of a cursor, newest first: value, run, who and why."""
    (before,) = paging.key(number) or (None,)
    found = await Cursors(api.database).history(
        caller.tenant, instance, entity_type, before=before, limit=paging.limit
    )
    return paging.page(found, lambda cursor: [str(cursor.version)])


@router.post("/{instance}/{entityType}/count")
async def count_source_records(
    instance: Instance, entity_type: EntityType, caller: Runner, api: Api
) -> SourceCount:
    """Ask the source how many records a run reads that begins anew: after a reset, or Force Full.

    It has 10 s, and the profile's limits hold; it is audited.
    """
    counter = SourceCounter(api.database, api.keyring, api.settings.surroundings(caller.tenant))
    return await counter.count(caller.tenant, caller.actor, instance, entity_type)


@router.post("/{instance}/{entityType}/reset")
async def reset_cursor(
    instance: Instance,
    entity_type: EntityType,
    body: Reset,
    caller: Configurer,
    api: Api,
    mark: IfMatch,
) -> Answered[CursorView]:
    """Clear a cursor: the next run reads everything, unchanged records are skipped."""
    stream, why = (caller.tenant, instance, entity_type), (caller.actor, body.reason.strip())
    cursors = Cursors(api.database)
    return _shown(await cursors.set(stream, None, *why, expected=_version_of(mark)))


@router.post("/{instance}/{entityType}/rewind")
async def rewind_cursor(
    instance: Instance,
    entity_type: EntityType,
    body: Rewind,
    caller: Configurer,
    api: Api,
    mark: IfMatch,
) -> Answered[CursorView]:
    """Set a cursor to a value, or back to what it was in a version; that adds a version."""
    stream, why = (caller.tenant, instance, entity_type), (caller.actor, body.reason.strip())
    cursors, expected = Cursors(api.database), _version_of(mark)
    if body.version is not None:
        return _shown(await cursors.roll_back(stream, body.version, *why, expected=expected))
    value = body.value or ""
    if problem := value_problem(value, await cursors.format(*stream)):
        raise InvalidInputError([Problem("$.value", problem)])
    return _shown(await cursors.set(stream, value, *why, expected=expected))


def _shown(view: CursorView) -> Answered[CursorView]:
    return Answered(view, etag(str(view.version)))


def _version_of(mark: str | None) -> int | None:
    """Return the version that a change is based on; one that never was fits none."""
    if mark in (None, "*"):
        return None
    return int(mark) if mark.isascii() and mark.isdecimal() else -1
