"""What a WooCommerce shop does that no other API does, and what the connector makes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from syncline.connectors.port import ExtractRequest, WriteResult
from syncline.contracts.messages import decoder_of
from syncline.domain.errors import Category, FailureError
from syncline.domain.record import Record
from syncline.testing.connectors.reads import ids_of, pages_of
from tests.support.woocommerce_shop import Mishap
from tests.support.woocommerce_world import ShopWorld, reading, shop_batch, shop_world

CUSTOMERS = reading(cursor_column=None, options={"entity": "customer"})
ORDERS = reading(options={"entity": "order"})
_decode = decoder_of(Record).decode


@pytest.fixture
async def world() -> AsyncIterator[ShopWorld]:
    async with shop_world() as world:
        yield world


def at(second: int) -> str:
    return f"2026-10-25T00:{second // 60:02}:{second % 60:02}"


async def write(world: ShopWorld, *records: dict[str, Any]) -> WriteResult:
    return await world.connector.write(shop_batch(records))


async def test_changes_of_the_bookmark_s_own_second_are_read(world: ShopWorld) -> None:
    """`modified_after` leaves them out, and 300 records of one second are three pages."""
    for n in range(300):
        world.shop.add("products", {"id": n + 1, "date_modified_gmt": at(5)})

    pages = await pages_of(world, after=at(5), page_size=100)

    assert ids_of(pages) == [str(n + 1) for n in range(300)]
    assert ids_of(await pages_of(world, after=at(6), page_size=100)) == []


async def test_an_hour_that_comes_twice_hides_nothing(world: ShopWorld) -> None:
    """In the shop's own time what was changed first may stand last."""
    early = {"date_modified": "2026-10-25T02:50:00", "date_modified_gmt": "2026-10-25T00:50:00"}
    late = {"date_modified": "2026-10-25T02:10:00", "date_modified_gmt": "2026-10-25T01:10:00"}
    world.shop.add("products", *({"id": n, **late} for n in range(1, 101)))
    world.shop.add("products", {"id": 101, **early})

    pages = await pages_of(world, after="2026-10-25T00:00:00", page_size=100)

    assert len(ids_of(pages)) == 101


async def test_a_record_that_comes_in_meanwhile_gives_none_twice(world: ShopWorld) -> None:
    world.shop.add("products", *({"id": n, "date_modified_gmt": at(9)} for n in range(2, 8)))
    ids: list[str] = []
    request = ExtractRequest(world.extraction, after=at(5), page_size=3)
    async for page in world.connector.extract(request):
        ids += page.ids
        world.shop.add("products", {"id": 1, "date_modified_gmt": at(10)})

    assert ids == [str(n) for n in range(2, 8)]


async def test_variations_follow_their_product(world: ShopWorld) -> None:
    many = [{"id": 100 + n, "sku": f"V{n}", "type": "variation"} for n in range(130)]
    world.shop.add("products", {"id": 1, "variations": [row["id"] for row in many]}, {"id": 2})
    for row in many:
        world.shop.add("products", {k: v for k, v in row.items() if k != "type"} | {"parent_id": 1})
        world.shop.rows["products"][str(row["id"])]["type"] = "variation"

    (page,) = await pages_of(world, page_size=100)
    fetched = await world.connector.fetch(world.extraction, ["103", "2"])

    assert page.ids == ["1", *(str(row["id"]) for row in many), "2"]
    by_id = dict(zip(page.ids, page.records.records(), strict=True))
    assert by_id["103"]["parent_id"] == 1
    assert by_id["103"]["type"] == "variation"
    assert sorted(fetched.ids) == ["103", "2"]
    assert [r for r in fetched.records.records() if r["id"] == 103] == [by_id["103"]]


async def test_what_is_in_the_trash_is_no_change_and_is_found_by_its_id(world: ShopWorld) -> None:
    world.shop.add("orders", {"id": 7, "status": "trash"}, {"id": 8, "status": "completed"})

    listed = await pages_of(world, extraction=ORDERS)
    fetched = await world.connector.fetch(ORDERS, ["7", "8", "9"])

    assert ids_of(listed) == ["8"]
    assert sorted((r["id"], r["status"]) for r in fetched.records.records()) == [
        (7, "trash"),
        (8, "completed"),
    ]


