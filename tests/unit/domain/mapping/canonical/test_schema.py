"""The files of the canonical schemas: sound JSON Schema, described, and whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from syncline.domain.mapping.canonical import schema as schemas
from syncline.domain.mapping.canonical.columns import PATTERNS
from syncline.domain.mapping.canonical.schema import (
    SCHEMA_NAMES,
    SchemaName,
    SchemaNode,
    canonical_schema,
    schema_document,
)
from syncline.domain.mapping.conformance import field_type
from syncline.domain.mapping.paths import parse_path

SYSTEMS = {"Shopify", "WooCommerce", "SAP Business One", "Wix", "Portal"}
PORTAL = {
    "bpgroup", "paymentterms", "itemgroup", "pricelist", "salesquotation", "salesorder",
}  # fmt: skip
ROOT = Path(__file__).parents[5]


def nodes(node: SchemaNode, path: str = "") -> Iterator[tuple[str, SchemaNode]]:
    """Every value of a schema, with its path."""
    for name, inner in node.properties.items():
        yield f"{path}.{name}", inner
        yield from nodes(inner, f"{path}.{name}")
    if node.items is not None:
        yield from nodes(node.items, f"{path}[]")


def test_there_is_a_file_for_each_name_and_no_other() -> None:
    folder = Path(schemas.__file__).parent / "schemas"
    assert {file.stem for file in folder.iterdir()} == {*SCHEMA_NAMES, "parts"}


@pytest.mark.parametrize("name", SCHEMA_NAMES)
def test_a_schema_is_sound(name: SchemaName) -> None:
    jsonschema.Draft202012Validator.check_schema(schema_document(name))
    found = canonical_schema(name)
    assert (found.name, found.kind, found.additional_properties) == (name, "object", False)
    assert found.systems.keys() <= SYSTEMS
    assert ("Portal" in found.systems) == (name in PORTAL)
    assert "custom" in found.properties
    for path, node in nodes(found):
        assert node.description.endswith("."), path
        assert node.systems.keys() <= SYSTEMS, path
        assert field_type(node) is not None, path
        assert set(node.required) <= node.properties.keys(), path
        assert node.pattern is None or node.pattern in PATTERNS, path
        assert bool(node.properties) != node.additional_properties, path


@pytest.mark.parametrize("name", SCHEMA_NAMES)
def test_only_what_is_required_may_not_be_null(name: SchemaName) -> None:
    found = canonical_schema(name)
    for node in (found, *(node for _, node in nodes(found))):
        kept = {key for key, inner in node.properties.items() if "null" not in inner.types}
        assert kept == set(node.required)


def test_a_schema_names_only_schemas_that_there_are() -> None:
    for name in SCHEMA_NAMES:
        for path, node in nodes(canonical_schema(name)):
            named = re.findall(r"by the code of `(\w+)`", node.description)
            assert set(named) <= set(SCHEMA_NAMES), f"{name}{path}"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("id", "string"), ("lines", "array"), ("lines[]", "object"),
        ("lines[3].quantity", "number"),
        ("lines[].custom.colour[0]", ""), ("custom.any.thing", ""), ("tags[]", "string"),
        ("billingAddress.country", "string"),
    ],
)  # fmt: skip
def test_a_path_leads_to_its_node(path: str, kind: str) -> None:
    found = canonical_schema("order").inside(parse_path(path))
    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize("path", ["lines.sku", "ids", "lines[].sku.x", "id[0]", "billingAddress.x"])
def test_a_path_leads_out_of_the_schema(path: str) -> None:
    assert canonical_schema("order").inside(parse_path(path)) is None


def test_a_part_is_described_where_it_is_used() -> None:
    address = canonical_schema("order").properties["billingAddress"]
    assert address.description == "Where the bill goes."
    assert address.types == ("object", "null")
    assert address.properties["country"].systems["Shopify"] == "countryCodeV2"


def values_of(value: Any) -> Iterator[Any]:
    yield value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inside:
        yield from values_of(each)


def test_no_reference_is_left() -> None:
    for name in SCHEMA_NAMES:
        found = [v for v in values_of(schema_document(name)) if isinstance(v, dict) and "$ref" in v]
        assert found == []
