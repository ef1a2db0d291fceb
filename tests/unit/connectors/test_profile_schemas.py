"""The JSON Schemas that forms are made of: in one piece, and as strict as the check."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from syncline.connectors.registry import connector_class, names

SOUND: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "postgresql": (
        {
            "host": "h",
            "port": 5432,
            "database": "d",
            "user": "u",
            "schema": "s",
            "sslmode": "require",
            "sslrootcert": "/ca.pem",
            "statementTimeout": 5,
        },
        {"password": "x"},
    ),
    "mssql": (
        {
            "host": "h",
            "port": 1433,
            "database": "d",
            "user": "u",
            "sslmode": "verify-full",
            "timezone": "Europe/Berlin",
            "statementTimeout": 5,
        },
        {"password": "x"},
    ),
    "mysql": (
        {
            "host": "h",
            "port": 3306,
            "database": "d",
            "user": "u",
            "sslmode": "verify-ca",
            "timezone": "Europe/Berlin",
            "sslrootcert": "/ca.pem",
            "statementTimeout": 5,
        },
        {"password": "x"},
    ),
    "hana": (
        {
            "host": "h",
            "port": 30013,
            "database": "d",
            "user": "u",
            "schema": "s",
            "sslmode": "verify-full",
            "timezone": "Europe/Berlin",
            "sslrootcert": "/ca.pem",
            "statementTimeout": 5,
        },
        {"password": "x"},
    ),
    "oracle": (
        {
            "host": "h",
            "port": 1521,
            "database": "d",
            "user": "u",
            "sslmode": "verify-full",
            "timezone": "Europe/Berlin",
            "sslrootcert": "/ca.pem",
            "statementTimeout": 5,
        },
        {"password": "x"},
    ),
    "woocommerce": (
        {
            "shop": "https://shop.example",
            "consumerKey": "ck_1",
            "plainPermalinks": True,
            "caFile": "/ca.pem",
            "timeouts": {"connect": 1, "total": 2},
            "maxAnswerBytes": 5000,
        },
        {"consumerSecret": "x"},
    ),
    "business-one": (
        {
            "url": "https://b1.example:50000/b1s/v1",
            "company": "SBODemo",
            "username": "u",
            "pageSize": 50,
            "caFile": "/ca.pem",
            "timeouts": {"connect": 1, "total": 2},
            "maxAnswerBytes": 5000,
        },
        {"password": "x"},
    ),
    "wix": (
        {
            "siteId": "5d5a3a0e-59f0-4b5e-9f5e-3d1c5f0f7a11",
            "baseUrl": "https://wix.example",
            "caFile": "/ca.pem",
            "timeouts": {"connect": 1, "total": 2},
            "maxAnswerBytes": 5000,
        },
        {"apiKey": "x"},
    ),
    "portal": (
        {
            "baseUrl": "https://hub.example/api/v1",
            "caFile": "/ca.pem",
            "timeouts": {"connect": 1, "total": 2},
            "maxAnswerBytes": 5000,
        },
        {"integrationKey": "x"},
    ),
    "shopify": (
        {
            "shop": "my-shop",
            "clientId": "app",
            "apiVersion": "2026-10",
            "caFile": "/ca.pem",
            "timeouts": {"connect": 1, "total": 2},
            "maxAnswerBytes": 5000,
        },
        {"clientSecret": "x"},
    ),
    "sqlite": ({"file": "/a.db", "statementTimeout": 5}, {}),
    "file": ({"folder": "/a"}, {}),
    "kafka": (
        {
            "bootstrapServers": "kafka-1:9092,kafka-2:9092",
            "tls": True,
            "caFile": "/ca.pem",
            "auth": "scram-sha-512",
            "user": "u",
            "timeout": 5,
            "maxMessage": 5000,
        },
        {"password": "x"},
    ),
    "http": (
        {
            "baseUrl": "https://e.example",
            "headers": {"X-A": "b"},
            "caFile": "/ca.pem",
            "timeouts": {"connect": 1, "total": 2},
            "maxAnswerBytes": 5000,
            "idempotencyHeader": "Idem",
            "test": {"endpoint": "/me"},
            "errors": {
                "message": "m",
                "code": "c",
                "inSuccess": "e",
                "rules": [{"status": 500, "contains": "x", "category": "permanent"}],
            },
            "auth": {
                "type": "oauth2",
                "header": "X-Key",
                "username": "u",
                "tokenUrl": "/t",
                "clientId": "c",
                "scope": "s",
                "audience": "a",
                "clientAuth": "body",
                "body": {"user": "{username}"},
                "tokenHeader": "X-Token",
                "sendIn": "X-Token",
            },
        },
        {"clientSecret": "x"},
    ),
}


@pytest.mark.parametrize("name", names())
def test_every_setting_is_taken_by_the_check_and_by_the_form(name: str) -> None:
    config, secrets = SOUND[name]
    kind = connector_class(name)
    schema = kind.profile_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"config": config, "secrets": secrets}, schema)
    assert kind.config_problems(config, secrets) == []


@pytest.mark.parametrize("name", names())
def test_a_form_has_titles_and_no_references(name: str) -> None:
    schema = connector_class(name).profile_schema()

    assert "$ref" not in json.dumps(schema)
    assert schema["title"]
    assert schema["description"]
    assert all(part["title"] for part in schema["properties"]["config"]["properties"].values())
    assert schema["properties"]["secrets"]["additionalProperties"] is False


def test_a_form_knows_what_belongs_to_a_login() -> None:
    parts = connector_class("http").profile_schema()["properties"]
    login, secrets = parts["config"]["properties"]["auth"]["properties"], parts["secrets"]

    assert login["clientId"]["x-when"] == {"auth.type": ["oauth2"]}
    assert login["clientId"]["x-required"] is True
    assert login["type"]["x-labels"]["basic"] == "User and password"
    assert secrets["properties"]["apiKey"] == {
        "type": "string",
        "title": "API key",
        "writeOnly": True,
        "x-when": {"auth.type": ["apiKey"]},
    }
