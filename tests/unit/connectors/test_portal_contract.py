"""The contract of the Portal has the canonical schemas, and the connector asks for what it says."""

from __future__ import annotations

from typing import Any

import pytest

from syncline.connectors.portal.entities import DOCUMENTS, ENTITIES, MASTER, MOST
from syncline.domain.mapping.canonical.schema import SchemaName, SchemaNode, canonical_schema
from tests.support.portal_hub import contract, operation_of

COMPONENTS = contract()["components"]


def as_canonical(schema: dict[str, Any]) -> Any:
    """Return a schema of the contract by what counts in it, its parts in their places."""
    if "$ref" in schema:
        return as_canonical(COMPONENTS["schemas"][schema["$ref"].rpartition("/")[2]])
    if "oneOf" in schema:
        part, _null = schema["oneOf"]
        return as_canonical(part) | {"types": {"object", "null"}}
    return {
        "types": set(schema["type"] if isinstance(schema["type"], list) else [schema["type"]]),
        "enum": schema.get("enum", []), "pattern": schema.get("pattern"),
        "format": schema.get("format"), "minimum": schema.get("minimum"),
        "required": schema.get("required", []),
        "properties": {n: as_canonical(p) for n, p in schema.get("properties", {}).items()},
        "items": as_canonical(schema["items"]) if "items" in schema else None,
    }  # fmt: skip


def as_said(node: SchemaNode) -> Any:
    return {
        "types": set(node.types), "enum": node.enum, "pattern": node.pattern,
        "format": node.format, "minimum": node.minimum, "required": node.required,
        "properties": {n: as_said(p) for n, p in node.properties.items()},
        "items": as_said(node.items) if node.items else None,
    }  # fmt: skip


@pytest.mark.parametrize("name", [*MASTER, *DOCUMENTS])
def test_a_record_is_the_canonical_one(name: SchemaName) -> None:
    assert as_canonical(COMPONENTS["schemas"][name]) == as_said(canonical_schema(name))


def test_the_entity_types_are_those_of_the_connector() -> None:
    names = {n: COMPONENTS["parameters"][n]["schema"]["enum"] for n in ("entity", "master")}

    assert names == {"entity": list(ENTITIES), "master": list(MASTER)}


@pytest.mark.parametrize("name", ENTITIES)
def test_each_call_of_the_connector_is_in_the_contract(name: str) -> None:
    target: Any = ENTITIES[name].target
    calls = [("GET", f"/{name}"), (target.get("method", "POST"), target["endpoint"])]
    calls += [("DELETE", target["delete"]["endpoint"])]
    if "update" in target:
        calls += [(target["update"]["method"], target["update"]["endpoint"])]

    found = [operation_of(method, f"/api/v1{path}") for method, path in calls]

    assert None not in found
    assert COMPONENTS["parameters"]["limit"]["schema"]["maximum"] == MOST
