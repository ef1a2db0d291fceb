"""Schedulers as processes on real Kafka and PostgreSQL: several at once, and one that dies."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from syncline.contracts.topics import TRIGGERS
from syncline.kafka.admin import KafkaAdmin
from syncline.postgres.database.database import Database, open_database
from tests.support.configured import configure
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.kafka import KafkaPlace
from tests.support.topics import lying

COUNT = 300
_STREAMS = """
insert into streams (tenant, instance_id, entity_type, mapping_id)
select s.tenant, s.instance_id, 'item' || n, s.mapping_id from streams s, generate_series(1, $1) n
"""
# Due now and not again for a year: a test that takes longer than a minute sees no other slot.
_SCHEDULES = """
insert into schedules (id, tenant, name, instance_id, entity_type, cron, timezone, sentence,
  next_at, changed_at)
select gen_random_uuid(), tenant, 'schedule ' || entity_type, instance_id, entity_type,
  to_char(now(), 'FMMI FMHH24 FMDD FMMM *'), 'UTC', '', date_trunc('minute', now()),
  timestamptz '2000-01-01'
from streams where entity_type <> 'item'
"""


@pytest.fixture
async def db(postgres: str) -> AsyncIterator[Database]:
    async with open_database(postgres) as database:
        await configure(database)
        for table in ("instances", "profiles"):
            await database.execute(f"update {table} set changed_at = timestamptz '2000-01-01'")
        await database.execute(_STREAMS, COUNT)
        yield database


@pytest.fixture
async def place(kafka: KafkaPlace, postgres: str, tmp_path: Path) -> AsyncIterator[Installation]:
    place = Installation(kafka, postgres, tmp_path, {})
    await KafkaAdmin(place.connection).create_topics(4, 1)
    try:
        yield place
    finally:
        await place.producer.stop()
        for name in list(place.processes):
            await place.stop(name)


async def firings(db: Database, result: str) -> set[str]:
    rows = await db.fetch("select run_id from firings where result = $1", result)
    return {row["run_id"] for row in rows}


async def published(place: Installation) -> Counter[str]:
    found = await lying(place.connection, TRIGGERS)
    return Counter((delivery.key or b"").decode() for delivery in found)


async def all_sent(db: Database) -> set[str] | None:
    sent = await firings(db, "sent")
    return sent if len(sent) == COUNT else None


async def test_two_schedulers_fire_each_slot_once(place: Installation, db: Database) -> None:
    await place.start("scheduler")
    await place.start("scheduler", "scheduler-2")
    await place.ready()
    await db.execute(_SCHEDULES)
    sent = await eventually(lambda: all_sent(db), within=30)
    slots = await db.fetch("select schedule_id, slot from firings")
    assert len({tuple(row) for row in slots}) == len(slots) == len(sent)
    assert await published(place) == Counter(sent)
    assert await place.stop("scheduler") == 0
    assert await place.stop("scheduler-2") == 0


async def test_what_died_between_row_and_trigger_is_published_by_the_next(
    place: Installation, db: Database
) -> None:
    """The first scheduler speaks to a broker that never answers, and is killed."""
    bootstrap = place.environment["SYNCLINE_KAFKA_BOOTSTRAP"]
    async with await asyncio.start_server(_silence, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        place.environment["SYNCLINE_KAFKA_BOOTSTRAP"] = f"127.0.0.1:{port}"
        await place.start("scheduler", "doomed")
        await db.execute(_SCHEDULES)

        async def noted() -> set[str]:
            return await firings(db, "due")

        due = await eventually(noted, within=30)
        await place.stop("doomed", signal.SIGKILL)
    assert await published(place) == Counter()
    place.environment["SYNCLINE_KAFKA_BOOTSTRAP"] = bootstrap
    del place.ports["doomed"]
    await place.start("scheduler")
    sent = await eventually(lambda: all_sent(db), within=30)
    assert due <= sent
    assert await published(place) == Counter(sent)


async def _silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        await reader.read()
        writer.close()
        await writer.wait_closed()


async def test_without_a_broker_it_says_so_and_goes_on_by_itself(
    place: Installation, db: Database
) -> None:
    bootstrap = place.environment["SYNCLINE_KAFKA_BOOTSTRAP"]
    await db.execute(_SCHEDULES)
    place.environment["SYNCLINE_KAFKA_BOOTSTRAP"] = "127.0.0.1:9"
    await place.start("scheduler")
    url = f"http://127.0.0.1:{place.ports['scheduler']}/readyz"
    async with httpx.AsyncClient(trust_env=False) as client:

        async def complaint() -> str | None:
            try:
                answer = await client.get(url)
            except httpx.TransportError:
                return None
            said = str(answer.json()["dependencies"])
            return said if answer.status_code == 503 and "has not checked" not in said else None

        assert "Kafka is not available" in await eventually(complaint, within=60)
    assert await place.stop("scheduler") == 0
    place.environment["SYNCLINE_KAFKA_BOOTSTRAP"] = bootstrap
    await place.start("scheduler")
    await place.ready()
    assert await eventually(lambda: all_sent(db), within=30)
