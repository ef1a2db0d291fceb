"""What requests that edit configuration have in common: who edits what, and what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar, get_type_hints

from fastapi import Depends, Path, Query

from syncline.actions.doubts.review import Doubter
from syncline.domain.configuration.comparison import PlanStep
from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import Problem
from syncline.domain.naming import NAME
from syncline.postgres.database.sorts import ListPart
from syncline.resources import edits
from syncline.resources.edits import Edit, Presence
from syncline_gateway.access.caller import Configurer
from syncline_gateway.api import Api
from syncline_gateway.requests.parameters import IfMatch, etag
from syncline_gateway.requests.resource import Answered, Document, Resource
from syncline_gateway.requests.sorted_lists import SortedPart

T = TypeVar("T")
Name = Annotated[str, Path(pattern=NAME, description="Name of the object.")]
"""A route's parameter: the object that the address names."""
Text = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")]
"""A route's parameter: a text that a list is filtered by."""
Search = Annotated[Text, Query(description="Part of a name, in any case.")]
"""A route's parameter: what a list is searched for."""


def edit_of(kind: Kind) -> Callable[..., Awaitable[Edit]]:
    """Return the dependency that says who edits which object, and on what state that is based."""

    async def edit(name: Name, caller: Configurer, mark: IfMatch) -> Edit:
        expected = Presence.ANYTHING if mark is None else mark
        if mark == "*":
            expected = Presence.SOMETHING_THERE
        return Edit(caller.tenant, caller.actor, kind, name, expected)

    return edit


def creation_of(kind: Kind) -> Callable[..., Awaitable[Edit]]:
    """Return the dependency that says who creates an object; the document names it."""

    async def creation(caller: Configurer) -> Edit:
        return Edit(caller.tenant, caller.actor, kind, None, Presence.NOTHING_THERE)

    return creation


async def save(api: Api, edit: Edit, body: Document[T]) -> tuple[str, list[Problem]]:
    """Store a document; return its name and the warnings about it. Raises as `edits.save`."""
    step, _ = await edits.save(api.configuration, edit, body.value)
    return step.name, await doubts(api, edit, body.value, step)


async def doubts(api: Api, edit: Edit, body: object, step: PlanStep | None) -> list[Problem]:
    """Say what of a checked document is probably not meant; `step` is what storing it changed."""
    doubter = Doubter(api.configuration, api.settings.surroundings(edit.tenant))
    steps = [] if step is None else [step]
    return await doubter.of_request(edit.tenant, edit.kind, body, edit.name, steps)


def saved(router: Resource, edit: Edit, name: str, value: T, mark: str) -> Answered[T]:
    """Answer with what was saved, the mark of its state, and where it is if it is new."""
    location = router.location(name) if edit.name is None else {}
    return Answered(value, etag(mark) | location)


def add_routes(
    router: Resource, kind: Kind, noun: str, store: Callable[..., Awaitable[Answered[Any]]]
) -> None:
    """Add the routes that create, replace and delete an object of a kind.

    `store` stores a document and returns the object; its types and docstring become the routes'.
    """
    creation, change = Depends(creation_of(kind)), Depends(edit_of(kind))
    types = get_type_hints(store, include_extras=True)

    async def create(body: Document[Any], api: Api, edit: Edit = creation) -> Answered[Any]:
        return await store(api, edit, body)

    async def replace(body: Document[Any], api: Api, edit: Edit = change) -> Answered[Any]:
        return await store(api, edit, body)

    for route in (create, replace):
        route.__doc__ = store.__doc__
        route.__annotations__ |= {"body": types["body"], "return": types["return"]}
    router.post("", status_code=201, name=f"create_{noun}")(create)
    router.put("/{name}", name=f"replace_{noun}")(replace)

    @router.delete("/{name}", status_code=204, name=f"delete_{noun}")
    async def delete(api: Api, edit: Edit = change) -> None:
        """Delete an object, unless something needs it; the history of its runs stays."""
        await edits.delete(api.configuration, edit)


def listed(part: SortedPart, search: str | None) -> ListPart:
    """Return which part of a list is wanted, and one more to see whether it ends there."""
    return ListPart(limit=part.limit, order=part.order, search=search)
