"""A target that refuses the whole call, one that is away, and one that asks to be left alone."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from syncline.contracts.topics import STATUS
from syncline.domain.errors import NotFoundError
from syncline.domain.run import Run, State
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.runs.auditor import audit
from syncline.postgres.runs.runs import Runs
from syncline.runtime.commands.control import cancel_message
from syncline.testing.http_api import HttpApi, ReceivedRequest, Reply
from tests.support.eventually import eventually
from tests.support.http_sync import store_http_sync
from tests.support.http_world import SINGLE, listening
from tests.support.installation import Installation
from tests.support.topics import bundle_ends, lying, until_nothing_waits

ROWS = 600
LOGIN = "Bearer sesame-9f2"


class Shop(HttpApi):
    """Changes its mind after so many records."""

    def __init__(self) -> None:
        super().__init__()
        self.login = LOGIN
        self.after = ROWS * 10
        self.wait = ""
        self.gone: asyncio.Event | None = None

    def _reply(self, asked: ReceivedRequest) -> Reply:
        if len(self.items) >= self.after and asked.method == "POST":
            if self.gone is not None:
                self.gone.set()
                return Reply(503, {"message": "going down"})
            if self.wait:
                return Reply(429, {"message": "slow down"}, {"Retry-After": self.wait})
            return Reply(401, {"message": "key revoked"})
        return super()._reply(asked)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with listening(Shop()) as shop:
        yield shop


@pytest.fixture
async def db(place: Installation, shop: Shop) -> AsyncIterator[Database]:
    async with open_database(place.dsn) as database:
        token = LOGIN.removeprefix("Bearer ")
        await store_http_sync(database, place, shop.url, SINGLE, ROWS, token=token)
        yield database
        assert await audit(database) == []


async def test_a_run_waits_for_a_login_that_is_refused_and_goes_on_when_it_is_not(
    place: Installation, db: Database, shop: Shop
) -> None:
    shop.after = 100
    run_id = await place.trigger(instance="erp-shop", entityType="item", batchSize=20)
    await eventually(lambda: _waits(db, run_id), within=60)
    told = await eventually(lambda: _told_to_wait(place, run_id), within=60)
    assert re.search("waiting for shop since 2.*: .*401: key revoked", told)
    refused = [asked for asked in shop.asked if asked.method == "POST"][len(shop.items) :]
    assert len(refused) <= 2 * 10  # Max Concurrent, and one fresh look at the login for each

    shop.after = ROWS * 10
    await _is_written(await place.ended(run_id), db, shop)


async def test_a_run_waits_for_a_target_that_is_away_and_goes_on_when_it_is_back(
    place: Installation, db: Database, shop: Shop
) -> None:
    shop.after, shop.wait = 100, ""
    shop.gone = asyncio.Event()
    run_id = await place.trigger(instance="erp-shop", entityType="item", batchSize=20)
    async with asyncio.timeout(60):
        await shop.gone.wait()
    await shop.close()
    await eventually(lambda: _told_to_wait(place, run_id), within=60)
    tested_twice = "select pause >= 8 from profile_breakers"
    await eventually(lambda: db.fetchval(tested_twice), within=60)

    await until_nothing_waits(place.connection)
    assert await db.fetchval("select count(*) from parked_bundles")
    ends = await bundle_ends(place.connection)
    for service in ("ingest", "execute"):  # nobody has a connection to the target then
        await place.stop(service, signal.SIGKILL)
    await place.start("execute")  # has to test a target of which no bundle comes to it
    await _test_now(db)
    tested_again = "select pause > 2 from profile_breakers"
    await eventually(lambda: db.fetchval(tested_again), within=60)
    assert await bundle_ends(place.connection) == ends
    await place.start("ingest")
    shop.after, shop.gone = ROWS * 10, None
    await shop.start(port=urlsplit(shop.url).port or 0)
    await _test_now(db)
    await _is_written(await place.ended(run_id), db, shop)


async def _test_now(db: Database) -> None:
    """Let the breaker's pause be over, as if it were the first one."""
    await db.execute("update profile_breakers set pause = 2, probe_at = now()")


async def _is_written(run: Run, db: Database, shop: Shop) -> None:
    assert (run.state, run.counters.success, run.counters.total) == (State.SUCCEEDED, ROWS, ROWS)
    assert await db.fetchval("select count(*) from dead_letters") == 0
    assert sorted(item["sku"] for item in shop.items.values()) == sorted(
        f"A{n}" for n in range(1, ROWS + 1)
    )


async def _told_to_wait(place: Installation, run_id: str) -> str | None:
    """Return why a run waits for its target, as its status events say it."""
    for delivery in reversed(await lying(place.connection, STATUS)):
        event = json.loads(delivery.value or b"")
        if event["subject"] == run_id and "waiting for shop" in (event["data"].get("reason") or ""):
            return str(event["data"]["reason"])
    return None


async def test_nothing_is_sent_before_the_time_that_a_target_names(
    place: Installation, db: Database, shop: Shop
) -> None:
    shop.after, shop.wait = 50, "6"  # waited for on the spot
    run_id = await place.trigger(instance="erp-shop", entityType="item", batchSize=20)
    await eventually(lambda: _waits(db, run_id), within=60)
    shop.after = 80
    shop.wait = "3600"
    await eventually(lambda: _waits(db, run_id, timedelta(minutes=50)), within=60)
    assert len(shop.items) == 80
    asked = len(shop.asked)
    assert await db.fetchval("select count(*) from attempts") == 0
    assert await db.fetchval("select count(*) from dead_letters") == 0

    await Runs(db).request_cancel("default", run_id, "ann")
    await place.producer.send([cancel_message(run_id, "ann")])
    run: Run = await place.ended(run_id)
    assert (run.state, run.counters.success) == (State.CANCELLED, 80)
    assert len(shop.asked) == asked


async def _waits(db: Database, run_id: str, longer: timedelta = timedelta(0)) -> bool:
    try:
        run = await Runs(db).get("default", run_id)
    except NotFoundError:
        return False
    now = datetime.now(UTC)  # noqa: TID251 - compared with the database's clock
    return run.retry_due_at is not None and run.retry_due_at > now + longer
