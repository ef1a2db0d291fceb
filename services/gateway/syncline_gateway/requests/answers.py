"""Answers: msgspec structs as JSON, and their schemas for the OpenAPI document.

The structs are the read models that the command line prints with `--json`, so both say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import Response

REF = "#/components/schemas/{name}"
_encode = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode
_ANSWERED: dict[str, Any] = {}
"""Every type that a route answers with, by the name of its schema."""
_ACCEPTED: dict[str, Any] = {}
"""Every type that the domain reads from a body, likewise."""


def answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Encode a struct as the answer."""
    return Response(_encode(value), status, dict(headers or {}), "application/json")


def returns(kind: Any, status: int = 200, description: str = "") -> dict[int | str, dict[str, Any]]:  # noqa: ANN401
    """Document what a route answers with: the `responses` of its decorator.

    Args:
        kind: a msgspec struct type, or Page[...] of one.
    """
    name = schema_name(kind)
    _ANSWERED[name] = kind
    schema = {"$ref": REF.format(name=name)}
    words = description or (kind.__doc__ or "").partition("\n")[0] or name
    return {status: {"description": words, "content": {"application/json": {"schema": schema}}}}


def accepted(kind: type[msgspec.Struct]) -> str:
    """Note a type that bodies have, and return the name of its schema."""
    _ACCEPTED[schema_name(kind)] = kind
    return schema_name(kind)


def schema_name(kind: Any) -> str:  # noqa: ANN401 - a type
    """Return the name under which a type stands in the document."""
    parameters = getattr(kind, "__args__", ())
    name: str = getattr(kind, "__origin__", kind).__name__
    return "".join([*(schema_name(parameter) for parameter in parameters), name])


def components() -> dict[str, Any]:
    """Return the schemas of everything that routes answer with or accept, by name."""
    found: dict[str, Any] = {}
    for name, kind in _ACCEPTED.items():
        found |= _schemas(name, kind)
    for name, kind in _ANSWERED.items():
        found |= {part: _all_required(schema) for part, schema in _schemas(name, kind).items()}
    return found


def _schemas(name: str, kind: Any) -> dict[str, Any]:  # noqa: ANN401 - a type
    """Return the schemas of a type and of all that it is made of."""
    (root,), parts = msgspec.json.schema_components([kind], ref_template=REF)
    own = root["$ref"].rpartition("/")[2]
    parts[own]["title"] = name
    return {
        name if part == own else _plain(part): _with_plain_references(schema)
        for part, schema in parts.items()
    }


def _plain(name: str) -> str:
    """Names of schemas hold letters, digits, `.`, `-` and `_` only."""
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in name)


def _with_plain_references(schema: Any) -> Any:  # noqa: ANN401 - a JSON document
    if isinstance(schema, dict):
        return {
            key: REF.format(name=_plain(value.rpartition("/")[2]))
            if key == "$ref"
            else _with_plain_references(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_with_plain_references(part) for part in schema]
    return schema


def _all_required(schema: dict[str, Any]) -> dict[str, Any]:
    """Answers leave no field out, whatever its default."""
    if "properties" in schema:
        return schema | {"required": list(schema["properties"])}
    return schema
