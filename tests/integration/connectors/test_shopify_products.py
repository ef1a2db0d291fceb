"""Products in a Shopify shop: by handle, by ID, whole lists, and nothing twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from syncline.connectors.port import ConnectorError, ExtractRequest, Surroundings, WriteBatch
from syncline.connectors.shopify import ShopifyConnector
from syncline.domain.errors import Category, Failure
from syncline.testing.http_api import Trouble
from tests.support.shopify_data import gid
from tests.support.shopify_world import HERE, customers, products, reading, shopify_shop, stock

FIRST_RED = [{"optionName": "Colour", "name": "red"}]


def shirt(**changes: Any) -> dict[str, Any]:
    return {"handle": "shirt", "title": "A shirt", "vendor": "Us"} | changes


async def test_a_product_is_created_by_handle_and_changed_by_its_id() -> None:
    async with shopify_shop() as (shop, connector):
        created = await connector.write(products([shirt()]))
        shop.data.things[str(created.target_ids[0])]["handle"] = "shirt-that-people-renamed"

        await connector.write(products([shirt(title="New")], created.target_ids))

        (product,) = shop.data.kind("Product")
        assert (product["title"], product["vendor"]) == ("New", "Us")
        assert product["handle"] == "shirt-that-people-renamed"


async def test_a_product_that_was_deleted_is_created_again() -> None:
    async with shopify_shop() as (shop, connector):
        result = await connector.write(products([shirt()], [gid("Product", 404)]))

        assert result.failures == {}
        assert result.target_ids == [shop.data.kind("Product")[0]["id"]]


@pytest.mark.parametrize("handle", ["A Shirt", "shirt_", "", "-shirt", "Shirt", "a--b"])
async def test_a_handle_that_a_shop_would_change_is_refused(handle: str) -> None:
    async with shopify_shop() as (shop, connector):
        result = await connector.write(products([shirt(), shirt(handle=handle)]))

        assert [(p, f.code) for p, f in result.failures.items()] == [(1, "invalid_handle")]
        assert len(shop.data.kind("Product")) == 1


async def test_what_a_shop_refuses_is_the_records_failure_with_its_field() -> None:
    async with shopify_shop() as (_, connector):
        cheap = {"price": "-1", "optionValues": FIRST_RED}
        options = [{"name": "Colour", "values": [{"name": "red"}]}]
        bad = shirt(handle="b", variants=[cheap], productOptions=options)

        result = await connector.write(products([shirt(), bad, shirt(handle="c", titel="x")]))

        assert {p: f.category for p, f in result.failures.items()} == dict.fromkeys(
            (1, 2), Category.PERMANENT
        )
        assert "INVALID_VARIANT" in result.failures[1].message
        assert "variants.0.price" in result.failures[1].message
        assert "titel" in result.failures[2].message


async def test_lists_that_are_not_sent_stay_as_they_are() -> None:
    async with shopify_shop() as (shop, connector):
        product = shop.data.add_product("A", "shirt")

        await connector.write(products([shirt()]))

        assert [v["sku"] for v in product["variants"]] == ["A"]
        assert shop.data.effects["variants deleted"] == 0


@pytest.mark.parametrize(("options", "fails"), [({}, True), ({"replaceVariants": True}, False)])
async def test_a_product_that_would_lose_variants_is_told_of(
    options: dict[str, Any], fails: bool
) -> None:
    async with shopify_shop() as (shop, connector):
        own = {"inventoryItem": {"id": gid("InventoryItem", 1)}}
        colours = [shop.data.add("ProductVariant", sku=f"A-{n}", **own) for n in range(3)]
        shop.data.add_product("A", "shirt")["variants"] = colours
        shop.data.add_product("B", "hat")
        one = [{"price": "1", "optionValues": FIRST_RED}]
        sent = [shirt(variants=one), shirt(handle="hat", variants=one), shirt(handle="new")]
        batch = products([*sent, shirt()], **options)

        found = await connector.lookup(batch)
        known = await connector.lookup(products(sent[:1], found.target_ids[:1]))

        wanted = {0: "would_delete_variants"} if fails else {}
        assert {place: why.code for place, why in found.failures.items()} == wanted
        assert known.failures == {}
        assert shop.calls.count("CountVariants") == int(fails)


async def test_a_lost_answer_and_a_repeated_write_make_one_product() -> None:
    async with shopify_shop() as (shop, connector):
        shop.lost.append("SetItem")
        batch = products([shirt(), shirt(handle="trousers")])

        first = await connector.write(batch)
        await connector.write(batch)
        again = await connector.write(batch)

        assert {f.ambiguous for f in first.failures.values()} == {True}
        assert again.failures == {}
        effects: Mapping[str, int] = shop.data.effects
        assert (effects["create shirt"], effects["create trousers"]) == (1, 1)
        assert len(shop.data.kind("Product")) == 2


def test_another_version_of_the_api_is_no_other_shop() -> None:
    old = ShopifyConnector.system_of({"shop": "my-shop", "apiVersion": "2026-07"})

    assert old == ShopifyConnector.system_of({"shop": "My-Shop.myshopify.com"})


async def test_deleting_what_is_not_there_counts_as_deleted() -> None:
    async with shopify_shop() as (shop, connector):
        product = shop.data.add_product("A")
        wanted = [product["id"], gid("Product", 404)]

        assert (await connector.delete(wanted, {"entity": "item"})).failures == {}
        assert shop.data.kind("Product") == []


@pytest.mark.parametrize("entity", ["item", "itemstock"])
@pytest.mark.parametrize("status", [402, 423])
async def test_a_closed_shop_fails_the_call_and_no_record(entity: str, status: int) -> None:
    async with shopify_shop() as (shop, connector):
        shop.data.add_product("A")
        batch = products([shirt(), shirt(handle="b")])
        if entity == "itemstock":
            batch = stock([{"sku": "A", "locationId": HERE, "quantity": 1}], ["gid://x"])
        closed = Trouble(status=status, body=b'{"errors": "Unavailable Shop"}')
        shop.trouble.extend([Trouble(proper=True)] * 2 if entity == "item" else [])
        shop.trouble.extend([closed] * 2)

        stopped = await _stopped(connector, batch)

        assert {failure.category for failure in stopped} == {Category.PERMANENT}


async def _stopped(connector: ShopifyConnector, batch: WriteBatch) -> list[Failure]:
    try:
        result = await connector.write(batch)
    except ConnectorError as error:
        return [error.failure]
    assert result.failures == {}
    return list(result.stopped.values())


@asynccontextmanager
async def shop_at(url: str | None) -> AsyncIterator[ShopifyConnector]:
    """Give a connector to the stand-in, or to the real shop at https://TOKEN@my-shop.myshopify.com."""
    if url is None:
        async with shopify_shop() as (_, connector):
            yield connector
        return
    parts = urlsplit(url)
    secrets = {"accessToken": parts.username or ""}
    connector = ShopifyConnector({"shop": f"https://{parts.hostname}"}, secrets, Surroundings())
    try:
        yield connector
    finally:
        await connector.close()


