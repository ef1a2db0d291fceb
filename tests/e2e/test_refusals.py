"""A target that refuses the whole call, and one that asks to be left alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from syncline.domain.errors import NotFoundError
from syncline.domain.run import Run, State
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.runs.auditor import audit
from syncline.postgres.runs.runs import Runs
from syncline.runtime.commands.control import cancel_message
from syncline.security.secrets import Keyring
from syncline.testing.http_api import HttpApi, ReceivedRequest, Reply
from tests.support.configured import store_instance
from tests.support.eventually import eventually
from tests.support.http_world import SINGLE
from tests.support.installation import Installation

ROWS = 600
LOGIN = "Bearer sesame-9f2"
DOCUMENT = {
    "entityType": "item",
    "extraction": {
        "mode": "config", "table": "source_items", "idColumn": "code", "cursorColumn": "changed",
    },
    "normalization": {"fields": [{"source": "code", "target": "code", "required": True}]},
    "transformation": {
        "matchKey": "sku", "target": SINGLE, "fields": [{"source": "code", "target": "sku"}],
    },
}  # fmt: skip


class Shop(HttpApi):
    """Changes its mind after so many records."""

    def __init__(self) -> None:
        super().__init__()
        self.login = LOGIN
        self.after = ROWS * 10
        self.wait = ""

    def _reply(self, asked: ReceivedRequest) -> Reply:
        if len(self.items) >= self.after and asked.method == "POST":
            if self.wait:
                return Reply(429, {"message": "slow down"}, {"Retry-After": self.wait})
            return Reply(401, {"message": "key revoked"})
        return super()._reply(asked)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    shop = Shop()
    await shop.start()
    yield shop
    await shop.close()


@pytest.fixture
async def db(place: Installation, shop: Shop) -> AsyncIterator[Database]:
    async with open_database(place.dsn) as database:
        await configure(database, place, shop)
        yield database
        assert await audit(database) == []


async def configure(db: Database, place: Installation, shop: Shop) -> None:
    url = urlsplit(place.dsn)
    keys = Keyring.parse(place.environment["SYNCLINE_SECRET_KEYS"])
    erp = {
        "host": url.hostname, "port": url.port, "database": url.path[1:], "user": url.username,
    }  # fmt: skip
    http = {"baseUrl": shop.url, "auth": {"type": "bearer"}}
    source, target = uuid4(), uuid4()
    profiles = [
        (source, "erp", "postgresql", erp, {"password": url.password or ""}),
        (target, "shop", "http", http, {"token": LOGIN.removeprefix("Bearer ")}),
    ]
    async with db.transaction() as c:
        for profile, name, connector, config, secrets in profiles:
            await c.execute(
                "insert into profiles (id, tenant, name, connector, config, secrets) "
                "values ($1, 'default', $2, $3, $4, $5)",
                profile, name, connector, config, keys.encrypt(secrets, "default", str(profile)),
            )  # fmt: skip
        await store_instance(c, "erp-shop", (source, target), "items", DOCUMENT)
        await c.execute(
            f"""create table source_items as select 'A' || n as code,
            timestamp '2026-01-01' + n * interval '1 minute' as changed
            from generate_series(1, {ROWS}) n"""
        )


async def test_a_login_that_is_refused_is_told_once_and_the_next_run_writes_the_rest(
    place: Installation, db: Database, shop: Shop
) -> None:
    shop.after = 100
    run = await place.run(instance="erp-shop", entityType="item", batchSize=20)

    assert (run.state, run.cursor_after) == (State.FAILED, None)
    assert run.reason is not None
    assert "401: key revoked" in run.reason
    counters = run.counters
    assert (counters.failed, counters.success) == (0, len(shop.items))
    assert counters.cancelled == counters.total - counters.success > 0
    assert await db.fetchval("select count(*) from dead_letters") == 0
    refused = [asked for asked in shop.asked if asked.method == "POST"][len(shop.items) :]
    assert len(refused) <= 2 * 10  # Max Concurrent, and one fresh look at the login for each

    shop.after = ROWS * 10
    again = await place.run(instance="erp-shop", entityType="item")
    assert again.state is State.SUCCEEDED
    assert sorted(item["sku"] for item in shop.items.values()) == sorted(
        f"A{n}" for n in range(1, ROWS + 1)
    )


async def test_nothing_is_sent_before_the_time_that_a_target_names(
    place: Installation, db: Database, shop: Shop
) -> None:
    shop.after, shop.wait = 50, "12"
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
