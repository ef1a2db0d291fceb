"""The OpenAPI document is what the gateway answers: docs/openapi.json is made of its routes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema.validators import validator_for

from syncline_gateway.app import documented
from syncline_gateway.openapi import document
from syncline_gateway.openapi_page import PAGE, page

STORED = Path(__file__).parents[2] / PAGE
DOCUMENT: dict[str, Any] = document(documented())
OPERATIONS = [
    pytest.param(operation, id=f"{method} {path}")
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
]


def test_the_page_is_current() -> None:
    assert STORED.read_text() == page(), "run `python -m syncline_gateway.openapi_page`"


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    named = {part.split('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}
    assert named - DOCUMENT["components"]["schemas"].keys() == set()


def test_every_schema_is_one() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        validator_for(schema).check_schema(schema)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_says_what_it_does_and_what_it_answers(operation: Any) -> None:
    assert operation["summary"]
    assert operation["description"], "a docstring of its route"
    good = [s for s in operation["responses"] if s.startswith("2")]
    assert good
    for status in good:
        if status != "204":
            assert operation["responses"][status]["content"]
    assert operation["responses"]["4XX"]["content"]["application/problem+json"]
