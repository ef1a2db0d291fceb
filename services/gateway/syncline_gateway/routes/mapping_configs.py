"""`mapping-configs`: mappings with their versions, and trying them before they count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from syncline.contracts.messages import encode
from syncline.domain.configuration.documents import Kind, version_step
from syncline.domain.errors import InvalidInputError, Problem
from syncline.postgres.configuration.catalog import (
    ConfigurationViews,
    Listed,
    MappingVersionView,
    MappingView,
)
from syncline.resources import edits
from syncline.resources.export import in_order
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
from syncline_gateway.requests.paging import Paged, number

router = APIRouter(prefix="/mapping-configs", tags=["mapping-configs"])
Version = Annotated[int, Path(ge=1, le=2**31 - 1)]


class MappingBody(msgspec.Struct, rename="camel", kw_only=True):
    """A mapping as it is written; `schemas/mapping` has its whole JSON Schema."""

    name: str
    entity_type: str
    extraction: dict[str, Any]
    normalization: dict[str, Any]
    transformation: dict[str, Any]


class MappingDetail(msgspec.Struct, frozen=True, rename="camel"):
    """A mapping with the document of its active version.

    Attributes:
        text: the document as JSON text, its keys in the order of documents, every digit kept.
        warnings: what is allowed and probably not meant; looked for where it is saved.
    """

    mapping: MappingView
    document: dict[str, Any]
    text: str
    warnings: list[Problem] = []


class MappingVersionDetail(msgspec.Struct, frozen=True, rename="camel"):
    """A version of a mapping with its document; `text` as in a mapping."""

    version: MappingVersionView
    document: dict[str, Any]
    text: str


class Validation(msgspec.Struct, frozen=True, rename="camel"):
    """What is wrong with a draft, by JSON path; `warnings` are allowed and probably not meant."""

    valid: bool
    problems: list[Problem]
    warnings: list[Problem]


@router.get("", responses=returns(Page[MappingView]))
async def list_mappings(
    caller: Runner,
    parts: Needs,
    paging: Paged,
    search: Search = None,
    entity_type: Annotated[
        str | None, Query(alias="entityType", max_length=100, pattern=r"^[^\x00]*$")
    ] = None,
) -> Any:  # noqa: ANN401
    """List mappings by name."""
    found = await _views(parts).mappings(
        caller.tenant, listed(paging, search), entity_type=entity_type
    )
    return answer(paging.page(found, lambda mapping: [mapping.name]))


@router.post(
    "", status_code=201, responses=returns(MappingDetail, 201), openapi_extra=accepts(MappingBody)
)
async def create(request: Request, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Store a new mapping as its version 1."""
    edit = creation_of(caller, Kind.MAPPING)
    body = await json_of(request)
    step, mark = await edits.save(parts.configuration, edit, body)
    detail = await _detail(parts, caller.tenant, step.name, await doubts(parts, edit, body, step))
    return answer(detail, 201, tagged(mark, f"{request.url.path}/{quote(step.name)}"))


@router.post("/validate", responses=returns(Validation), openapi_extra=accepts(MappingBody))
async def validate(request: Request, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Check a draft, also against the instances that use the mapping; nothing is written."""
    body = await json_of(request)
    try:
        edit = edit_of(caller, Kind.MAPPING, None)
        await edits.validate(parts.configuration, edit, body)
    except InvalidInputError as error:
        return answer(Validation(valid=False, problems=list(error.problems), warnings=[]))
    found = await doubts(parts, edit, body, None)
    return answer(Validation(valid=True, problems=[], warnings=found))


@router.get("/{name}", responses=returns(MappingDetail))
async def show(name: Name, caller: Runner, parts: Needs) -> Any:  # noqa: ANN401
    """Return a mapping with the document of its active version."""
    detail = await _detail(parts, caller.tenant, name)
    return answer(detail, headers=tagged(detail.mapping.etag))


@router.put("/{name}", responses=returns(MappingDetail), openapi_extra=accepts(MappingBody))
async def replace(
    name: Name, request: Request, caller: User, parts: Needs, if_match: IfMatch = None
) -> Any:  # noqa: ANN401
    """Store a mapping: what differs becomes the next version, and the one that new runs use."""
    edit = edit_of(caller, Kind.MAPPING, name, if_match)
    body = await json_of(request)
    step, _ = await edits.save(parts.configuration, edit, body)
    detail = await _detail(parts, caller.tenant, name, await doubts(parts, edit, body, step))
    return answer(detail, headers=tagged(detail.mapping.etag))


@router.delete("/{name}", status_code=204)
async def remove(name: Name, caller: User, parts: Needs, if_match: IfMatch = None) -> Response:
    """Delete a mapping; refused while an instance uses it."""
    await edits.delete(parts.configuration, edit_of(caller, Kind.MAPPING, name, if_match))
    return nothing()


@router.get("/{name}/versions", responses=returns(Page[MappingVersionView]))
async def list_versions(
    name: Name,
    caller: Runner,
    parts: Needs,
    paging: Paged,
    search: Annotated[
        str | None,
        Query(max_length=100, pattern=r"^[^\x00]*$", description="A number, or part of who saved."),
    ] = None,
) -> Any:  # noqa: ANN401
    """List the versions of a mapping, newest first."""
    (before,) = paging.key(number) or (None,)
    part = Listed(limit=paging.limit + 1, search=search)
    found = await _views(parts).versions(caller.tenant, name, before, part)
    return answer(paging.page(found, lambda version: [str(version.version)]))


@router.get("/{name}/versions/{version}", responses=returns(MappingVersionDetail))
async def show_version(name: Name, version: Version, caller: Runner, parts: Needs) -> Any:  # noqa: ANN401
    """Return a version of a mapping, as it was saved."""
    view, document = await _views(parts).version(caller.tenant, name, version)
    return answer(MappingVersionDetail(view, in_order(document), text_of(document)))


@router.post("/{name}/versions/{version}/activate", responses=returns(MappingDetail))
async def activate(
    name: Name, version: Version, caller: User, parts: Needs, if_match: IfMatch = None
) -> Any:  # noqa: ANN401
    """Make a version the one that new runs use; runs under way keep theirs."""
    edit = edit_of(caller, Kind.MAPPING, name, if_match)
    _, before = await _views(parts).mapping(caller.tenant, name)
    await edits.activate_version(parts.configuration, edit, version)
    _, after = await _views(parts).version(caller.tenant, name, version)
    found = await doubts(parts, edit, after, version_step(name, before, after))
    detail = await _detail(parts, caller.tenant, name, found)
    return answer(detail, headers=tagged(detail.mapping.etag))


async def _detail(
    parts: Parts, tenant: str, name: str, warnings: Sequence[Problem] = ()
) -> MappingDetail:
    view, document = await _views(parts).mapping(tenant, name)
    return MappingDetail(view, in_order(document), text_of(document), list(warnings))


def text_of(document: dict[str, Any]) -> str:
    """Write a document as a person edits it."""
    return msgspec.json.format(encode(in_order(document)), indent=2).decode()


def _views(parts: Parts) -> ConfigurationViews:
    return ConfigurationViews(parts.database, parts.keyring)
