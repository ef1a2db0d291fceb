"""Customers of a Shopify shop are written as the port promises, by e-mail address."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest

from syncline.connectors.port import Connector, LookupResult, WriteBatch, WriteResult
from syncline.connectors.shopify import ShopifyConnector
from syncline.contracts.messages import decoder_of, encode
from syncline.domain.record import Record
from syncline.testing.connectors.connections import said
from syncline.testing.connectors.target_faults import (
    WAIT,
    LostAnswerSuite,
    ReadBackSuite,
    ReadOnlySuite,
    SizeLimitSuite,
    ThrottledSuite,
)
from syncline.testing.connectors.targets import TargetSuite
from tests.support.http_world import LOOPBACK
from tests.support.ports import free_port
from tests.support.shopify_shop import TOKEN, ShopifyShop

DOMAIN = "@example.com"


class SuitedConnector(ShopifyConnector):
    """The connector with the suites' IDs as e-mail addresses, and numbers as texts."""

    async def lookup(self, batch: WriteBatch) -> LookupResult:
        return await super().lookup(_of_customers(batch))

    async def write(self, batch: WriteBatch) -> WriteResult:
        return await super().write(_of_customers(batch))


def _of_customers(batch: WriteBatch) -> WriteBatch:
    payloads = [_as_customer(payload) for payload in batch.payloads]
    return msgspec.structs.replace(batch, payloads=payloads)


def _as_customer(payload: bytes) -> bytes:
    record = decoder_of(Record).decode(payload)
    record["email"] = f"{record['email']}{DOMAIN}"
    for name in ("firstName", "lastName"):
        if record.get(name) is not None:
            record[name] = said(record[name])
    return encode(record)


class CustomerWorld:
    """A shop with a connector that writes its customers."""

    secret = TOKEN
    options = {"entity": "customer"}
    elsewhere = {"entity": "nothing_there"}
    names = {"id": "email", "name": "note", "amount": "firstName", "count": "lastName"}
    refused = {"phone": "nonsense"}
    oversized = {"name": "x" * 6_000}
    heavy = {"name": "x" * 4_000}
    keeps_one = True
    deletes = True
    cannot_hold = frozenset({"long"})

    def __init__(self, shop: ShopifyShop) -> None:
        self.shop = shop
        self.connector = shop.connector(LOOPBACK, SuitedConnector)

    def broken(self) -> Sequence[tuple[Connector, str]]:
        nowhere = {"shop": f"http://127.0.0.1:{free_port()}"}
        wrong = {"accessToken": "wrong"}
        return [
            (SuitedConnector(nowhere, {"accessToken": TOKEN}, LOOPBACK), "host"),
            (SuitedConnector({"shop": self.shop.url}, wrong, LOOPBACK), "login"),
        ]

    async def rows(self) -> list[dict[str, Any]]:
        return [
            {name: c[own] for name, own in self.names.items() if own in c}
            | {"id": c["email"].removesuffix(DOMAIN)}
            for c in self.shop.data.kind("Customer")
        ]

    async def lose_answer(self) -> None:
        self.shop.lost.append("SetCustomer")

    async def throttle(self) -> None:
        self.shop.waits.append(WAIT)

    async def set_read_only(self, read_only: bool) -> None:
        self.shop.scopes = ("read_customers",) if read_only else ("write_customers",)


class TestShopifyCustomers(
    TargetSuite, LostAnswerSuite, ThrottledSuite, ReadOnlySuite, SizeLimitSuite, ReadBackSuite
):
    @pytest.fixture
    async def target(self) -> AsyncIterator[CustomerWorld]:
        shop = ShopifyShop()
        await shop.start()
        world = CustomerWorld(shop)
        try:
            yield world
        finally:
            await world.connector.close()
            await shop.close()
