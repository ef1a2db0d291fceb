"""The monitor beside real services: what it says moves, is right, and survives being killed."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx

from syncline.domain.run import State
from syncline.domain.service_status import Dot, ServiceStatus
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.monitoring.service_status import ServiceStatusStore
from tests.support.erp_shop import store_erp_shop
from tests.support.eventually import eventually
from tests.support.installation import SERVICES, Installation, installation
from tests.support.kafka import KafkaPlace


async def test_the_monitor_says_who_works_and_what_waits(
    kafka: KafkaPlace, postgres: str, tmp_path: Path
) -> None:
    async with (
        installation(kafka, postgres, tmp_path) as place,
        open_database(postgres) as db,
    ):
        await place.start("monitor")
        await place.ready()
        await eventually(lambda: all_work(db), within=30)

        await place.stop("execute", signal.SIGKILL)
        await store_erp_shop(db, place)
        run_id = await place.trigger(instance="erp-shop", entityType="item")
        execute = await eventually(lambda: is_red(db, "execute"), within=30)
        assert (execute.waiting or 0) > 0
        assert "no consumer" in execute.why

        await place.stop("monitor", signal.SIGKILL)
        await place.start("monitor")
        await place.start("execute")
        run = await place.ended(run_id)
        assert run.state is State.SUCCEEDED
        told = await eventually(lambda: figures(place), within=30)
        assert "\nsyncline_pending_dead_letters 0.0\nsyncline_open_breakers 0.0\n" in told
        await eventually(lambda: all_work(db), within=40)


async def figures(place: Installation) -> str | None:
    """Return what the monitor exports, as soon as it knows the installation."""
    async with httpx.AsyncClient(trust_env=False) as client:
        told = (await client.get(f"http://127.0.0.1:{place.ports['monitor']}/metrics")).text
    lines = [line for line in told.splitlines() if not line.startswith("#")]
    return "\n".join(["", *lines]) if "\nsyncline_open_breakers " in told else None


async def all_work(db: Database) -> bool:
    _, services = await ServiceStatusStore(db).services()
    started = [s for s in services if s.service in {*SERVICES, "monitor"}]
    assert len(started) == len(SERVICES) + 1
    assert [(s.service, s.why) for s in started if s.dot is not Dot.GREEN] == []
    assert [s.service for s in started if len(s.workers) != 1] == []
    return True


async def is_red(db: Database, name: str) -> ServiceStatus | None:
    _, services = await ServiceStatusStore(db).services()
    (found,) = [s for s in services if s.service == name]
    return found if found.dot is Dot.RED else None
