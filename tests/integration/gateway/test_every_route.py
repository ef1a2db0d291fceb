"""A walk over every route of the OpenAPI document: who is let in, and who is not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from syncline_gateway.app import documented
from syncline_gateway.openapi import document
from tests.contract.test_access import OPEN, RUNNER_MAY
from tests.integration.gateway.test_sessions import problem
from tests.support.access import give_key
from tests.support.gateway import Gateway, gateway

OPERATIONS = [
    (method.upper(), path.removeprefix("/api/v1"))
    for path, item in document(documented())["paths"].items()
    for method in item
]


@pytest.fixture
async def place(postgres: str) -> AsyncIterator[Gateway]:
    async with gateway(postgres) as made:
        yield made


def address(path: str) -> str:
    """Fill the places of a path with what no object is called."""
    parts = [str(uuid4()) if part.startswith("{") else part for part in path.split("/")]
    return "/".join(parts)


async def test_nobody_is_let_in_without_a_key_or_a_session(place: Gateway) -> None:
    let_in = []
    async with place.client() as stranger:
        for method, path in OPERATIONS:
            if f"{method} {path}" not in OPEN:
                answer = await stranger.request(method, address(path))
                if problem(answer) != (401, "unauthenticated"):
                    let_in.append((method, path, answer.status_code))
    assert let_in == []


async def test_runner_changes_nothing(place: Gateway) -> None:
    changed: list[Any] = []
    async with place.client(await give_key(place.database, "runner")) as runner:
        for method, path in OPERATIONS:
            name = f"{method} {path}"
            if method != "GET" and name not in OPEN | RUNNER_MAY:
                answer = await runner.request(method, address(path), json={})
                if problem(answer) != (403, "forbidden"):
                    changed.append((name, answer.status_code))
    assert changed == []
