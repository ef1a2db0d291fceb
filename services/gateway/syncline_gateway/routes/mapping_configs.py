"""`mapping-configs`: mappings with their versions, and trying them before they count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import Depends, Path, Query

from syncline.actions.trials.draft import DraftTrier, Trial, TrialRequest
from syncline.actions.trials.dry_run import DryRun, DryRunner, DryRunRequest
from syncline.contracts.messages import encode
from syncline.domain.configuration.comparison import version_step
from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.record import JsonObject
from syncline.postgres.configuration.mapping_list import (
    MAPPING_SORTS,
    MappingList,
    MappingVersionView,
    MappingView,
)
from syncline.postgres.database.sorts import ListPart
from syncline.resources import edits
from syncline.resources.edits import Edit
from syncline.resources.export import in_order
from syncline_gateway.access.caller import Caller, Configurer, Runner
from syncline_gateway.api import Api
from syncline_gateway.edits import (
    Name,
    Search,
    Text,
    add_routes,
    doubts,
    edit_of,
    listed,
    save,
    saved,
)
from syncline_gateway.requests.parameters import Page, Paged, etag, number
from syncline_gateway.requests.resource import Answered, Document, Resource
from syncline_gateway.requests.sorted_lists import SortedPart, part_of

router = Resource(prefix="/mapping-configs", tags=["mapping-configs"])
Version = Annotated[int, Path(ge=1, le=2**31 - 1)]
MappingEdit = Annotated[Edit, Depends(edit_of(Kind.MAPPING))]


class MappingBody(msgspec.Struct, rename="camel", kw_only=True):
    """A mapping as it is written; `schemas/mapping` has its whole JSON Schema."""

    name: str
    entity_type: str
    extraction: JsonObject
    normalization: JsonObject
    transformation: JsonObject


class MappingDetail(msgspec.Struct, frozen=True, rename="camel"):
    """A mapping with the document of its active version.

    Attributes:
        text: the document as JSON text, its keys in the order of documents, every digit kept.
        warnings: what is allowed and probably not meant; looked for where it is saved.
    """

    mapping: MappingView
    document: JsonObject
    text: str
    warnings: list[Problem] = []


class MappingVersionDetail(msgspec.Struct, frozen=True, rename="camel"):
    """A version of a mapping with its document; `text` as in a mapping."""

    version: MappingVersionView
    document: JsonObject
    text: str


class Validation(msgspec.Struct, frozen=True, rename="camel"):
    """What is wrong with a draft, by JSON path; `warnings` are allowed and probably not meant."""

    valid: bool
    problems: list[Problem]
    warnings: list[Problem]


@router.get("")
async def list_mapping_configs(
    caller: Runner,
    api: Api,
    part: Annotated[SortedPart, Depends(part_of(MAPPING_SORTS))],
    search: Search = None,
    entity_type: Annotated[Text, Query(alias="entityType")] = None,
) -> Page[MappingView]:
    """List mappings, by name where no other order is wanted."""
    found = await _list(api).page(caller.tenant, listed(part, search), entity_type=entity_type)
    return part.page(found)


@router.post("/validate")
async def validate_mapping_config(
    body: Document[MappingBody], caller: Configurer, api: Api
) -> Validation:
    """Check a draft, also against the instances that use the mapping; nothing is written."""
    edit = Edit(caller.tenant, caller.actor, Kind.MAPPING, None)
    try:
        await edits.validate(api.configuration, edit, body.value)
    except InvalidInputError as error:
        return Validation(valid=False, problems=list(error.problems), warnings=[])
    found = await doubts(api, edit, body.value, None)
    return Validation(valid=True, problems=[], warnings=found)


@router.get("/{name}")
async def get_mapping_config(name: Name, caller: Runner, api: Api) -> Answered[MappingDetail]:
    """Return a mapping with the document of its active version."""
    return await _shown(api, caller.tenant, name)


@router.get("/{name}/versions")
async def list_mapping_config_versions(
    name: Name,
    caller: Runner,
    api: Api,
    paging: Paged,
    search: Annotated[Text, Query(description="A number, or part of who saved.")] = None,
) -> Page[MappingVersionView]:
    """List the versions of a mapping, newest first."""
    (before,) = paging.key(number) or (None,)
    part = ListPart(limit=paging.limit, search=search)
    found = await _list(api).versions(caller.tenant, name, before, part)
    return paging.page(found, lambda version: [str(version.version)])


@router.post("/{name}/versions", status_code=201)
async def add_mapping_config_version(
    body: Document[MappingBody], edit: MappingEdit, api: Api
) -> MappingVersionDetail:
    """Save a new version without making it active: new runs go on with the one they use."""
    version = await edits.add_version(api.configuration, edit, body.value)
    view, document = await _list(api).version(edit.tenant, edit.name or "", version)
    return MappingVersionDetail(view, in_order(document), _text(document))


@router.get("/{name}/versions/{version}")
async def get_mapping_config_version(
    name: Name, version: Version, caller: Runner, api: Api
) -> MappingVersionDetail:
    """Return a version of a mapping, as it was saved."""
    view, document = await _list(api).version(caller.tenant, name, version)
    return MappingVersionDetail(view, in_order(document), _text(document))


@router.post("/{name}/versions/{version}/activate")
async def activate_mapping_config_version(
    name: Name, version: Version, edit: MappingEdit, api: Api
) -> Answered[MappingDetail]:
    """Make a version the one that new runs use; runs under way keep theirs."""
    _, before = await _list(api).get(edit.tenant, name)
    await edits.activate_version(api.configuration, edit, version)
    _, after = await _list(api).version(edit.tenant, name, version)
    found = await doubts(api, edit, after, version_step(name, before, after))
    return await _shown(api, edit.tenant, name, found)


async def _saved(api: Api, edit: Edit, body: Document[MappingBody]) -> Answered[MappingDetail]:
    """Store a mapping: what differs becomes the next version, which new runs use."""
    name, warnings = await save(api, edit, body)
    shown = await _shown(api, edit.tenant, name, warnings)
    return saved(router, edit, name, shown.value, shown.value.mapping.etag)


add_routes(router, Kind.MAPPING, "mapping_config", _saved)


async def _shown(
    api: Api, tenant: str, name: str, warnings: Sequence[Problem] = ()
) -> Answered[MappingDetail]:
    view, document = await _list(api).get(tenant, name)
    detail = MappingDetail(view, in_order(document), _text(document), list(warnings))
    return Answered(detail, etag(view.etag))


def _text(document: JsonObject) -> str:
    """Write a document as a person edits it."""
    return msgspec.json.format(encode(in_order(document)), indent=2).decode()


def _list(api: Api) -> MappingList:
    return MappingList(api.database)


@router.post("/dry-run")
async def dry_run_unsaved_mapping_config(
    body: DryRunRequest, caller: Configurer, api: Api
) -> DryRun:
    """Run up to 20 records through a draft of a new mapping."""
    return await _dry_run(api, caller, None, body)


@router.post("/{name}/dry-run")
async def dry_run_mapping_config(
    name: Name, body: DryRunRequest, caller: Configurer, api: Api
) -> DryRun:
    """Run up to 20 records of the source through a mapping, a version of it, or a draft.

    Reading the source is for who may see payloads, and is audited.
    """
    return await _dry_run(api, caller, name, body)


@router.post("/{name}/try-draft")
async def try_mapping_config_draft(
    name: Name, body: TrialRequest, caller: Configurer, api: Api
) -> Trial:
    """Compare a draft with the active version over stored raw records and dead letters.

    For who may see payloads; it is audited.
    """
    trier = DraftTrier(api.database, api.keyring, api.settings.kafka())
    return await trier.run(caller.tenant, name, body, caller.payload_viewer())


async def _dry_run(api: Api, caller: Caller, name: str | None, body: DryRunRequest) -> DryRun:
    if body.records is None:
        caller.payload_viewer()
    runner = DryRunner(api.database, api.keyring, api.settings.surroundings(caller.tenant))
    return await runner.run(caller.tenant, name, body, caller.actor)
