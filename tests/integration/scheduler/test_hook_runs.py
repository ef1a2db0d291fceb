"""Runs of hooks on a real database: what is folded, what waits, and crashes at any line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import pytest

from syncline.contracts.events import event_data
from syncline.contracts.topics import TRIGGERS
from syncline.contracts.wire import Outbound
from syncline.domain.errors import RetriableError
from syncline.domain.run import Overlap
from syncline.domain.trigger import MAX_BYTES, TriggerRequest, parse_trigger
from syncline.postgres.configuration.streams import Streams
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.hooks.hook_deliveries import HookDeliveries, NewDelivery
from syncline.postgres.hooks.hook_list import HookList
from syncline.postgres.hooks.hook_runs import HookRuns
from syncline.postgres.runs.refused_triggers import RefusedTriggers
from syncline.postgres.runs.runs import Runs
from syncline.telemetry.metrics import METRICS
from syncline.testing.clock import FakeClock
from syncline.testing.memory_broker import MemoryBroker, MemoryProducer
from syncline_scheduler.hook_dispatcher import HookDispatcher
from tests.support.configured import configure

_HOOK = """
insert into hooks (id, tenant, name, instance_id, entity_type, source_ids, signature)
select $1, tenant, 'shop', id, 'item', 'id', '{"scheme": "shopify"}' from instances
"""
# As if time had passed, for changes, runs, and what was sent.
_LATER = (
    "update hook_changes set at = at - $1::interval",
    "update hook_runs set at = at - $1::interval, sent_at = sent_at - $1::interval",
)


class Bench:
    """A database with one hook, a broker, and time."""

    def __init__(self, database: Database, hook: str) -> None:
        self.db = database
        self.hook = hook
        self.broker = MemoryBroker()

    async def receive(self, *source_ids: str) -> None:
        delivery = NewDelivery(self.hook, "default", uuid4().bytes, 9, b"x", source_ids)
        assert await HookDeliveries(self.db).store(delivery)

    async def look(self, *, later: str = "2 s") -> None:
        for statement in _LATER:
            await self.db.execute(statement.replace("$1", f"'{later}'"))
        await self.dispatcher().look()

    def dispatcher(self) -> HookDispatcher:
        return HookDispatcher(HookRuns(self.db), self.broker.producer(), FakeClock())

    def published(self) -> dict[str, TriggerRequest]:
        """Return what was published, by run ID; the same twice is one."""
        found = self.broker.lying(TRIGGERS)
        return {
            (d.key or b"").decode(): parse_trigger(event_data(d.value or b"")[1]) for d in found
        }

    async def accept(self) -> None:
        """Do what the trigger service does with what was published."""
        for run_id, request in self.published().items():
            stream = await Streams(self.db).runnable("default", "erp-shop", "item")
            await Runs(self.db).accept(run_id, request, stream, 1)

    async def finish(self) -> None:
        await self.db.execute("update runs set state = 'succeeded', finished_at = now()")

    def ids(self) -> list[tuple[str, ...]]:
        return [request.source_ids for _, request in sorted(self.published().items())]


class _Unheard(MemoryProducer):
    """Writes, and its process dies before it hears of it."""

    async def send(self, messages: Sequence[Outbound]) -> None:
        await super().send(messages)
        raise RetriableError("written, but not acknowledged", code="kafka_unavailable")


@pytest.fixture
async def bench(postgres: str) -> AsyncIterator[Bench]:
    async with open_database(postgres) as database:
        await configure(database)
        hook = str(uuid4())
        await database.execute(_HOOK, hook)
        yield Bench(database, hook)


async def test_what_comes_together_is_one_run_that_waits_its_turn(bench: Bench) -> None:
    folded = METRICS.hook_changes.labels("folded")
    before = folded._value.get()
    for source_id in ("7", "7", "8", "7"):
        await bench.receive(source_id)
    await bench.look()
    (request,) = bench.published().values()
    assert sorted(request.source_ids) == ["7", "8"]
    assert request.on_overlap is Overlap.QUEUE
    assert (request.trigger, request.actor, request.tenant) == ("hook", "hook shop", "default")
    assert folded._value.get() - before == 2
    await bench.accept()
    newest, *_ = await HookList(bench.db).deliveries("default", "shop")
    assert [run.state for run in newest.runs] == ["queued"]


async def test_a_record_that_changes_while_its_run_works_waits_for_the_next(bench: Bench) -> None:
    await bench.receive("7")
    await bench.look()
    await bench.accept()
    for _ in range(5):
        await bench.receive("7")
        await bench.look()
    assert bench.ids() == [("7",)]
    assert (await HookList(bench.db).get("default", "shop")).waiting == 5
    await bench.finish()
    await bench.look()
    assert bench.ids() == [("7",), ("7",)]
    assert (await HookList(bench.db).get("default", "shop")).waiting == 0


async def test_a_second_run_begins_a_second_after_the_first(bench: Bench) -> None:
    await bench.receive("7")
    await bench.look()
    await bench.accept()
    await bench.finish()
    await bench.receive("8")
    await bench.look(later="0.5 s")
    assert bench.ids() == [("7",)]
    await bench.look(later="0.6 s")
    assert bench.ids() == [("7",), ("8",)]


async def test_a_run_takes_what_a_trigger_holds_and_the_next_one_the_rest(bench: Bench) -> None:
    many = [f"{number:0>4}" for number in range(700)]
    long = [f"{number}{'ü' * 500}" for number in range(150)]
    await bench.receive(*many)
    await bench.receive(*long)
    taken: list[str] = []
    for _ in range(5):
        await bench.look()
        await bench.accept()
        await bench.finish()
    for ids in bench.ids():
        assert 0 < len(ids) <= 500
        taken += ids
    assert sorted(taken) == sorted(many + long)
    assert all(len(d.value or b"") < MAX_BYTES for d in bench.broker.lying(TRIGGERS))


async def test_what_was_taken_and_not_published_is_published_by_the_next(bench: Bench) -> None:
    """A crash behind each line: the row is there, the trigger is not; or it is, unnoted."""
    await bench.receive("7")
    await bench.look(later="0 s")
    assert bench.ids() == []  # others may come with it
    for statement in _LATER:
        await bench.db.execute(statement.replace("$1", "'2 s'"))
    assert len(await HookRuns(bench.db).take()) == 1
    bench.broker.is_away = True
    with pytest.raises(RetriableError):
        await bench.look()
    bench.broker.is_away = False
    with pytest.raises(RetriableError, match="not acknowledged"):
        await HookDispatcher(HookRuns(bench.db), _Unheard(bench.broker, 10**6), FakeClock()).look()
    assert len(bench.broker.lying(TRIGGERS)) == 1
    await bench.look()
    await bench.look()
    assert bench.ids() == [("7",)]
    assert len(bench.broker.lying(TRIGGERS)) == 2
    await bench.accept()
    assert await bench.db.fetchval("select count(*) from runs") == 1


async def test_a_trigger_that_nobody_answers_is_published_again_as_the_same_run(
    bench: Bench,
) -> None:
    await bench.receive("7")
    await bench.look()
    await bench.look(later="20 s")
    assert len(bench.broker.lying(TRIGGERS)) == 1
    await bench.look(later="20 s")
    assert len(bench.broker.lying(TRIGGERS)) == 2
    assert bench.ids() == [("7",)]
    await bench.accept()
    await bench.look(later="40 s")
    assert len(bench.broker.lying(TRIGGERS)) == 2


async def test_a_refused_run_is_shown_and_keeps_no_later_one_waiting(bench: Bench) -> None:
    await bench.receive("7")
    await bench.look()
    await bench.db.execute("update instances set enabled = false")
    ((run_id, request),) = bench.published().items()
    with pytest.raises(Exception, match="erp-shop") as refusal:
        await Streams(bench.db).runnable("default", "erp-shop", "item")
    await RefusedTriggers(bench.db).refuse(run_id, request, refusal.value)  # type: ignore[arg-type]
    await bench.receive("8")
    await bench.look()
    newest, first = await HookList(bench.db).deliveries("default", "shop")
    assert [run.state for run in newest.runs] == ["due"]
    (run,) = first.runs
    assert run.state == "refused"
    assert "erp-shop" in (run.reason or "")
    assert bench.ids() == [("7",), ("8",)]


async def test_two_schedulers_make_one_run(bench: Bench) -> None:
    await bench.receive("7")
    for statement in _LATER:
        await bench.db.execute(statement.replace("$1", "'2 s'"))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(HookRuns(bench.db).take()) for _ in range(4)]
    assert sum(len(task.result()) for task in tasks) == 1


async def test_a_deleted_hook_starts_nothing(bench: Bench) -> None:
    await bench.receive("7")
    await bench.db.execute("update hooks set deleted_at = now()")
    await bench.look()
    assert bench.ids() == []
