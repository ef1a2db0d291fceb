"""A connection profile that leads to another system: before a run, and in the middle of one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from syncline.domain.run import State
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.ledger.systems import CHANGED
from syncline.testing.http_api import HttpApi, Trouble
from tests.support.eventually import eventually
from tests.support.http_sync import store_http_sync
from tests.support.http_world import SINGLE, listening
from tests.support.installation import Installation

ROWS = 40
SERVED, HANGS = Trouble("PATCH", proper=True), Trouble("PATCH", hangs=True)


@pytest.fixture
async def shops() -> AsyncIterator[tuple[HttpApi, HttpApi]]:
    async with listening(HttpApi()) as old, listening(HttpApi()) as new:
        yield old, new


async def move(db: Database, url: str) -> None:
    await db.execute(
        "update profiles set config = config || jsonb_build_object('baseUrl', $1::text), "
        "changed_at = clock_timestamp() where name = 'shop'",
        url,
    )


async def test_an_empty_new_target_is_filled_and_a_run_never_writes_to_two(
    place: Installation, shops: tuple[HttpApi, HttpApi]
) -> None:
    old, new = shops
    item: dict[str, Any] = {"instance": "erp-shop", "entityType": "item"}
    async with open_database(place.dsn) as db:
        await store_http_sync(db, place, old.url, SINGLE, ROWS, 2)
        assert (await place.run(**item)).counters.success == ROWS

        await move(db, new.url)
        again = await place.run(**item, mode="reset_cursor")
        assert (again.state, again.counters.success) == (State.SUCCEEDED, ROWS)
        assert [notice.code for notice in again.notices] == [CHANGED]
        assert len(new.items) == ROWS

        new.trouble.extend([SERVED] * 5 + [HANGS] * ROWS)  # so that the run is not over too soon
        await db.execute("update source_items set n = 2, changed = now()")
        under_way = await place.trigger(**item, batchSize=10)
        await eventually(lambda: _changed(new), within=60)
        await new.close()  # its records wait, and a person changes the address
        await eventually(lambda: _waits(db), within=60)
        await move(db, old.url)
        ended = await place.ended(under_way)
        assert ended.state is State.FAILED
        assert "leads to another system since the run began" in (ended.reason or "")
        assert all(int(str(item["n"])) == 1 for item in old.items.values())
        assert await db.fetchval("select count(*) from dead_letters") == 0

        assert (await place.run(**item)).counters.success == ROWS
        assert all(int(str(item["n"])) == 2 for item in old.items.values())


async def _waits(db: Database) -> bool:
    return bool(await db.fetchval("select exists (select from profile_breakers)"))


async def _changed(shop: HttpApi) -> bool:
    return any(int(str(item["n"])) == 2 for item in shop.items.values())
