"""Three brokers, one of which is killed in mid-run, and all of which are restarted in turn."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from syncline.contracts.topics import INPUT_OF, Stage
from syncline.domain.run import State
from syncline.domain.service_status import Dot
from syncline.embedded.postgres import EmbeddedPostgres
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.database.migration import migrate
from syncline.postgres.monitoring.service_status import ServiceStatusStore
from tests.support.chaos.fault_table import FaultRow
from tests.support.chaos.kafka_cluster import REPLICAS, KafkaCluster, kafka_cluster
from tests.support.chaos.numbered_place import Numbers
from tests.support.chaos.processes import signal_tree
from tests.support.chaos.progress import Progress
from tests.support.chaos.strikes import WITHIN, Strikes
from tests.support.chaos.world import ALL
from tests.support.commands import CommandLine, checks_of
from tests.support.eventually import eventually
from tests.support.folders import server_folder
from tests.support.installation import installation
from tests.support.kafka import KafkaPlace
from tests.support.numbered import NumberedApi, configure
from tests.support.ports import free_port
from tests.support.service_roles import give_roles

RECORDS = int(os.environ.get("SYNCLINE_CLUSTER_RECORDS", "50000"))
SECONDS = 350.0
"""That the run would take without any fault: the rate of the target is chosen by it."""
API_CALL = 20
"""Records of one call."""
AWAY = 20.0
"""Seconds that the killed broker is away: its session at the controller ends in them."""


@pytest.fixture
async def cluster() -> AsyncIterator[KafkaCluster]:
    async with kafka_cluster() as made:
        yield made


@pytest.fixture
async def numbers(cluster: KafkaCluster, tmp_path: Path) -> AsyncIterator[Numbers]:
    """Every service on the cluster, the source and the target."""
    api = NumberedApi(secrets.randbelow(10**6))
    await api.start()
    async with (
        server_folder("postgres") as folder,
        EmbeddedPostgres(folder, free_port()) as postgres,
    ):
        dsn = postgres.dsn()
        await migrate(dsn)
        await give_roles(dsn)
        where = KafkaPlace(cluster.bootstrap, "cluster.")
        settings = {"SYNCLINE_KAFKA_REPLICATION": REPLICAS}
        services = (*ALL, "monitor", "notifier")
        async with (
            installation(where, dsn, tmp_path, settings, services, WITHIN) as place,
            open_database(dsn, size=2) as database,
        ):
            await (await place.start_gateway()).aclose()
            keys = place.environment["SYNCLINE_SECRET_KEYS"]
            await configure(database, dsn, keys, 0, RECORDS / API_CALL / SECONDS, api)
            yield Numbers(place=place, api=api, database=database, source=database)
    await api.close()


@pytest.mark.chaos
@pytest.mark.timeout(1800)
async def test_brokers_that_are_killed_and_restarted_lose_and_double_nothing(
    cluster: KafkaCluster, numbers: Numbers, rows: list[FaultRow], tmp_path: Path
) -> None:
    cli = CommandLine(tmp_path, numbers.place.environment)
    wanted = await numbers.add(RECORDS)
    run_id = await numbers.trigger()
    async with Progress(numbers.database, run_id) as progress:
        strikes = Strikes(progress, RECORDS)
        victim = await cluster.leader_of(numbers.place.connection.topic(INPUT_OF[Stage.EXECUTE]))
        async with strikes.by("kill -9 of one broker of three"):
            victim.kill()
            await asyncio.sleep(AWAY)
            found = await checks_of(cli)
            assert [found[name]["level"] for name in ("brokers", "copies")] == ["warn", "warn"]
        async with strikes.by("it comes back"):
            await victim.start()
            await eventually(cluster.is_whole, within=WITHIN)
        await silence(cluster, strikes)
        await restart_in_turn(cluster, strikes)
        run = await numbers.place.ended(run_id, within=WITHIN)
    row = await numbers.counted("", run, wanted)
    rows += strikes.rows(row)
    assert (row.lost, row.doubled, row.end) == (0, 0, State.PARTIAL_SUCCESS)
    await eventually(lambda: all_green(numbers.database), within=30)
    found = await checks_of(cli)
    assert {check["level"] for check in found.values()} == {"ok"}, found  # the audit, too
    assert found["copies"]["message"] == "3 copies of each message, 2 in sync are enough"


async def silence(cluster: KafkaCluster, strikes: Strikes) -> None:
    """Freeze a broker until records move without it, and let it go on."""
    pid = cluster.nodes[0].pid
    assert pid is not None
    async with strikes.by("one broker falls silent"):
        signal_tree(pid, signal.SIGSTOP)
        await asyncio.sleep(AWAY)
    async with strikes.by("it goes on"):
        signal_tree(pid, signal.SIGCONT)
        await eventually(cluster.is_whole, within=WITHIN)


async def restart_in_turn(cluster: KafkaCluster, strikes: Strikes) -> None:
    """Restart all as whoever does so waits: the next only when all copies are in sync."""
    for number, broker in enumerate(cluster.nodes, 1):
        async with strikes.by(f"restart of broker {number} of three"):
            await broker.end()
            await broker.start()
            await eventually(cluster.is_whole, within=WITHIN)


async def all_green(database: Database) -> bool:
    """Tell whether the monitor sees every service as it is."""
    _, services = await ServiceStatusStore(database).services()
    assert [(s.service, s.why) for s in services if s.dot is not Dot.GREEN] == []
    return bool(services)
