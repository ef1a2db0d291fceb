"""JSON Schema of the documents, so that editors complete and check them.

`python -m syncline.resources.schema` writes docs/schemas/syncline.schema.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from syncline.domain.configuration.documents import Kind
from syncline.domain.mapping.transformers.registry import registry
from syncline.domain.record import JsonObject
from syncline.resources.documents import REQUESTS, Document

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> JsonObject:
    """Return the schema of one document."""
    return {
        "$schema": _DRAFT,
        "$id": "syncline.schema.json",
        "title": "Syncline configuration document",
        **TypeAdapter(Annotated[Document, Field(discriminator="kind")]).json_schema(),
    }


def schema_of(kind: Kind) -> JsonObject:
    """Return the schema of one kind of document as the API takes it: without its `kind`."""
    found = TypeAdapter(REQUESTS[kind]).json_schema()
    found["properties"] = {n: s for n, s in found["properties"].items() if n not in _LEFT_OUT}
    found["required"] = [name for name in found["required"] if name not in _LEFT_OUT]
    return {"$schema": _DRAFT, **found}


_LEFT_OUT = ("kind", "apiVersion")


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
