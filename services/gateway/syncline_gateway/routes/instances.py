"""`instances`: what is synced from where to where, and whether it may run."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Depends, Query

from syncline.domain.configuration.documents import InstanceStatus, Kind
from syncline.domain.errors import Problem
from syncline.domain.failure_budget import FailureBudget
from syncline.postgres.configuration.instance_list import INSTANCE_SORTS, InstanceList, InstanceView
from syncline.postgres.runs.freshness import InstanceFreshness, read_freshness
from syncline.resources import edits
from syncline.resources.edits import Edit
from syncline_gateway.access.caller import Runner
from syncline_gateway.api import Api
from syncline_gateway.edits import (
    Name,
    Search,
    add_routes,
    edit_of,
    listed,
    save,
    saved,
)
from syncline_gateway.requests.parameters import Page, etag
from syncline_gateway.requests.resource import Answered, Document, Resource
from syncline_gateway.requests.sorted_lists import SortedPart, part_of

router = Resource(prefix="/instances", tags=["instances"])
InstanceEdit = Annotated[Edit, Depends(edit_of(Kind.INSTANCE))]


class InstanceBody(msgspec.Struct, rename="camel", kw_only=True):
    """An instance as it is written: names of profiles, and of mappings, one an entity type.

    `order` names entity types whose whole runs follow one another, parents first.
    """

    name: str
    source: str
    target: str
    mappings: list[str] = []
    enabled: bool = True
    order: list[str] = []
    failure_budget: FailureBudget | None = None


class SavedInstance(InstanceView, frozen=True, kw_only=True, rename="camel"):
    """An instance as it was saved; `warnings` are allowed and probably not meant."""

    warnings: list[Problem]


@router.get("")
async def list_instances(
    caller: Runner,
    api: Api,
    part: Annotated[SortedPart, Depends(part_of(INSTANCE_SORTS))],
    search: Search = None,
    status: Annotated[InstanceStatus | None, Query(description="Only those.")] = None,
) -> Page[InstanceView]:
    """List instances with how each of their entity types fares, by name if not sorted otherwise."""
    found = await InstanceList(api.database).page(
        caller.tenant, listed(part, search), status=status and status.value
    )
    return part.page(found)


@router.get("/{name}")
async def get_instance(name: Name, caller: Runner, api: Api) -> Answered[InstanceView]:
    """Return an instance, whether it may run, and why not."""
    return await _shown(api, caller.tenant, name)


@router.get("/{name}/freshness")
async def get_instance_freshness(name: Name, caller: Runner, api: Api) -> InstanceFreshness:
    """Say when each entity type was last read whole, and which changes are known and unsynced."""
    return await read_freshness(api.database, caller.tenant, name)


@router.post("/{name}/activate")
async def activate_instance(edit: InstanceEdit, api: Api) -> Answered[InstanceView]:
    """Let an instance run."""
    step = await edits.switch(api.configuration, edit, enabled=True)
    return await _shown(api, edit.tenant, step.name)


@router.post("/{name}/deactivate")
async def deactivate_instance(edit: InstanceEdit, api: Api) -> Answered[InstanceView]:
    """Keep an instance from running; runs under way go on."""
    step = await edits.switch(api.configuration, edit, enabled=False)
    return await _shown(api, edit.tenant, step.name)


async def _saved(api: Api, edit: Edit, body: Document[InstanceBody]) -> Answered[SavedInstance]:
    """Store an instance as the body wants it; what is taken out keeps its history."""
    name, warnings = await save(api, edit, body)
    view = await InstanceList(api.database).get(edit.tenant, name)
    shown = SavedInstance(**msgspec.structs.asdict(view), warnings=warnings)
    return saved(router, edit, name, shown, view.etag)


add_routes(router, Kind.INSTANCE, "instance", _saved)


async def _shown(api: Api, tenant: str, name: str) -> Answered[InstanceView]:
    view = await InstanceList(api.database).get(tenant, name)
    return Answered(view, etag(view.etag))
