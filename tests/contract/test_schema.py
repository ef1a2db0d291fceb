"""The published JSON Schema: current, in step with the domain, and true to what `apply` takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from syncline.domain.mapping import document as domain
from syncline.resources import mapping_document as published
from syncline.resources.schema import schema, text

STORED = Path(__file__).parents[2] / "docs" / "schemas" / "syncline.schema.json"
PAIRS = [
    (domain.Condition, published.ConditionPart),
    (domain.Extraction, published.ExtractionPart),
    (domain.NormalizationField, published.NormalizationFieldPart),
    (domain.TransformationField, published.TransformationFieldPart),
    (domain.StaticValue, published.StaticValuePart),
    (domain.Normalization, published.NormalizationPart),
    (domain.Transformation, published.TransformationPart),
]
MAPPING: dict[str, Any] = {
    "kind": "Mapping",
    "name": "items",
    "entityType": "item",
    "extraction": {"table": "OITM", "idColumn": "ItemCode"},
    "normalization": {"fields": [{"source": "ItemCode", "target": "sku", "transform": "trim"}]},
    "transformation": {"fields": [{"source": "sku", "target": "sku", "transform": ["trim"]}]},
}
GOOD: list[dict[str, Any]] = [
    MAPPING,
    {"kind": "Profile", "name": "a", "connector": "http", "secrets": {"t": {"fromEnv": "T"}}},
    {"kind": "Instance", "name": "i", "source": "a", "target": "b", "apiVersion": "syncline/v1"},
]


def test_schema_in_docs_is_current() -> None:
    assert STORED.read_text() == text(), "run `python -m syncline.resources.schema`"


@pytest.mark.parametrize(("struct", "model"), PAIRS)
def test_schema_has_the_fields_of_the_domain(struct: Any, model: Any) -> None:
    own = {field.encode_name for field in msgspec.structs.fields(struct)}
    assert {field.alias or name for name, field in model.model_fields.items()} == own


@pytest.mark.parametrize("document", GOOD)
def test_schema_takes_good_documents(document: dict[str, Any]) -> None:
    jsonschema.validate(document, json.loads(STORED.read_text()))


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "Profile", "name": "a"},
        {"kind": "Profile", "name": "a", "connector": "http", "secrets": {"t": "plain"}},
        {"kind": "Schedule", "name": "a"},
        MAPPING | {"extraction": {"mode": "guess", "idColumn": "id"}},
    ],
)
def test_schema_refuses_bad_documents(document: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema())
