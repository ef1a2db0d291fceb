"""Customers in a Shopify shop: by e-mail address, by ID, their addresses, and nobody twice."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from syncline.domain.errors import Category
from tests.support.shopify_data import gid
from tests.support.shopify_world import customers, shopify_shop

HOME = {"address1": "1 Main St", "city": "Bern", "zip": "3000", "countryCode": "CH"}


def ann(**changes: Any) -> dict[str, Any]:
    return {"email": "ann@example.com", "firstName": "Ann", "addresses": [HOME]} | changes


async def test_a_customer_is_created_by_email_and_changed_by_id() -> None:
    async with shopify_shop() as (shop, connector):
        created = await connector.write(customers([ann()]))
        moved = {**HOME, "city": "Basel"}
        changed = ann(email="ann@example.org", addresses=[moved])

        result = await connector.write(customers([changed], created.target_ids))

        assert (created.failures, result.failures) == ({}, {})
        (customer,) = shop.data.kind("Customer")
        assert created.target_ids == result.target_ids == [customer["id"]]
        assert (customer["email"], customer["firstName"]) == ("ann@example.org", "Ann")
        assert [(a["city"], a["countryCodeV2"]) for a in customer["addressesV2"]] == [
            ("Basel", "CH")
        ]


async def test_a_customer_that_is_there_is_found_and_keeps_what_is_not_sent() -> None:
    async with shopify_shop() as (shop, connector):
        there = shop.data.add("Customer", email="ann@example.com", note="pays late")
        batch = customers([{"email": "ann@example.com", "firstName": "Ann"}, ann(email="b@x.org")])

        found = await connector.lookup(batch)
        result = await connector.write(batch)

        assert found.target_ids == [there["id"], None]
        assert found.differs == {0: ["firstName"]}
        assert (there["note"], there["firstName"]) == ("pays late", "Ann")
        assert result.target_ids[0] == there["id"]


@pytest.mark.parametrize(
    ("options", "on_create", "fails"),
    [({}, (), True), ({"replaceAddresses": True}, (), False), ({}, ("addresses",), False)],
)
async def test_addresses_of_people_are_not_deleted_unasked(
    options: dict[str, Any], on_create: tuple[str, ...], fails: bool
) -> None:
    async with shopify_shop() as (shop, connector):
        own = [shop.data.add("MailingAddress", city=city) for city in ("Rome", "Oslo")]
        shop.data.add("Customer", email="ann@example.com", addressesV2=own)
        records = [ann(), ann(email="new@example.com")]
        batch = msgspec.structs.replace(customers(records, **options), on_create=on_create)

        found = await connector.lookup(batch)

        wanted = {0: "would_delete_addresses"} if fails else {}
        assert {place: why.code for place, why in found.failures.items()} == wanted
        if not fails:
            assert (await connector.write(batch)).failures == {}
            assert shop.data.effects["addresses deleted"] == 2 * (not on_create)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"email": "nonsense"}, "INVALID: input.email: Email is invalid"),
        ({"email": None}, "without an e-mail address"),
        ({"email": ""}, "without an e-mail address"),
        ({"phone": "x"}, "INVALID: input.phone"),
        ({"addresses": [{"countryCode": "CHE"}]}, "CHE"),
        ({"nickname": "x"}, "nickname"),
    ],
)
async def test_what_a_shop_refuses_is_the_records_failure(
    changes: dict[str, Any], said: str
) -> None:
    async with shopify_shop() as (shop, connector):
        records = [ann(), ann(email="b@example.com") | changes, ann(email="c@example.com")]

        result = await connector.write(customers(records))

        assert {p: why.category for p, why in result.failures.items()} == {1: Category.PERMANENT}
        assert said in result.failures[1].message
        assert len(shop.data.kind("Customer")) == 2


async def test_an_email_that_another_customer_has_is_refused_with_its_field() -> None:
    async with shopify_shop() as (shop, connector):
        first = await connector.write(customers([ann(), ann(email="b@example.com")]))

        result = await connector.write(
            customers([ann(email="b@example.com")], first.target_ids[:1])
        )

        assert "TAKEN: input.email" in result.failures[0].message
        assert [c["email"] for c in shop.data.kind("Customer")] == [
            "ann@example.com",
            "b@example.com",
        ]


async def test_a_lost_answer_and_a_repeated_write_make_one_customer() -> None:
    async with shopify_shop() as (shop, connector):
        shop.lost.append("SetCustomer")
        batch = customers([ann(), ann(email="b@example.com")])

        first = await connector.write(batch)
        again = await connector.write(batch)
        await connector.write(batch)

        assert {why.ambiguous for why in first.failures.values()} == {True}
        assert again.failures == {}
        effects = shop.data.effects
        assert (effects["create ann@example.com"], effects["create b@example.com"]) == (1, 1)


async def test_a_customer_that_is_gone_is_created_again_or_found_by_email() -> None:
    async with shopify_shop() as (shop, connector):
        merged = shop.data.add("Customer", email="ann@example.com", addressesV2=[])
        gone = [gid("Customer", 404)] * 2

        result = await connector.write(customers([ann(), ann(email="b@example.com")], gone))

        assert result.failures == {}
        assert result.target_ids == [c["id"] for c in shop.data.kind("Customer")]
        assert result.target_ids[0] == merged["id"]


async def test_customers_with_orders_stay_and_others_are_deleted_once() -> None:
    async with shopify_shop() as (shop, connector):
        there = [shop.data.add("Customer", email=f"{n}@x.org", bought=n == 1) for n in range(2)]
        wanted = [*(each["id"] for each in there), gid("Customer", 404)]

        result = await connector.delete(wanted, {"entity": "customer"})

        assert {p: why.category for p, why in result.failures.items()} == {1: Category.PERMANENT}
        assert shop.data.kind("Customer") == there[1:]
