"""The Shopify connector does what the port promises, against a shop on Shopify's own schema."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import msgspec
import pytest

from syncline.connectors.api.entities import Entity
from syncline.connectors.port import Connector, Page, Surroundings, WriteBatch, WriteResult
from syncline.connectors.shopify import ShopifyConnector
from syncline.connectors.shopify.documents import PAGE_INFO
from syncline.connectors.shopify.entities import ENTITIES
from syncline.contracts.messages import decoder_of, encode
from syncline.domain.columns import Columns
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.domain.record import Record
from syncline.testing.connectors.connections import ConnectorSuite, said
from syncline.testing.connectors.source_faults import HostileSuite, ThrottledSourceSuite
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
from syncline.testing.http_api import Trouble
from tests.support.http_world import LOOPBACK
from tests.support.one_world import OneWorld
from tests.support.ports import free_port
from tests.support.shopify_data import gid
from tests.support.shopify_shop import TOKEN, ShopifyShop

ITEMS = Extraction(
    mode=ExtractionMode.API,
    id_column="id",
    cursor_column="updatedAt",
    options={"entity": "item"},
)
FIELDS = "id updatedAt name: descriptionHtml amount: vendor count: productType changed: updatedAt"
READ = f"""query Read($first: Int!, $after: String, $query: String, $sort: ProductSortKeys!) {{
  products(first: $first, after: $after, query: $query, sortKey: $sort) {{
    nodes {{ {FIELDS} }} {PAGE_INFO}
  }}
}}"""
FETCH = f"query Fetch($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Product {{ {FIELDS} }} }} }}"
PRODUCT = gid("Product", "")
FIRST = Trouble(proper=True)
HOSTILE = {
    "a page in HTML": (FIRST, Trouble(status=200, body=b"<html>maintenance</html>")),
    "half a page": (FIRST, Trouble(status=200, body=b'{"data": {"products": {"no')),
    "no data": (FIRST, Trouble(status=200, body=b'{"data": null}')),
    "a part of the data": (
        FIRST,
        Trouble(
            status=200,
            body=b'{"data": {"products": {"nodes": [], "pageInfo": {"hasNextPage": false}}},'
            b' "errors": [{"message": "a part is missing"}]}',
        ),
    ),
    "an empty page that has more": (
        FIRST,
        Trouble(
            status=200,
            body=b'{"data": {"products": {"nodes": [], "pageInfo": {"hasNextPage": true}}}}',
        ),
    ),
    "no page at all": (FIRST, Trouble(status=204)),
    "an error of the server": (FIRST, *[Trouble(status=503)] * 9),
    "a connection that is cut": (FIRST, *[Trouble()] * 9),
}


def _suited(entity: Entity) -> Entity:
    """Return the entity type of products, read under the names of the suites."""
    assert entity.source is not None
    options = entity.source.options | {"query": READ}
    options["fetch"] = options["fetch"] | {"query": FETCH}
    return msgspec.structs.replace(
        entity, source=dataclasses.replace(entity.source, options=options)
    )


class SuitedConnector(ShopifyConnector):
    """The connector with the suites' names; IDs are their numbers, numbers are texts."""

    entities: ClassVar[Mapping[str, Entity]] = ENTITIES | {"item": _suited(ENTITIES["item"])}

    async def _whole(self, name: str, page: Page) -> Page:
        records = page.records.records()
        for record in records:
            record["id"] = record["id"].removeprefix(PRODUCT)
        ids = [source_id.removeprefix(PRODUCT) for source_id in page.ids]
        return msgspec.structs.replace(page, ids=ids, given=Columns.of(records))

    async def write(self, batch: WriteBatch) -> WriteResult:
        payloads = [_as_product(payload) for payload in batch.payloads]
        return await super().write(msgspec.structs.replace(batch, payloads=payloads))


def _as_product(payload: bytes) -> bytes:
    record = decoder_of(Record).decode(payload)
    for name in ("vendor", "productType"):
        if record.get(name) is not None:
            record[name] = said(record[name])
    return encode({"title": "An item", **record})


def reading(**changes: Any) -> Extraction:
    return dataclasses.replace(ITEMS, **changes)


