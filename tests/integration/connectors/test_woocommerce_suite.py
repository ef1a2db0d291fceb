"""The WooCommerce connector does what the port promises, against a shop that is as odd as one."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from syncline.connectors.port import Connector, Surroundings
from syncline.connectors.woocommerce import WooCommerceConnector
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
    ReadOnlySuite,
    SizeLimitSuite,
    ThrottledSuite,
)
from syncline.testing.connectors.targets import TargetSuite
from tests.support.http_world import LOOPBACK
from tests.support.ports import free_port
from tests.support.woocommerce_shop import KEY, SECRET, Mishap, Shop

ITEMS = Extraction(
    mode=ExtractionMode.API,
    id_column="id",
    cursor_column="date_modified_gmt",
    options={"entity": "item"},
)
FIRST = Mishap(passes=True)
HOSTILE = {
    "a page in HTML": (FIRST, Mishap(status=200, body=b"<html>maintenance</html>")),
    "half a page": (FIRST, Mishap(status=200, body=b'[{"id": "0003"}, {"i')),
    "a notice of PHP first": (FIRST, Mishap(status=200, body=b"Notice: foo in x.php\n[]")),
    "an empty page": (FIRST, Mishap(status=200, headers={"X-WP-Total": "10"}, body=b"[]")),
    "no page at all": (FIRST, Mishap(status=204)),
    "records that are none": (FIRST, Mishap(status=200, body=b"[1, null, []]")),
    "a connection that is cut": (FIRST, *[Mishap()] * 9),
}  # fmt: skip


def reading(**changes: Any) -> Extraction:
    return dataclasses.replace(ITEMS, **changes)


class ShopWorld:
    """The shop with a connector to it."""

    secret = SECRET
    extraction = ITEMS
    texts = frozenset({"nul", "bell"})
    options = {"entity": "item"}
    elsewhere = {"entity": "nothing_there"}
    names = {"id": "sku", "amount": "regular_price", "count": "stock_quantity"}
    refused = {"images": [{"src": "nowhere"}]}
    oversized = {"description": "x" * 1_000_000}
    heavy = {"description": "x" * 200_000}
    keeps_one = True
    deletes = True
    cannot_hold: frozenset[str] = frozenset()
    unanswerable = [
        (reading(options={"entity": "itm"}), "did you mean `item`"),
        (reading(options={}), "options.entity"),
        (reading(parameters={"orderby": "nothing_there"}), "orderby"),
    ]

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.connector = self._connector()
        self.hostilities = {name: self._beginning(*after) for name, after in HOSTILE.items()}

    def _connector(
        self, key: str = SECRET, where: Surroundings = LOOPBACK, **changes: Any
    ) -> WooCommerceConnector:
        config = {"shop": self.shop.url, "consumerKey": KEY} | changes
        return WooCommerceConnector(config, {"consumerSecret": key}, where)

    def broken(self) -> Sequence[tuple[Connector, str]]:
        tls = self.shop.url.replace("http:", "https:")
        return [
            (self._connector(shop=f"http://127.0.0.1:{free_port()}"), "host"),
            (self._connector(where=Surroundings()), "host"),
            (self._connector(shop=tls, timeouts={"connect": 0.5}), "tls"),
            (self._connector(key=f"{SECRET}-wrong"), "login"),
        ]

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        self.shop.rows["products"].clear()
        self.shop.mishaps.clear()
        for record in records:
            changed = record["changed"] and f"{record['changed']:%Y-%m-%dT%H:%M:%S}"
            self.shop.add("products", record | {"date_modified_gmt": changed})

    async def rows(self) -> list[dict[str, Any]]:
        names = {own: name for name, own in self.names.items()}
        return [
            {names.get(name, name): value for name, value in row.items() if name in _SENT}
            for row in self.shop.rows["products"].values()
        ]

    def _beginning(self, *mishaps: Mishap) -> Callable[[], Awaitable[None]]:
        async def begin() -> None:
            self.shop.mishaps.clear()
            self.shop.mishaps.extend(mishaps)

        return begin

    async def drop(self, column: str) -> None:
        for record in self.shop.rows["products"].values():
            del record[column]

    async def add(self, column: str) -> None:
        for record in self.shop.rows["products"].values():
            record[column] = "new"

    async def lose_answer(self) -> None:
        self.shop.mishaps.append(Mishap("POST", applied=True))

    async def throttle(self) -> None:
        self.shop.mishaps.append(Mishap(status=429, headers={"Retry-After": str(WAIT)}))

    async def set_read_only(self, read_only: bool) -> None:
        self.shop.may_write = not read_only


_SENT = {"name", "description", *ShopWorld.names.values()}


@asynccontextmanager
async def shop_world() -> AsyncIterator[ShopWorld]:
    shop = Shop()
    shop.largest_body = 600_000
    async with shop.listening():
        world = ShopWorld(shop)
        try:
            yield world
        finally:
            await world.connector.close()


class TestWooCommerce(
    ConnectorSuite, SourceSuite, DriftSuite, HostileSuite, ThrottledSourceSuite,
    TargetSuite, LostAnswerSuite, ThrottledSuite, ReadOnlySuite, SizeLimitSuite,
):  # fmt: skip
    system = "woocommerce"
    odd_id = "9000000000000007"
    kind = WooCommerceConnector
    good_config = {"shop": "https://shop.example", "consumerKey": "ck_1"}
    good_secrets = {"consumerSecret": "cs_1"}
    wrong_configs = [
        ({"shop": ...}, {}, "$.config.shop"),
        ({"shop": "shop.example"}, {}, "$.config.shop"),
        ({"consumerKey": ...}, {}, "$.config.consumerKey"),
        ({"url": "x"}, {}, "$.config.url"),
        ({}, {"consumerSecret": ""}, "$.secrets.consumerSecret"),
        ({}, {"password": "x"}, "$.secrets.password"),
    ]
    wrong_mappings = [
        (Extraction(id_column="id", table="x"), None, "$.extraction.options.entity"),
        (reading(mode=ExtractionMode.CONFIG), None, "$.extraction.mode"),
        (reading(options={"entity": "itm"}), None, "$.extraction.options.entity"),
        (reading(id_column="sku"), None, "$.extraction.idColumn"),
        (reading(cursor_column="date_modified"), None, "$.extraction.cursorColumn"),
        (reading(endpoint="/products"), None, "$.extraction.endpoint"),
        (reading(parameters={"orderby": "date"}), None, "$.extraction.parameters.orderby"),
        (reading(paging={"type": "link"}), None, "$.extraction.paging.type"),
        (reading(options={"entity": "item", "x": 1}), None, "$.extraction.options.x"),
        (reading(options={"entity": "customer"}), None, "$.extraction.cursorColumn"),
        (None, {}, "$.transformation.target.entity"),
        (None, {"entity": "order"}, "$.transformation.target.entity"),
        (None, {"entity": "item", "bulkSiz": 3}, "$.transformation.target.bulkSiz"),
    ]  # fmt: skip

    @pytest.fixture
    async def world(self) -> AsyncIterator[ShopWorld]:
        async with shop_world() as world:
            yield world

    @pytest.fixture
    def source(self, world: ShopWorld) -> ShopWorld:
        return world

    @pytest.fixture
    def target(self, world: ShopWorld) -> ShopWorld:
        return world
