"""A small run beside large ones whose target is slow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from syncline.domain.run import State
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.runs.runs import Runs
from syncline.security.secrets import Keyring
from syncline.testing.http_api import HttpApi
from tests.support.configured import store_instance
from tests.support.erp_shop import store_erp_shop
from tests.support.eventually import eventually
from tests.support.http_world import SINGLE
from tests.support.installation import Installation

SLOW = 5
"""Large runs to the slow target."""
DOCUMENT = {
    "entityType": "item",
    "extraction": {"mode": "config", "table": "source_items", "idColumn": "code"},
    "normalization": {"fields": [{"source": "code", "target": "code", "required": True}]},
    "transformation": {
        "matchKey": "sku", "target": SINGLE, "fields": [{"source": "code", "target": "sku"}],
    },
}  # fmt: skip


@pytest.fixture
async def slow_api() -> AsyncIterator[HttpApi]:
    api = HttpApi()
    api.seconds = 1.0
    await api.start()
    yield api
    await api.close()


async def test_a_small_run_does_not_wait_for_large_ones_to_another_target(
    place: Installation, slow_api: HttpApi
) -> None:
    async with open_database(place.dsn) as db:
        await store_erp_shop(db, place)
        await store_slow_instances(db, place, slow_api)
        large = [await place.trigger(instance=f"slow-{n}", entityType="item") for n in range(SLOW)]
        await eventually(lambda: len(slow_api.items) > 20, within=60)

        small = await place.run(instance="erp-shop", entityType="item", maxEntities=10)
        assert (small.state, small.counters.success) == (State.SUCCEEDED, 10)
        runs = [await Runs(db).get("default", run_id) for run_id in large]
        assert not any(run.state.is_final for run in runs)
        assert all(run.counters.in_flight <= 5_000 for run in runs)


async def store_slow_instances(db: Database, place: Installation, api: HttpApi) -> None:
    keys = Keyring.parse(place.environment["SYNCLINE_SECRET_KEYS"])
    source = await db.fetchval("select id from profiles where name = 'erp'")
    for number in range(SLOW):
        target = str(uuid4())
        async with db.transaction() as c:
            await c.execute(
                "insert into profiles (id, tenant, name, connector, config, secrets) "
                "values ($1, 'default', $2, 'http', $3, $4)",
                target, f"slow-{number}", {"baseUrl": api.url},
                keys.encrypt({}, "default", target),
            )  # fmt: skip
            name, profiles = f"slow-{number}", (source, UUID(target))
            await store_instance(c, name, profiles, name, DOCUMENT)
