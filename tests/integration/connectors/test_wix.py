"""Traps of Wix: catalogues, hidden orders, missing apps and rights, and its limit of calls."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from syncline.connectors.port import ConnectorError, ExtractRequest
from syncline.connectors.wix import WixConnector
from syncline.domain.errors import Category, FailureError
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from tests.support.http_world import LOOPBACK
from tests.support.wix_site import KEY, SITE, WixSite

SORTED = ("order", "product", "plan", "menuitem")
BY_CHANGE = (*SORTED, "customer", "booking")
ALL = (*BY_CHANGE, "service", "subscription")


@pytest.fixture
async def site() -> AsyncIterator[WixSite]:
    site = WixSite()
    await site.start()
    yield site
    await site.close()


@pytest.fixture
async def connector(site: WixSite) -> AsyncIterator[WixConnector]:
    connector = WixConnector({"siteId": SITE, "baseUrl": site.url}, {"apiKey": KEY}, LOOPBACK)
    yield connector
    await connector.close()


def reading(entity: str, cursor: str | None = None, **options: Any) -> Extraction:
    made = Extraction(
        mode=ExtractionMode.API, id_column="id", cursor_column=cursor,
        options={"entity": entity, **options},
    )  # fmt: skip
    assert WixConnector.extraction_problems(made) == []
    return made


async def ids(connector: WixConnector, extraction: Extraction, **how: Any) -> list[str]:
    pages = connector.extract(ExtractRequest(extraction, **how))
    return [i async for page in pages for i in page.ids]


def at(second: int) -> str:
    return f"2026-01-01T00:{second // 60:02}:{second % 60:02}.000Z"


def fill(site: WixSite, entity: str, count: int) -> list[str]:
    """Store records, the first one changed last."""
    names = [f"{entity}-{n:03}" for n in range(count)]
    for n, name in enumerate(names):
        made = {"id": name, "createdDate": at(n), "updatedDate": at(count - n)}
        site.put(entity, made)
    return names


@pytest.mark.parametrize("entity", ALL)
async def test_each_entity_type_is_read_whole(
    site: WixSite, connector: WixConnector, entity: str
) -> None:
    names = fill(site, entity, 230)

    found = await ids(connector, reading(entity))

    assert found == (names[::-1] if entity in SORTED else names)
    assert connector.reads_in_order(reading(entity)) is (entity in SORTED)


@pytest.mark.parametrize("entity", BY_CHANGE)
async def test_what_changed_is_read_from_the_bookmark(
    site: WixSite, connector: WixConnector, entity: str
) -> None:
    names = fill(site, entity, 230)

    found = await ids(connector, reading(entity, "updatedDate"), after=at(230 - 119))

    assert sorted(found) == names[:120]


@pytest.mark.parametrize("entity", ["service", "subscription"])
def test_what_cannot_be_asked_for_changes_is_read_in_full(entity: str) -> None:
    made = reading(entity)

    (problem,) = WixConnector.extraction_problems(
        dataclasses.replace(made, cursor_column="updatedDate")
    )

    assert "cannot be asked for changes" in problem.message


@pytest.mark.parametrize("entity", ALL)
async def test_each_entity_type_is_fetched_by_id(
    site: WixSite, connector: WixConnector, entity: str
) -> None:
    names = fill(site, entity, 30)

    page = await connector.fetch(reading(entity), [names[7], "nobody", names[2]])

    assert sorted(page.ids) == [names[2], names[7]]


async def test_orders_that_wix_hides_are_read_where_the_mapping_asks_for_them(
    site: WixSite, connector: WixConnector
) -> None:
    for status in ("APPROVED", "PENDING", "REJECTED"):
        site.put("order", {"id": status, "status": status, "updatedDate": at(1)})
    asked = reading("order", "updatedDate", filter={"status": {"$in": ["APPROVED", "PENDING"]}})

    assert await ids(connector, reading("order")) == ["APPROVED"]
    assert await ids(connector, asked, after=at(0)) == ["APPROVED", "PENDING"]
    found = await connector.fetch(asked, ["APPROVED", "PENDING", "REJECTED"])
    assert sorted(found.ids) == ["APPROVED", "PENDING"]


async def test_bookings_can_be_asked_for_at_another_address(
    site: WixSite, connector: WixConnector
) -> None:
    elsewhere = reading("booking", endpoint="/bookings/reader/query")

    with pytest.raises(ConnectorError, match="/bookings/reader/query"):
        await ids(connector, elsewhere)


async def test_all_products_of_a_v1_site_are_read_beyond_its_offsets(
    site: WixSite, connector: WixConnector
) -> None:
    site.catalog, site.v1_most, count = "V1_CATALOG", 200, 501
    site.put("product", *({"id": f"p{n}", "numericId": 7 * n + 1} for n in range(count)))
    pages = connector.extract(ExtractRequest(reading("product", "updatedDate"), page_size=1000))

    found = [page async for page in pages]

    assert [i for page in found for i in page.ids] == [f"p{n}" for n in range(count)]
    assert {cursor for page in found for cursor in page.cursors} == {None}
    bodies = [json.loads(asked.body) for asked in site.asked if asked.body]
    assert all(body["query"]["paging"]["offset"] < 100 for body in bodies)


async def test_a_v1_site_is_read_on_and_its_products_are_fetched(
    site: WixSite, connector: WixConnector
) -> None:
    site.catalog = "V1_CATALOG"
    hidden = {"visible": False}
    site.put("product", *({"id": f"p{n}", "numericId": 10 + n, **hidden} for n in range(250)))
    whole = [page async for page in connector.extract(ExtractRequest(reading("product")))]
    for place, page in enumerate(whole, 1):
        rest = await ids(connector, reading("product"), position=page.position)
        assert [i for p in whole[:place] for i in p.ids] + rest == [f"p{n}" for n in range(250)]

    fetched = await connector.fetch(reading("product"), ["p7", "nobody"])
    described = await connector.describe(reading("product"))
    filtered = reading("product", filter={"visible": True})

    assert fetched.ids == ["p7"]
    for read in (ids(connector, filtered), connector.fetch(filtered, ["p7"])):
        with pytest.raises(ConnectorError, match=r"options\.filter"):
            await read
    assert "numericId" in {column.name for column in described or []}


@pytest.mark.parametrize("most", [1000, 3])
async def test_products_come_with_their_variants(
    site: WixSite, connector: WixConnector, most: int
) -> None:
    names = fill(site, "product", 130)
    site.most_variants = most
    for n, name in enumerate(names):
        site.variants[name] = [{"variantId": "v", "sku": f"{name}-{k}"} for k in range(n % 3)]

    pages = connector.extract(ExtractRequest(reading("product")))
    read = [record async for page in pages for record in page.records.records()]
    fetched = await connector.fetch(reading("product"), [names[5]])

    skus = {r["id"]: [v["sku"] for v in r["variantsInfo"]["variants"]] for r in read}
    assert skus == {name: [f"{name}-{k}" for k in range(n % 3)] for n, name in enumerate(names)}
    (one,) = fetched.records.records()
    assert one in read
    asked = [asked for asked in site.asked if asked.path.endswith("/products/query")]
    assert all("PLAIN_DESCRIPTION" in json.loads(each.body)["fields"] for each in asked)


async def test_products_of_a_v3_site_are_read_on(site: WixSite, connector: WixConnector) -> None:
    names = fill(site, "product", 130)[::-1]
    pages = connector.extract(ExtractRequest(reading("product")))
    first = await anext(pages)

    rest = await ids(connector, reading("product"), position=first.position)

    assert first.ids + rest == names


@pytest.mark.parametrize(("before", "after"), [("V1", "V3"), ("V3", "V1")])
async def test_a_read_begins_again_where_the_catalogue_was_changed_meanwhile(
    site: WixSite, connector: WixConnector, before: str, after: str
) -> None:
    site.catalog = f"{before}_CATALOG"
    site.put("product", *({"id": f"p{n}", "numericId": n, "updatedDate": at(n)} for n in range(9)))
    pages = connector.extract(ExtractRequest(reading("product"), page_size=3))
    position = (await anext(pages)).position
    site.catalog = f"{after}_CATALOG"

    with pytest.raises(ConnectorError) as caught:
        await ids(connector, reading("product"), position=position)
    assert caught.value.failure.code == "position_expired"
    assert len(await ids(connector, reading("product"))) == 9


async def test_an_app_that_is_missing_is_named(site: WixSite, connector: WixConnector) -> None:
    site.catalog = "STORES_NOT_INSTALLED"
    site.uninstalled = {"booking"}

    with pytest.raises(ConnectorError, match="Wix Stores"):
        await ids(connector, reading("product"))
    with pytest.raises(ConnectorError, match="APP_NOT_INSTALLED") as caught:
        await ids(connector, reading("booking"))
    assert caught.value.failure.category is Category.PERMANENT


async def test_the_limit_of_calls_is_waited_for(site: WixSite, connector: WixConnector) -> None:
    fill(site, "order", 230)
    site.calls_left = 2

    with pytest.raises(FailureError) as caught:
        await ids(connector, reading("order"))

    failure = caught.value.failure
    assert (failure.code, failure.category) == ("rate_limited", Category.TRANSIENT)
    assert failure.retry_after == 60


async def test_a_test_says_what_the_key_may_read(site: WixSite, connector: WixConnector) -> None:
    site.denied, site.uninstalled = {"customer"}, {"booking"}

    checks = await connector.test()

    assert [(check.part, check.ok) for check in checks][-1] == ("data", True)
    words = checks[-1].message
    assert "can be read: order, subscription, product, service, plan, menuitem" in words
    assert "customer: POST" in words
    assert "APP_NOT_INSTALLED" in words


async def test_a_key_that_may_read_nothing_fails_its_test(
    site: WixSite, connector: WixConnector
) -> None:
    site.denied = set(ALL)

    failed = [check for check in await connector.test() if not check.ok]

    assert [check.part for check in failed] == ["permission"]


async def test_a_page_that_was_refused_is_of_one_entity_type_alone(
    site: WixSite, connector: WixConnector
) -> None:
    fill(site, "order", 3)
    site.denied = {"customer"}

    with pytest.raises(ConnectorError) as caught:
        await ids(connector, reading("customer"))
    assert caught.value.failure.code == "permission_refused"
    assert len(await ids(connector, reading("order"))) == 3


class TestSite:
    """The same of a real site, whose `SYNCLINE_TEST_WIX_URL` is https://SITE:KEY@www.wixapis.com."""

    system = "wix"

    async def test_what_the_key_may_read_is_read_in_order_and_fetched(
        self, site: WixSite, system_url: str | None
    ) -> None:
        fill(site, "order", 5)
        config, key = {"siteId": SITE, "baseUrl": site.url}, KEY
        if system_url is not None:
            parts = urlsplit(system_url)
            config = {"siteId": parts.username or "", "baseUrl": f"https://{parts.hostname}"}
            key = parts.password or ""
        connector = WixConnector(config, {"apiKey": key}, LOOPBACK)

        assert all(check.ok for check in await connector.test())
        asked = ExtractRequest(reading("order", "updatedDate"), limit=20)
        (page,) = [page async for page in connector.extract(asked)]
        fetched = await connector.fetch(reading("order"), page.ids)
        await connector.close()

        assert page.cursors == sorted(page.cursors, key=str)
        assert sorted(fetched.ids) == sorted(page.ids)
