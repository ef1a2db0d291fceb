"""Members with a name: killed and started again, silent for too long, and two of one name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest
from aiokafka.client import ConnectionGroup
from aiokafka.protocol.group import LeaveGroupRequest

from syncline.domain.errors import RetriableError
from syncline.kafka.client import members_of
from syncline.kafka.consumer import KafkaConsumer
from syncline.kafka.membership import NameTakenError
from syncline.runtime.clock import SystemClock
from syncline.runtime.loop.stage_loop import StageLoop
from syncline.runtime.spec import StageOptions, StageSpec
from tests.suites.broker import PARTITIONS, TOPIC, Member
from tests.support.eventually import eventually
from tests.support.kafka import KafkaPlace
from tests.support.kafka_suite import QUICK, KafkaBroker
from tests.support.stages import Handler, decode

GROUP = "execute"
LONG = {**QUICK, "session_timeout_ms": 300_000}
"""Nobody gets anything in these tests because a session has timed out."""
Named = Callable[[str], KafkaConsumer]


@pytest.fixture
async def broker(kafka: KafkaPlace) -> KafkaBroker:
    broker = KafkaBroker(kafka)
    await broker.create_topics(PARTITIONS)
    return broker


@pytest.fixture
async def named(broker: KafkaBroker) -> AsyncIterator[Named]:
    """Make consumers of processes with names; all are stopped after the test."""
    made: list[KafkaConsumer] = []

    def consumer(name: str) -> KafkaConsumer:
        connection = msgspec.structs.replace(broker.connection, member=name)
        made.append(KafkaConsumer(connection, GROUP, LONG))
        return made[-1]

    yield consumer
    for one in made:
        await one.stop()


async def polled(member: Member) -> bool:
    await member.consumer.poll(0.1, 1, 1000)
    return False


async def until_lost(member: Member) -> str:
    """Poll until the consumer says that a new one is needed, and why."""
    with pytest.raises(RetriableError) as lost:
        await eventually(lambda: polled(member), within=20)
    await member.consumer.stop()
    return lost.value.failure.code


async def test_who_comes_under_a_name_has_its_partitions_at_once_and_the_first_never_comes_back(
    broker: KafkaBroker, named: Named
) -> None:
    first = await Member(named("execute.one")).start()
    assert len(first.partitions) == PARTITIONS

    second = await Member(named("execute.one")).start()
    assert len(second.partitions) == PARTITIONS
    assert await until_lost(first) == "membership_lost"
    with pytest.raises(NameTakenError, match=r"as execute\.one: .* SYNCLINE_PROCESS_NAME"):
        await first.start()
    assert len(second.partitions) == PARTITIONS
    assert len(await members_of(broker.connection, f"{broker.connection.prefix}{GROUP}")) == 1


async def test_a_stage_whose_name_is_taken_ends(broker: KafkaBroker, named: Named) -> None:
    handler, producer = Handler(), broker.producer()
    spec = StageSpec(GROUP, [TOPIC], decode, StageOptions())
    stage = StageLoop(spec, handler, named("execute.one"), producer, SystemClock())
    running = asyncio.create_task(stage.run(asyncio.Event()))
    await eventually(lambda: stage.joined, within=20)

    other = await Member(named("execute.one")).start()
    with pytest.raises(NameTakenError):
        await running
    await producer.stop()
    assert len(other.partitions) == PARTITIONS


async def test_who_was_silent_for_too_long_joins_again_under_its_name(
    broker: KafkaBroker, named: Named
) -> None:
    consumer = named("execute.one")
    member = await Member(consumer).start()
    group = broker.connection.group(GROUP)
    (member_id,) = await members_of(broker.connection, group)

    async def remove() -> None:  # as the broker does at the end of a session
        coordinator = consumer._started()._coordinator
        node, request = coordinator.coordinator_id, LeaveGroupRequest(group, member_id)
        await coordinator._client.send(node, request, group=ConnectionGroup.COORDINATION)

    await remove()
    assert await until_lost(member) == "membership_lost"
    await member.start()
    assert len(member.partitions) == PARTITIONS


async def test_who_stops_in_order_leaves_at_once_and_the_others_go_on(named: Named) -> None:
    one, two = named("execute.one"), named("execute.two")
    first = await Member(one).start()
    second = Member(two)
    poll: Callable[[Member], Awaitable[bool]] = polled
    joining = asyncio.create_task(second.start())
    while not joining.done():
        await poll(first)
    await joining
    assert 0 < len(second.partitions) < PARTITIONS

    await one.stop()
    await eventually(lambda: _has_all(second), within=20)


async def _has_all(member: Member) -> bool:
    await member.consumer.poll(0.1, 1, 1000)
    return len(member.partitions) == PARTITIONS
