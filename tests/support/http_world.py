"""The scripted API with a connector to it, and the batches that tests write."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec

from syncline.connectors.http import HttpConnector
from syncline.connectors.port import Surroundings, WriteBatch
from syncline.testing.http_api import HttpApi
from tests.support.ports import free_port

A = TypeVar("A", bound=HttpApi)
LOOPBACK = Surroundings(("127.0.0.0/8",))
LOOKUP: dict[str, Any] = {
    "endpoint": "/items",
    "parameters": {"skus": "{keys}"},
    "records": "data",
    "key": "sku",
    "id": "id",
}
SINGLE: dict[str, Any] = {
    "endpoint": "/items",
    "answer": {"id": "data.id"},
    "update": {"endpoint": "/items/{id}", "answer": {"id": "data.id"}},
    "lookup": LOOKUP,
    "delete": {"endpoint": "/items/{id}"},
}
BULK: dict[str, Any] = {
    **SINGLE,
    "bulkSize": 100,
    "answer": {"records": "data", "id": "id", "key": "sku"},
    "update": {
        "endpoint": "/items",
        "bulkSize": 100,
        "idField": "id",
        "answer": {"records": "data", "id": "id", "key": "id"},
    },
}
UPSERT: dict[str, Any] = {
    "method": "PUT",
    "endpoint": "/items",
    "bulkSize": 100,
    "idempotent": True,
    "keyField": "effect",
    "answer": {
        "records": "results",
        "id": "id",
        "status": "status",
        "error": "error",
        "key": "sku",
    },
}


@asynccontextmanager
async def listening(api: A) -> AsyncIterator[A]:
    """Let an API listen on a port that stays its own when it is started again."""
    await api.start(port=free_port())
    try:
        yield api
    finally:
        await api.close()


@asynccontextmanager
async def api_and_connector(
    secrets: dict[str, str] | None = None, **config: Any
) -> AsyncIterator[tuple[HttpApi, HttpConnector]]:
    api = HttpApi()
    await api.start()
    settings = {"baseUrl": api.url, "errors": {"message": "errors[0].message"}} | config
    assert HttpConnector.config_problems(settings, secrets or {}) == []
    connector = HttpConnector(settings, secrets or {}, LOOPBACK)
    try:
        yield api, connector
    finally:
        await connector.close()
        await api.close()


def batch(
    records: Sequence[dict[str, Any] | bytes],
    options: dict[str, Any],
    target_ids: Sequence[str | None] | None = None,
) -> WriteBatch:
    assert HttpConnector.target_problems(options) == []
    return WriteBatch(
        tenant="acme",
        entity_type="item",
        correlation_id="0190-run",
        source_ids=[str(n) for n in range(len(records))],
        payloads=[
            msgspec.json.encode(r, order="sorted") if not isinstance(r, bytes) else r
            for r in records
        ],
        target_ids=list(target_ids or [None] * len(records)),
        keys=[f"key-{n}" for n in range(len(records))],
        match_key=("sku",),
        options=options,
    )


def items(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"sku": f"A{n}", "price": n, **more} for n in range(count)]
