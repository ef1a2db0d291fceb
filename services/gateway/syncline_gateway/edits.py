"""What edits of configuration have in common: names, marks of states, and what came of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Path, Query

from syncline.actions.doubts.review import Doubter
from syncline.domain.configuration.documents import Kind, PlanStep
from syncline.domain.errors import Problem
from syncline.domain.naming import NAME
from syncline.postgres.configuration.catalog import Listed
from syncline.resources.edits import Edit, Expected
from syncline_gateway.access.caller import Caller
from syncline_gateway.parts import Parts
from syncline_gateway.requests.paging import Paging, words

Name = Annotated[str, Path(pattern=NAME, description="Name of the object.")]
"""A route's parameter: the object that the address names."""
Search = Annotated[
    str | None,
    Query(max_length=100, pattern=r"^[^\x00]*$", description="Part of a name, in any case."),
]
"""A route's parameter: what a list is searched for."""
IfMatch = Annotated[
    str | None,
    Header(
        max_length=100,
        description="The `ETag` that the edit is based on; 412 when it was changed meanwhile.",
    ),
]
"""A route's parameter: the state that an edit is based on."""


def edit_of(caller: Caller, kind: Kind, name: str | None, if_match: str | None = None) -> Edit:
    """Say who edits what, and what he takes for granted."""
    expected: Expected | str = Expected.ANYTHING
    if if_match is not None:
        mark = if_match.strip().removeprefix("W/").strip('"')
        expected = Expected.SOMETHING_THERE if mark == "*" else mark
    return Edit(caller.tenant, caller.actor, kind, name, expected)


def creation_of(caller: Caller, kind: Kind) -> Edit:
    """Say who creates what; the document names it."""
    return Edit(caller.tenant, caller.actor, kind, None, Expected.NOTHING_THERE)


async def doubts(parts: Parts, edit: Edit, body: object, step: PlanStep | None) -> list[Problem]:
    """Say what of a checked document is allowed and probably not meant: the `warnings`.

    Args:
        step: what storing it changed; None where nothing was stored.
    """
    doubter = Doubter(parts.configuration, parts.settings.surroundings())
    steps = [] if step is None else [step]
    return await doubter.of_request(edit.tenant, edit.kind, body, edit.name, steps)


def tagged(mark: str, location: str | None = None) -> dict[str, str]:
    """Return the headers that tell an object's state, and where it is."""
    headers = {"ETag": f'"{mark}"'}
    return headers if location is None else headers | {"Location": location}


def listed(paging: Paging, search: str | None) -> Listed:
    """Return which part of a list by name is wanted, and one more to see whether it ends there."""
    (after,) = paging.key(words) or (None,)
    return Listed(limit=paging.limit + 1, after=after, search=search)
