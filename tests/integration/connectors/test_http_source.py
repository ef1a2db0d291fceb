"""Reading a real HTTP API page by page."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from syncline.connectors.http import HttpConnector
from syncline.connectors.port import ConnectorError, ExtractRequest, Page
from syncline.domain.errors import FailureError, RetriableError
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.testing.http_api import HttpApi, Trouble
from tests.support.http_world import api_and_connector

PAGINGS: dict[str, dict[str, Any]] = {
    "page": {"type": "page", "sizeParameter": "limit", "size": 10},
    "offset": {"type": "offset", "sizeParameter": "limit", "size": 10},
    "offset with total": {
        "type": "offset", "sizeParameter": "limit", "size": 10, "total": "total"
    },
    "cursor": {
        "type": "cursor", "parameter": "after", "sizeParameter": "limit", "size": 10, "next": "next"
    },
    "link": {"type": "link", "sizeParameter": "limit", "size": 10},
}  # fmt: skip


def extraction(**changes: Any) -> Extraction:
    options = {
        "records": "data",
        "ordered": True,
        "fetch": {"endpoint": "/items", "parameters": {"ids": "{ids}"}, "records": "data"},
    } | changes.pop("options", {})
    given: dict[str, Any] = {
        "mode": ExtractionMode.API,
        "endpoint": "/items",
        "id_column": "id",
        "cursor_column": "changed",
        "parameters": {"since": "{cursor}"},
        "paging": PAGINGS["offset"],
    }
    made = Extraction(**(given | changes), options=options)
    assert HttpConnector.extraction_problems(made) == []
    return made


def fill(api: HttpApi, count: int) -> list[str]:
    """Add records, three of them with each time of change; return their IDs in order."""
    for n in range(count):
        changed = f"2026-01-{n // 3 + 1:02}T00:00:00Z"
        api.add({"id": f"{n:04}", "sku": f"A{n}", "changed": changed, "price": Decimal("1.10")})
    return list(api.items)


async def read(connector: HttpConnector, request: ExtractRequest) -> list[Page]:
    return [page async for page in connector.extract(request)]


def ids_of(pages: list[Page]) -> list[str]:
    return [i for page in pages for i in page.ids]


@pytest.mark.parametrize("paging", PAGINGS.values(), ids=PAGINGS)
async def test_every_record_comes_once_and_exact_however_it_is_paged(
    paging: dict[str, Any],
) -> None:
    async with api_and_connector() as (api, connector):
        ids = fill(api, 35)
        pages = await read(connector, ExtractRequest(extraction(paging=paging)))

        assert ids_of(pages) == ids
        assert pages[0].cursors[:4] == ["2026-01-01T00:00:00Z"] * 3 + ["2026-01-02T00:00:00Z"]
        assert pages[0].records.records()[0]["price"] == Decimal("1.10")
        assert isinstance(pages[0].records.records()[0]["price"], Decimal)


@pytest.mark.parametrize("paging", PAGINGS.values(), ids=PAGINGS)
async def test_a_read_goes_on_behind_any_page(paging: dict[str, Any]) -> None:
    async with api_and_connector() as (api, connector):
        ids = fill(api, 35)
        request = ExtractRequest(extraction(paging=paging), page_size=7)
        pages = await read(connector, request)

        assert max(len(page.ids) for page in pages) == 7
        for number, page in enumerate(pages, 1):
            again = msgspec.structs.replace(request, position=page.position)
            assert ids_of(await read(connector, again)) == ids_of(pages[number:]), number
        assert ids_of(pages) == ids


async def test_an_api_that_gives_less_than_was_asked_for_is_read_to_its_end() -> None:
    async with api_and_connector() as (api, connector):
        ids = fill(api, 35)
        api.largest_page = 4
        for paging in PAGINGS.values():
            pages = await read(connector, ExtractRequest(extraction(paging=paging)))
            assert ids_of(pages) == ids


async def test_a_bookmark_is_read_from_inclusive_and_the_lookback_before_it() -> None:
    async with api_and_connector() as (api, connector):
        ids = fill(api, 35)
        request = ExtractRequest(extraction(), after="2026-01-04T00:00:00Z")
        assert ids_of(await read(connector, request)) == ids[9:]

        day = extraction(lookback=86400.0)
        request = ExtractRequest(day, after="2026-01-04T00:00:00Z")
        assert ids_of(await read(connector, request)) == ids[6:]


@pytest.mark.parametrize("type_", ["page", "offset"])
async def test_a_record_that_changes_during_the_read_makes_no_other_be_passed_over(
    type_: str,
) -> None:
    async with api_and_connector() as (api, connector):
        ids = fill(api, 35)
        request = ExtractRequest(extraction(paging=PAGINGS[type_]), after="2026-01-01T00:00:00Z")
        read_ids: list[str] = []
        async for page in connector.extract(request):
            if not read_ids:
                api.items[ids[0]]["changed"] = "2026-02-01T00:00:00Z"
                api.items[ids[5]]["changed"] = "2026-02-01T00:00:00Z"
            read_ids += page.ids

        assert read_ids == [*ids, ids[0], ids[5]]


async def test_an_anchored_read_goes_on_behind_any_page() -> None:
    async with api_and_connector() as (api, connector):
        fill(api, 35)
        for name in ("page", "offset", "offset with total"):
            request = ExtractRequest(
                extraction(paging=PAGINGS[name]), after="2026-01-02T00:00:00Z", page_size=4
            )
            pages = await read(connector, request)
            assert ids_of(pages) == list(api.items)[3:]
            for number, page in enumerate(pages, 1):
                again = msgspec.structs.replace(request, position=page.position)
                assert ids_of(await read(connector, again)) == ids_of(pages[number:]), name


async def test_a_limit_ends_the_read() -> None:
    async with api_and_connector() as (api, connector):
        ids = fill(api, 35)
        pages = await read(connector, ExtractRequest(extraction(), limit=13))

        assert ids_of(pages) == ids[:13]
        assert len(api.asked) == 2


@pytest.mark.parametrize(
    "fetch",
    [
        {"endpoint": "/items", "parameters": {"ids": "{ids}"}, "records": "data"},
        {"endpoint": "/items", "parameters": {"ids": "{ids}"}, "records": "data", "size": 2},
        {"endpoint": "/items/{id}", "records": "data"},
    ],
)
async def test_single_records_are_read_by_id_and_unknown_ones_missing(
    fetch: dict[str, Any],
) -> None:
    async with api_and_connector() as (api, connector):
        ids = fill(api, 5)
        asked = extraction(options={"fetch": fetch})
        page = await connector.fetch(asked, [ids[3], "nobody", ids[0], "..", ""])

        assert sorted(page.ids) == [ids[0], ids[3]]
        assert [r["id"] for r in page.records.records()] == page.ids


async def test_the_mapping_says_whether_the_order_can_be_relied_on() -> None:
    async with api_and_connector() as (_, connector):
        assert connector.reads_in_order(extraction())
        assert not connector.reads_in_order(extraction(options={"ordered": False}))


@pytest.mark.parametrize("type_", ["page", "offset"])
async def test_an_api_that_does_not_know_the_paging_is_not_read_for_ever(type_: str) -> None:
    paging = {"type": type_, "parameter": "nobody_knows"}
    async with api_and_connector() as (api, connector):
        fill(api, 5)
        with pytest.raises(ConnectorError, match="the pages repeat themselves") as caught:
            await read(connector, ExtractRequest(extraction(paging=paging)))

        assert caught.value.failure.code == "paging_loop"
        assert len(api.asked) < 5


async def test_a_link_in_circles_is_not_followed_for_ever() -> None:
    async with api_and_connector() as (api, connector):
        body = msgspec.json.encode({"data": [{"id": "1"}], "changed": None})
        for n in range(20):
            link = {"Link": f'</items?offset={n % 3}>; rel="next"'}
            api.trouble.append(Trouble("GET", 200, link, body))
        with pytest.raises(ConnectorError, match="a page as next that was read before"):
            await read(connector, ExtractRequest(extraction(paging=PAGINGS["link"])))


async def test_a_link_to_another_host_is_not_followed() -> None:
    async with api_and_connector() as (api, connector):
        link = {"Link": '<https://evil.example/items>; rel="next"'}
        body = b'{"data": [{"id": "1"}]}'
        api.trouble.append(Trouble("GET", 200, link, body))
        with pytest.raises(ConnectorError, match="leads to another host") as caught:
            await read(connector, ExtractRequest(extraction(paging=PAGINGS["link"])))

        assert caught.value.failure.code == "address_not_allowed"


async def test_redirects_of_a_read_are_followed_at_the_host_alone_and_not_for_ever() -> None:
    async with api_and_connector() as (api, connector):
        ids = fill(api, 3)
        api.trouble.append(Trouble("GET", 307, {"Location": "/items?page=1"}))
        assert ids_of(await read(connector, ExtractRequest(extraction(paging=None)))) == ids

        api.trouble.append(Trouble("GET", 302, {"Location": "http://169.254.169.254/secrets"}))
        with pytest.raises(ConnectorError, match="leads to another host"):
            await read(connector, ExtractRequest(extraction()))

        api.asked.clear()
        api.trouble.extend(Trouble("GET", 302, {"Location": "/items"}) for _ in range(30))
        with pytest.raises(ConnectorError, match="redirects to /items"):
            await read(connector, ExtractRequest(extraction()))
        assert len(api.asked) == 4


async def test_records_that_are_not_where_the_mapping_says_are_told_with_what_is_there() -> None:
    async with api_and_connector() as (api, connector):
        fill(api, 3)
        wrong = extraction(options={"records": "rows"})
        with pytest.raises(ConnectorError, match="leads to nothing; the answer has: data, total"):
            await read(connector, ExtractRequest(wrong))


async def test_what_is_no_record_is_given_as_bad() -> None:
    async with api_and_connector() as (api, connector):
        api.trouble.append(Trouble("GET", 200, body=b'{"data": [{"id": 1}, null, "x"]}'))
        pages = await read(connector, ExtractRequest(extraction(paging=None)))

        assert pages[0].ids == ["1", "", ""]
        assert pages[0].bad.keys() == {1, 2}


@pytest.mark.parametrize(
    ("trouble", "kind", "words"),
    [
        (Trouble(status=503, headers={"Retry-After": "9"}), RetriableError, "503"),
        (Trouble(status=429), RetriableError, "429"),
        (Trouble(), RetriableError, "the connection was lost"),
        (Trouble(status=404), ConnectorError, "404"),
        (Trouble(status=200, body=b"<html>"), ConnectorError, "HTML or XML page"),
        (Trouble(status=200, body=b"{"), RetriableError, "half a JSON document"),
        (Trouble(status=200, headers={"Content-Encoding": "br"}), ConnectorError, "packed as 'br'"),
    ],
)
async def test_an_answer_that_is_no_success(
    trouble: Trouble, kind: type[FailureError], words: str
) -> None:
    async with api_and_connector() as (api, connector):
        api.trouble.append(trouble)
        with pytest.raises(kind, match=words):
            await read(connector, ExtractRequest(extraction()))


async def test_an_endpoint_is_described_by_what_it_gives() -> None:
    async with api_and_connector() as (api, connector):
        api.add({"id": "1", "n": 1, "price": Decimal("1.5"), "ok": True, "tags": [], "none": None})
        columns = await connector.describe(extraction())

        assert {c.name: c.type for c in columns or ()} == {
            "id": "string", "n": "integer", "price": "decimal", "ok": "boolean", "tags": "array",
            "none": "unknown",
        }  # fmt: skip


async def test_a_connection_test_says_that_late_commits_are_not_known() -> None:
    for test in ({}, {"test": {"endpoint": "/items"}}):
        async with api_and_connector(**test) as (_, connector):
            checks = await connector.test()

            assert all(check.ok for check in checks)
            assert "lookback" in checks[-1].message
            assert "lookback" in (await connector.late_commits(extraction()) or "")
            assert await connector.late_commits(extraction(lookback=5.0)) is None
