"""`instances`: what is synced from where to where, and whether it may run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Query, Request, Response

from syncline.domain.configuration.documents import Kind
from syncline.domain.configuration.instance import InstanceStatus
from syncline.domain.errors import Problem
from syncline.postgres.configuration.instances import InstanceView, InstanceViews
from syncline.resources import edits
from syncline_gateway.access.caller import Caller, Runner, User
from syncline_gateway.edits import (
    IfMatch,
    Name,
    Search,
    creation_of,
    doubts,
    edit_of,
    listed,
    tagged,
)
from syncline_gateway.parts import Needs, Parts
from syncline_gateway.requests.answers import Page, answer, nothing, returns
from syncline_gateway.requests.bodies import accepts, json_of
from syncline_gateway.requests.paging import Paged

router = APIRouter(prefix="/instances", tags=["instances"])


class InstanceBody(msgspec.Struct, rename="camel", kw_only=True):
    """An instance as it is written.

    Attributes:
        source, target: names of connection profiles.
        mappings: names, one for each entity type.
    """

    name: str
    source: str
    target: str
    mappings: list[str] = []
    enabled: bool = True


class SavedInstance(InstanceView, frozen=True, kw_only=True, rename="camel"):
    """An instance as it was saved.

    Attributes:
        warnings: what is allowed and probably not meant.
    """

    warnings: list[Problem]


@router.get("", responses=returns(Page[InstanceView]))
async def list_instances(
    caller: Runner,
    parts: Needs,
    paging: Paged,
    search: Search = None,
    status: Annotated[InstanceStatus | None, Query(description="Only those.")] = None,
) -> Any:  # noqa: ANN401
    """List instances by name, with how each of their entity types fares."""
    views = InstanceViews(parts.database)
    found = await views.list(caller.tenant, listed(paging, search), status=status and status.value)
    return answer(paging.page(found, lambda instance: [instance.name]))


@router.post(
    "", status_code=201, responses=returns(SavedInstance, 201), openapi_extra=accepts(InstanceBody)
)
async def create(request: Request, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Store a new instance."""
    edit = creation_of(caller, Kind.INSTANCE)
    body = await json_of(request)
    step, mark = await edits.save(parts.configuration, edit, body)
    warnings = await doubts(parts, edit, body, step)
    view = await InstanceViews(parts.database).get(caller.tenant, step.name)
    return answer(
        _saved(view, warnings), 201, tagged(mark, f"{request.url.path}/{quote(step.name)}")
    )


@router.get("/{name}", responses=returns(InstanceView))
async def show(name: Name, caller: Runner, parts: Needs) -> Any:  # noqa: ANN401
    """Return an instance, whether it may run, and why not."""
    return await _shown(parts, caller, name)


@router.put("/{name}", responses=returns(SavedInstance), openapi_extra=accepts(InstanceBody))
async def replace(
    name: Name, request: Request, caller: User, parts: Needs, if_match: IfMatch = None
) -> Any:  # noqa: ANN401
    """Store an instance as the body wants it; what is taken out keeps its history."""
    edit = edit_of(caller, Kind.INSTANCE, name, if_match)
    body = await json_of(request)
    step, _ = await edits.save(parts.configuration, edit, body)
    warnings = await doubts(parts, edit, body, step)
    view = await InstanceViews(parts.database).get(caller.tenant, name)
    return answer(_saved(view, warnings), headers=tagged(view.etag))


@router.delete("/{name}", status_code=204)
async def remove(name: Name, caller: User, parts: Needs, if_match: IfMatch = None) -> Response:
    """Delete an instance; refused while a run or a pending dead letter needs it."""
    await edits.delete(parts.configuration, edit_of(caller, Kind.INSTANCE, name, if_match))
    return nothing()


@router.post("/{name}/activate", responses=returns(InstanceView))
async def activate(name: Name, caller: User, parts: Needs, if_match: IfMatch = None) -> Any:  # noqa: ANN401
    """Let an instance run."""
    return await _switched(parts, caller, name, if_match, enabled=True)


@router.post("/{name}/deactivate", responses=returns(InstanceView))
async def deactivate(name: Name, caller: User, parts: Needs, if_match: IfMatch = None) -> Any:  # noqa: ANN401
    """Keep an instance from running; runs under way go on."""
    return await _switched(parts, caller, name, if_match, enabled=False)


async def _switched(
    parts: Parts, caller: Caller, name: str, if_match: str | None, *, enabled: bool
) -> Any:  # noqa: ANN401
    edit = edit_of(caller, Kind.INSTANCE, name, if_match)
    await edits.switch_instance(parts.configuration, edit, enabled=enabled)
    return await _shown(parts, caller, name)


def _saved(view: InstanceView, warnings: Sequence[Problem]) -> SavedInstance:
    return SavedInstance(**msgspec.structs.asdict(view), warnings=list(warnings))


async def _shown(parts: Parts, caller: Caller, name: str) -> Any:  # noqa: ANN401
    view = await InstanceViews(parts.database).get(caller.tenant, name)
    return answer(view, headers=tagged(view.etag))