async def test_customers_of_every_role_are_read_whole(world: ShopWorld) -> None:
    world.shop.add("customers", {"id": 1, "email": "a@b.c"})
    world.shop.add("customers", {"id": 2, "email": "d@e.f", "role": "shop_manager"})

    assert ids_of(await pages_of(world, extraction=CUSTOMERS)) == ["1", "2"]
    assert (await world.connector.fetch(CUSTOMERS, ["2"])).ids == ["2"]


async def test_numbers_and_null_are_sent_as_the_shop_understands_them(world: ShopWorld) -> None:
    await write(world, {"sku": "A", "regular_price": 9.5, "stock_quantity": 3, "weight": 2})
    made = next(iter(world.shop.rows["products"].values()))
    assert (made["regular_price"], made["stock_quantity"], made["weight"]) == ("9.5", 3, "2")

    await write(world, {"sku": "A", "regular_price": None})

    assert next(iter(world.shop.rows["products"].values()))["regular_price"] == ""


async def test_a_product_that_came_meanwhile_is_updated(world: ShopWorld) -> None:
    """The look-up did not see it, and the shop names it when its SKU is to be created."""
    known = shop_batch([{"sku": "a-1", "name": "new"}])
    known.asked = True
    world.shop.add("products", {"id": 5, "sku": "A-1", "name": "old"})

    result = await world.connector.write(known)

    assert (result.failures, result.target_ids) == ({}, ["5"])
    assert world.shop.rows["products"]["5"]["name"] == "new"
    assert world.shop.effects.total() == 0


async def test_a_sku_in_the_trash_is_named(world: ShopWorld) -> None:
    world.shop.add("products", {"id": 5, "sku": "T", "status": "trash"})

    result = await write(world, {"sku": "T"}, {"sku": "ok"})

    assert {n: f.code for n, f in result.failures.items()} == {0: "sku_in_trash"}
    assert world.shop.effects == {"ok": 1}


def add_variations(world: ShopWorld) -> None:
    for product in (6, 7):
        ids = [product * 10 + n for n in range(3)]
        world.shop.add("products", {"id": product, "sku": f"P{product}", "variations": ids})
        rows = ({"id": n, "sku": f"V{n}", "type": "variation", "parent_id": product} for n in ids)
        world.shop.add("products", *rows)


async def test_variations_are_found_by_their_sku_and_updated(world: ShopWorld) -> None:
    """In one call for each product; what is new is a product."""
    add_variations(world)
    skus = ["V60", "new", "V61", "P6", "V70"]
    records = [{"sku": sku, "name": "N", "regular_price": "5"} for sku in skus]

    result = await write(world, *records)
    found = await world.connector.lookup(shop_batch(records))

    assert result.failures == {}
    assert result.target_ids == ["6/60", "1001", "6/61", "6", "7/70"] == found.target_ids
    assert found.differs == {n: [] for n in range(5)}  # a variation has its product's name
    rows = world.shop.rows["products"]
    assert [rows[each]["regular_price"] for each in ("60", "61", "6", "70")] == ["5"] * 4
    writes = [path for method, path in world.shop.asked if method == "POST"]
    assert len(writes) == 2 + 2  # creations, products, and variations of two products
    again = shop_batch([{"sku": "V60", "regular_price": "6"}], ids=["6/60"])
    again.asked = True
    assert (await world.connector.write(again)).target_ids == ["6/60"]
    assert (await world.connector.delete(["6/60", "6"], {"entity": "item"})).failures == {}
    assert not {"6", "60"} & rows.keys()
    assert world.shop.effects == {"new": 1}


async def test_a_call_for_variations_that_fails_says_what_was_written(world: ShopWorld) -> None:
    add_variations(world)
    seen = Mishap("POST", passes=True)
    world.shop.mishaps.extend([Mishap("GET", passes=True), seen, Mishap("POST", applied=True)])

    result = await write(world, *({"sku": sku} for sku in ("P6", "V60", "V70")))

    assert result.target_ids[0] == "6"
    assert {n: f.ambiguous for n, f in result.failures.items()} == {1: True, 2: False}


async def test_a_variation_that_came_meanwhile_is_updated(world: ShopWorld) -> None:
    add_variations(world)
    known = shop_batch([{"sku": "v60", "regular_price": "5"}])
    known.asked = True

    assert (await world.connector.write(known)).target_ids == ["6/60"]


