"""Back up while services run, and restore to yesterday: what is at the target is counted."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from syncline.embedded.postgres_install import programs
from syncline.kafka.admin import KafkaAdmin
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.runs.auditor import audit
from tests.support.commands import CommandLine
from tests.support.erp_shop import store_erp_shop
from tests.support.installation import Installation, installation
from tests.support.kafka import KafkaPlace
from tests.support.postgres import create_database, database_of, drop_database

SERVICES = ("trigger", "ingest", "normalize", "transform", "execute", "finalize", "deadletter")
ITEM: dict[str, Any] = {"instance": "erp-shop", "entityType": "item"}
_COUNT_EFFECTS = (
    "create table effects (code text)",
    """create function note_effect() returns trigger language plpgsql as
    'begin insert into effects values (new.code); return new; end'""",
    """create trigger noted after insert or update on target_items
    for each row execute function note_effect()""",
)
_CHANGE = """
update source_items set changed = '2026-02-01', name = case code when 'A7' then null else 'new' end
where code in ('A1', 'A2', 'A3', 'A7')
"""


@pytest.fixture
async def restored(postgres_admin: str, postgres: str) -> AsyncIterator[str]:
    """Address of an empty database, to restore to."""
    name = await create_database(postgres_admin)
    yield database_of(postgres, name)
    await drop_database(postgres_admin, name)


async def test_yesterdays_database_reads_on_and_nothing_is_lost(
    kafka: KafkaPlace, postgres: str, restored: str, tmp_path: Path
) -> None:
    """The systems go on as they are; the installation's database goes back to before some runs."""
    dump = tmp_path / "yesterday.dump"
    async with (
        installation(kafka, postgres, tmp_path, services=SERVICES) as place,
        open_database(postgres) as systems,
        open_database(restored, size=1) as database,
    ):
        first = await run_before(place, systems)
        await run_program("pg_dump", "-Fc", "-f", str(dump), postgres)
        await run_since(place, systems)
        await go_back(place, dump, restored)

        again = await place.run(**ITEM)
        assert (again.counters.success, again.counters.failed) == (3, 0)
        (notice,) = again.notices
        assert (notice.code, sorted(notice.source_ids)) == ("waiting_in_dlq", ["A7", "A8"])
        assert await effects(systems) == {"A1": 2, "A2": 2, "A3": 2}, "once more, and no other"
        assert await pending(database) == [("A50", None), ("A7", None), ("A8", first)]
        assert await audit(database) == []

        await systems.execute("update source_items set name = 'mended' where name is null")
        cli = CommandLine(tmp_path, place.environment)
        assert (await cli("dlq", "replay", "--all", "--from", "ingest", "--yes")).code == 0
        assert await pending(database) == []
        titles = "select distinct title from target_items where code in ('A7', 'A8', 'A50')"
        assert [row[0] for row in await systems.fetch(titles)] == ["mended"]
        assert await audit(database) == []


async def run_before(place: Installation, systems: Database) -> str:
    """Sync 99 items, of which one fails, and return the run."""
    await store_erp_shop(systems, place)
    await systems.execute("update source_items set name = null where code = 'A8'")
    await systems.execute("delete from source_items where length(code) > 3")
    await systems.execute("update source_items set changed = '2025-01-01' where code = 'A50'")
    run = await place.run(**ITEM)
    assert (run.counters.success, run.counters.failed) == (98, 1)
    return run.id


async def run_since(place: Installation, systems: Database) -> None:
    """Write three items once; two fail, one of which no later run reads."""
    for statement in _COUNT_EFFECTS:
        await systems.execute(statement)
    await systems.execute(_CHANGE)
    run = await place.run(**ITEM)
    assert (run.counters.success, run.counters.failed) == (3, 1)
    await systems.execute("update source_items set name = null where code = 'A50'")
    assert (await place.run(**ITEM, sourceIds=["A50"])).counters.failed == 1
    assert await effects(systems) == {"A1": 1, "A2": 1, "A3": 1}


async def go_back(place: Installation, dump: Path, restored: str) -> None:
    """Do as docs/back-up.md says."""
    for service in SERVICES:
        await place.stop(service)
    await run_program("pg_restore", "--exit-on-error", "-d", restored, str(dump))
    place.dsn = place.environment["SYNCLINE_POSTGRES_DSN"] = restored
    cli = CommandLine(place.logs, place.environment)
    recovered = await cli("dlq", "recover", "--json")
    assert (recovered.code, recovered.document) == (0, {"recovered": 2})
    await delete_topics(place)
    await KafkaAdmin(place.connection).create_topics(4, 1)
    for service in SERVICES:
        await place.start(service)
    await place.ready()


async def run_program(name: str, *arguments: str) -> None:
    program = programs(None) / name
    process = await asyncio.create_subprocess_exec(program, *arguments, env=os.environ)
    assert await process.wait() == 0, name


async def delete_topics(place: Installation) -> None:
    """Delete the installation's topics, as `kafka-topics.sh --delete` does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=place.connection.bootstrap)
    await admin.start()
    try:
        prefix = place.connection.prefix
        names = [name for name in await admin.list_topics() if name.startswith(prefix)]
        await admin.delete_topics(names)
    finally:
        await admin.close()


async def effects(systems: Database) -> dict[str, int]:
    """Return how often each record was written at the target."""
    rows = await systems.fetch("select code, count(*) from effects group by code")
    return {row[0]: row[1] for row in rows}


async def pending(database: Database) -> list[tuple[str, str | None]]:
    sql = "select source_id, run_id from dead_letters where status = 'pending' order by 1"
    return [(row[0], row[1]) for row in await database.fetch(sql)]
