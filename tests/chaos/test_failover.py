"""PostgreSQL is lost in mid-run and its standby takes over, with all commits or without some."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from syncline.bootstrap.restore_check import MARK_EVERY
from syncline.domain.run import State
from syncline.embedded.kafka import EmbeddedKafka
from syncline.embedded.postgres import EmbeddedPostgres
from syncline.postgres.database.database import open_database
from syncline.postgres.database.migration import migrate
from syncline.postgres.runs.auditor import audit
from tests.support.chaos.fault_table import FaultRow
from tests.support.chaos.numbered_place import Numbers
from tests.support.chaos.progress import Progress
from tests.support.chaos.standby import (
    PRIMARY,
    StandbyPostgres,
    dsn_of_both,
    wait_for_standby,
)
from tests.support.chaos.strikes import WITHIN, Strikes
from tests.support.commands import CommandLine, checks_of
from tests.support.folders import server_folder
from tests.support.installation import SERVICES, Installation, installation
from tests.support.kafka import KafkaPlace
from tests.support.numbered import TABLE_OF_NUMBERS, NumberedApi, configure
from tests.support.ports import free_port
from tests.support.service_roles import give_roles

RECORDS = int(os.environ.get("SYNCLINE_CLUSTER_RECORDS", "50000")) // 5
A_SECOND = 8.0
"""Calls of 20 records that the target takes."""
BEHIND = MARK_EVERY + 2
"""Seconds of the primary's work that the standby does not have: they are noticed."""


class Place(msgspec.Struct):
    """An installation on a primary with a standby; its source and target are elsewhere."""

    primary: EmbeddedPostgres
    standby: StandbyPostgres
    numbers: Numbers


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[EmbeddedPostgres, StandbyPostgres]]:
    """Start a primary for an installation, and its standby."""
    async with (
        server_folder("postgres") as folder,
        EmbeddedPostgres(folder, free_port(), settings=PRIMARY) as primary,
    ):
        await migrate(primary.dsn())
        await give_roles(primary.dsn())
        async with (
            server_folder("standby") as other,
            StandbyPostgres(other, free_port(), primary) as standby,
        ):
            yield primary, standby


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    api = NumberedApi(secrets.randbelow(10**6))
    await api.start()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        folders = {name: await enter(server_folder(name)) for name in ("kafka", "source")}
        kafka = await enter(EmbeddedKafka(folders["kafka"], free_port(), "256m"))
        source = await enter(EmbeddedPostgres(folders["source"], free_port()))
        primary, standby = await enter(pair())
        dsn = dsn_of_both(primary, standby)
        # the source's settings first: an installation's own servers are no systems to sync
        where = KafkaPlace(kafka.bootstrap, "failover.")
        at = await enter(
            installation(where, source.dsn(), tmp_path, services=(), ready_within=WITHIN)
        )
        at.dsn = dsn
        at.environment |= {"SYNCLINE_POSTGRES_DSN": dsn, "SYNCLINE_STALLED_AFTER": "30"}
        for service in SERVICES:
            await at.start(service)
        await at.ready()
        database = await enter(open_database(dsn, size=2))
        numbers = await enter(open_database(source.dsn(), size=1))
        await numbers.execute(TABLE_OF_NUMBERS)
        keys = at.environment["SYNCLINE_SECRET_KEYS"]
        await configure(database, source.dsn(), keys, 0, A_SECOND, api)
        yield Place(primary, standby, Numbers(place=at, api=api, database=database, source=numbers))
    await api.close()


@pytest.mark.chaos
@pytest.mark.timeout(900)
async def test_with_synchronous_commits_a_failover_loses_and_doubles_nothing(
    place: Place, rows: list[FaultRow]
) -> None:
    numbers = place.numbers
    await wait_for_standby(numbers.database)
    wanted = await numbers.add(RECORDS)
    run_id = await numbers.trigger()
    async with Progress(numbers.database, run_id) as progress:
        strikes = Strikes(progress, RECORDS)
        async with strikes.by("PostgreSQL lost, synchronous standby takes over"):
            place.primary.kill()
            await place.standby.promote()
        run = await numbers.place.ended(run_id, within=WITHIN)
    row = await numbers.counted("", run, wanted)
    rows += strikes.rows(row)
    assert (row.lost, row.doubled, row.end) == (0, 0, State.PARTIAL_SUCCESS)
    assert await audit(numbers.database) == []


@pytest.mark.chaos
@pytest.mark.timeout(900)
async def test_without_them_what_is_lost_is_found_and_made_good(
    place: Place, rows: list[FaultRow], tmp_path: Path
) -> None:
    numbers, at = place.numbers, place.numbers.place
    cli = CommandLine(tmp_path, at.environment)
    wanted = await numbers.add(RECORDS)
    run_id = await numbers.trigger()
    async with Progress(numbers.database, run_id) as progress:
        await Strikes(progress, RECORDS).steady()
        before = await checks_of(cli)
        assert before["standbys"]["level"] == "warn"
        assert before["database and topics"]["level"] == "ok"
        await lose_commits(place, progress)
        await restart_services(at)
        after = await checks_of(cli)
        assert after["database and topics"]["level"] == "fail"
        assert "the database is older than the topics" in after["database and topics"]["message"]
        adopted = await cli("topics", "adopt", "--json")
        assert adopted.document == {"adopted": True}
        first = await at.ended(run_id, within=WITHIN)
    assert first.state is State.FAILED
    again = await at.ended(await numbers.trigger(), within=WITHIN)
    await cli("dlq", "replay", "--all", "--yes", "--from", "ingest")
    row = await numbers.counted("", again, wanted)
    rows.append(row._replace(fault="PostgreSQL lost, standby behind; adopted, run again, replayed"))
    assert (row.lost, row.doubled) == (0, 0)
    assert await audit(numbers.database) == []


async def lose_commits(place: Place, progress: Progress) -> None:
    """Lose the primary while the standby is some seconds behind, and let that take over."""
    await place.standby.fall_behind()
    done = progress.done
    await asyncio.sleep(BEHIND)
    assert progress.done > done
    place.primary.kill()
    await place.standby.promote()


async def restart_services(at: Installation) -> None:
    """Wait until each service has noticed it and has ended, and start it again."""
    for service in SERVICES:
        process = at.processes.pop(service)
        async with asyncio.timeout(WITHIN):
            await process.wait()
        await at.start(service)