class ShopWorld:
    """The shop with a connector to it."""

    secret = TOKEN
    extraction = ITEMS
    texts = frozenset({"nul", "bell"})
    options = {"entity": "item"}
    elsewhere = {"entity": "nothing_there"}
    names = {
        "id": "handle", "name": "descriptionHtml", "amount": "vendor", "count": "productType"
    }  # fmt: skip
    refused = {"title": ""}
    oversized = {"name": "x" * 600_000}
    heavy = {"name": "x" * 200_000}
    keeps_one = True
    deletes = True
    cannot_hold: frozenset[str] = frozenset()
    unanswerable = [
        (reading(options={"entity": "itm"}), "did you mean `item`"),
        (reading(options={}), "options.entity"),
    ]

    def __init__(self, shop: ShopifyShop) -> None:
        self.shop = shop
        self.connector = self._connector()
        self.hostilities = {name: self._beginning(*after) for name, after in HOSTILE.items()}

    def _connector(
        self, token: str = TOKEN, where: Surroundings = LOOPBACK, **changes: Any
    ) -> ShopifyConnector:
        config = {"shop": self.shop.url} | changes
        return SuitedConnector(config, {"accessToken": token}, where)

    def broken(self) -> Sequence[tuple[Connector, str]]:
        tls = self.shop.url.replace("http:", "https:")
        return [
            (self._connector(shop=f"http://127.0.0.1:{free_port()}"), "host"),
            (self._connector(where=Surroundings()), "host"),
            (self._connector(shop=tls, timeouts={"connect": 0.5}), "tls"),
            (self._connector(token=f"{TOKEN}-wrong"), "login"),
        ]

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        self.shop.data.things.clear()
        self.shop.trouble.clear()
        for record in records:
            changed = record["changed"] and f"{record['changed']:%Y-%m-%dT%H:%M:%SZ}"
            given = {own: record.get(name) for name, own in self.names.items() if name != "id"}
            for name in ("vendor", "productType"):
                given[name] = said(given[name])
            self.shop.data.add(
                "Product", **given | {"id": PRODUCT + record["id"], "updatedAt": changed or ""}
            )

    async def rows(self) -> list[dict[str, Any]]:
        return [
            {name: product[own] for name, own in self.names.items() if own in product}
            for product in self.shop.data.kind("Product")
        ]

    def _beginning(self, *troubles: Trouble) -> Callable[[], Awaitable[None]]:
        async def begin() -> None:
            self.shop.trouble.clear()
            self.shop.trouble.extend(troubles)

        return begin

    async def lose_answer(self) -> None:
        self.shop.lost.append("SetItem")

    async def throttle(self) -> None:
        self.shop.waits.append(WAIT)

    async def set_read_only(self, read_only: bool) -> None:
        self.shop.scopes = ("read_products",) if read_only else ("write_products",)


@asynccontextmanager
async def shop_world() -> AsyncIterator[ShopWorld]:
    shop = ShopifyShop(READ, FETCH)
    await shop.start()
    world = ShopWorld(shop)
    try:
        yield world
    finally:
        await world.connector.close()
        await shop.close()


class TestShopify(OneWorld[ShopWorld],
    ConnectorSuite, SourceSuite, HostileSuite, ThrottledSourceSuite,
    TargetSuite, LostAnswerSuite, ThrottledSuite, ReadOnlySuite, SizeLimitSuite, ReadBackSuite,
):  # fmt: skip
    system = "shopify"
    odd_id = "9000000000000007"
    kind = ShopifyConnector
    good_config = {"shop": "my-shop"}
    good_secrets = {"accessToken": "shpat_1"}
    wrong_configs = [
        ({"shop": ...}, {}, "$.config.shop"),
        ({"shop": "my shop"}, {}, "$.config.shop"),
        ({"apiVersion": "2026-1"}, {}, "$.config.apiVersion"),
        ({"url": "x"}, {}, "$.config.url"),
        ({}, {"accessToken": ""}, "$.secrets.accessToken"),
        ({}, {"password": "x"}, "$.secrets.password"),
    ]
    wrong_mappings = [
        (Extraction(id_column="id", table="x"), None, "$.extraction.options.entity"),
        (reading(mode=ExtractionMode.CONFIG), None, "$.extraction.mode"),
        (reading(options={"entity": "itemstock"}), None, "$.extraction.options.entity"),
        (reading(id_column="handle"), None, "$.extraction.idColumn"),
        (reading(cursor_column="createdAt"), None, "$.extraction.cursorColumn"),
        (reading(endpoint="/products"), None, "$.extraction.endpoint"),
        (reading(parameters={"status": "active"}), None, "$.extraction.parameters"),
        (reading(paging={"type": "link"}), None, "$.extraction.paging.type"),
        (reading(options={"entity": "item", "x": 1}), None, "$.extraction.options.x"),
        (None, {}, "$.transformation.target.entity"),
        (None, {"entity": "order"}, "$.transformation.target.entity"),
        (None, {"entity": "item", "bulkSiz": 3}, "$.transformation.target.bulkSiz"),
    ]  # fmt: skip

    @pytest.fixture
    async def world(self) -> AsyncIterator[ShopWorld]:
        async with shop_world() as world:
            yield world
