"""Entity types of a vendor's API: ready blocks of the HTTP connector, and what a mapping adds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec
from pydantic import Field

from syncline.connectors.http.settings.extraction import USUAL
from syncline.connectors.http.settings.fields import Whole
from syncline.connectors.settings import ConnectorSettings
from syncline.domain.errors import Problem
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.domain.naming import meant, shown, unknown

ENTITY = "entity"
_SOURCE = "$.extraction"
_OPTIONS = f"{_SOURCE}.options"


class Entity(msgspec.Struct, frozen=True):
    """One entity type.

    Attributes:
        source: the extraction block by which it is read; None where it is no source.
        open: parameters of `source` that a mapping may set to something else.
        target: the target block by which it is written; None where it is no target.
        match_key: the field by which the target finds its records; "" where any will do.
    """

    source: Extraction | None = None
    open: frozenset[str] = frozenset()
    target: Mapping[str, object] | None = None
    match_key: str = ""


class EntityTarget(ConnectorSettings):
    """What a mapping's target block says beside its entity type."""

    entity: str
    bulk_size: Annotated[Whole | None, Field(ge=1, le=1000)] = None
    """Records in one call; never more than the API takes."""


def sources(entities: Mapping[str, Entity]) -> dict[str, Extraction]:
    """Return how entity types are read, of those that can be."""
    return {name: each.source for name, each in entities.items() if each.source is not None}


def targets(entities: Mapping[str, Entity]) -> dict[str, Mapping[str, object]]:
    """Return how entity types are written, of those that can be."""
    return {name: each.target for name, each in entities.items() if each.target is not None}


def entity_problem(given: object, known: Mapping[str, object], path: str) -> Problem | None:
    """Say what is wrong with the name of an entity type; None where it is one of `known`."""
    names = ", ".join(known)
    if given is None or given == "":
        return Problem(f"{path}.{ENTITY}", f"is required: one of {names}")
    if not isinstance(given, str) or given not in known:
        words = f"unknown entity type {shown(given)}{meant(given, known)}; known: {names}"
        return Problem(f"{path}.{ENTITY}", words)
    return None


def with_additions(ready: Extraction, given: Extraction) -> Extraction:
    """Return a ready extraction with what the mapping adds to it."""
    paging, size = dict(ready.paging or {}), (given.paging or {}).get("size")
    if size is not None:
        most = paging.get("size")
        paging["size"] = min(size, most) if isinstance(size, int) and most else size
    return dataclasses.replace(
        ready,
        cursor_column=given.cursor_column,
        cursor_type=given.cursor_type,
        cursor_format=given.cursor_format,
        lookback=given.lookback,
        parameters={**ready.parameters, **given.parameters},
        paging=paging,
    )


def addition_problems(
    name: str, entity: Entity, ready: Extraction, given: Extraction, options: frozenset[str]
) -> Iterator[Problem]:
    """Name what a mapping says of an entity type that is not for it to say.

    `options` are the names that the connector takes in `extraction.options`.
    """
    if given.mode is not ExtractionMode.API:
        yield Problem(f"{_SOURCE}.mode", f"must be `api`, not {given.mode}")
    if given.id_column != ready.id_column:
        yield Problem(f"{_SOURCE}.idColumn", f"must be `{ready.id_column}` for {name}")
    yield from _cursor_problems(name, ready, given)
    own = {"endpoint": given.endpoint, "filters": given.filters, "columns": given.columns}
    fixed = {*ready.parameters, *_paging_names(ready)} - entity.open
    taken = [f"parameters.{each}" for each in given.parameters if each in fixed]
    taken += [f"paging.{each}" for each in given.paging or {} if each != "size"]
    for each in [*(part for part, value in own.items() if value), *taken]:
        yield Problem(f"{_SOURCE}.{each}", f"is set by `{ENTITY}: {name}`: leave it out")
    for each in given.options:
        if each not in options:
            yield Problem(f"{_OPTIONS}.{each}", unknown("setting", each, sorted(options)))


def _cursor_problems(name: str, ready: Extraction, given: Extraction) -> Iterator[Problem]:
    if given.cursor_column is None:
        return
    path = f"{_SOURCE}.cursorColumn"
    if ready.cursor_column is None:
        yield Problem(path, f"leave it out: {name} cannot be asked for changes, and is read whole")
    elif given.cursor_column != ready.cursor_column:
        yield Problem(path, f"must be `{ready.cursor_column}` for {name}")
    elif (given.cursor_type, given.cursor_format) != (ready.cursor_type, ready.cursor_format):
        form = ready.cursor_format
        words = f" and `cursorFormat: {form}`" if form else ", without `cursorFormat`"
        yield Problem(path, f"needs `cursorType: {ready.cursor_type}`{words}")


def _paging_names(ready: Extraction) -> list[str]:
    paging = ready.paging or {}
    stable = ready.options.get("stable")
    names = [str(paging[each]) for each in ("parameter", "sizeParameter") if each in paging]
    names += [USUAL[kind]] if (kind := str(paging.get("type"))) in USUAL else []
    return names + list(stable["parameters"] if isinstance(stable, dict) else ())


def with_bulk_size(ready: Mapping[str, object], given: EntityTarget) -> dict[str, object]:
    """Return a ready target block with calls of as many records as the mapping says, or fewer."""
    block = dict(ready)
    for part in (block, block.get("update")):
        if given.bulk_size and isinstance(part, dict) and "bulkSize" in part:
            part["bulkSize"] = min(given.bulk_size, part["bulkSize"])
    return block
