"""Bundles of runs that may not go on lie in the database, each once, until their run may."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from syncline.contracts.bundle import Bundle
from syncline.contracts.outbound import bundle_message
from syncline.contracts.run_ref import RunRef
from syncline.contracts.topics import DLQ, INPUT_OF, Stage
from syncline.contracts.wire import Outbound
from syncline.domain.errors import Category, Failure, RetriableError
from syncline.domain.run import Run
from syncline.postgres.database.database import Database
from syncline.postgres.limits.breakers import Breakers
from syncline.postgres.progress.bundle_park import PAGE, BundlePark, unpark
from syncline.postgres.runs.pauses import RunPauses
from syncline.postgres.runs.run_refs import RunRefs
from syncline.postgres.runs.runs import Runs
from syncline.runtime.loop.stage_loop import StageLoop
from syncline.runtime.mapping_handler import mapping_spec
from syncline.runtime.spec import Handler, StageSpec
from syncline.testing.clock import FakeClock
from syncline.testing.memory_broker import MemoryBroker
from tests.support.eventually import eventually
from tests.support.message_keys import KEYS
from tests.support.run_life import accept, ref
from tests.support.stage_messages import a_batch, delivered
from tests.support.stages import running

RAW = INPUT_OF[Stage.NORMALIZE]


def bundle(run: RunRef, number: int) -> Outbound:
    return bundle_message(a_batch(run, {"id": "S1", "n": 1}, number=number), Stage.NORMALIZE)


class Sent:
    """Notes what is sent, or cannot send."""

    def __init__(self) -> None:
        self.messages: list[Outbound] = []
        self.is_away = False

    async def send(self, messages: Sequence[Outbound]) -> None:
        if self.is_away:
            raise RetriableError("Kafka is away")
        self.messages += messages


@pytest.fixture
async def paused(db: Database) -> Run:
    run = await accept(db)
    return await RunPauses(db).pause("default", run.id, "ann")


async def park(db: Database, *messages: Outbound) -> None:
    deliveries = [delivered(message, offset) for offset, message in enumerate(messages)]
    await BundlePark(db, lambda _run: True).park(deliveries)


async def test_a_bundle_comes_back_as_it_was_when_its_run_is_resumed(
    db: Database, paused: Run
) -> None:
    sent, message = Sent(), bundle(ref(paused), 0)
    await park(db, message, message)
    await park(db, message)  # the process died before its offset was committed
    assert not await unpark(db, sent.send)
    assert sent.messages == []

    await RunPauses(db).resume("default", paused.id, "ann")
    await unpark(db, sent.send)
    (back,) = sent.messages
    assert (back.topic, back.key, back.value) == (message.topic, message.key, message.value)
    assert back.headers == message.headers
    await unpark(db, sent.send)
    assert len(sent.messages) == 1


async def test_what_cannot_be_sent_stays_parked(db: Database, paused: Run) -> None:
    sent = Sent()
    await park(db, *(bundle(ref(paused), n) for n in range(PAGE + 1)))
    await RunPauses(db).resume("default", paused.id, "ann")
    sent.is_away = True
    with pytest.raises(RetriableError):
        await unpark(db, sent.send)
    sent.is_away = False
    assert await unpark(db, sent.send)
    assert not await unpark(db, sent.send)
    assert len({message.value for message in sent.messages}) == PAGE + 1


async def test_a_cancel_lets_bundles_go_on_to_be_skipped(db: Database, paused: Run) -> None:
    sent = Sent()
    await park(db, bundle(ref(paused), 0))
    await Runs(db).request_cancel("default", paused.id, "ann")
    await unpark(db, sent.send)
    assert len(sent.messages) == 1


async def test_bundles_wait_for_a_target_that_does_not_answer(db: Database) -> None:
    run, sent, breakers = await accept(db), Sent(), Breakers(db)
    target = ref(run).target
    await breakers.failed(target, "default", Failure(Category.PERMANENT, "login_refused", "401"))
    await park(db, bundle(ref(run), 0))
    await breakers.refresh()
    assert [found.profile_id for found in breakers.with_parked()] == [target]
    await unpark(db, sent.send)
    assert sent.messages == []
    await breakers.close(target)
    await unpark(db, sent.send)
    assert len(sent.messages) == 1


class NoHandler(Handler[Bundle]):
    """Gets nothing in these tests."""

    async def handle(self, items: Sequence[Bundle]) -> list[Outbound]:
        raise AssertionError("a paused run's bundle was handled")


async def test_a_stage_parks_bundles_and_commits_them_but_never_a_foreign_one(
    db: Database, paused: Run
) -> None:
    broker = MemoryBroker(keys=KEYS)
    spec: StageSpec[Bundle] = mapping_spec(Stage.NORMALIZE)
    spec = StageSpec(
        spec.name, spec.topics, spec.decode,
        runs=RunRefs(db), park=BundlePark(db, lambda run: run.id == paused.id),
    )  # fmt: skip
    consumer, producer = broker.consumer("normalize"), broker.producer()
    await producer.send([bundle(ref(paused), 0)])
    await broker.producer(signs=False).send([bundle(ref(paused), 1)])
    async with running(StageLoop(spec, NoHandler(), consumer, producer, FakeClock())):
        await eventually(lambda: len(broker.lying(DLQ)) == 1)
    values = [row["value"] for row in await db.fetch("select value from parked_bundles")]
    assert values == [bundle(ref(paused), 0).value]


async def test_a_bundle_that_is_parked_again_while_it_is_sent_stays_parked(
    db: Database, paused: Run
) -> None:
    """Its stage may not have heard yet that the run goes on, or its target is away again."""
    message, again = bundle(ref(paused), 0), list[asyncio.Task[None]]()
    await park(db, message)
    await RunPauses(db).resume("default", paused.id, "ann")

    async def send(_messages: Sequence[Outbound]) -> None:
        again.append(asyncio.create_task(park(db, message)))
        await asyncio.sleep(0.2)  # it gets as far as it can before the one that is sent is removed

    await unpark(db, send)
    await again[0]
    sent = Sent()
    await unpark(db, sent.send)
    assert [back.value for back in sent.messages] == [message.value]
