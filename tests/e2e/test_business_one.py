"""Business One end to end: orders while much goes wrong, and the templates as they stand."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from syncline.domain.chain import next_run_id
from syncline.domain.run import State
from syncline.postgres.database.database import open_database
from syncline.postgres.runs.auditor import audit
from syncline.testing.http_api import Trouble
from tests.support import postgresql
from tests.support.eventually import eventually
from tests.support.http_world import listening
from tests.support.installation import installation
from tests.support.kafka import KafkaPlace
from tests.support.service_layer import ServiceLayer
from tests.support.service_layer_world import config_of, started
from tests.support.shopify_data import gid
from tests.support.shopify_shop import TOKEN, ShopifyShop
from tests.support.template_place import TemplatePlace
from tests.support.woocommerce_shop import KEY, SECRET, Shop

ROWS = 80
CONFIGURATION = """
kind: Profile
name: shop
connector: postgresql
config: {postgresql}
secrets: {{password: {{fromEnv: POSTGRESQL_PASSWORD}}}}
---
kind: Profile
name: erp
connector: business-one
maxConcurrent: 4
config: {business_one}
secrets: {{password: {{fromEnv: B1_PASSWORD}}}}
---
kind: Mapping
name: orders
entityType: salesorder
extraction: {{table: orders, idColumn: number, cursorColumn: changed}}
normalization:
  fields:
    - {{source: number, target: number, required: true}}
    - {{source: customer, target: customer}}
    - {{source: sku, target: sku}}
transformation:
  matchKey: NumAtCard
  fields:
    - {{source: number, target: NumAtCard}}
    - {{source: customer, target: CardCode}}
    - {{source: sku, target: "DocumentLines[0].ItemCode"}}
  target: {{entity: salesorder}}
