"""`connection-profiles`: how systems are reached, and whether they can be."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Depends, Query

from syncline.actions.connections.connection_test import ConnectionChecker, ConnectionTest
from syncline.actions.connections.system_fields import FieldReader, FieldsRequest, SystemFields
from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import Problem
from syncline.domain.record import JsonObject
from syncline.domain.retry import RetryPolicy
from syncline.postgres.configuration.profile_list import PROFILE_SORTS, ProfileList, ProfileView
from syncline.resources.edits import Edit
from syncline_gateway.access.caller import Configurer, Runner
from syncline_gateway.api import Api
from syncline_gateway.edits import (
    Name,
    Search,
    Text,
    add_routes,
    edit_of,
    listed,
    save,
    saved,
)
from syncline_gateway.requests.parameters import Page, etag
from syncline_gateway.requests.resource import Answered, Document, Resource
from syncline_gateway.requests.sorted_lists import SortedPart, part_of

router = Resource(prefix="/connection-profiles", tags=["connection-profiles"])
ProfileEdit = Annotated[Edit, Depends(edit_of(Kind.PROFILE))]


class ProfileBody(msgspec.Struct, rename="camel", kw_only=True):
    """A connection profile as it is written.

    Attributes:
        config: the connector's settings; see its `profileSchema` in `connectors`.
        secrets: by name; `***` keeps the one that is stored, what is left out is removed.
        max_concurrent: calls in flight, over all processes and runs.
        rate: calls per second; null for no limit.
    """

    name: str
    connector: str
    config: JsonObject = {}
    secrets: dict[str, str] = {}
    active: bool = True
    max_concurrent: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    rate: float | None = None
    retry: RetryPolicy = RetryPolicy()


class SavedProfile(ProfileView, frozen=True, kw_only=True, rename="camel"):
    """A connection profile as it was saved; `warnings` are allowed and probably not meant."""

    warnings: list[Problem]


@router.get("")
async def list_connection_profiles(
    caller: Runner,
    api: Api,
    part: Annotated[SortedPart, Depends(part_of(PROFILE_SORTS))],
    search: Search = None,
    active: Annotated[bool | None, Query(description="Only those that are, or are not.")] = None,
    connector: Text = None,
) -> Page[ProfileView]:
    """List connection profiles, by name where no other order is wanted."""
    found = await _list(api).page(
        caller.tenant, listed(part, search), active=active, connector=connector
    )
    return part.page(found)


@router.post("/test")
async def test_unsaved_connection_profile(
    body: Document[ProfileBody], caller: Configurer, api: Api
) -> ConnectionTest:
    """Test a connection before it is saved: host, TLS, login, permission, within 10 seconds."""
    return await _checker(api, caller.tenant).unsaved(caller.tenant, caller.actor, body.value)


@router.get("/{name}")
async def get_connection_profile(name: Name, caller: Runner, api: Api) -> Answered[ProfileView]:
    """Return a connection profile; of its secrets only that they are there."""
    view = await _list(api).get(caller.tenant, name)
    return Answered(view, etag(view.etag))


@router.post("/{name}/test")
async def test_connection_profile(name: Name, caller: Configurer, api: Api) -> ConnectionTest:
    """Test a stored connection profile, and keep the result with it."""
    return await _checker(api, caller.tenant).stored(caller.tenant, caller.actor, name)


@router.post("/{name}/fields")
async def get_connection_profile_fields(
    name: Name, body: FieldsRequest, caller: Configurer, api: Api
) -> SystemFields:
    """Ask a system for its tables, and for the fields that a draft of a mapping reads or writes.

    Within 10 seconds and the profile's limits, and audited. What cannot be known is null, and
    `unknown` says why.
    """
    reader = FieldReader(api.database, api.keyring, api.settings.surroundings(caller.tenant))
    return await reader.read(caller.tenant, caller.actor, name, body)


async def _saved(api: Api, edit: Edit, body: Document[ProfileBody]) -> Answered[SavedProfile]:
    """Store a connection profile as the body wants it; the same again changes nothing."""
    name, warnings = await save(api, edit, body)
    view = await _list(api).get(edit.tenant, name)
    shown = SavedProfile(**msgspec.structs.asdict(view), warnings=warnings)
    return saved(router, edit, name, shown, view.etag)


add_routes(router, Kind.PROFILE, "connection_profile", _saved)


def _list(api: Api) -> ProfileList:
    return ProfileList(api.database, api.keyring)


def _checker(api: Api, tenant: str) -> ConnectionChecker:
    surroundings = api.settings.surroundings(tenant)
    return ConnectionChecker(api.database, api.configuration, surroundings, api.clock)
