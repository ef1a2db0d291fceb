"""Every mistake in a profile or a mapping is told by its path, with what would be right."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from syncline.connectors.http import HttpConnector
from syncline.domain.mapping.condition import Condition
from syncline.domain.mapping.extraction import Extraction, ExtractionMode

URL = {"baseUrl": "https://erp.example/api"}
BASIC = {"type": "basic", "username": "me"}
CONFIGS: list[tuple[dict[str, Any], dict[str, str], str, str]] = [
    ({}, {}, "$.config.baseUrl", "is required"),
    (URL | {"baseURL": "x"}, {}, "$.config.baseURL", "did you mean `baseUrl`"),
    ({"baseUrl": "ftp://erp.example"}, {}, "$.config.baseUrl", "https://erp.example.com/api"),
    ({"baseUrl": "file:///etc/passwd"}, {}, "$.config.baseUrl", "must be a URL"),
    ({"baseUrl": "http:///127.0.0.1"}, {}, "$.config.baseUrl", "must be a URL"),
    ({"baseUrl": "https://a b.example"}, {}, "$.config.baseUrl", "must be a URL"),
    ({"baseUrl": "https://a\\b.example"}, {}, "$.config.baseUrl", "must be a URL"),
    ({"baseUrl": "https://a.example:99999"}, {}, "$.config.baseUrl", "must be a URL"),
    ({"baseUrl": "https://me:pw@a.example"}, {}, "$.config.baseUrl", "no credentials"),
    ({"baseUrl": "http://ok.example@127.0.0.1/"}, {}, "$.config.baseUrl", "no credentials"),
    ({"baseUrl": "https://a.example/?k=1"}, {}, "$.config.baseUrl", "end with its path"),
    (
        URL | {"auth": {"type": "magic"}},
        {},
        "$.config.auth.type",
        "apiKey, bearer, basic, oauth2, session",
    ),
    (URL | {"auth": {"type": "bearer"}}, {}, "$.secrets.token", "is required"),
    (URL | {"auth": {"type": "basic"}}, {"password": "x"}, "$.config.auth.username", "is required"),
    (URL | {"auth": BASIC}, {"password": "x", "token": "y"}, "$.secrets.token", "takes password"),
    (
        URL | {"auth": {"type": "session", "tokenUrl": "/login", "body": {"a": 1}}},
        {},
        "$.config.auth.tokenHeader",
        "is required",
    ),
    (URL, {"apiKey": "x"}, "$.secrets.apiKey", "takes none"),
    (URL | {"auth": {"type": "bearer"}}, {"token": "a\nb"}, "$.secrets.token", "one line"),
    (URL | {"headers": {"Host": "x"}}, {}, "$.config.headers.Host", "cannot be set"),
    (URL | {"headers": {"A b": "x"}}, {}, "$.config.headers.A b", "cannot be set"),
    (URL | {"headers": {"A": "x\r\nB: y"}}, {}, "$.config.headers.A", "one line"),
    (URL | {"headers": {"Authorization": "x"}}, {}, "$.config.headers.Authorization", "`auth`"),
    (URL | {"timeouts": {"total": 0}}, {}, "$.config.timeouts.total", "at least 1"),
    (URL | {"verify": False}, {}, "$.config.verify", "always verified"),
    (URL | {"errors": {"rules": [{}]}}, {}, "$.config.errors.rules[0]", "every answer"),
    (URL | {"errors": {"message": "a..b"}}, {}, "$.config.errors.message", "paths look like"),
    (URL | {"test": {"endpoint": "ping"}}, {}, "$.config.test.endpoint", "such as /items"),
]
ITEMS: dict[str, Any] = {"endpoint": "/items"}
TARGETS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "endpoint", "is required"),
    ({"endpoint": "https://other.example/x"}, "endpoint", "under the profile's baseUrl"),
    ({"endpoint": "//other.example/x"}, "endpoint", "under the profile's baseUrl"),
    ({"endpoint": "/items/{sku}"}, "endpoint", "{sku} means nothing here"),
    ({"endpoint": "/items/{id}"}, "endpoint", "it may hold {key}"),
    (ITEMS | {"method": "GET"}, "method", "POST, PUT, PATCH"),
    (ITEMS | {"bulkSize": 5000}, "bulkSize", "at most 1,000"),
    ({"endpoint": "/items/{key}", "bulkSize": 2}, "endpoint", "stands for one record"),
    (ITEMS | {"bulkSize": 2, "answer": {"id": "id"}}, "answer.records", "is required for bulks"),
    (ITEMS | {"body": {"a": 1}}, "bodyPath", "is required beside `body`"),
    (ITEMS | {"bodyPath": "a[0]"}, "bodyPath", "through objects"),
    (ITEMS | {"keyField": "a.b"}, "keyField", "without dots"),
    (ITEMS | {"envelope": {"data": "{key}"}}, "envelope", "must hold {record}"),
    (ITEMS | {"envelope": {"data": "{record}", "a": "{id}"}}, "envelope", "{id} means nothing"),
    (
        ITEMS | {"envelope": {"data": "{record}"}, "answer": {"echo": "data"}},
        "answer.echo",
        "without `envelope`",
    ),
    (ITEMS | {"parameters": {"a": None}}, "parameters.a", "must be text"),
    (ITEMS | {"headers": {"Content-Length": "1"}}, "headers.Content-Length", "cannot be set"),
    (ITEMS | {"update": {}}, "update.endpoint", "is required"),
    (ITEMS | {"answer": {"required": True}}, "answer.id", "is required"),
    (ITEMS | {"upsert": True}, "upsert", "unknown setting"),
    (
        ITEMS | {"update": ITEMS, "lookup": {"endpoint": "/items", "id": "id"}},
        "lookup.parameters",
        "{keysJson}",
    ),
    (
        ITEMS | {"lookup": {"endpoint": "/items/{key}", "id": "id"}},
        "lookup",
        "`update` does not say",
    ),
]
API = Extraction(id_column="id", mode=ExtractionMode.API, endpoint="/items")
POSTED: dict[str, Any] = {"body": {"query": {}}}
EXTRACTIONS: list[tuple[dict[str, Any], str, str]] = [
    ({"mode": ExtractionMode.CONFIG}, "mode", "reads `api`"),
    ({"endpoint": None}, "endpoint", "is required"),
    ({"cursor_column": "changed"}, "cursorColumn", "needs a parameter that holds {cursor}"),
    ({"parameters": {"a": "{now}"}}, "parameters.a", "{now} means nothing"),
    ({"filters": (Condition("a", "eq", 1),)}, "filters", "say it in `parameters`"),
    ({"paging": {"type": "cursor"}}, "paging.next", "is required"),
    ({"paging": {"type": "page", "next": "a"}}, "paging.next", "by cursor or link"),
    ({"paging": {"type": "pages"}}, "paging.type", "none, page, offset, cursor, link"),
    ({"options": {"cursorFormat": "qqq"}}, "options.cursorFormat", "`epochMillis`"),
    ({"options": {"order": True}}, "options.order", "did you mean `ordered`"),
    ({"options": {"fetch": {"endpoint": "/items"}}}, "options.fetch.endpoint", "{ids}"),
    ({"paging": {"type": "page", "alone": True}}, "paging.alone", "by cursor, not by page"),
    ({"options": {"body": {"a": "{now}"}}}, "options.body", "{now} means nothing"),
    ({"options": POSTED, "paging": {"type": "link"}}, "paging.type", "by POST"),
    (
        {"options": POSTED, "paging": {"type": "page", "sizeParameter": "a[0]"}},
        "paging.sizeParameter",
        "a path in the body",
    ),
    (
        {"options": POSTED | {"stable": {"parameters": {"sort": "id"}}}},
        "options.stable",
        "by POST",
    ),
    (
        {"options": {"fetch": {"endpoint": "/items", "body": {"q": "a,{ids}"}}}},
        "options.fetch.body",
        "hold nothing else",
    ),
]


@pytest.mark.parametrize(("config", "secrets", "path", "words"), CONFIGS)
def test_a_profiles_mistake(
    config: dict[str, Any], secrets: dict[str, str], path: str, words: str
) -> None:
    problems = HttpConnector.config_problems(config, secrets)

    assert [p.path for p in problems] == [path]
    assert words in problems[0].message


@pytest.mark.parametrize(("target", "path", "words"), TARGETS)
def test_a_targets_mistake(target: dict[str, Any], path: str, words: str) -> None:
    problems = HttpConnector.target_problems(target)

    assert [p.path for p in problems] == [f"$.transformation.target.{path}"]
    assert words in problems[0].message


@pytest.mark.parametrize(("changes", "path", "words"), EXTRACTIONS)
def test_an_extractions_mistake(changes: dict[str, Any], path: str, words: str) -> None:
    problems = HttpConnector.extraction_problems(dataclasses.replace(API, **changes))

    assert [p.path for p in problems] == [f"$.extraction.{path}"]
    assert words in problems[0].message
