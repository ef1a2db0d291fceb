"""What a whole shop has to do: the stand-in, and a real one where a URL is given.

`SYNCLINE_TEST_WOOCOMMERCE_URL` is `https://CONSUMER_KEY:CONSUMER_SECRET@SHOP` of a shop that is
there for tests; the key may read and write. A product and a customer are made, and deleted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from syncline.connectors.port import ExtractRequest
from syncline.connectors.woocommerce import WooCommerceConnector
from tests.support.surroundings import surroundings_of
from tests.support.woocommerce_shop import KEY, SECRET, Shop
from tests.support.woocommerce_world import ITEMS, shop_batch


class TestShop:
    """A shop as a customer has it."""

    system: ClassVar[str] = "woocommerce"

    @pytest.fixture
    async def connector(self, system_url: str | None) -> AsyncIterator[WooCommerceConnector]:
        async with Shop().listening() as shop:
            url = system_url or shop.url.replace("://", f"://{KEY}:{SECRET}@")
            parts = urlsplit(url)
            address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
            config = {"shop": address, "consumerKey": parts.username}
            connector = WooCommerceConnector(
                config, {"consumerSecret": parts.password or ""}, surroundings_of(url)
            )
            yield connector
            await connector.close()

    async def test_it_takes_a_product_once_and_tells_what_it_dropped(
        self, connector: WooCommerceConnector
    ) -> None:
        assert [check for check in await connector.test() if not check.ok] == []
        sku = f"syncline-{uuid4()}"
        record = {"sku": sku, "name": "A test", "regular_price": 9.5, "stock_quantity": 3}
        made = await connector.write(shop_batch([record | {"status": "draft"}]))
        again = await connector.write(shop_batch([record | {"name": "Another"}]))
        (product,) = again.target_ids
        bad = shop_batch([record | {"name": "Another", "regular_price": "abc", "no_such": 1}])
        try:
            assert (made.failures, again.failures, again.target_ids) == ({}, {}, made.target_ids)
            good = await connector.lookup(shop_batch([record | {"name": "Another"}]))
            assert (good.target_ids, good.differs) == ([product], {0: []})
            bad.target_ids = [product]
            assert (await connector.write(bad)).failures == {}
            dropped = await connector.lookup(bad)
            assert sorted(dropped.differs[0]) == ["no_such", "regular_price"]
            fetched = await connector.fetch(ITEMS, [product or ""])
            cursor = fetched.cursors[0]
            read = [
                page.ids async for page in connector.extract(ExtractRequest(ITEMS, after=cursor))
            ]
            assert product in {source_id for ids in read for source_id in ids}
        finally:
            gone = await connector.delete([product or ""], {"entity": "item"})
        assert gone.failures == {}
        assert (await connector.fetch(ITEMS, [product or ""])).ids == []

    async def test_it_takes_a_customer_once(self, connector: WooCommerceConnector) -> None:
        record = {"email": f"{uuid4()}@example.com", "first_name": "Test"}
        made = await connector.write(shop_batch([record], "customer"))
        again = await connector.write(shop_batch([record | {"last_name": "Two"}], "customer"))

        gone = await connector.delete(
            [target_id or "" for target_id in made.target_ids], {"entity": "customer"}
        )

        assert (made.failures, again.failures, gone.failures) == ({}, {}, {})
        assert made.target_ids == again.target_ids
