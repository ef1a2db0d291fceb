"""`python -m benchmarks.connectors`: connectors against the stand-ins and servers of the tests.

Records a second and calls a record, with the default settings: read from the beginning, then new
and changed records in bulks of 100, one after the other, looked up first as Execute does. The
stand-in takes its part of the same core, so a figure says what Syncline may cost at most, and
nothing of the vendor's speed.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import msgspec

from syncline.connectors.mysql import MysqlConnector
from syncline.connectors.port import Connector, ExtractRequest, Surroundings, WriteBatch
from syncline.connectors.portal import PortalConnector
from syncline.connectors.sqlite import SqliteConnector
from syncline.connectors.wix import WixConnector
from syncline.contracts.messages import encode
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from tests.support.certificates import Authority
from tests.support.http_world import LOOPBACK
from tests.support.mariadb import mariadb_server, mysql_database
from tests.support.portal_hub import BASE, PortalHub
from tests.support.portal_hub import KEY as HUB_KEY
from tests.support.service_layer import ServiceLayer
from tests.support.service_layer_world import connector_to, order, started
from tests.support.shopify_shop import ShopifyShop
from tests.support.shopify_world import HERE
from tests.support.wix_site import KEY, SITE, WixSite
from tests.support.woocommerce_shop import Shop
from tests.support.woocommerce_world import ShopWorld

ROWS = 1_000
BULK = 100
_TABLE = "create table items (sku varchar(50) primary key, name varchar(99), price decimal(20,4))"
Make = Callable[[int, str], dict[str, Any]]


class Subject:
    """A connector beside its stand-in, and what was measured of it."""

    def __init__(self, name: str, connector: Connector) -> None:
        self.name = name
        self.connector = connector
        self.calls = 0
        connector.pace = self._count

    @property
    def _names(self) -> str:
        is_table = isinstance(self.connector, MysqlConnector | SqliteConnector)
        return "table" if is_table else "entity"

    async def _count(self) -> None:
        self.calls += 1

    def _print(self, what: str, count: int, seconds: float) -> None:
        per_second, per_record = count / seconds, self.calls / count
        print(f"| {self.name} | {what} | {per_second:,.0f} | {per_record:.3f} |", flush=True)
        self.calls = 0

    async def read(self, entity: str, id_column: str) -> None:
        """Read everything."""
        options = {"entity": entity}
        extraction = Extraction(mode=ExtractionMode.API, id_column=id_column, options=options)
        if self._names == "table":
            extraction = Extraction(table=entity, id_column=id_column)
        began, count = perf_counter(), 0
        async for page in self.connector.extract(ExtractRequest(extraction)):
            count += len(page.ids)
        self._print(f"read `{entity}`", count, perf_counter() - began)

    async def write(self, entity: str, key: str, make: Make) -> None:
        """Write new records, and then each of them changed."""
        ids: list[str | None] = [None] * ROWS
        for what in ("new", "changed"):
            began = perf_counter()
            for start in range(0, ROWS, BULK):
                places = range(start, start + BULK)
                records = [make(n, what) for n in places]
                known = [ids[n] for n in places]
                ids[start : start + BULK] = await self._bulk(entity, key, records, known)
            self._print(f"{what} `{entity}`", ROWS, perf_counter() - began)

    async def _bulk(
        self, entity: str, key: str, records: Sequence[dict[str, Any]], ids: list[str | None]
    ) -> list[str | None]:
        names = [str(record[key]) for record in records]
        batch = WriteBatch(
            tenant="t", entity_type=entity, correlation_id="bench", source_ids=names,
            payloads=[encode(record) for record in records], target_ids=ids,
            keys=[f"{name}-{hash(str(r))}" for name, r in zip(names, records, strict=True)],
            match_key=(key,), options={self._names: entity}, fields=tuple(records[0]),
        )  # fmt: skip
        if None in ids and self.connector.capabilities_for(batch.options).lookup:
            found = await self.connector.lookup(batch)
            batch = msgspec.structs.replace(batch, target_ids=found.target_ids, asked=True)
        result = await self.connector.write(batch)
        assert not result.failures, next(iter(result.failures.values()))
        return result.target_ids


async def main() -> None:
    print(
        f"load {os.getloadavg()[0]:.1f}\n\n"
        "| System | | records/s | calls/record |\n|---|---|---|---|"
    )
    await shops()
    await others()
    await databases()


async def shops() -> None:
    async with shopify() as subject:
        await subject.write("item", "handle", _product)
        await subject.write("itemstock", "sku", _quantity)
        await subject.write("customer", "email", _customer)
        await subject.read("item", "id")
        await subject.read("customer", "id")
    async with Shop().listening() as shop:
        subject = Subject("WooCommerce", ShopWorld(shop).connector)
        await subject.write("item", "sku", _item)
        await subject.read("item", "id")
        await subject.connector.close()


async def others() -> None:
    async with started(ServiceLayer()) as layer:
        layer.put("BusinessPartners", {"CardCode": "C1"})
        subject = Subject("Business One", connector_to(layer))
        await subject.write(
            "salesorder", "NumAtCard", lambda n, what: order(f"S{n}", Comments=what)
        )
        await subject.read("salesorder", "DocEntry")
        await subject.connector.close()
    async with portal() as subject:
        await subject.write("bpgroup", "code", lambda n, what: {"code": f"G{n}", "name": what})
        await subject.read("bpgroup", "id")
    async with wix() as subject:
        await subject.read("order", "id")


async def databases() -> None:
    async with mariadb_server(Authority()) as server, mysql_database(server) as world:
        await world.run(_TABLE)
        await _tables(Subject("MariaDB", world.connector))
    with TemporaryDirectory() as folder:
        file = Path(folder) / "items.db"
        with closing(sqlite3.connect(file)) as database:
            database.execute(_TABLE)
        connector = SqliteConnector({"file": str(file)}, {}, Surroundings(folders=(folder,)))
        await _tables(Subject("SQLite", connector))
        await connector.close()


async def _tables(subject: Subject) -> None:
    await subject.write("items", "sku", _row)
    await subject.read("items", "sku")


@asynccontextmanager
async def shopify() -> AsyncIterator[Subject]:
    """A shop whose bucket never runs dry: what its points allow is its own figure."""
    shop = ShopifyShop()
    shop.restored = shop.most = shop.available = 1e9
    await shop.start()
    subject = Subject("Shopify", shop.connector(LOOPBACK))
    yield subject
    await subject.connector.close()
    await shop.close()


@asynccontextmanager
async def portal() -> AsyncIterator[Subject]:
    hub = PortalHub()
    await hub.start()
    config = {"baseUrl": hub.url + BASE}
    subject = Subject("Portal", PortalConnector(config, {"integrationKey": HUB_KEY}, LOOPBACK))
    yield subject
    await subject.connector.close()
    await hub.close()


@asynccontextmanager
async def wix() -> AsyncIterator[Subject]:
    site = WixSite()
    await site.start()
    day = "2026-01-01T00:00:00.000Z"
    site.put(
        "order", *({"id": f"o{n:04}", "createdDate": day, "updatedDate": day} for n in range(ROWS))
    )
    config = {"siteId": SITE, "baseUrl": site.url}
    subject = Subject("Wix", WixConnector(config, {"apiKey": KEY}, LOOPBACK))
    yield subject
    await subject.connector.close()
    await site.close()


def _product(n: int, what: str) -> dict[str, Any]:
    option = {"name": "Title", "values": [{"name": "Default Title"}]}
    value = {"optionName": "Title", "name": "Default Title"}
    variant = {"sku": f"A-{n}", "price": "1.00", "optionValues": [value]}
    return {"handle": f"a-{n}", "title": what, "productOptions": [option], "variants": [variant]}


def _quantity(n: int, what: str) -> dict[str, Any]:
    return {"sku": f"A-{n}", "locationId": HERE, "quantity": len(what)}


def _customer(n: int, what: str) -> dict[str, Any]:
    return {"email": f"c{n}@example.com", "lastName": what}


def _row(n: int, what: str) -> dict[str, Any]:
    return {"sku": f"A{n}", "name": what, "price": 1.5}


def _item(n: int, what: str) -> dict[str, Any]:
    return {"sku": f"A{n}", "name": what, "regular_price": "1.00"}


if __name__ == "__main__":
    asyncio.run(main())
