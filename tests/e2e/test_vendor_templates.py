"""Templates of connectors to one vendor's API as they stand: tried and run between stand-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from syncline.domain.chain import next_run_id
from syncline.domain.run import State
from syncline.postgres.database.database import open_database
from syncline.postgres.runs.auditor import audit
from tests.support.http_world import listening
from tests.support.installation import installation
from tests.support.kafka import KafkaPlace
from tests.support.portal_hub import BASE, PortalHub
from tests.support.portal_hub import KEY as HUB_KEY
from tests.support.shopify_shop import TOKEN, ShopifyShop
from tests.support.template_place import TemplatePlace
from tests.support.wix_site import KEY, SITE, WixSite


@pytest.fixture(scope="module")
async def place(
    module_kafka: KafkaPlace, module_postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[TemplatePlace]:
    folder = tmp_path_factory.mktemp("templates")
    extra = {"SYNCLINE_FILES_ROOTS": str(folder), "SYNCLINE_OUTBOUND_ALLOW": "127.0.0.0/8"}
    async with (
        installation(module_kafka, module_postgres, folder, extra) as installed,
        open_database(module_postgres) as db,
    ):
        yield TemplatePlace(installed, db, folder)
        assert await audit(db) == []


def order(n: int, **changes: Any) -> dict[str, Any]:
    """Return an order as Wix gives it: amounts are text."""
    made = {
        "id": f"6f759095-0701-4075-9908-{n:012}",
        "number": str(10_000 + n),
        "status": "APPROVED",
        "createdDate": "2026-03-01T08:15:00.000Z",
        "updatedDate": f"2026-03-01T08:{n // 60:02}:{n % 60:02}.000Z",
        "buyerInfo": {"contactId": f"contact-{n % 7}"},
        "currency": "EUR",
        "buyerNote": "Ring twice",
        "priceSummary": {
            "shipping": {"amount": "0"}, "tax": {"amount": "3.80"}, "total": {"amount": "23.80"}
        },
        "lineItems": [
            {
                "productName": {"original": "Pen"}, "quantity": 2, "price": {"amount": "10.00"},
                "physicalProperties": {"sku": f"A{n % 5}"},
            }
        ],
    }  # fmt: skip
    return made | changes


async def test_wix_to_portal(place: TemplatePlace, tmp_path: Path) -> None:
    count = 120
    async with listening(WixSite()) as site, listening(PortalHub()) as hub:
        site.put("order", *(order(n) for n in range(count)))
        profiles: dict[str, dict[str, Any]] = {
            "wix": {"config": {"siteId": SITE, "baseUrl": site.url}, "rate": 1000},
            "portal": {"config": {"baseUrl": hub.url + BASE}},
        }
        secrets = {"WIX_API_KEY": KEY, "PORTAL_KEY": HUB_KEY}
        await place.store("wix-portal", tmp_path, profiles, secrets=secrets)

        tried = await place.dry_run("wix-portal-orders")
        assert tried[0]["reference"] == "10000"
        assert hub.stored["salesorder"] == {}
        first = await place.run("wix-portal", "salesorder")
        assert (first.state, first.counters.success) == (State.SUCCEEDED, count), first.failure
        site.put("order", order(3, updatedDate="2026-03-02T00:00:00.000Z", currency="CHF"))
        second = await place.run("wix-portal", "salesorder")

    assert second.counters.success == 1
    held = {record["key"]: record["data"] for record in hub.stored["salesorder"].values()}
    assert len(held) == count
    assert held["10003"]["currency"] == "CHF"
    assert held["10004"]["lines"] == [{"sku": "A4", "name": "Pen", "quantity": 2, "price": 10}]
    assert {name: n for name, n in hub.effects.items() if n > 1} == {"salesorder 10003": 2}


async def test_csv_to_shopify(place: TemplatePlace, tmp_path: Path) -> None:
    file, lines = place.files / "items.csv", ["sku,name,price,stock"]
    lines += [f"A {n},Item {n},{n}.50,{n}" for n in range(100)]
    file.write_text("\n".join(lines))
    async with listening(ShopifyShop()) as shop:
        shop.restored = shop.most = shop.available = 600.0  # less than the run costs
        profiles: dict[str, dict[str, Any]] = {
            "files": {"config": {"folder": str(place.files)}},
            "shopify": {"config": {"shop": shop.url}},
        }
        await place.store("csv-shopify", tmp_path, profiles, secrets={"SHOPIFY_TOKEN": TOKEN})

        tried = await place.dry_run("csv-shopify-items")
        assert (tried[1]["handle"], tried[1]["variants"][0]["price"]) == ("a-1", "1.50")
        assert (await place.dry_run("csv-shopify-stock"))[1] == {"sku": "A 1", "quantity": 1}
        assert shop.data.kind("Product") == []
        assert await _chain(place) == [(100, 0), (100, 0)]
        for product in shop.data.kind("Product"):
            product["status"] = "ACTIVE"
        file.write_text("\n".join([*lines[:1], "A 0,Item 0,7,9", *lines[2:]]))
        assert await _chain(place) == [(1, 99), (1, 99)]

    held = {product["handle"]: product for product in shop.data.kind("Product")}
    assert held["a-0"]["variants"][0]["price"] == "7.00"
    assert {product["status"] for product in held.values()} == {"ACTIVE"}
    assert sorted(shop.data.levels.values()) == sorted([9, *range(1, 100)])
    creations = [n for what, n in shop.data.effects.items() if what.startswith("create ")]
    assert creations == [1] * 100


async def _chain(place: TemplatePlace) -> list[tuple[int, int]]:
    """Run items and then their stock; return how many were written and left as they are."""
    item = await place.run("csv-shopify", "item")
    stock = await place.installed.ended(next_run_id(item.id))
    assert {item.state, stock.state} == {State.SUCCEEDED}, (item.failure, stock.failure)
    return [(run.counters.success, run.counters.skipped) for run in (item, stock)]
