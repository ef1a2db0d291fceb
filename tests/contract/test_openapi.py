"""The OpenAPI document is what the gateway answers: docs/openapi.json is made of its routes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from jsonschema.validators import validator_for

from syncline_gateway.openapi_page import PAGE, document, page
from syncline_gateway.requests.parameters import query_parameters
from syncline_gateway.routes import ROUTERS

STORED = Path(__file__).parents[2] / PAGE
DOCUMENT: dict[str, Any] = document()
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


NAMES = {
    "post /api/v1/sync-events": "triggerSync",
    "get /api/v1/instances": "listInstances",
    "get /api/v1/instances/{name}": "getInstance",
    "post /api/v1/instances": "createInstance",
    "put /api/v1/instances/{name}": "replaceInstance",
    "delete /api/v1/instances/{name}": "deleteInstance",
    "post /api/v1/instances/{name}/activate": "activateInstance",
    "get /api/v1/mapping-configs/{name}/versions/{version}": "getMappingConfigVersion",
    "post /api/v1/mapping-configs/{name}/versions/{version}/activate": (
        "activateMappingConfigVersion"
    ),
    "get /api/v1/webhooks/{webhook}/deliveries": "listWebhookDeliveries",
    "post /api/v1/webhooks/{webhook}/rotate-secret": "rotateWebhookSecret",
    "get /api/v1/dlq": "listDeadLetters",
    "post /api/v1/schedules/{name}/run-now": "runScheduleNow",
    "get /api/v1/pipeline/health": "getPipelineHealth",
    "get /api/v1/dashboard": "getDashboard",
}


def test_operations_have_names_that_read_well_and_stay() -> None:
    names = {
        f"{method} {path}": operation["operationId"]
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
    }
    assert len(set(names.values())) == len(names)
    assert {place: names[place] for place in NAMES} == NAMES
    assert [
        name for name in names.values() if not re.fullmatch(r"[a-z]+([A-Z][a-z]*)*", name)
    ] == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_answer_has_a_schema(operation: Any) -> None:
    for status, response in operation["responses"].items():
        for kind, content in response.get("content", {}).items():
            assert content.get("schema"), (status, kind)


def test_the_document_names_its_servers() -> None:
    assert [server["url"] for server in DOCUMENT["servers"]] == ["/", "http://127.0.0.1:18000"]


def test_a_route_takes_the_query_parameters_that_the_document_names() -> None:
    every = [r for router in ROUTERS for r in router.routes if isinstance(r, APIRoute)]
    routes = [route for route in every if route.include_in_schema]
    for route in routes:
        for method in route.methods or ():
            operation = DOCUMENT["paths"][f"/api/v1{route.path}"][method.lower()]
            named = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"]
            assert sorted(query_parameters(route)) == sorted(named), route.path
