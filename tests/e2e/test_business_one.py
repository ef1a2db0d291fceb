"""Orders into Business One end to end, while a session ends, an answer is lost and Execute dies."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from syncline.domain.run import State
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.runs.auditor import audit
from syncline.resources.loader import load
from syncline.resources.plan import apply
from syncline.security.secrets import Keyring
from syncline.testing.http_api import Trouble
from tests.support import postgresql
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.service_layer import ServiceLayer
from tests.support.service_layer_world import config_of, started

ROWS = 80
CONFIGURATION = """
kind: Profile
name: shop
connector: postgresql
config: {postgresql}
secrets: {{password: {{fromEnv: POSTGRESQL_PASSWORD}}}}
---
kind: Profile
name: b1
connector: business-one
config: {business_one}
secrets: {{password: {{fromEnv: B1_PASSWORD}}}}
---
kind: Mapping
name: orders
entityType: salesorder
extraction: {{table: orders, idColumn: number, cursorColumn: changed}}
normalization:
  fields:
    - {{source: number, target: number, required: true}}
    - {{source: customer, target: customer}}
    - {{source: sku, target: sku}}
transformation:
  matchKey: NumAtCard
  fields:
    - {{source: number, target: NumAtCard}}
    - {{source: customer, target: CardCode}}
    - {{source: sku, target: "DocumentLines[0].ItemCode"}}
  target: {{entity: salesorder}}
---
kind: Instance
name: shop-b1
source: shop
target: b1
mappings: [orders]
"""


@pytest.fixture
async def layer() -> AsyncIterator[ServiceLayer]:
    async with started(ServiceLayer()) as layer:
        layer.put("BusinessPartners", {"CardCode": "C1"}, {"CardCode": "APPROVE"})
        layer.approval.add("APPROVE")
        layer.seconds = 0.02
        yield layer


@pytest.fixture
async def db(place: Installation, layer: ServiceLayer, tmp_path: Path) -> AsyncIterator[Database]:
    config = tmp_path / "config.yaml"
    business_one = config_of(layer, timeouts={"connect": 1, "total": 2})
    profiles = {"postgresql": postgresql.config_of(place.dsn), "business_one": business_one}
    config.write_text(CONFIGURATION.format(**{n: json.dumps(c) for n, c in profiles.items()}))
    secrets = {
        "POSTGRESQL_PASSWORD": urlsplit(place.dsn).password or "",
        "B1_PASSWORD": layer.password,
    }
    keys = Keyring.parse(place.environment["SYNCLINE_SECRET_KEYS"])
    async with open_database(place.dsn) as database:
        await database.execute(
            f"""create table orders as select 'S' || n as number, 'A1' as sku,
            case when n % 40 = 0 then 'APPROVE' else 'C1' end as customer,
            timestamptz '2026-01-01' + n * interval '1 minute' as changed
            from generate_series(1, {ROWS}) n"""
        )
        await apply(
            ConfigurationStore(database, keys), load([str(config)], secrets), "default", "test"
        )
        await database.execute("update profiles set max_concurrent = 4")
        yield database
        assert await audit(database) == []


async def test_no_order_is_made_twice_whatever_happens_on_the_way(
    place: Installation, db: Database, layer: ServiceLayer
) -> None:
    run_id = await place.trigger(instance="shop-b1", entityType="salesorder", batchSize=40)
    await eventually(lambda: _has(layer, 20), within=60)
    layer.end_sessions()
    layer.trouble.extend([Trouble("POST", proper=True), Trouble("POST", applied=True)])
    await eventually(lambda: _has(layer, 45), within=60)
    await place.stop("execute", signal.SIGKILL)
    await place.start("execute")
    run = await place.ended(run_id, within=120)

    assert (run.state, run.counters.success) == (State.SUCCEEDED, ROWS)
    assert len(layer.sets["Orders"]) == ROWS - 2
    assert len(layer.sets["Drafts"]) == 2
    assert max(layer.effects.values()) == 1
    assert not layer.trouble  # the answer was lost

    await db.execute("update orders set sku = 'A2', changed = now() where number in ('S1', 'S2')")
    changed = await place.run(instance="shop-b1", entityType="salesorder")

    assert changed.counters.success == 2
    lines = [o["DocumentLines"] for o in layer.sets["Orders"].values() if o["NumAtCard"] == "S1"]
    assert [[line["ItemCode"] for line in each] for each in lines] == [["A2"]]


async def _has(layer: ServiceLayer, count: int) -> bool:
    return layer.effects.total() >= count
