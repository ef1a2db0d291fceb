"""What the Pipeline Monitor and the Dashboard read: figures of the monitor, runs of the tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from syncline.contracts.messages import Advance, Extracted
from syncline.domain.run import Run
from syncline.domain.service_status import Dot, Rates, ServiceStatus
from syncline.postgres.monitoring.service_status import ServiceStatusStore
from syncline.runtime.clock import SystemClock
from tests.support.access import give_key
from tests.support.configured import configure
from tests.support.gateway import Gateway
from tests.support.reports import settled
from tests.support.run_life import accept, apply, batch, extract, ref

KEEPS_UP = ServiceStatus("trigger", Dot.GREEN, "keeps up", "runs", 0, 0, None, 1)
STUCK = ServiceStatus(
    "execute", Dot.RED, "no consumer; 12,000 records waiting", "records", 12_000, 120, 42.5, 0,
    outgoing=Rates(0, 3.5, 20),
)  # fmt: skip

EARLIER = "update runs set created_at = created_at - interval '30 h' where id = $1"
AS_REPLAY = "update runs set replay = '{}' where id = $1"


@pytest.fixture
async def client(place: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with place.client(await give_key(place.database, "runner")) as made:
        yield made


async def read(client: httpx.AsyncClient, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ended(place: Gateway, outcomes: str) -> Run:
    """Make a run whose records end with these outcomes, a letter each."""
    db, run = place.database, await accept(place.database)
    ids = "abcdefgh"[: len(outcomes)]
    await extract(db, run, [batch(0, ids)])
    await apply(db, Advance(ref(run)), Extracted(ref(run), 1, len(ids)))
    return await apply(db, settled(ref(run), 0, list(range(len(ids))), outcomes, "execute"))


async def test_health_is_what_the_monitor_wrote_and_says_when_it_is_old(
    place: Gateway, client: httpx.AsyncClient
) -> None:
    never = await read(client, "/pipeline/health")
    assert (never["heardAt"], never["silent"], never["services"]) == (None, True, [])

    now = SystemClock().now()
    await ServiceStatusStore(place.database).keep([(0, KEEPS_UP), (4, STUCK)], now)
    fresh = await read(client, "/pipeline/health")
    assert fresh["silent"] is False
    trigger, execute = fresh["services"]
    assert (trigger["service"], trigger["dot"]) == ("trigger", "green")
    assert execute["why"] == "no consumer; 12,000 records waiting"
    assert execute["outgoing"] == {"second": 0.0, "tenSeconds": 3.5, "minute": 20.0}
    attention = (await read(client, "/dashboard"))["attention"]
    assert [(a["kind"], a["subject"]) for a in attention] == [("stage", "execute")]

    await place.database.execute("update pipeline_heard set at = at - interval '1 minute'")
    old = await read(client, "/pipeline/health")
    assert old["silent"] is True
    assert [s["service"] for s in old["services"]] == ["trigger", "execute"]
    attention = (await read(client, "/dashboard"))["attention"]
    assert [(a["kind"], a["at"]) for a in attention] == [("monitor", old["heardAt"])]


async def test_a_late_monitor_does_not_make_the_figures_look_older(place: Gateway) -> None:
    now = SystemClock().now()
    statuses = ServiceStatusStore(place.database)
    await statuses.keep([], now)
    await statuses.keep([], now - timedelta(seconds=30))
    assert (await statuses.services())[0] == now


async def test_history_has_gaps_where_nobody_looked(
    place: Gateway, client: httpx.AsyncClient
) -> None:
    now, statuses = SystemClock().now(), ServiceStatusStore(place.database)
    await statuses.keep([(0, KEEPS_UP), (4, STUCK)], now)
    await statuses.remember([KEEPS_UP], now - timedelta(minutes=61))
    for seconds in (60, 20):
        await statuses.remember([KEEPS_UP, STUCK], now - timedelta(seconds=seconds))
    history = await read(client, "/pipeline/history?minutes=60")
    assert (len(history["at"]), history["stepSeconds"]) == (360, 10)
    trigger, execute = history["stages"]
    assert [n for n in execute["waiting"] if n is not None] == [12_000, 12_000]
    assert len(execute["waiting"]) == 360
    assert [n for n in trigger["waiting"] if n is not None] == [0, 0]  # the oldest one was dropped
    assert (await client.get("/pipeline/history?minutes=61")).status_code == 422


async def test_the_dashboard_sums_up_runs_and_points_at_what_failed(
    place: Gateway, client: httpx.AsyncClient
) -> None:
    await configure(place.database)
    await place.database.execute(EARLIER, UUID((await ended(place, "SF")).id))
    await ended(place, "SSUX")
    broken = await ended(place, "FF")
    active = await accept(place.database)
    found = await read(client, "/dashboard?range=24h")
    totals = found["totals"]
    assert (totals["runs"], totals["failedRuns"]) == (3, 1)
    assert (totals["success"], totals["skipped"], totals["failed"]) == (2, 2, 2)
    assert totals["failureRate"] == pytest.approx(2 / 6)
    assert (found["previous"]["runs"], found["previous"]["failureRate"]) == (1, 0.5)
    assert found["activeRuns"] == 1
    assert sum(step["failed"] for step in found["steps"]) == 2
    (failing,) = [a for a in found["attention"] if a["kind"] == "failing"]
    assert failing["correlationId"] == broken.id
    assert failing["succeededAt"] < failing["at"]
    assert "succeeded" not in failing["text"]

    health = await read(client, "/pipeline/health")
    assert [run["correlationId"] for run in health["activeRuns"]] == [active.id]
    assert [run["correlationId"] for run in health["failedRuns"]] == [broken.id]


async def test_a_replay_that_failed_is_no_last_run_of_its_stream(
    place: Gateway, client: httpx.AsyncClient
) -> None:
    await configure(place.database)
    await ended(place, "SF")
    replay = await ended(place, "F")
    await place.database.execute(AS_REPLAY, UUID(replay.id))
    kinds = [a["kind"] for a in (await read(client, "/dashboard"))["attention"]]
    assert "failing" not in kinds

    broken = await ended(place, "FF")
    attention = (await read(client, "/dashboard"))["attention"]
    (failing,) = [a for a in attention if a["kind"] == "failing"]
    assert failing["correlationId"] == broken.id
    assert "never" not in failing["text"]  # the first one succeeded in part


async def test_another_tenant_sees_none_of_it(place: Gateway) -> None:
    await configure(place.database)
    await ended(place, "F")
    async with place.client(await give_key(place.database, "user", "other")) as other:
        found = await read(other, "/dashboard?range=30d")
        assert (found["totals"]["runs"], found["dlqPending"], found["activeRuns"]) == (0, 0, 0)
        assert [a for a in found["attention"] if a["kind"] != "monitor"] == []
        health = await read(other, "/pipeline/health")
        assert (health["activeRuns"], health["failedRuns"]) == ([], [])
