"""The Shopify connector beside the stand-in shop, or a real one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from syncline.connectors.port import WriteBatch
from syncline.connectors.shopify import ShopifyConnector
from syncline.contracts.messages import encode
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from tests.support.http_world import LOOPBACK
from tests.support.shopify_data import gid
from tests.support.shopify_shop import TOKEN, ShopifyShop

HERE = gid("Location", 1)


@asynccontextmanager
async def shopify_shop(
    kind: type[ShopifyConnector] = ShopifyConnector, **config: Any
) -> AsyncIterator[tuple[ShopifyShop, ShopifyConnector]]:
    """Start a shop with a connector to it."""
    shop = ShopifyShop()
    await shop.start()
    secrets = {"clientSecret": "shh"} if "clientId" in config else {"accessToken": TOKEN}
    settings = {"shop": shop.url} | config
    assert kind.config_problems(settings, secrets) == []
    connector = kind(settings, secrets, LOOPBACK)
    try:
        yield shop, connector
    finally:
        await connector.close()
        await shop.close()


def reading(entity: str, *, whole: bool = False) -> Extraction:
    return Extraction(
        mode=ExtractionMode.API,
        id_column="id",
        cursor_column=None if whole else "updatedAt",
        options={"entity": entity},
    )


def stock(
    records: Sequence[dict[str, Any]], target_ids: Sequence[str | None] = (), **options: Any
) -> WriteBatch:
    return _batch("itemstock", "sku", records, target_ids, options)


def products(
    records: Sequence[dict[str, Any]], target_ids: Sequence[str | None] = (), **options: Any
) -> WriteBatch:
    return _batch("item", "handle", records, target_ids, options)


def customers(
    records: Sequence[dict[str, Any]], target_ids: Sequence[str | None] = (), **options: Any
) -> WriteBatch:
    return _batch("customer", "email", records, target_ids, options)


def _batch(
    entity: str,
    key: str,
    records: Sequence[dict[str, Any]],
    target_ids: Sequence[str | None],
    options: dict[str, Any],
) -> WriteBatch:
    return WriteBatch(
        tenant="default",
        entity_type=entity,
        correlation_id="019a0000-0000-7000-8000-000000000001",
        source_ids=[str(n) for n in range(len(records))],
        payloads=[encode(record) for record in records],
        target_ids=list(target_ids) or [None] * len(records),
        keys=[f"key-{n}" for n in range(len(records))],
        match_key=(key,),
        options={"entity": entity, **options},
    )
