"""Brokers that stop, die and come back; members that come and go: nothing is lost."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial

import pytest
from aiokafka.client import AIOKafkaClient

from syncline.contracts.wire import Delivery, Outbound
from syncline.embedded.kafka import EmbeddedKafka
from syncline.kafka.admin import KafkaAdmin
from syncline.kafka.consumer import KafkaConsumer
from syncline.runtime.clock import SystemClock
from syncline.runtime.commands.control import ControlTopic, cancel_message, forget_message
from syncline.runtime.loop.stage_loop import StageLoop
from syncline.runtime.spec import StageOptions, StageSpec
from tests.suites.broker import PARTITIONS, Member
from tests.support.eventually import eventually
from tests.support.folders import server_folder
from tests.support.kafka import KafkaPlace
from tests.support.kafka_suite import KafkaBroker
from tests.support.ports import free_port
from tests.support.stages import GROUP, IN, OUT, Handler, decode, running

COUNT = 400


@pytest.fixture(scope="module")
async def broker_of_these() -> AsyncIterator[EmbeddedKafka]:
    async with server_folder("kafka") as folder:
        server = EmbeddedKafka(folder, free_port(), heap="384m")
        yield server
        await server.stop()


@pytest.fixture
async def server(broker_of_these: EmbeddedKafka) -> EmbeddedKafka:
    """A broker for tests that stop it, started again where one left it so."""
    await broker_of_these.start()
    return broker_of_these


def own(server: EmbeddedKafka) -> KafkaBroker:
    """Give a test topics and groups of its own."""
    return KafkaBroker(KafkaPlace(server.bootstrap, f"t{secrets.token_hex(4)}."))


async def kill(server: EmbeddedKafka) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await eventually(lambda: server.pid is None)


async def restart(server: EmbeddedKafka) -> None:
    await server.stop()
    await server.start()


async def kill_and_start(server: EmbeddedKafka) -> None:
    await kill(server)
    await server.start()


def stage(broker: KafkaBroker, handler: Handler, stack: AsyncExitStack) -> StageLoop[str]:
    producer = broker.producer()
    stack.push_async_callback(producer.stop)
    spec = StageSpec(GROUP, [IN], decode, StageOptions(max_items=8))
    return StageLoop(spec, handler, broker.consumer(GROUP), producer, SystemClock())


async def put(broker: KafkaBroker, numbers: range) -> None:
    producer = broker.producer()
    await producer.send([Outbound(IN, b"run-1", str(n).encode(), n) for n in numbers])
    await producer.stop()


class Output:
    """Everything on the output topic, as it comes."""

    def __init__(self, broker: KafkaBroker) -> None:
        self._reader = broker.reader(OUT)
        self.seen: list[Delivery] = []

    async def has(self, count: int) -> bool:
        self.seen += await self._reader.poll(0.5)
        return len({d.value for d in self.seen}) >= count

    async def start(self) -> None:
        await self._reader.start()

    async def stop(self) -> None:
        await self._reader.stop()


@pytest.mark.parametrize("outage", [restart, kill_and_start])
async def test_a_stage_goes_on_after_its_broker_came_back(
    server: EmbeddedKafka, outage: object
) -> None:
    broker = own(server)
    await broker.create_topics(4)
    handler = Handler()
    async with AsyncExitStack() as stack:
        one = stage(broker, handler, stack)
        async with running(one):
            await put(broker, range(COUNT))
            await eventually(lambda: len(handler.calls) > 2, within=20)
            await outage(server)  # type: ignore[operator]
            await put(broker, range(COUNT, 2 * COUNT))
            output = Output(broker)
            await output.start()
            stack.push_async_callback(output.stop)
            await eventually(lambda: output.has(2 * COUNT), within=60)

        lag = (await KafkaAdmin(broker.connection).lag(GROUP, [IN])).by_topic()
        assert lag == {IN: 0}


async def test_a_producer_works_again_after_a_clean_restart(server: EmbeddedKafka) -> None:
    broker = own(server)
    await broker.create_topics(4)
    producer = broker.producer()
    await producer.send([Outbound(IN, b"k", b"before", 0)])
    sending = asyncio.create_task(producer.send([Outbound(IN, b"k", b"during", 0)]))
    await restart(server)
    await sending
    await producer.send([Outbound(IN, b"k", b"after", 0)])
    await producer.stop()

    reader = broker.reader(IN)
    await reader.start()
    seen: list[bytes | None] = []

    async def all_there() -> bool:
        seen.extend(d.value for d in await reader.poll(0.5))
        return seen[-1:] == [b"after"]

    await eventually(all_there, within=20)
    await reader.stop()
    assert list(dict.fromkeys(seen)) == [b"before", b"during", b"after"]


async def test_a_rebalance_under_load_loses_nothing(kafka: KafkaPlace) -> None:
    broker = KafkaBroker(kafka)
    await broker.create_topics(4)
    first, second = Handler(), Handler()
    async with AsyncExitStack() as stack:
        output = Output(broker)
        await output.start()
        stack.push_async_callback(output.stop)
        async with running(stage(broker, first, stack)):
            await put(broker, range(COUNT))
            await eventually(lambda: output.has(50), within=20)
            sent = COUNT
            async with running(stage(broker, second, stack)):
                # The new member may join after everything there was is done: send until it works.
                while not (second.calls and sent >= 5 * COUNT):
                    assert sent < 100 * COUNT, "the second member never got a record"
                    await put(broker, range(sent, sent + 40))
                    sent += 40
                await eventually(partial(output.has, sent), within=40)
            await put(broker, range(sent, sent + COUNT))
            await eventually(partial(output.has, sent + COUNT), within=40)

    lag = (await KafkaAdmin(broker.connection).lag(GROUP, [IN])).by_topic()
    assert lag == {IN: 0}


async def test_who_leads_a_group_hands_out_topics_that_it_learned_of_late(
    kafka: KafkaPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that answers too late once: without its topics a leader would hand out nothing."""
    broker = KafkaBroker(kafka)
    await broker.create_topics(PARTITIONS)
    answer, late = AIOKafkaClient._metadata_update, iter([True] * 20)

    async def too_late(client: AIOKafkaClient, cluster: object, topics: object) -> bool:
        return not (topics and next(late, False)) and await answer(client, cluster, topics)

    monkeypatch.setattr(AIOKafkaClient, "_metadata_update", too_late)
    member = await Member(KafkaConsumer(broker.connection, GROUP)).start()

    assert len(member.partitions) == PARTITIONS
    assert next(late, None) is None
    await member.consumer.stop()


async def test_control_follows_cancels_and_what_is_taken_back(kafka: KafkaPlace) -> None:
    broker = KafkaBroker(kafka)
    await broker.create_topics(4)
    producer = broker.producer()
    await producer.send([cancel_message("run-1", "ann"), cancel_message("run-2", "ann")])
    await producer.send([forget_message("run-2")])
    control = ControlTopic(broker.reader("control"), SystemClock())
    following = asyncio.create_task(control.follow())

    await eventually(lambda: control.caught_up, within=20)
    assert control.is_cancelled("run-1")
    assert not control.is_cancelled("run-2")
    await producer.send([cancel_message("run-3", "ben")])
    await eventually(lambda: control.is_cancelled("run-3"), within=20)

    following.cancel()
    await asyncio.wait([following])
    await producer.stop()
