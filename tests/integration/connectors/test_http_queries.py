"""Reading an API that is asked by POST: bookmark, page and IDs stand in the body."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from syncline.connectors.http import HttpConnector
from syncline.connectors.port import ConnectorError, ExtractRequest
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from tests.support.http_world import LOOPBACK
from tests.support.wix_site import KEY, SITE, WixSite

SORT = [{"fieldName": "updatedDate", "order": "ASC"}]
ORDERS = Extraction(
    mode=ExtractionMode.API,
    endpoint="/ecom/v1/orders/search",
    id_column="id",
    cursor_column="updatedDate",
    paging={
        "type": "cursor", "parameter": "search.cursorPaging.cursor", "alone": True, "size": 3,
        "sizeParameter": "search.cursorPaging.limit", "next": "metadata.cursors.next",
    },
    options={
        "records": "orders",
        "ordered": True,
        "body": {"search": {"filter": {"updatedDate": {"$gte": "{cursor}"}}, "sort": SORT}},
        "fetch": {
            "endpoint": "/ecom/v1/orders/search", "records": "orders",
            "body": {"search": {"filter": {"id": {"$in": "{ids}"}}}},
        },
    },
)  # fmt: skip
DAY = "2026-01-0{}T00:00:00.000Z"


@pytest.fixture
async def site() -> AsyncIterator[WixSite]:
    site = WixSite()
    site.put("order", *({"id": f"o{n}", "updatedDate": DAY.format(n)} for n in range(1, 9)))
    await site.start()
    yield site
    await site.close()


@pytest.fixture
async def connector(site: WixSite) -> AsyncIterator[HttpConnector]:
    login = {"type": "apiKey", "header": "Authorization"}
    config = {"baseUrl": site.url, "auth": login, "headers": {"wix-site-id": SITE}}
    connector = HttpConnector(config, {"apiKey": KEY}, LOOPBACK)
    yield connector
    await connector.close()


async def ids(connector: HttpConnector, request: ExtractRequest) -> list[str]:
    return [i async for page in connector.extract(request) for i in page.ids]


def bodies(site: WixSite) -> list[Any]:
    return [json.loads(asked.body)["search"] for asked in site.asked]


async def test_a_page_is_asked_for_by_its_cursor_alone(
    site: WixSite, connector: HttpConnector
) -> None:
    assert HttpConnector.extraction_problems(ORDERS) == []

    assert await ids(connector, ExtractRequest(ORDERS)) == [f"o{n}" for n in range(1, 9)]

    first, *others = bodies(site)
    assert first == {"sort": SORT, "cursorPaging": {"limit": 3}}
    assert [set(body) for body in others] == [{"cursorPaging"}] * 2


async def test_the_bookmark_is_filled_in(site: WixSite, connector: HttpConnector) -> None:
    asked = ExtractRequest(ORDERS, after=DAY.format(7))

    assert await ids(connector, asked) == ["o7", "o8"]
    assert bodies(site)[0]["filter"] == {"updatedDate": {"$gte": DAY.format(7)}}


async def test_many_are_fetched_by_one_call(site: WixSite, connector: HttpConnector) -> None:
    page = await connector.fetch(ORDERS, ["o3", "nobody", "o1"])

    assert sorted(page.ids) == ["o1", "o3"]
    assert bodies(site)[0]["filter"] == {"id": {"$in": ["o3", "nobody", "o1"]}}


async def test_a_cursor_that_is_too_old_begins_the_read_again(
    site: WixSite, connector: HttpConnector
) -> None:
    pages = connector.extract(ExtractRequest(ORDERS))
    position = (await anext(pages)).position
    site.forget_cursors()

    with pytest.raises(ConnectorError) as caught:
        await ids(connector, ExtractRequest(ORDERS, position=position))
    assert caught.value.failure.code == "position_expired"


async def test_a_cursor_alone_also_holds_for_reads_by_get(
    site: WixSite, connector: HttpConnector
) -> None:
    paging = {"type": "cursor", "alone": True, "next": "pagingMetadata.count", "sizeParameter": "n"}
    listed = dataclasses.replace(
        ORDERS, endpoint="/pricing-plans/v2/orders", parameters={"since": "{cursor}", "a": 1},
        paging=paging, options={"records": "orders", "ordered": True},
    )  # fmt: skip
    site.put("subscription", {"id": "s1"})

    with pytest.raises(ConnectorError, match="paging"):
        await ids(connector, ExtractRequest(listed))

    assert [asked.query for asked in site.asked][:2] == [
        {"a": "1", "n": "500"}, {"cursor": "1", "n": "500"},
    ]  # fmt: skip
