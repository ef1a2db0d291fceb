"""Schemas of what routes read and answer: msgspec structs in the OpenAPI document.

The structs are the read models that the command line prints with `--json`, so both say the same.
"""

from __future__ import annotations

from typing import Any

import msgspec

from syncline.domain.record import JsonObject

_REF = "#/components/schemas/{name}"
_ANSWERED: JsonObject = {}
"""Every type that a route answers with, by the name of its schema."""
_ACCEPTED: JsonObject = {}
"""Every type that a route reads from a body, likewise."""


def returns(kind: Any, status: int = 200) -> dict[int | str, JsonObject]:  # noqa: ANN401 - a type
    """Return the `responses` of a route that answers with a struct, or a page of one."""
    name = schema_name(kind)
    _ANSWERED[name] = kind
    description = (kind.__doc__ or "").partition("\n")[0] or name
    return {status: {"description": description, "content": content_of(name)}}


def accepts(kind: type[msgspec.Struct]) -> JsonObject:
    """Document what a route reads from a body: the `openapi_extra` of its decorator."""
    _ACCEPTED[kind.__name__] = kind
    return {"requestBody": {"required": True, "content": content_of(kind.__name__)}}


def content_of(name: str, media_type: str = "application/json") -> JsonObject:
    """Return the `content` that refers to a schema."""
    return {media_type: {"schema": {"$ref": _REF.format(name=name)}}}


def schema_name(kind: Any) -> str:  # noqa: ANN401 - a type
    """Return the name under which a type stands in the document: RunViewPage for Page[RunView]."""
    parameters = getattr(kind, "__args__", ())
    name: str = getattr(kind, "__origin__", kind).__name__
    return "".join([*map(schema_name, parameters), name])


def components() -> JsonObject:
    """Return the schemas of everything that routes answer with or accept, by name."""
    found: JsonObject = {}
    for name, kind in _ACCEPTED.items():
        found |= _schemas(name, kind)
    for name, kind in _ANSWERED.items():
        found |= {part: _all_required(schema) for part, schema in _schemas(name, kind).items()}
    return found


def _schemas(name: str, kind: Any) -> dict[str, JsonObject]:  # noqa: ANN401 - a type
    """Return the schemas of a type and of all that it is made of."""
    (root,), parts = msgspec.json.schema_components([kind], ref_template=_REF)
    parts[name] = parts.pop(root["$ref"].rpartition("/")[2]) | {"title": name}
    return parts


def _all_required(schema: JsonObject) -> JsonObject:
    """Answers leave no field out, whatever its default."""
    if "properties" in schema:
        return schema | {"required": list(schema["properties"])}
    return schema
