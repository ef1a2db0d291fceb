"""What a whole Service Layer has to do: the stand-in, and a real one where a URL is given.

`SYNCLINE_TEST_BUSINESS_ONE_URL` is `https://USER:PASSWORD@HOST:50000/b1s/v2?company=C&customer=C1&item=A1`
of a company that is there for tests; `&ca=FILE` names the certificate's authority.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import uuid4

from syncline.connectors.business_one import BusinessOneConnector
from syncline.connectors.port import ExtractRequest
from tests.support.http_world import LOOPBACK
from tests.support.service_layer import ServiceLayer
from tests.support.service_layer_world import batch, reading, started


@asynccontextmanager
async def address(system_url: str | None) -> AsyncIterator[str]:
    """Give the URL of a system that has an item A1 and a customer C1, or of the real one."""
    if system_url is not None:
        yield system_url
        return
    async with started(ServiceLayer()) as layer:
        layer.put("Items", *({"ItemCode": f"A{n}", "UpdateDate": "2026-11-01"} for n in range(25)))
        layer.put("BusinessPartners", {"CardCode": "C1"})
        host = layer.url.removeprefix("http://")
        login = f"{layer.user}:{layer.password}"
        yield f"http://{login}@{host}/b1s/v2?company={layer.company}&customer=C1&item=A1"


class TestServiceLayer:
    """A Service Layer as a customer has it."""

    system: ClassVar[str] = "business_one"

    async def test_it_is_read_and_takes_a_quotation_once(self, system_url: str | None) -> None:
        async with address(system_url) as url:
            given = dict(parse_qsl(urlsplit(url).query))
            connector = _connector(url, given)
            try:
                assert [check for check in await connector.test() if not check.ok] == []
                await self._reads(connector)
                await self._writes(connector, given)
            finally:
                await connector.close()

    async def _reads(self, connector: BusinessOneConnector) -> None:
        items = reading("item", "ItemCode", "UpdateDate")
        request = ExtractRequest(items, limit=25)
        pages = [page async for page in connector.extract(request)]
        ids = [source_id for page in pages for source_id in page.ids]
        fetched = await connector.fetch(items, ids)

        assert ids
        assert sorted(fetched.ids) == sorted(ids)
        day = max(filter(None, (c for page in pages for c in page.cursors)), default=None)
        again = [
            page async for page in connector.extract(ExtractRequest(items, after=day, limit=9))
        ]
        assert sum(len(page.ids) for page in again)

    async def _writes(self, connector: BusinessOneConnector, given: Mapping[str, str]) -> None:
        reference = f"syncline {uuid4()}"
        lines = [{"ItemCode": given["item"], "Quantity": count} for count in (1, 2)]
        record = {
            "CardCode": given["customer"],
            "NumAtCard": reference,
            "DocDueDate": "2030-01-31",
            "DocumentLines": lines,
        }

        quotation = batch([record], entity="salesquotation")
        first = await connector.write(quotation)
        again = await connector.write(quotation)
        record["DocumentLines"] = lines[:1]
        changed = batch([record], first.target_ids, entity="salesquotation")

        assert (first.failures, again.failures) == ({}, {})
        assert first.target_ids == again.target_ids
        assert (await connector.write(changed)).failures == {}
        documents = reading("salesquotation", "DocEntry")
        (kept,) = (
            await connector.fetch(documents, list(filter(None, first.target_ids)))
        ).records.records()
        assert [line["ItemCode"] for line in kept["DocumentLines"]] == [given["item"]]


def _connector(url: str, given: Mapping[str, str]) -> BusinessOneConnector:
    parts = urlsplit(url)
    config = {
        "url": f"{parts.scheme}://{parts.hostname}:{parts.port}{parts.path}",
        "company": given["company"],
        "username": unquote(parts.username or ""),
        **({"caFile": given["ca"]} if "ca" in given else {}),
    }
    allowed = (*LOOPBACK.outbound_allow, f"{parts.hostname}:{parts.port}")
    where = type(LOOPBACK)(outbound_allow=allowed)
    return BusinessOneConnector(config, {"password": unquote(parts.password or "")}, where)
