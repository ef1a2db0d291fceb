"""JSON Schema of the documents, so that editors complete and check them.

`python -m syncline.resources.schema` writes docs/schemas/syncline.schema.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from syncline.resources.documents import InstanceDocument, ProfileDocument, ScheduleDocument
from syncline.resources.mapping_document import MappingDocument

_ANY = Annotated[
    ProfileDocument | MappingDocument | InstanceDocument | ScheduleDocument,
    Field(discriminator="kind"),
]


def schema() -> dict[str, Any]:
    """Return the schema of one document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "syncline.schema.json",
        "title": "Syncline configuration document",
        **TypeAdapter(_ANY).json_schema(by_alias=True),
    }


def text() -> str:
    """Return the schema as it stands in docs/schemas."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    path = Path("docs/schemas/syncline.schema.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text())
