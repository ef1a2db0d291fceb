"""The schemas that forms are made of know exactly what the connectors take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from syncline.connectors.registry import connector_class, names

SOUND: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "postgresql": (
        {
            "host": "h", "port": 5432, "database": "d", "user": "u", "schema": "s",
            "sslmode": "require", "sslrootcert": "/ca.pem", "statementTimeout": 5,
        },
        {"password": "x"},
    ),
    "sqlite": ({"file": "/a.db", "statementTimeout": 5}, {}),
    "file": ({"folder": "/a"}, {}),
    "http": (
        {
            "baseUrl": "https://e.example", "headers": {"X-A": "b"}, "caFile": "/ca.pem",
            "timeouts": {"connect": 1, "total": 2}, "maxAnswerBytes": 5000,
            "idempotencyHeader": "Idem", "test": {"endpoint": "/me"},
            "errors": {"message": "m", "code": "c", "inSuccess": "e",
                       "rules": [{"status": 500, "contains": "x", "category": "permanent"}]},
            "auth": {"type": "oauth2", "header": "X-Key", "username": "u", "tokenUrl": "/t",
                     "clientId": "c", "scope": "s", "audience": "a", "clientAuth": "body"},
        },
        {"clientSecret": "x"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", names())
def test_schema_takes_every_setting_that_the_connector_takes(name: str) -> None:
    config, secrets = SOUND[name]
    kind = connector_class(name)
    schema = kind.profile_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"config": config, "secrets": secrets}, schema)
    assert kind.config_problems(config, secrets) == []


@pytest.mark.parametrize("name", names())
def test_schema_names_nothing_that_the_connector_refuses(name: str) -> None:
    config, _ = SOUND[name]
    parts = connector_class(name).profile_schema()["properties"]
    assert set(_paths(parts["config"])) == set(_leaves(config))
    assert parts["secrets"]["additionalProperties"] is False


@pytest.mark.parametrize("name", names())
def test_required_settings_are_those_that_the_connector_misses(name: str) -> None:
    kind = connector_class(name)
    missing = {p.path.removeprefix("$.config.") for p in kind.config_problems({}, {})}
    assert missing == set(kind.profile_schema()["properties"]["config"]["required"])


def _paths(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, part in schema.get("properties", {}).items():
        if "properties" in part:
            yield from _paths(part, f"{path}.{name}")
        else:
            yield f"{path}.{name}"


def _leaves(value: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, part in value.items():
        if isinstance(part, dict) and name != "headers":
            yield from _leaves(part, f"{path}.{name}")
        else:
            yield f"{path}.{name}"
