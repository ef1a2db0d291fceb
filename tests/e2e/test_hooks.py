"""A stand-in shop tells what it has changed, and the change is at the target, whatever is away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from syncline.postgres.database.database import Database, open_database
from tests.support import hooks
from tests.support.erp_shop import store_erp_shop
from tests.support.eventually import eventually
from tests.support.installation import Installation

NAME = "shop items"


class Shop:
    """A shop of which items are read, and which signs what it sends as Shopify does."""

    def __init__(self, db: Database, api: httpx.AsyncClient, hook: str, secret: str) -> None:
        self.db = db
        self.api = api
        self._path = f"/api/v1/hooks/{hook}"
        self._secret = secret
        self._sent = 0

    async def change(self, code: str, name: str, *, times: int = 1) -> None:
        await self.db.execute("update source_items set name = $2 where code = $1", code, name)
        body = json.dumps({"id": 1, "sku": code}).encode()
        for _ in range(times):
            self._sent += 1
            headers = hooks.shopify(self._secret, body, f"d-{self._sent}")
            for _repeat in range(2):
                answer = await self.api.post(self._path, content=body, headers=headers)
                assert answer.status_code == 202, answer.text

    async def titles(self) -> dict[str, str]:
        rows = await self.db.fetch("select code, title from target_items")
        return {row["code"]: row["title"] for row in rows}

    async def deliveries(self) -> list[dict[str, Any]]:
        path = f"/api/v1/inbound-webhooks/{NAME}/deliveries"
        found: list[dict[str, Any]] = (await self.api.get(path)).json()["items"]
        return found


@pytest.fixture(scope="module")
async def place(module_place: Installation) -> Installation:
    async with open_database(module_place.dsn) as database:
        await store_erp_shop(database, module_place)
    await module_place.start("scheduler")
    return module_place


@pytest.fixture
async def shop(place: Installation, api: httpx.AsyncClient) -> AsyncIterator[Shop]:
    body = {"name": NAME, "instance": "erp-shop", "entityType": "item", "sourceIds": "sku"}
    path = "/api/v1/inbound-webhooks"
    made = await api.post(path, json=body | {"signature": {"scheme": "shopify"}})
    assert made.status_code == 201, made.text
    secret = (await api.post(f"{path}/{NAME}/rotate-secret", json={})).json()["secret"]
    async with open_database(place.dsn) as database:
        yield Shop(database, api, made.json()["id"], secret)
    assert (await api.delete(f"{path}/{NAME}")).status_code == 204


async def test_a_change_is_at_the_target(shop: Shop) -> None:
    await shop.change("A7", "seven")
    await eventually(shop.titles, within=30)
    assert await shop.titles() == {"A7": "seven"}

    async def ended() -> list[dict[str, Any]] | None:
        (delivery,) = await shop.deliveries()
        runs: list[dict[str, Any]] = delivery["runs"]
        return runs if runs and runs[0]["state"] == "succeeded" else None

    (run,) = await eventually(ended, within=30)
    shown = (await shop.api.get(f"/api/v1/runs/{run['correlationId']}")).json()
    shown = shown.get("run", shown)
    assert (shown["trigger"], shown["actor"], shown["total"]) == ("hook", f"hook {NAME}", 1)


async def test_what_comes_while_scheduler_and_trigger_are_away_runs_once(
    shop: Shop, place: Installation
) -> None:
    before = await shop.db.fetchval("select count(*) from runs")
    async with place.without("trigger"), place.without("scheduler"):
        for name in ("a", "b", "c"):
            for code in ("A11", "A12"):
                await shop.change(code, name, times=2)

    async def there() -> bool:
        titles = await shop.titles()
        return [titles.get(code) for code in ("A11", "A12")] == ["c", "c"]

    await eventually(there, within=60)

    async def closed() -> bool:
        open_ = await shop.db.fetchval("select count(*) from hook_runs where closed_at is null")
        return bool(open_ == 0)

    await eventually(closed, within=30)
    assert await shop.db.fetchval("select count(*) from runs") - before == 1
    assert await shop.db.fetchval("select count(*) from hook_changes where run_id is null") == 0
