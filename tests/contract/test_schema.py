"""The published JSON Schema: current, and true to what `apply` takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from syncline.resources.schema import schema, text

STORED = Path(__file__).parents[2] / "docs" / "schemas" / "syncline.schema.json"
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
    {"kind": "Subscription", "name": "ops", "addresses": ["ops@example.com"]},
    {"kind": "Subscription", "name": "c", "format": "slack", "secrets": {"url": {"fromEnv": "U"}}},
]


def test_schema_in_docs_is_current() -> None:
    assert STORED.read_text() == text(), "run `python -m syncline.resources.schema`"


@pytest.mark.parametrize("document", GOOD)
def test_schema_takes_good_documents(document: dict[str, Any]) -> None:
    jsonschema.validate(document, json.loads(STORED.read_text()))


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "Profile", "name": "a"},
        {"kind": "Profile", "name": "a", "connector": "http", "secrets": {"t": "plain"}},
        {"kind": "Schedule", "name": "a"},
        {"kind": "Subscription", "name": "a", "url": "https://x.test", "secrets": {"signing": "s"}},
        MAPPING | {"extraction": {"mode": "guess", "idColumn": "id"}},
    ],
)
def test_schema_refuses_bad_documents(document: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema())
