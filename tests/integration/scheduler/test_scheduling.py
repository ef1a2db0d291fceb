"""The scheduler on a real database, with time that a test moves and a broker that may be away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from syncline.contracts.events import event_data
from syncline.contracts.topics import TRIGGERS
from syncline.domain.errors import RetriableError
from syncline.domain.trigger import parse_trigger
from syncline.postgres.configuration.streams import Streams
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.runs.refused_triggers import RefusedTriggers
from syncline.postgres.runs.runs import Runs
from syncline.postgres.schedules.firings import Firings
from syncline.postgres.schedules.schedule_list import ScheduleList
from syncline.testing.clock import FakeClock
from syncline.testing.memory_broker import MemoryBroker
from syncline_scheduler.scheduler import Scheduler
from tests.support.configured import configure
from tests.support.scheduled import schedule

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Bench:
    """A database with one schedule, a broker, and time."""

    def __init__(self, database: Database) -> None:
        self.db = database
        self.broker = MemoryBroker()
        self.views = ScheduleList(database)

    def at(self, now: datetime) -> Scheduler:
        """Return a scheduler at a moment."""
        return Scheduler(Firings(self.db), self.broker.producer(), FakeClock(now))

    async def look(self, now: datetime) -> None:
        await self.at(now).look()

    def published(self) -> list[str]:
        return [(d.key or b"").decode() for d in self.broker.lying(TRIGGERS)]

    async def results(self) -> list[tuple[datetime, str, str]]:
        """Return slot, kind and result of every firing, in order."""
        rows = await self.db.fetch("select slot, kind, result from firings order by slot")
        return [(row["slot"], row["kind"], row["result"]) for row in rows]

    async def answer(self) -> None:
        """Do what the trigger service does with what was published."""
        for delivery in self.broker.lying(TRIGGERS):
            run_id = (delivery.key or b"").decode()
            request = parse_trigger(event_data(delivery.value or b"")[1])
            stream = await Streams(self.db).runnable("default", "erp-shop", "item")
            try:
                await Runs(self.db).accept(run_id, request, stream, 1)
            except Exception as error:  # noqa: BLE001 - as it refuses
                await RefusedTriggers(self.db).refuse(run_id, request, error)  # type: ignore[arg-type]


@pytest.fixture
async def bench(postgres: str) -> AsyncIterator[Bench]:
    async with open_database(postgres) as database:
        await configure(database)
        yield Bench(database)


async def test_a_slot_fires_once_however_often_one_looks(bench: Bench) -> None:
    await schedule(bench.db, "*/10 * * * *", NOON)
    for seconds in (-1, 0.2, 0.4, 30, 300):
        await bench.look(NOON + timedelta(seconds=seconds))
    (run_id,) = bench.published()
    assert await bench.results() == [(NOON, "slot", "sent")]
    await bench.answer()
    await bench.look(NOON + 6 * MINUTE)
    run = await Runs(bench.db).get("default", run_id)
    assert (run.trigger, run.actor, run.mode) == ("schedule", "schedule nightly", "incremental")
    view = await bench.views.get("default", "nightly")
    assert view.last_run is not None
    assert (view.last_run.correlation_id, view.last_run.state) == (run_id, "queued")
    assert view.next_run == NOON + 10 * MINUTE


async def test_while_a_run_is_active_the_firing_is_skipped_and_says_which(bench: Bench) -> None:
    await schedule(bench.db, "*/10 * * * *", NOON)
    for now in (NOON, NOON + 10 * MINUTE):
        await bench.look(now)
        await bench.answer()
    await bench.look(NOON + 11 * MINUTE)
    newest, first = await bench.views.firings("default", "nightly")
    assert (first.result, newest.result) == ("fired", "skipped")
    assert newest.reason == f"run {first.correlation_id} of this instance and entity type is active"
    assert newest.correlation_id is None


async def test_one_run_catches_up_and_the_rest_is_on_record(bench: Bench) -> None:
    await schedule(bench.db, "*/10 * * * *", NOON)
    await bench.look(NOON + 35 * MINUTE)
    missed = [(NOON + n * MINUTE, "slot", "missed") for n in (0, 10, 20)]
    assert await bench.results() == [*missed, (NOON + 30 * MINUTE, "catch_up", "sent")]
    assert len(bench.published()) == 1


async def test_nobody_catches_up_when_it_may_fire_again(bench: Bench) -> None:
    await schedule(bench.db, "*/10 * * * *", NOON)
    await bench.db.execute("update profiles set active = false where name = 'erp-shop-erp'")
    view = await bench.views.get("default", "nightly")
    assert (view.status, view.next_run) == ("dependency_inactive", None)
    assert view.status_reason == "profile erp-shop-erp is Inactive"
    await bench.look(NOON + 5 * MINUTE)
    await bench.db.execute("update profiles set active = true where name = 'erp-shop-erp'")
    await bench.look(NOON + 6 * MINUTE)
    assert await bench.results() == []
    await bench.look(NOON + 10 * MINUTE)
    assert await bench.results() == [(NOON + 10 * MINUTE, "slot", "sent")]


async def test_a_clock_that_is_set_back_fires_nothing_twice(bench: Bench) -> None:
    await schedule(bench.db, "*/10 * * * *", NOON)
    for minutes in (0, -30, -10, 0, 5, 10):
        await bench.look(NOON + minutes * MINUTE)
    assert [slot for slot, _, _ in await bench.results()] == [NOON, NOON + 10 * MINUTE]
    assert len(bench.published()) == 2


async def test_what_could_not_be_published_is_published_later_the_newest_alone(
    bench: Bench,
) -> None:
    await schedule(bench.db, "*/10 * * * *", NOON)
    bench.broker.is_away = True
    for minutes in (0, 10, 20):
        with pytest.raises(RetriableError):
            await bench.look(NOON + minutes * MINUTE)
    bench.broker.is_away = False
    await bench.look(NOON + 25 * MINUTE)
    results = [result for _, _, result in await bench.results()]
    assert results == ["missed", "missed", "sent"]
    assert len(bench.published()) == 1


async def test_a_trigger_that_was_written_without_an_answer_is_the_same_run(bench: Bench) -> None:
    """The broker took it and its acknowledgement got lost: the firing is sent again."""
    bench.broker = MemoryBroker(lose_acks=1.0)
    await schedule(bench.db, "*/10 * * * *", NOON)
    with pytest.raises(RetriableError):
        await bench.look(NOON)
    bench.broker._lose_acks = 0.0
    await bench.look(NOON + timedelta(seconds=5))
    assert len(bench.published()) == 2
    assert len(set(bench.published())) == 1
    await bench.answer()
    await bench.look(NOON + MINUTE)
    assert await bench.results() == [(NOON, "slot", "fired")]
    assert await bench.db.fetchval("select count(*) from runs") == 1


async def test_a_given_up_firing_that_ran_all_the_same_is_no_missed_one(bench: Bench) -> None:
    bench.broker = MemoryBroker(lose_acks=1.0)
    await schedule(bench.db, "0 12 * * *", NOON)
    with pytest.raises(RetriableError):
        await bench.look(NOON)
    await bench.look(NOON + timedelta(hours=2))
    assert await bench.results() == [(NOON, "slot", "missed")]
    await bench.answer()
    await bench.look(NOON + timedelta(hours=2, seconds=1))
    assert await bench.results() == [(NOON, "slot", "fired")]


async def test_a_schedule_whose_zone_is_gone_holds_up_no_other(bench: Bench) -> None:
    await configure(bench.db, instance="crm-shop")
    await schedule(bench.db, "*/10 * * * *", NOON)
    await schedule(bench.db, "*/10 * * * *", NOON, name="other", instance="crm-shop")
    await bench.db.execute("update schedules set timezone = 'Mars/X' where name = 'nightly'")
    await bench.look(NOON)
    schedule_id: str = await bench.db.fetchval("select id from schedules where name = 'other'")
    rows = await bench.db.fetch("select schedule_id from firings")
    assert [row["schedule_id"] for row in rows] == [schedule_id]
