"""The WooCommerce connector does what the port promises, against a shop that is as odd as one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from syncline.connectors.woocommerce import WooCommerceConnector
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.testing.connectors.connections import ConnectorSuite
from syncline.testing.connectors.source_faults import (
    DriftSuite,
    HostileSuite,
    ThrottledSourceSuite,
)
from syncline.testing.connectors.sources import SourceSuite
from syncline.testing.connectors.target_faults import (
    LostAnswerSuite,
    ReadBackSuite,
    ReadOnlySuite,
    SizeLimitSuite,
    ThrottledSuite,
)
from syncline.testing.connectors.targets import TargetSuite
from tests.support.one_world import OneWorld
from tests.support.woocommerce_world import ShopWorld, reading, shop_world


class TestWooCommerce(OneWorld[ShopWorld],
    ConnectorSuite, SourceSuite, DriftSuite, HostileSuite, ThrottledSourceSuite,
    TargetSuite, LostAnswerSuite, ThrottledSuite, ReadOnlySuite, SizeLimitSuite, ReadBackSuite,
):  # fmt: skip
    system = "woocommerce"
    odd_id = "9000000000000007"
    kind = WooCommerceConnector
    good_config = {"shop": "https://shop.example", "consumerKey": "ck_1"}
    good_secrets = {"consumerSecret": "cs_1"}
    wrong_configs = [
        ({"shop": ...}, {}, "$.config.shop"),
        ({"shop": "shop.example"}, {}, "$.config.shop"),
        ({"consumerKey": ...}, {}, "$.config.consumerKey"),
        ({"url": "x"}, {}, "$.config.url"),
        ({}, {"consumerSecret": ""}, "$.secrets.consumerSecret"),
        ({}, {"password": "x"}, "$.secrets.password"),
    ]
    wrong_mappings = [
        (Extraction(id_column="id", table="x"), None, "$.extraction.options.entity"),
        (reading(mode=ExtractionMode.CONFIG), None, "$.extraction.mode"),
        (reading(options={"entity": "itm"}), None, "$.extraction.options.entity"),
        (reading(id_column="sku"), None, "$.extraction.idColumn"),
        (reading(cursor_column="date_modified"), None, "$.extraction.cursorColumn"),
        (reading(endpoint="/products"), None, "$.extraction.endpoint"),
        (reading(parameters={"orderby": "date"}), None, "$.extraction.parameters.orderby"),
        (reading(paging={"type": "link"}), None, "$.extraction.paging.type"),
        (reading(options={"entity": "item", "x": 1}), None, "$.extraction.options.x"),
        (reading(options={"entity": "customer"}), None, "$.extraction.cursorColumn"),
        (None, {}, "$.transformation.target.entity"),
        (None, {"entity": "order"}, "$.transformation.target.entity"),
        (None, {"entity": "item", "bulkSiz": 3}, "$.transformation.target.bulkSiz"),
    ]  # fmt: skip

    @pytest.fixture
    async def world(self) -> AsyncIterator[ShopWorld]:
        async with shop_world() as world:
            yield world
