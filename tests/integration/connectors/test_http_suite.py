"""The HTTP connector does what the port promises, as a source and as a target."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from syncline.connectors.http import HttpConnector
from syncline.connectors.port import Connector, Surroundings
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.testing.connectors.connections import ConnectorSuite
from syncline.testing.connectors.source_faults import (
    DriftSuite,
    HostileSuite,
    ThrottledSourceSuite,
)
from syncline.testing.connectors.sources import SourceSuite
from syncline.testing.connectors.target_faults import (
    WAIT,
    LostAnswerSuite,
    ReadBackSuite,
    ReadOnlySuite,
    SizeLimitSuite,
    ThrottledSuite,
)
from syncline.testing.connectors.targets import TargetSuite
from syncline.testing.http_api import HttpApi, Trouble
from tests.support.http_world import LOOPBACK
from tests.support.one_world import OneWorld
from tests.support.ports import free_port

SECRET = "sesame-9f2"
OPTIONS = {
    "records": "data",
    "ordered": True,
    "fetch": {"endpoint": "/items", "parameters": {"idsJson": "{idsJson}"}, "records": "data"},
}
EXTRACTION = Extraction(
    id_column="id",
    mode=ExtractionMode.API,
    endpoint="/items",
    cursor_column="changed",
    parameters={"since": "{cursor}"},
    paging={"type": "offset", "sizeParameter": "limit", "total": "total"},
    options=OPTIONS,
)
TARGET: dict[str, Any] = {
    "method": "PUT",
    "endpoint": "/items",
    "bulkSize": 100,
    "idempotent": True,
    "answer": {
        "records": "results", "id": "id", "status": "status", "error": "error", "key": "id"
    },
    "lookup": {
        "endpoint": "/items", "parameters": {"idsJson": "{keysJson}"}, "records": "data",
        "key": "id", "id": "id",
    },
    "delete": {"endpoint": "/items/{id}"},
}  # fmt: skip


FIRST = Trouble(proper=True)
HOSTILE = {
    "a page in HTML": (FIRST, Trouble(status=200, body=b"<html>busy</html>")),
    "half a page": (FIRST, Trouble(status=200, body=b'{"data": [{"id": "0003"}, {"i')),
    "a page without records": (FIRST, Trouble(status=200, body=b'{"data": null}')),
    "an empty page": (FIRST, Trouble(status=200, body=b'{"data": [], "total": 10}')),
    "no page at all": (FIRST, Trouble(status=204)),
    "the first page once more": (
        FIRST, Trouble(status=200, body=b'{"data": [{"id": "0000"}, {"id": "0001"}]}')
    ),
    "records that are none": (FIRST, Trouble(status=200, body=b'{"data": [1, null, []]}')),
    "a connection that is cut": (FIRST, *[Trouble()] * 9),
}  # fmt: skip
"""What an API answers for its second page."""


def reading(**changes: Any) -> Extraction:
    return dataclasses.replace(EXTRACTION, **changes)


class HttpWorld:
    """The scripted API, with a login."""

    secret = SECRET
    extraction = EXTRACTION
    texts = frozenset({"nul", "bell"})
    options = TARGET
    elsewhere = TARGET | {"endpoint": "/nothing_there"}
    refused = {"price": -1}
    dropped = {"odd": 1}
    oversized = {"note": "x" * 1_000_000}
    heavy = {"note": "x" * 200_000}
    keeps_one = True
    deletes = True
    cannot_hold: frozenset[str] = frozenset()
    unanswerable = [
        (reading(endpoint="/nothing_there"), "nothing_there"),
        (reading(options=OPTIONS | {"records": "no.records"}), "options.records"),
        (reading(parameters={"since": "{cursr}"}), "cursr"),
    ]

    def __init__(self, api: HttpApi) -> None:
        self.api = api
        self.connector = self._connector()
        self.hostilities = {name: self._beginning(*after) for name, after in HOSTILE.items()}

    def _connector(
        self, token: str = SECRET, where: Surroundings = LOOPBACK, **changes: Any
    ) -> HttpConnector:
        config = {
            "baseUrl": self.api.url,
            "auth": {"type": "bearer"},
            "test": {"endpoint": "/items"},
        }
        return HttpConnector(config | changes, {"token": token}, where)

    def broken(self) -> Sequence[tuple[Connector, str]]:
        tls = self.api.url.replace("http:", "https:")
        return [
            (self._connector(baseUrl=f"http://127.0.0.1:{free_port()}"), "host"),
            (self._connector(where=Surroundings()), "host"),
            (self._connector(baseUrl=tls, timeouts={"connect": 0.5}), "tls"),
            (self._connector(token=f"{SECRET}-wrong"), "login"),
        ]

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        self.api.items.clear()
        self.api.trouble.clear()
        for record in records:
            changed = record["changed"] and record["changed"].isoformat()
            self.api.add(record | {"changed": changed})

    async def rows(self) -> list[dict[str, Any]]:
        return list(self.api.items.values())

    def _beginning(self, *troubles: Trouble) -> Callable[[], Awaitable[None]]:
        async def begin() -> None:
            self.api.trouble.clear()
            self.api.trouble.extend(troubles)

        return begin

    async def drop(self, column: str) -> None:
        for record in self.api.items.values():
            del record[column]

    async def add(self, column: str) -> None:
        for record in self.api.items.values():
            record[column] = "new"

    async def lose_answer(self) -> None:
        self.api.trouble.append(Trouble("PUT", applied=True))

    async def throttle(self) -> None:
        self.api.trouble.append(Trouble(status=429, headers={"Retry-After": str(WAIT)}))

    async def set_read_only(self, read_only: bool) -> None:
        self.api.trouble.clear()
        self.api.trouble.extend([Trouble("PUT", 403)] * 9 if read_only else [])


@asynccontextmanager
async def http_world() -> AsyncIterator[HttpWorld]:
    api = HttpApi()
    api.key = "id"
    api.login = f"Bearer {SECRET}"
    api.largest_body = 600_000
    api.unknown = frozenset({"odd"})
    await api.start()
    world = HttpWorld(api)
    try:
        yield world
    finally:
        await world.connector.close()
        await api.close()


class TestHttp(OneWorld[HttpWorld],
    ConnectorSuite, SourceSuite, DriftSuite, HostileSuite, ThrottledSourceSuite,
    TargetSuite, LostAnswerSuite, ThrottledSuite, ReadOnlySuite, SizeLimitSuite, ReadBackSuite,
):  # fmt: skip
    system = "http"
    kind = HttpConnector
    good_config = {"baseUrl": "https://erp.example/api", "headers": {"X-Site": "7"}}
    wrong_configs = [
        ({"baseUrl": ...}, {}, "$.config.baseUrl"),
        ({"baseUrl": "erp.example"}, {}, "$.config.baseUrl"),
        ({"auth": {"type": "bearer"}}, {}, "$.secrets.token"),
        ({}, {"token": "x"}, "$.secrets.token"),
        ({"url": "x"}, {}, "$.config.url"),
    ]
    wrong_mappings = [
        (Extraction(id_column="id", table="x"), None, "$.extraction.mode"),
        (reading(parameters={}), None, "$.extraction.cursorColumn"),
        (None, {}, "$.transformation.target.endpoint"),
        (None, {"endpoint": "/x", "metod": "PUT"}, "$.transformation.target.metod"),
    ]  # fmt: skip

    @pytest.fixture
    async def world(self) -> AsyncIterator[HttpWorld]:
        async with http_world() as world:
            yield world


class TestHttpThatIsAsked(LostAnswerSuite):
    """An API that is not known to take a record twice as one: it is asked what came of a write."""

    @pytest.fixture
    async def target(self) -> AsyncIterator[HttpWorld]:
        async with http_world() as world:
            update = {k: TARGET[k] for k in ("method", "endpoint", "bulkSize", "answer")}
            world.options = TARGET | {"idempotent": False, "update": update}
            yield world
