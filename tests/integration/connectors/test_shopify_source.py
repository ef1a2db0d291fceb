"""What a Shopify shop does that no other API does, and what the connector makes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
import pytest
from graphql import parse, validate

from syncline.connectors.api.entities import Entity
from syncline.connectors.port import ConnectorError, ExtractRequest, Page
from syncline.connectors.shopify import ShopifyConnector, documents
from syncline.connectors.shopify.access import SCOPES
from syncline.connectors.shopify.entities import ENTITIES
from syncline.connectors.shopify.slices import read_slices
from syncline.domain.errors import FailureError, RetriableError
from syncline.domain.mapping.extraction import Extraction
from syncline.testing.http_api import Trouble
from tests.support.shopify_data import gid
from tests.support.shopify_schema import UnknownFieldError, scopes_of, touched
from tests.support.shopify_shop import shop_schema
from tests.support.shopify_world import reading, shopify_shop


async def read(connector: ShopifyConnector, extraction: Extraction, **changes: Any) -> list[Page]:
    request = msgspec.structs.replace(ExtractRequest(extraction, page_size=100), **changes)
    return [page async for page in connector.extract(request)]


def records_of(pages: list[Page]) -> list[Any]:
    return [record for page in pages for record in page.records.records()]


@pytest.mark.parametrize("name", sorted(documents.EVERY))
def test_each_document_fits_the_schema_of_shopify(name: str) -> None:
    assert validate(shop_schema(), parse(documents.EVERY[name])) == []


def test_a_field_that_shopify_does_not_have_is_noticed() -> None:
    with pytest.raises(UnknownFieldError, match=r"Product\.colour"):
        list(touched("query Read { products(first: 1) { nodes { colour } } }"))


@pytest.mark.parametrize(
    ("what", "needed"),
    [
        ("item and variant as a source", ["read item", "read variant", "rest of item"]),
        ("customer as a source", ["read customer", "rest of customer"]),
        ("order as a source", ["read order", "rest of order"]),
        ("item as a target", ["set item", "find item", "count variants", "delete item"]),
        (
            "customer as a target",
            ["set customer", "find customer", "count addresses", "delete customer"],
        ),
        ("itemstock as a target", ["find stock", "set stock", "activate stock"]),
    ],
)
def test_the_scopes_that_are_asked_for_are_those_of_the_documents(
    what: str, needed: list[str]
) -> None:
    held = {*SCOPES[what], *(each.replace("write_", "read_", 1) for each in SCOPES[what])}
    wanted = [any_of for name in needed for any_of in scopes_of(documents.EVERY[name])]

    assert [any_of for any_of in wanted if not any_of & held] == []
    assert {each for each in held if not any(each in any_of for any_of in wanted)} == set()


@pytest.mark.parametrize("name", ["item", "order"])
def test_reads_in_order_begin_anew_well_before_a_shop_ends_them(name: str) -> None:
    source = ENTITIES[name].source
    assert source is not None
    paging = source.paging or {}
    assert paging["anchorAfter"] + 2 * paging["size"] < paging["most"]


class ShortReads(ShopifyConnector):
    """Reads begin anew after a few records."""

    entities: ClassVar[Mapping[str, Entity]] = {
        name: msgspec.structs.replace(
            entity,
            source=dataclasses.replace(
                entity.source,
                paging=(entity.source.paging or {}) | {"size": 4, "anchorAfter": 8, "most": 12},
            ),
        )
        for name, entity in ENTITIES.items()
        if entity.source is not None and name in ("item", "order")
    }


async def test_a_read_in_the_order_of_changes_goes_beyond_the_most_that_a_shop_gives() -> None:
    async with shopify_shop(ShortReads) as (shop, connector):
        shop.data.most = 12
        wanted = [shop.data.add_product(f"A-{n}")["id"] for n in range(40)]

        pages = await read(connector, reading("item"))

        assert [i for page in pages for i in page.ids] == wanted
        for place, page in enumerate(pages, 1):
            rest = await read(connector, reading("item"), position=page.position)
            before = sum(len(each.ids) for each in pages[:place])
            assert [i for each in rest for i in each.ids] == wanted[before:]


async def test_more_changes_of_one_second_than_a_shop_gives_are_told_of() -> None:
    async with shopify_shop(ShortReads) as (shop, connector):
        shop.data.most = 12
        for n in range(20):
            shop.data.add_product(f"A-{n}", updatedAt="2026-11-01T00:00:00Z")

        with pytest.raises(ConnectorError) as caught:
            await read(connector, reading("item"))

        assert caught.value.failure.code == "paging_limit"


async def test_a_read_in_the_order_of_ids_goes_beyond_the_most_that_a_shop_gives() -> None:
    async with shopify_shop() as (shop, connector):
        shop.data.most = 12
        wanted = [shop.data.add("Customer")["id"] for _ in range(40)]
        source = connector._source(reading("customer", whole=True))
        request = ExtractRequest(reading("customer", whole=True), page_size=4)

        pages = [p async for p in read_slices(connector._api, source, request, anchor_after=8)]

        assert [i for page in pages for i in page.ids] == wanted
        for place, page in enumerate(pages, 1):
            again = msgspec.structs.replace(request, position=page.position)
            rest = read_slices(connector._api, source, again, anchor_after=8)
            assert [i async for p in rest for i in p.ids] == wanted[4 * place :]


async def test_customers_are_asked_for_by_day_and_none_of_the_day_before_is_missed() -> None:
    async with shopify_shop() as (shop, connector):
        old = "2026-10-28T12:00:00Z"
        shop.data.add("Customer", updatedAt=old)
        late = shop.data.add("Customer", updatedAt="2026-11-01T04:59:00Z")  # 31 October, there
        new = shop.data.add("Customer", updatedAt="2026-11-01T13:00:00Z")

        pages = await read(connector, reading("customer"), after="2026-11-01T02:00:00Z")

        assert [i for page in pages for i in page.ids] == [late["id"], new["id"]]


async def test_lists_within_a_record_are_read_to_their_end() -> None:
    async with shopify_shop() as (shop, connector):
        product = shop.data.add_product("A")
        own = {"product": product, "inventoryItem": {"id": gid("InventoryItem", 1)}}
        product["variants"] = [
            shop.data.add("ProductVariant", sku=f"A-{n}", **own) for n in range(230)
        ]
        shop.data.add("Order", lineItems=[{"id": gid("LineItem", n)} for n in range(45)])
        shop.data.add("Order", lineItems=[{"id": gid("LineItem", 99)}])

        (item,) = records_of(await read(connector, reading("item")))
        orders = records_of(await read(connector, reading("order")))
        fetched = await connector.fetch(reading("item"), [product["id"]])

        assert [v["sku"] for v in item["variants"]["nodes"]] == [f"A-{n}" for n in range(230)]
        assert [len(order["lineItems"]["nodes"]) for order in orders] == [45, 1]
        assert fetched.records.records() == [item]
        assert list(item["variants"]) == ["nodes"]


async def test_a_record_that_is_deleted_while_its_list_is_read_is_not_taken_by_half() -> None:
    async with shopify_shop() as (shop, connector):
        shop.data.add("Order", lineItems=[{"id": gid("LineItem", n)} for n in range(45)])
        shop._roots["node"] = lambda info, id: None

        with pytest.raises(RetriableError) as caught:
            await read(connector, reading("order"))

        assert caught.value.failure.code == "records_missing"


async def test_variants_are_records_of_their_own_with_their_product() -> None:
    async with shopify_shop() as (shop, connector):
        product = shop.data.add_product("A", title="A thing")

        (variant,) = records_of(await read(connector, reading("variant")))

        assert (variant["sku"], variant["product"]["title"]) == ("A", "A thing")
        (page,) = await read(connector, reading("variant"))
        assert page.ids == [product["variants"][0]["id"]]


async def test_records_are_fetched_by_the_numbers_that_webhooks_give() -> None:
    async with shopify_shop() as (shop, connector):
        first, second = shop.data.add("Order"), shop.data.add("Order")
        number = first["id"].rpartition("/")[2]
        other = gid("Customer", 1)

        page = await connector.fetch(reading("order"), [number, second["id"], other, "x", "404"])

        assert page.ids == [first["id"], second["id"]]
        assert page.asked == {number: first["id"]}


async def test_a_page_that_costs_too_much_is_asked_for_in_smaller_ones() -> None:
    async with shopify_shop() as (shop, connector):
        wanted = [shop.data.add_product(f"A-{n}")["id"] for n in range(30)]
        shop.dearest = 100

        pages = await read(connector, reading("item"))

        assert [i for page in pages for i in page.ids] == wanted
        assert (await connector.fetch(reading("item"), wanted)).ids == wanted


async def test_names_that_are_withheld_fail_the_read_instead_of_being_null() -> None:
    async with shopify_shop() as (shop, connector):
        shop.data.add("Customer")
        shop.personal = False

        with pytest.raises(FailureError) as caught:
            await read(connector, reading("customer"))

        assert caught.value.failure.code == "permission_refused"
        checks = {c.part: c for c in await connector.test() if not c.ok}
        assert "protected customer data" in checks["permission"].message


async def test_the_test_says_which_scopes_are_missing_and_which_version_answers() -> None:
    async with shopify_shop() as (shop, connector):
        shop.scopes, shop.version = ("read_products", "read_orders"), "2027-01"

        checks = {check.part: check for check in await connector.test()}

        said = checks["permission"].message
        assert checks["permission"].ok
        assert "item as a target lacks write_products" in said
        assert "customer as a source lacks read_customers" in said
        assert "60 days" in said
        assert "2027-01" in checks["data"].message


async def test_an_app_of_the_dev_dashboard_signs_in_and_again_when_its_token_has_ended() -> None:
    async with shopify_shop(clientId="app") as (shop, connector):
        shop.app = ("app", "shh")
        shop.data.add_product("A")

        assert len(records_of(await read(connector, reading("item")))) == 1
        shop.good_tokens.clear()
        assert len(records_of(await read(connector, reading("item")))) == 1
        assert len([a for a in shop.asked if a.path.endswith("access_token")]) == 2


@pytest.mark.parametrize(("status", "part"), [(402, "data"), (423, "data"), (404, "data")])
async def test_a_shop_that_is_closed_is_a_persons_to_open(status: int, part: str) -> None:
    async with shopify_shop() as (shop, connector):
        shop.trouble.append(Trouble(status=status, body=b'{"errors": "Unavailable Shop"}'))

        with pytest.raises(ConnectorError, match="Unavailable Shop"):
            await read(connector, reading("item"))
