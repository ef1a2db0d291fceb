"""`connection-profiles`: how systems are reached, and whether they can be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Query, Request, Response

from syncline.actions.connections.connection_test import ConnectionChecker, ConnectionTest
from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import Problem
from syncline.domain.retry import RetryPolicy
from syncline.postgres.configuration.catalog import ConfigurationViews, ProfileView
from syncline.resources import edits
from syncline_gateway.access.caller import Runner, User
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

router = APIRouter(prefix="/connection-profiles", tags=["connection-profiles"])


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
    config: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    active: bool = True
    max_concurrent: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    rate: float | None = None
    retry: RetryPolicy = RetryPolicy()


class SavedProfile(ProfileView, frozen=True, kw_only=True, rename="camel"):
    """A connection profile as it was saved.

    Attributes:
        warnings: what is allowed and probably not meant.
    """

    warnings: list[Problem]


@router.get("", responses=returns(Page[ProfileView]))
async def list_profiles(
    caller: Runner,
    parts: Needs,
    paging: Paged,
    search: Search = None,
    active: Annotated[bool | None, Query(description="Only those that are, or are not.")] = None,
    connector: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
) -> Any:  # noqa: ANN401
    """List connection profiles by name."""
    found = await _views(parts).profiles(
        caller.tenant, listed(paging, search), active=active, connector=connector
    )
    return answer(paging.page(found, lambda profile: [profile.name]))


@router.post(
    "", status_code=201, responses=returns(SavedProfile, 201), openapi_extra=accepts(ProfileBody)
)
async def create(request: Request, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Store a new connection profile."""
    edit = creation_of(caller, Kind.PROFILE)
    body = await json_of(request)
    step, mark = await edits.save(parts.configuration, edit, body)
    warnings = await doubts(parts, edit, body, step)
    view = await _views(parts).profile(caller.tenant, step.name)
    return answer(
        _saved(view, warnings), 201, tagged(mark, f"{request.url.path}/{quote(step.name)}")
    )


@router.post("/test", responses=returns(ConnectionTest), openapi_extra=accepts(ProfileBody))
async def test_unsaved(request: Request, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Test a connection before it is saved: host, TLS, login, permission, within 10 seconds."""
    result = await _checker(parts).unsaved(caller.tenant, await json_of(request))
    return answer(result)


@router.get("/{name}", responses=returns(ProfileView))
async def show(name: Name, caller: Runner, parts: Needs) -> Any:  # noqa: ANN401
    """Return a connection profile; of its secrets only that they are there."""
    view = await _views(parts).profile(caller.tenant, name)
    return answer(view, headers=tagged(view.etag))


@router.put("/{name}", responses=returns(SavedProfile), openapi_extra=accepts(ProfileBody))
async def replace(
    name: Name, request: Request, caller: User, parts: Needs, if_match: IfMatch = None
) -> Any:  # noqa: ANN401
    """Store a connection profile as the body wants it; the same again changes nothing."""
    edit = edit_of(caller, Kind.PROFILE, name, if_match)
    body = await json_of(request)
    step, _ = await edits.save(parts.configuration, edit, body)
    warnings = await doubts(parts, edit, body, step)
    view = await _views(parts).profile(caller.tenant, name)
    return answer(_saved(view, warnings), headers=tagged(view.etag))


@router.delete("/{name}", status_code=204)
async def remove(name: Name, caller: User, parts: Needs, if_match: IfMatch = None) -> Response:
    """Delete a connection profile and its secrets; refused while an instance uses it."""
    await edits.delete(parts.configuration, edit_of(caller, Kind.PROFILE, name, if_match))
    return nothing()


@router.post("/{name}/test", responses=returns(ConnectionTest))
async def test_stored(name: Name, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Test a stored connection profile, and keep the result with it."""
    return answer(await _checker(parts).stored(caller.tenant, name))


def _saved(view: ProfileView, warnings: Sequence[Problem]) -> SavedProfile:
    return SavedProfile(**msgspec.structs.asdict(view), warnings=list(warnings))


def _views(parts: Parts) -> ConfigurationViews:
    return ConfigurationViews(parts.database, parts.keyring)


def _checker(parts: Parts) -> ConnectionChecker:
    return ConnectionChecker(parts.configuration, parts.settings.surroundings(), parts.clock)
