"""JSON Schema of the documents, so that editors complete and check them.

`python -m syncline.resources.schema` writes docs/schemas/syncline.schema.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from syncline.domain.configuration.documents import Kind
from syncline.domain.mapping.transformers.registry import registry
from syncline.resources.documents import (
    Document,
    InstanceDocument,
    ProfileDocument,
    ScheduleDocument,
)
from syncline.resources.mapping_document import MappingDocument

_ANY = Annotated[
    ProfileDocument | MappingDocument | InstanceDocument | ScheduleDocument,
    Field(discriminator="kind"),
]
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Return the schema of one document."""
    return {
        "$schema": _DRAFT,
        "$id": "syncline.schema.json",
        "title": "Syncline configuration document",
        **TypeAdapter(_ANY).json_schema(by_alias=True),
    }


def schema_of(kind: Kind) -> dict[str, Any]:
    """Return the schema of one kind of document as the API takes it: without its `kind`."""
    models: dict[Kind, type[Document]] = {
        Kind.PROFILE: ProfileDocument,
        Kind.MAPPING: MappingDocument,
        Kind.INSTANCE: InstanceDocument,
        Kind.SCHEDULE: ScheduleDocument,
    }
    found = models[kind].model_json_schema(by_alias=True)
    found["properties"] = {n: s for n, s in found["properties"].items() if n not in _LEFT_OUT}
    found["required"] = [name for name in found["required"] if name not in _LEFT_OUT]
    if kind is Kind.PROFILE:
        found["properties"]["secrets"] = _SECRETS
    return {"$schema": _DRAFT, **found}


_LEFT_OUT = ("kind", "apiVersion")
_SECRETS = {
    "type": "object",
    "additionalProperties": {"type": "string"},
    "description": "Secrets by value; `***` keeps the one that is stored. Never given back.",
}


def transformers() -> dict[str, list[str] | None]:
    """Return every transformer with the names of its options; None: it takes any."""
    return {
        name: None if options is None else sorted(options)
        for name, _, options in sorted(registry().values(), key=lambda entry: entry[0].lower())
    }


def text() -> str:
    """Return the schema as it stands in docs/schemas."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    path = Path("docs/schemas/syncline.schema.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text())