---
kind: Instance
name: shop-erp
source: shop
target: erp
mappings: [orders]
"""


pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
async def place(
    module_kafka: KafkaPlace, module_postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[TemplatePlace]:
    folder = tmp_path_factory.mktemp("business_one")
    server = f"127.0.0.1:{urlsplit(module_postgres).port}"
    extra = {"SYNCLINE_OUTBOUND_ALLOW": f"127.0.0.0/8,{server}"}
    async with (
        installation(module_kafka, module_postgres, folder, extra) as installed,
        open_database(module_postgres) as db,
    ):
        yield TemplatePlace(installed, db, folder)
        assert await audit(db) == []


@pytest.fixture
async def layer() -> AsyncIterator[ServiceLayer]:
    async with started(ServiceLayer()) as layer:
        customers = ("C1", "APPROVE", "C99999")
        layer.put("BusinessPartners", *({"CardCode": code} for code in customers))
        yield layer


async def test_no_order_is_made_twice_whatever_happens_on_the_way(
    place: TemplatePlace, layer: ServiceLayer, tmp_path: Path
) -> None:
    installed, db = place.installed, place.db
    layer.approval.add("APPROVE")
    layer.seconds = 0.02
    profiles = {
        "postgresql": postgresql.config_of(installed.dsn),
        "business_one": config_of(layer, timeouts={"connect": 1, "total": 2}),
    }
    text = CONFIGURATION.format(**{name: json.dumps(c) for name, c in profiles.items()})
    (tmp_path / "config.yaml").write_text(text)
    await db.execute(
        f"""create table orders as select 'S' || n as number, 'A1' as sku,
        case when n % 40 = 0 then 'APPROVE' else 'C1' end as customer,
        timestamptz '2026-01-01' + n * interval '1 minute' as changed
        from generate_series(1, {ROWS}) n"""
    )
    password = urlsplit(installed.dsn).password or "-"
    secrets = {"POSTGRESQL_PASSWORD": password, "B1_PASSWORD": layer.password}
    await place.apply(tmp_path, secrets)

    run_id = await installed.trigger(instance="shop-erp", entityType="salesorder", batchSize=40)
    await eventually(lambda: _has(layer, 20), within=60)
    layer.end_sessions()
    layer.trouble.extend([Trouble("POST", proper=True), Trouble("POST", applied=True)])
    await eventually(lambda: _has(layer, 45), within=60)
    await installed.stop("execute", signal.SIGKILL)
    await installed.start("execute")
    run = await installed.ended(run_id, within=120)

    assert (run.state, run.counters.success) == (State.SUCCEEDED, ROWS)
    assert (len(layer.sets["Orders"]), len(layer.sets["Drafts"])) == (ROWS - 2, 2)
    assert max(layer.effects.values()) == 1
    assert not layer.trouble  # the answer was lost

    await db.execute("update orders set sku = 'A2', changed = now() where number in ('S1', 'S2')")
    assert (await place.run("shop-erp", "salesorder")).counters.success == 2
    assert _codes(layer, "S1") == ["A2"]


async def test_items_stock_and_customers_go_to_shopify(
    place: TemplatePlace, layer: ServiceLayer, tmp_path: Path
) -> None:
    layer.put("Items", *(_item(n) for n in range(30)))
    layer.sets["BusinessPartners"].clear()
    layer.put("BusinessPartners", *(_partner(n) for n in range(3)))
    async with listening(ShopifyShop()) as shop:
        profiles = {"b1": {"config": config_of(layer)}, "shopify": {"config": {"shop": shop.url}}}
        await place.store("b1-shopify", tmp_path, profiles, secrets=_secrets(layer))
        tried = await place.dry_run("b1-shopify-items")
        assert (tried[1]["handle"], tried[1]["variants"][0]["price"]) == ("a-1", "1.50")
        tried = await place.dry_run("b1-shopify-customers")
        assert (tried[0]["email"], tried[0]["tags"]) == ("c0@example.com", ["b1:C0"])
        layer.put("Items", _item(99) | {"SalesItem": "tNO"})
        layer.put("BusinessPartners", _partner(98) | {"CardType": "cSupplier"})
        layer.put("BusinessPartners", _partner(99) | {"EmailAddress": None})

        item = await place.run("b1-shopify", "item")
        stock = await place.installed.ended(next_run_id(item.id))
        customer = await place.installed.ended(next_run_id(stock.id))

    runs = (item, stock, customer)
    assert {run.state for run in runs} == {State.SUCCEEDED}, [run.failure for run in runs]
    assert [run.counters.success for run in runs] == [30, 30, 3]
    assert sorted(shop.data.levels.values()) == list(range(30))
    made = {c["email"]: c for c in shop.data.kind("Customer")}
    assert made.keys() == {f"c{n}@example.com" for n in range(3)}
    address = made["c2@example.com"]["addressesV2"][0]
    assert (address["company"], address["city"], address["countryCodeV2"]) == ("C 2", "Bern", "CH")


async def test_items_go_to_woocommerce(
    place: TemplatePlace, layer: ServiceLayer, tmp_path: Path
) -> None:
    layer.put("Items", *(_item(n) for n in range(30)))
    async with Shop().listening() as shop:
        profiles = {
            "b1": {"config": config_of(layer)},
            "woocommerce": {"config": {"shop": shop.url, "consumerKey": KEY}},
        }
        await place.store("b1-woocommerce", tmp_path, profiles, secrets=_secrets(layer))
        tried = await place.dry_run("b1-woocommerce-items")
        assert (tried[1]["regular_price"], tried[1]["stock_quantity"]) == ("1.50", 1)
        layer.put("Items", _item(99) | {"SalesItem": "tNO"})

        first = await place.run("b1-woocommerce", "item")
        layer.put("Items", _item(3) | {"QuantityOnStock": 7, "UpdateDate": "2026-11-30"})
        second = await place.run("b1-woocommerce", "item")

    runs = (first, second)
    assert {run.state for run in runs} == {State.SUCCEEDED}, [run.failure for run in runs]
    assert [run.counters.success for run in runs] == [30, 1]
    products = {row["sku"]: row["stock_quantity"] for row in shop.rows["products"].values()}
    assert (len(products), products["A 3"]) == (30, 7)


async def test_orders_come_from_shops(
    place: TemplatePlace, layer: ServiceLayer, tmp_path: Path
) -> None:
    async with listening(ShopifyShop()) as shopify, Shop().listening() as woocommerce:
        for n in range(10):
            _sell(shopify, woocommerce, n)
        profiles = _profiles(layer, shopify, woocommerce)
        for name in ("shopify-b1", "woocommerce-b1"):
            await place.store(name, tmp_path / name, profiles, secrets=_secrets(layer))
            assert (await place.dry_run(f"{name}-orders"))[0]["CardCode"] == "C99999"
        runs = [
            await place.run(name, "salesorder")
            for name in ("shopify-b1", "woocommerce-b1", "shopify-b1", "woocommerce-b1")
        ]

    assert {run.state for run in runs} == {State.SUCCEEDED}, [run.failure for run in runs]
    assert [run.counters.success for run in runs] == [10, 10, 0, 0]
    assert len(layer.sets["Orders"]) == layer.effects.total() == 20
    customers = {o["NumAtCard"]: o["CardCode"] for o in layer.sets["Orders"].values()}
    assert (customers["#1003"], customers["#1004"]) == ("C1", "C99999")
    assert _codes(layer, "#1003") == _codes(layer, "1003") == ["A1", "A2"]


def _item(n: int) -> dict[str, Any]:
    return {
        "ItemCode": f"A {n}",
        "ItemName": f"Item {n}",
        "SalesItem": "tYES",
        "UpdateDate": "2026-11-01",
        "BarCode": None,
        "ItemPrices": [{"PriceList": 1, "Price": n + 0.5}],
        "QuantityOnStock": n,
        "ItemWarehouseInfoCollection": [
            {"WarehouseCode": "01", "InStock": n + 1, "Committed": 1},
            {"WarehouseCode": "02", "InStock": 99, "Committed": 0},
        ],
    }


def _partner(n: int) -> dict[str, Any]:
    home = {"AddressName": "Home", "Street": "1 Main St", "ZipCode": "3000", "City": "Bern"}
    return {
        "CardCode": f"C{n}",
        "CardName": f"C {n}",
        "CardType": "cCustomer",
        "EmailAddress": f"C{n}@Example.com ",
        "UpdateDate": "2026-11-01",
        "BPAddresses": [home | {"Country": "CH"}],
    }


def _sell(shopify: ShopifyShop, woocommerce: Shop, n: int) -> None:
    prices = {"originalUnitPriceSet": {"shopMoney": {"amount": "9.90", "currencyCode": "EUR"}}}
    lines = [
        {"id": f"gid://shopify/LineItem/{n}{c}", "sku": c, "quantity": 2} for c in ("A1", "A2")
    ]
    shopify.data.add(
        "Order",
        name=f"#{1000 + n}",
        processedAt="2026-11-01T08:15:00Z",
        customer={"id": gid("Customer", n), "tags": ["vip", "b1:C1"]} if n == 3 else None,
        lineItems=[line | prices for line in lines],
    )
    sold = [{"sku": code, "quantity": 2, "price": 9.9} for code in ("A1", "A2")]
    order = {"id": n + 1, "number": str(1000 + n), "status": "processing", "line_items": sold}
    more = {"date_created_gmt": "2026-11-01T08:15:00", "customer_note": ""}
    woocommerce.add("orders", order | more)


def _profiles(
    layer: ServiceLayer, shopify: ShopifyShop, woocommerce: Shop
) -> dict[str, dict[str, Any]]:
    return {
        "b1": {"config": config_of(layer)},
        "shopify": {"config": {"shop": shopify.url}},
        "woocommerce": {"config": {"shop": woocommerce.url, "consumerKey": KEY}},
    }


def _secrets(layer: ServiceLayer) -> dict[str, str]:
    return {"B1_PASSWORD": layer.password, "SHOPIFY_TOKEN": TOKEN, "WOOCOMMERCE_SECRET": SECRET}


def _codes(layer: ServiceLayer, reference: str) -> list[str]:
    (found,) = [o for o in layer.sets["Orders"].values() if o["NumAtCard"] == reference]
    return [line["ItemCode"] for line in found["DocumentLines"]]


async def _has(layer: ServiceLayer, count: int) -> bool:
    return layer.effects.total() >= count