async def test_a_key_that_may_only_read_is_named_and_is_no_wrong_login(world: ShopWorld) -> None:
    world.shop.may_write = False

    with pytest.raises(FailureError, match="Read/Write") as caught:
        await write(world, {"sku": "A"})

    assert caught.value.failure.code == "permission_refused"
    assert caught.value.failure.category is Category.PERMANENT


async def test_customers_are_found_by_e_mail_in_any_case(world: ShopWorld) -> None:
    world.shop.add("customers", {"id": 3, "email": "ann@b.c", "first_name": "A"})

    result = await world.connector.write(
        shop_batch([{"email": "Ann@b.c", "first_name": "Ann"}, {"email": "new@b.c"}], "customer")
    )

    assert result.failures == {}
    assert result.target_ids[0] == "3"
    assert world.shop.rows["customers"]["3"]["first_name"] == "Ann"
    assert world.shop.effects == {"new@b.c": 1}


async def test_a_lost_batch_is_not_made_twice(world: ShopWorld) -> None:
    records = shop_batch([{"sku": f"S{n}"} for n in range(60)])
    world.shop.mishaps.extend([Mishap("POST", applied=True)])

    first = await world.connector.write(records)
    seen = await world.connector.lookup(records)
    records.target_ids = list(seen.target_ids)
    second = await world.connector.write(records)

    assert any(f.ambiguous for f in first.failures.values())
    assert second.failures == {}
    assert world.shop.effects == {f"S{n}": 1 for n in range(60)}


@pytest.mark.parametrize(("entity", "key"), [("item", "sku"), ("customer", "email")])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_whichever_answer_is_lost_nothing_is_made_twice(
    world: ShopWorld, entity: str, key: str, method: str
) -> None:
    """The answer to the look-up, or to the batch; and the same batch once more."""
    records = shop_batch([{key: f"{n}@b.c"} for n in range(3)], entity)
    world.shop.mishaps.append(Mishap(method, applied=True))

    with pytest.raises(FailureError) as caught:
        await world.connector.write(records)
    assert caught.value.failure.ambiguous == (method == "POST")
    for _ in range(2):
        assert (await world.connector.write(records)).failures == {}

    assert world.shop.effects == {f"{n}@b.c": 1 for n in range(3)}


async def test_a_deletion_whose_answer_is_lost_is_done_again(world: ShopWorld) -> None:
    world.shop.add("products", {"id": 1})
    world.shop.mishaps.append(Mishap("DELETE", applied=True))

    with pytest.raises(FailureError):
        await world.connector.delete(["1"], {"entity": "item"})

    assert (await world.connector.delete(["1"], {"entity": "item"})).failures == {}
    assert world.shop.rows["products"] == {}


async def test_a_product_that_is_deleted_while_pages_are_read_is_told_of(world: ShopWorld) -> None:
    """Another one moves up over the border of the pages."""
    world.shop.add("products", *({"id": n} for n in range(1, 7)))
    ids, notices = list[str](), list[str]()
    async for page in world.connector.extract(ExtractRequest(world.extraction, page_size=3)):
        ids += page.ids
        notices += [notice.code for notice in page.notices]
        world.shop.rows["products"].pop("1", None)

    assert ids == ["1", "2", "3", "5", "6"]
    assert notices == ["total_fell"]


async def test_a_notice_of_php_before_the_answer_is_shown(world: ShopWorld) -> None:
    notice = b"<br />\n<b>Warning</b>: foo in plugin.php on line 3<br />\n[]"
    world.shop.mishaps.append(Mishap(status=200, body=notice))

    with pytest.raises(FailureError, match=r"Warning : foo in plugin\.php"):
        await pages_of(world)


async def test_the_match_key_must_be_the_one_that_the_shop_can_be_asked_by(
    world: ShopWorld,
) -> None:
    wrong = shop_batch([{"sku": "A"}])
    wrong.match_key = ("name",)

    with pytest.raises(FailureError, match="must be `sku` for item"):
        await world.connector.write(wrong)


async def test_a_site_with_plain_permalinks(world: ShopWorld) -> None:
    world.shop.plain_permalinks = True
    world.shop.add("products", {"id": 1})
    (check,) = [c for c in await world.connector.test() if not c.ok]
    assert "404" in check.message

    plain = world.with_settings(plainPermalinks=True)
    try:
        assert [c for c in await plain.test() if not c.ok] == []
        assert (await plain.fetch(world.extraction, ["1"])).ids == ["1"]
    finally:
        await plain.close()