class TestShop:
    """A shop as a customer has it: the stand-in, and a real one where a URL is given."""

    system = "shopify"

    async def test_a_product_goes_in_once_and_comes_back(self, system_url: str | None) -> None:
        async with shop_at(system_url) as connector:
            assert [check for check in await connector.test() if not check.ok] == []
            batch = products([shirt(handle=f"syncline-test-{uuid4()}")])

            first, again = await connector.write(batch), await connector.write(batch)
            found = await connector.lookup(batch)
            ids = [str(first.target_ids[0])]
            fetched = await connector.fetch(reading("item"), ids)
            request = ExtractRequest(reading("item"), limit=5)
            pages = [page async for page in connector.extract(request)]
            gone = await connector.delete(ids, {"entity": "item"})

        assert (first.failures, again.failures, gone.failures) == ({}, {}, {})
        assert ids == again.target_ids == found.target_ids == fetched.ids
        assert fetched.records.records()[0]["title"] == "A shirt"
        assert 1 <= sum(len(page.ids) for page in pages) <= 5

    async def test_a_customer_goes_in_once(self, system_url: str | None) -> None:
        async with shop_at(system_url) as connector:
            batch = customers([{"email": f"{uuid4()}@example.com", "lastName": "Test"}])

            first, again = await connector.write(batch), await connector.write(batch)
            found = await connector.lookup(batch)
            ids = [str(first.target_ids[0])]
            fetched = await connector.fetch(reading("customer"), ids)
            gone = await connector.delete(ids, {"entity": "customer"})

        assert (first.failures, again.failures, gone.failures) == ({}, {}, {})
        assert ids == again.target_ids == found.target_ids == fetched.ids
        assert found.differs == {0: []}
