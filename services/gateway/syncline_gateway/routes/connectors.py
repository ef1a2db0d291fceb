"""`connectors`, `schemas`, `canonical-schemas`: what people may write, for forms and editors."""

from __future__ import annotations

import msgspec

from syncline.connectors.registry import connector_class, names
from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import NotFoundError
from syncline.domain.mapping.canonical.schema import (
    SCHEMA_NAMES,
    SchemaName,
    canonical_schema,
    schema_document,
)
from syncline.domain.record import JsonObject
from syncline.resources.schema import schema_of, transformers
from syncline_gateway.access.caller import Runner
from syncline_gateway.requests.parameters import Page
from syncline_gateway.requests.resource import Resource

router = Resource(tags=["connectors"])
_CAPABILITIES = (
    "source",
    "target",
    "idempotent_upsert",
    "bulk_size",
    "lookup",
    "read_back",
    "smart_sync",
)
_SCHEMAS = {kind.lower(): kind for kind in Kind}


class ConnectorView(msgspec.Struct, frozen=True, rename="camel"):
    """A connector that is installed.

    Attributes:
        source, target: directions it works in.
        bulk_size: most records of one write.
        lookup: it can find a record by its match key.
        read_back: a mapping may `verify` what was written.
        driver_missing: what to install before a profile may use it; null where nothing is missing.
        profile_schema: JSON Schema of a profile's `config` and `secrets`.
    """

    name: str
    title: str
    description: str
    source: bool
    target: bool
    idempotent_upsert: bool
    bulk_size: int
    lookup: bool
    read_back: bool
    smart_sync: bool
    driver_missing: str | None
    profile_schema: JsonObject


class DocumentSchema(msgspec.Struct, frozen=True, rename="camel"):
    """The JSON Schema of a kind of document.

    Of mappings also the transformers with the names of their options, null where one takes any.
    """

    kind: str
    json_schema: JsonObject
    transformers: dict[str, list[str] | None]


class CanonicalSchemaView(msgspec.Struct, frozen=True, rename="camel"):
    """The canonical schema of an entity type; `name` is the entity type's."""

    name: str
    title: str
    description: str


class CanonicalSchemaDetail(msgspec.Struct, frozen=True, rename="camel"):
    """A canonical schema as JSON Schema.

    `x-unit` in it is the unit of a number, `x-systems` what a value is called in each system.
    """

    name: str
    json_schema: JsonObject


@router.get("/connectors")
async def list_connectors(_caller: Runner) -> Page[ConnectorView]:
    """List the connectors that are installed; there are few, so always all of them."""
    return Page([_view(name) for name in names()], None)


@router.get("/schemas/{kind}")
async def get_document_schema(kind: str, _caller: Runner) -> DocumentSchema:
    """Return the JSON Schema of a kind of document, such as `mapping`, as this API takes it.

    That of `subscription` is for files: the API has webhooks and e-mail subscriptions of their own.
    """
    if kind not in _SCHEMAS:
        raise NotFoundError(f"no schema {kind[:50]!r}: there are {', '.join(_SCHEMAS)}")
    known = transformers() if kind == "mapping" else {}
    return DocumentSchema(kind, schema_of(_SCHEMAS[kind]), known)


@router.get("/canonical-schemas")
async def list_canonical_schemas(_caller: Runner) -> Page[CanonicalSchemaView]:
    """List the entity types that have a canonical schema; always all of them."""
    found = map(canonical_schema, SCHEMA_NAMES)
    return Page([CanonicalSchemaView(s.name, s.title, s.description) for s in found], None)


@router.get("/canonical-schemas/{name}")
async def get_canonical_schema(name: str, _caller: Runner) -> CanonicalSchemaDetail:
    """Return the canonical schema of an entity type, such as `item`."""
    known: dict[str, SchemaName] = {each: each for each in SCHEMA_NAMES}
    if name not in known:
        raise NotFoundError(f"no canonical schema {name[:50]!r}: there are {', '.join(known)}")
    return CanonicalSchemaDetail(name, schema_document(known[name]))


def _view(name: str) -> ConnectorView:
    kind = connector_class(name)
    schema = kind.profile_schema()
    return ConnectorView(
        name=name,
        title=schema.get("title", name),
        description=schema.get("description", ""),
        driver_missing=kind.driver.missing() if kind.driver else None,
        profile_schema=schema,
        **{field: getattr(kind.capabilities, field) for field in _CAPABILITIES},
    )
