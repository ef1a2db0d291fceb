"""The Wix connector does what the port promises, of each way in which its lists are read."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from syncline.connectors.wix import WixConnector
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.testing.connectors.connections import ConnectorSuite
from syncline.testing.connectors.source_faults import (
    DriftSuite,
    HostileSuite,
    ThrottledSourceSuite,
)
from syncline.testing.connectors.sources import SourceSuite
from tests.support.api_world import ApiWorld
from tests.support.wix_site import KEY, SITE, WixSite


def reading(entity: str, **changes: Any) -> Extraction:
    made = Extraction(
        mode=ExtractionMode.API, id_column="id", cursor_column="updatedDate",
        options={"entity": entity},
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


class WixWorld(ApiWorld):
    """A site whose records of one entity type are read."""

    kind = WixConnector
    secret, secret_name = KEY, "apiKey"
    entity, records = "order", "orders"

    def __init__(self, api: WixSite) -> None:
        super().__init__(api)
        self.site = api
        self.extraction = reading(self.entity)
        self.unanswerable = [
            (reading("nothing_there"), "nothing_there"),
            (reading(self.entity, id_column="id", options={}), "options.entity"),
        ]

    def config(self) -> dict[str, Any]:
        return {"siteId": SITE}

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        held = self.site.records[self.entity]
        held.clear()
        self.site.trouble.clear()
        for record in records:
            changed = record["changed"] and f"{record['changed']:%Y-%m-%dT%H:%M:%S.000Z}"
            own = {"changed": changed, "updatedDate": changed, "createdDate": changed}
            held[record["id"]] = {**record, **own}

    async def drop(self, column: str) -> None:
        for record in self.site.records[self.entity].values():
            del record[column]

    async def add(self, column: str) -> None:
        for record in self.site.records[self.entity].values():
            record[column] = "new"


class BookingWorld(WixWorld):
    entity, records = "booking", "extendedBookings"


@asynccontextmanager
async def wix_world(kind: type[WixWorld]) -> AsyncIterator[WixWorld]:
    site = WixSite()
    await site.start()
    world = kind(site)
    try:
        yield world
    finally:
        await world.connector.close()
        await site.close()


class TestOrders(ConnectorSuite, SourceSuite, DriftSuite, HostileSuite, ThrottledSourceSuite):
    system = "wix"
    kind = WixConnector
    good_config = {"siteId": SITE}
    good_secrets = {"apiKey": KEY}
    wrong_configs = [
        ({"siteId": ...}, {}, "$.config.siteId"),
        ({"siteId": "my site"}, {}, "$.config.siteId"),
        ({"baseUrl": "wix"}, {}, "$.config.baseUrl"),
        ({"site": "x"}, {}, "$.config.site"),
        ({}, {"apiKey": ""}, "$.secrets.apiKey"),
        ({}, {"token": "x"}, "$.secrets.token"),
    ]
    wrong_mappings = [
        (reading("ordr"), None, "$.extraction.options.entity"),
        (reading("service"), None, "$.extraction.cursorColumn"),
        (reading("order", cursor_column="createdDate"), None, "$.extraction.cursorColumn"),
        (reading("order", endpoint="/x"), None, "$.extraction.endpoint"),
        (
            reading("order", options={"entity": "order", "filter": {"updatedDate": {}}}),
            None,
            "$.extraction.options.filter",
        ),
        (
            reading("order", options={"entity": "order", "filter": "x"}),
            None,
            "$.extraction.options.filter",
        ),
        (
            reading(
                "x", cursor_column=None, options={"entity": "subscription", "filter": {"a": 1}}
            ),
            None,
            "$.extraction.options.filter",
        ),
        (
            reading("x", options={"entity": "booking", "endpoint": "x"}),
            None,
            "$.extraction.options.endpoint",
        ),
        (None, {"entity": "order"}, "$.transformation.target.entity"),
    ]

    @pytest.fixture
    async def world(self) -> AsyncIterator[WixWorld]:
        async with wix_world(WixWorld) as world:
            yield world

    @pytest.fixture
    def source(self, world: WixWorld) -> WixWorld:
        return world


class TestBookings(SourceSuite):
    """A list in an order of its own, whose records lie in others."""

    @pytest.fixture
    async def source(self) -> AsyncIterator[WixWorld]:
        async with wix_world(BookingWorld) as world:
            yield world
