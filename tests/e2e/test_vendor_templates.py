"""Templates of connectors to one vendor's API as they stand: tried and run between stand-ins.

Execute is killed in mid-run: no order, product or quantity is created twice.
"""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from syncline.domain.chain import next_run_id
from syncline.domain.run import State
from syncline.postgres.database.database import open_database
from syncline.postgres.runs.auditor import audit
from syncline.resources.template import template
from tests.support.eventually import eventually
from tests.support.http_world import listening
from tests.support.installation import installation
from tests.support.kafka import KafkaPlace
from tests.support.portal_hub import BASE, PortalHub
from tests.support.portal_hub import KEY as HUB_KEY
from tests.support.postgresql import config_of
from tests.support.shopify_shop import TOKEN, ShopifyShop
from tests.support.template_place import TemplatePlace
from tests.support.wix_site import KEY, SITE, WixSite
from tests.support.woocommerce_shop import KEY as WOOCOMMERCE_KEY
from tests.support.woocommerce_shop import SECRET as WOOCOMMERCE_SECRET
from tests.support.woocommerce_shop import Shop as WooCommerceShop

TIMES = {"connect": 1, "total": 2}
"""Seconds; as long as a call may take, what came of a lost one is not looked for."""


@pytest.fixture(scope="module")
async def place(
    module_kafka: KafkaPlace, module_postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[TemplatePlace]:
    folder = tmp_path_factory.mktemp("templates")
    allowed = f"127.0.0.0/8,127.0.0.1:{urlsplit(module_postgres).port}"
    extra = {"SYNCLINE_FILES_ROOTS": str(folder), "SYNCLINE_OUTBOUND_ALLOW": allowed}
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
    count = 400
    async with listening(WixSite()) as site, listening(PortalHub()) as hub:
        site.put("order", *(order(n) for n in range(count)))
        profiles: dict[str, dict[str, Any]] = {
            "wix": {"config": {"siteId": SITE, "baseUrl": site.url}, "rate": 1000},
            "portal": {"config": {"baseUrl": hub.url + BASE, "timeouts": TIMES}},
        }
        secrets = {"WIX_API_KEY": KEY, "PORTAL_KEY": HUB_KEY}
        await place.store("wix-portal", tmp_path, profiles, secrets=secrets)

        tried = await place.dry_run("wix-portal-orders")
        assert tried[0]["reference"] == "10000"
        assert hub.stored["salesorder"] == {}
        run_id = await place.installed.trigger(instance="wix-portal", entityType="salesorder")
        await eventually(lambda: hub.effects, within=30)
        await place.installed.stop("execute", signal.SIGKILL)
        await place.installed.start("execute")
        first = await place.installed.ended(run_id)
        assert (first.state, first.counters.success) == (State.SUCCEEDED, count), first.failure
        assert set(hub.effects.values()) == {1}
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
        run_id = await place.installed.trigger(instance="csv-shopify", entityType="item")
        await eventually(lambda: len(shop.data.kind("Product")) > 10, within=30)
        await place.installed.stop("execute", signal.SIGKILL)
        await place.installed.start("execute")
        assert await _chain(place, run_id) == [(100, 0), (100, 0)]
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


async def _chain(place: TemplatePlace, run_id: str = "") -> list[tuple[int, int]]:
    """Run items, and then their stock; return how many were written and left as they are."""
    run_id = run_id or await place.installed.trigger(instance="csv-shopify", entityType="item")
    item = await place.installed.ended(run_id)
    stock = await place.installed.ended(next_run_id(item.id))
    assert {item.state, stock.state} == {State.SUCCEEDED}, (item.failure, stock.failure)
    return [(run.counters.success, run.counters.skipped) for run in (item, stock)]


def woocommerce_product(n: int) -> dict[str, Any]:
    return {
        "id": n, "sku": f"A{n}", "name": f"Item {n}", "description": "", "type": "simple",
        "parent_id": 0, "status": "publish", "price": f"{n}.50", "stock_quantity": n,
    }  # fmt: skip


@pytest.fixture
async def tables(place: TemplatePlace) -> AsyncIterator[None]:
    """The tables that the template's own SQL makes, and a description beside it."""
    await place.db.execute(template("woocommerce-postgresql").files["tables.sql"])
    await place.db.execute("alter table items add description text")
    yield
    await place.db.execute("drop table items, orders")


def woocommerce_profiles(
    place: TemplatePlace, shop: WooCommerceShop
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Return the settings of the shop and the database, and their secrets."""
    dsn = place.installed.dsn
    config = {"shop": shop.url, "consumerKey": WOOCOMMERCE_KEY, "timeouts": TIMES}
    profiles: dict[str, dict[str, Any]] = {
        "woocommerce": {"config": config},
        "postgresql": {"config": config_of(dsn)},
    }
    password = urlsplit(dsn).password or "-"
    return profiles, {"POSTGRESQL_PASSWORD": password, "WOOCOMMERCE_SECRET": WOOCOMMERCE_SECRET}


@pytest.mark.usefixtures("tables")
async def test_woocommerce_to_postgresql(place: TemplatePlace, tmp_path: Path) -> None:
    line = {"sku": "A1", "name": "Item 1", "quantity": 2, "total": "3.00"}
    async with WooCommerceShop().listening() as shop:
        shop.add("products", *(woocommerce_product(n) for n in range(1, 121)))
        shop.rows["products"]["7"] |= {"type": "variable", "variations": [200]}
        shop.add("products", woocommerce_product(200) | {"type": "variation", "parent_id": 7})
        shop.add("orders", {"id": 5, "status": "processing", "total": "3.00", "line_items": [line]})
        profiles, secrets = woocommerce_profiles(place, shop)
        await place.store("woocommerce-postgresql", tmp_path, profiles, secrets=secrets)

        tried = await place.dry_run("woocommerce-postgresql-items")
        assert tried[0]["price"] == 1.5
        items = await place.run("woocommerce-postgresql", "item")
        orders = await place.run("woocommerce-postgresql", "order")

    assert (items.state, items.counters.success) == (State.SUCCEEDED, 121), items.failure
    assert (orders.state, orders.counters.success) == (State.SUCCEEDED, 1), orders.failure
    assert await place.rows("(select id, sku from items where variant_of = 7) t") == [(200, "A200")]
    assert await place.rows("(select id, total, lines->0->>'sku' from orders) t") == [
        (5, Decimal("3.00"), "A1")
    ]


@pytest.mark.usefixtures("tables")
async def test_postgresql_to_woocommerce(place: TemplatePlace, tmp_path: Path) -> None:
    """What the shop drops in silence is a failed record, which a repair updates."""
    await place.db.execute(
        "insert into items (id, sku, name, price, changed, description) select n, 'A' || n, "
        "'Item', n, '2026-01-01', case n when 3 then 'Blue' end from generate_series(1, 120) n"
    )
    async with WooCommerceShop().listening() as shop:
        shop.unknown = frozenset({"description"})
        profiles, secrets = woocommerce_profiles(place, shop)
        await place.store("postgresql-woocommerce", tmp_path, profiles, secrets=secrets)

        tried = await place.dry_run("postgresql-woocommerce-items")
        assert tried[0]["status"] == "draft"
        assert shop.effects.total() == 0
        run_id = await place.installed.trigger(instance="postgresql-woocommerce", entityType="item")
        await eventually(lambda: shop.effects, within=30)
        await place.installed.stop("execute", signal.SIGKILL)
        await place.installed.start("execute")
        first = await place.installed.ended(run_id)
        assert (first.counters.success, first.counters.failed) == (119, 1)
        assert await place.rows("(select code, field from dead_letters) t") == [
            ("not_kept", "description")
        ]
        shop.unknown = frozenset()
        await place.db.execute("update items set changed = now(), price = 9 where sku = 'A3'")
        second = await place.run("postgresql-woocommerce", "item")

    assert (second.state, second.counters.success) == (State.SUCCEEDED, 1)
    assert set(shop.effects.values()) == {1}
    kept = next(row for row in shop.rows["products"].values() if row["sku"] == "A3")
    assert (kept["description"], kept["regular_price"], kept["status"]) == ("Blue", "9", "draft")
