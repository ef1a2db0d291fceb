"""Stock in a Shopify shop: what is set, what waits for its item, and what is done once."""

from __future__ import annotations

from typing import Any

import pytest

from syncline.connectors.port import ConnectorError
from syncline.domain.errors import Category, FailureError
from tests.support.shopify_data import gid
from tests.support.shopify_shop import ShopifyShop
from tests.support.shopify_world import HERE, shopify_shop, stock


def count(n: int, quantity: float = 5, **more: Any) -> dict[str, Any]:
    return {"sku": f"A-{n}", "locationId": HERE, "quantity": quantity} | more


def item_of(shop: ShopifyShop, sku: str) -> str:
    variants = shop.data.kind("ProductVariant")
    return next(str(v["inventoryItem"]["id"]) for v in variants if v.get("sku") == sku)


def stocked(shop: ShopifyShop, numbers: range) -> None:
    """Put products into the shop, each kept at the location."""
    for n in numbers:
        shop.data.add_product(f"A-{n}")
        shop.data.levels[item_of(shop, f"A-{n}"), HERE] = 0


async def test_stock_is_set_by_sku_in_calls_of_250() -> None:
    async with shopify_shop() as (shop, connector):
        stocked(shop, range(300))
        batch = stock([count(n, n) for n in range(300)])

        result = await connector.write(batch)

        assert (result.failures, result.stopped) == ({}, {})
        assert result.target_ids == [item_of(shop, f"A-{n}") for n in range(300)]
        assert sorted(shop.data.levels.values()) == list(range(300))
        assert shop.calls == ["FindStock"] * 6 + ["SetStock"] * 2


async def test_known_items_are_not_looked_for() -> None:
    async with shopify_shop() as (shop, connector):
        stocked(shop, range(3))
        known = (await connector.write(stock([count(n) for n in range(3)]))).target_ids
        shop.calls.clear()

        await connector.write(stock([count(n, 9) for n in range(3)], known))

        assert shop.calls == ["SetStock"]
        assert set(shop.data.levels.values()) == {9}


async def test_stock_waits_for_its_item_instead_of_failing() -> None:
    async with shopify_shop() as (shop, connector):
        stocked(shop, range(2))
        shop.data.hidden.add(shop.data.kind("ProductVariant")[1]["id"])

        result = await connector.write(stock([count(0), count(1), count(7)]))

        told = {place: (why.category, why.code) for place, why in result.failures.items()}
        assert told == dict.fromkeys((1, 2), (Category.PERMANENT, "parent_missing"))
        shop.data.hidden.clear()
        assert list((await connector.write(stock([count(1)]))).failures) == []


async def test_an_item_that_is_not_kept_at_the_location_is_kept_there_from_now_on() -> None:
    async with shopify_shop() as (shop, connector):
        stocked(shop, range(4))
        for n in (1, 2):
            del shop.data.levels[item_of(shop, f"A-{n}"), HERE]

        result = await connector.write(stock([count(n) for n in range(4)]))

        assert result.failures == {}
        assert list(shop.data.levels.values()) == [5] * 4
        assert shop.calls == ["FindStock", "SetStock", *["ActivateStock"] * 2, "SetStock"]


async def test_what_is_wrong_fails_alone() -> None:
    async with shopify_shop() as (shop, connector):
        stocked(shop, range(8))
        shop.data.add_product("A-7", "the-other-a-7")
        wrong = [
            count(1, locationId=gid("Location", 99)),
            count(2, quantity=1.5),
            {"sku": "A-3", "quantity": 1},
            count(4, warehouse="x"),
            count(5, quantity=2**40),
            count(7),
        ]

        result = await connector.write(stock([count(0), *wrong, count(6)]))

        assert {p: (f.category, f.code) for p, f in result.failures.items()} == {
            1: (Category.PERMANENT, "record_refused"),
            2: (Category.PERMANENT, "invalid_stock"),
            3: (Category.PERMANENT, "invalid_stock"),
            4: (Category.PERMANENT, "invalid_stock"),
            5: (Category.PERMANENT, "error_in_answer"),
            6: (Category.PERMANENT, "match_not_unique"),
        }
        assert shop.data.effects["quantity"] == 2


async def test_of_two_quantities_of_one_item_the_later_one_stays() -> None:
    async with shopify_shop() as (shop, connector):
        stocked(shop, range(2))

        await connector.write(stock([count(0, 1), count(1, 2), count(0, 3)]))

        assert sorted(shop.data.levels.values()) == [2, 3]


async def test_an_item_that_was_deleted_and_made_anew_is_found_again() -> None:
    async with shopify_shop() as (shop, connector):
        stocked(shop, range(2))

        known = [gid("InventoryItem", 404), item_of(shop, "A-1")]
        result = await connector.write(stock([count(0), count(1)], known))

        assert result.failures == {}
        assert result.target_ids == [item_of(shop, "A-0"), item_of(shop, "A-1")]


async def test_the_location_may_stand_in_the_target_block() -> None:
    async with shopify_shop() as (shop, connector):
        stocked(shop, range(1))

        await connector.write(stock([{"sku": "A-0", "quantity": 4}], location=HERE))

        assert list(shop.data.levels.values()) == [4]


@pytest.mark.parametrize("call", ["SetStock", "ActivateStock"])
async def test_a_lost_answer_has_one_effect(call: str) -> None:
    async with shopify_shop() as (shop, connector):
        stocked(shop, range(3))
        if call == "ActivateStock":
            shop.data.levels.clear()
        shop.lost.append(call)
        batch = stock([count(n) for n in range(3)])

        with pytest.raises(FailureError) as caught:
            await connector.write(batch)
        assert caught.value.failure.ambiguous
        again = await connector.write(batch)

        assert again.failures == {}
        effects = shop.data.effects
        assert effects["quantity"] + effects["activate"] <= 3 + (call == "ActivateStock") * 3
        assert list(shop.data.levels.values()) == [5] * 3


async def test_the_same_write_again_leaves_what_was_sold_meanwhile() -> None:
    async with shopify_shop() as (shop, connector):
        stocked(shop, range(1))
        batch = stock([count(0)])
        await connector.write(batch)
        shop.data.levels[item_of(shop, "A-0"), HERE] = 3  # two were sold

        await connector.write(batch)

        assert shop.data.levels[item_of(shop, "A-0"), HERE] == 3


async def test_a_throttled_call_keeps_what_was_set_before_it() -> None:
    async with shopify_shop() as (shop, connector):
        stocked(shop, range(260))
        known = [item_of(shop, f"A-{n}") for n in range(260)]
        batch = stock([count(n) for n in range(260)], known)
        shop.waits = [0, 3]

        result = await connector.write(batch)

        assert sorted(result.failures) == list(range(250, 260))
        assert {(f.category, f.retry_after) for f in result.failures.values()} == {
            (Category.TRANSIENT, 3)
        }


async def test_a_missing_scope_fails_the_call_and_no_record() -> None:
    async with shopify_shop() as (shop, connector):
        stocked(shop, range(2))
        shop.scopes = ("read_products",)

        with pytest.raises(ConnectorError) as caught:
            await connector.write(stock([count(0), count(1)]))

        assert caught.value.failure.code == "permission_refused"
