"""`cursors`: how far each entity type was read, and setting that by hand."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from syncline.domain.cursor.values import value_problem
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import NAME
from syncline.postgres.configuration.catalog import Listed
from syncline.postgres.cursors.changes import Cursors
from syncline.postgres.runs.record_history import CursorView
from syncline_gateway.access.caller import Runner, User
from syncline_gateway.edits import IfMatch, Search, tagged
from syncline_gateway.parts import Needs
from syncline_gateway.requests.answers import Page, answer, returns
from syncline_gateway.requests.paging import Paged, number, words

router = APIRouter(prefix="/cursors", tags=["cursors"])
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


@router.get("", responses=returns(Page[CursorView]))
async def list_cursors(
    caller: Runner,
    parts: Needs,
    paging: Paged,
    search: Search = None,
    instance: Annotated[str | None, Query(pattern=NAME, description="Only of this one.")] = None,
) -> Any:  # noqa: ANN401
    """List the cursor of every instance and entity type; version 0: it was never set."""
    after = paging.key(words, words)
    part = Listed(limit=paging.limit + 1, after=None, search=search)
    found = await Cursors(parts.database).page(caller.tenant, part, after, instance)
    return answer(paging.page(found, lambda cursor: [cursor.instance, cursor.entity_type]))


@router.get("/{instance}/{entityType}", responses=returns(CursorView))
async def show(instance: Instance, entity_type: EntityType, caller: Runner, parts: Needs) -> Any:  # noqa: ANN401
    """Return where a cursor stands."""
    view = await Cursors(parts.database).current(caller.tenant, instance, entity_type)
    return answer(view, headers=tagged(str(view.version)))


@router.get("/{instance}/{entityType}/versions", responses=returns(Page[CursorView]))
async def list_versions(
    instance: Instance, entity_type: EntityType, caller: Runner, parts: Needs, paging: Paged
) -> Any:  # noqa: ANN401
    """List every version of a cursor, newest first: value, run, who and why."""
    (before,) = paging.key(number) or (None,)
    found = await Cursors(parts.database).history(
        caller.tenant, instance, entity_type, before=before, limit=paging.limit + 1
    )
    return answer(paging.page(found, lambda cursor: [str(cursor.version)]))


@router.post("/{instance}/{entityType}/reset", responses=returns(CursorView))
async def reset(
    instance: Instance,
    entity_type: EntityType,
    body: Reset,
    caller: User,
    parts: Needs,
    if_match: IfMatch = None,
) -> Any:  # noqa: ANN401
    """Clear a cursor: the next run reads everything, unchanged records are skipped."""
    stream = (caller.tenant, instance, entity_type)
    view = await Cursors(parts.database).set(
        stream, None, caller.actor, body.reason.strip(), expected=_expected(if_match)
    )
    return answer(view, headers=tagged(str(view.version)))


@router.post("/{instance}/{entityType}/rewind", responses=returns(CursorView))
async def rewind(
    instance: Instance,
    entity_type: EntityType,
    body: Rewind,
    caller: User,
    parts: Needs,
    if_match: IfMatch = None,
) -> Any:  # noqa: ANN401
    """Set a cursor to a value, or back to what it was in a version; that adds a version."""
    stream, expected = (caller.tenant, instance, entity_type), _expected(if_match)
    cursors, reason = Cursors(parts.database), body.reason.strip()
    if body.version is not None:
        view = await cursors.roll_back(
            stream, body.version, caller.actor, reason, expected=expected
        )
    else:
        value = body.value or ""
        kind = await cursors.kind(*stream)
        problem = value_problem(value, kind.type, kind.form)
        if problem is not None:
            raise InvalidInputError([Problem("$.value", problem)])
        view = await cursors.set(stream, value, caller.actor, reason, expected=expected)
    return answer(view, headers=tagged(str(view.version)))


def _expected(if_match: str | None) -> int | None:
    """Return the version that a change is based on; one that never was fits none."""
    mark = (if_match or "*").strip().removeprefix("W/").strip('"')
    if mark == "*":
        return None
    return int(mark) if mark.isascii() and mark.isdecimal() else -1
