"""A shop with a connector to it, as the suites and other tests use it."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from syncline.connectors.port import Connector, Surroundings, WriteBatch
from syncline.connectors.woocommerce import WooCommerceConnector
from syncline.contracts.messages import encode
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.testing.connectors.target_faults import WAIT
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

    secret: str | None = SECRET
    extraction = ITEMS
    texts: frozenset[str] = frozenset({"nul", "bell"})
    options = {"entity": "item"}
    elsewhere = {"entity": "nothing_there"}
    names = {"id": "sku", "amount": "regular_price", "count": "stock_quantity"}
    refused = {"images": [{"src": "nowhere"}]}
    dropped = {"amount": "abc", "no_such_field": 1}
    oversized = {"description": "x" * 1_000_000}
    heavy = {"description": "x" * 200_000}
    keeps_one = True
    deletes = True
    cannot_hold: frozenset[str] = frozenset()
    unanswerable: Sequence[tuple[Extraction, str]] = [
        (reading(options={"entity": "itm"}), "did you mean `item`"),
        (reading(options={}), "options.entity"),
        (reading(parameters={"orderby": "nothing_there"}), "orderby"),
    ]

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.connector: Connector = self.with_settings()
        self.hostilities = {name: self._beginning(*after) for name, after in HOSTILE.items()}

    def with_settings(
        self, key: str = SECRET, where: Surroundings = LOOPBACK, **changes: Any
    ) -> WooCommerceConnector:
        config = {"shop": self.shop.url, "consumerKey": KEY} | changes
        return WooCommerceConnector(config, {"consumerSecret": key}, where)

    def broken(self) -> Sequence[tuple[Connector, str]]:
        tls = self.shop.url.replace("http:", "https:")
        return [
            (self.with_settings(shop=f"http://127.0.0.1:{free_port()}"), "host"),
            (self.with_settings(where=Surroundings()), "host"),
            (self.with_settings(shop=tls, timeouts={"connect": 0.5}), "tls"),
            (self.with_settings(key=f"{SECRET}-wrong"), "login"),
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
            {names.get(name, name): value for name, value in row.items() if _is_shown(name, value)}
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


def _is_shown(name: str, value: object) -> bool:
    return name in {"name", *ShopWorld.names.values()} or (name == "description" and value != "")


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


def shop_batch(
    records: Sequence[dict[str, Any]], entity: str = "item", ids: Sequence[str | None] = ()
) -> WriteBatch:
    return WriteBatch(
        tenant="acme",
        entity_type=entity,
        correlation_id="run",
        source_ids=[str(n) for n in range(len(records))],
        payloads=[encode(record) for record in records],
        target_ids=list(ids) or [None] * len(records),
        keys=[],
        match_key=("sku",) if entity == "item" else ("email",),
        options={"entity": entity},
    )
