"""Messages that retention deleted while nobody read them are told, by topic and partition."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from structlog.testing import capture_logs

from syncline.contracts.wire import Outbound
from syncline.kafka.admin import KafkaAdmin
from syncline.runtime.clock import SystemClock
from syncline.runtime.loop.stage_loop import StageLoop
from syncline.runtime.spec import StageOptions, StageSpec
from syncline.telemetry.metrics import METRICS
from syncline.telemetry.tally import TALLY
from tests.support.eventually import eventually
from tests.support.kafka import KafkaPlace
from tests.support.kafka_suite import KafkaBroker
from tests.support.stages import GROUP, IN, Handler, decode, running


async def delete_before(broker: KafkaBroker, partition: int, offset: int) -> None:
    """Delete messages as retention does."""
    connection = broker.connection
    admin = AIOKafkaAdminClient(**connection.client_settings())
    await admin.start()
    try:
        place = connection.placed((IN, partition))
        await admin.delete_records({place: RecordsToDelete(before_offset=offset)})
    finally:
        await admin.close()


class Stage:
    """A stage whose processes come and go."""

    def __init__(self, broker: KafkaBroker) -> None:
        self._broker = broker
        self._producer = broker.producer()

    async def send(self, count: int) -> None:
        numbers = [str(number).encode() for number in range(count)]
        await self._producer.send([Outbound(IN, b"run-1", number, 1) for number in numbers])

    async def handles(self, count: int, until: Callable[[], object] = lambda: True) -> None:
        """Let a process live until it has handled so many messages, and something is true."""
        handler, spec = Handler(), StageSpec(GROUP, [IN], decode, StageOptions())
        consumer = self._broker.consumer(GROUP)
        stage = StageLoop(spec, handler, consumer, self._producer, SystemClock())
        async with running(stage):
            await eventually(lambda: stage.joined, within=20)
            await eventually(lambda: sum(map(len, handler.calls)) == count, within=20)
            await eventually(until, within=20)

    async def close(self) -> None:
        await self._producer.stop()


@pytest.fixture
async def broker(kafka: KafkaPlace) -> KafkaBroker:
    broker = KafkaBroker(kafka)
    await broker.create_topics(2)
    return broker


@pytest.fixture
async def stage(broker: KafkaBroker) -> AsyncIterator[Stage]:
    stage = Stage(broker)
    yield stage
    await stage.close()


def counted() -> tuple[float, int]:
    return METRICS.gone_unread.labels(GROUP, IN)._value.get(), TALLY.gone_unread


def found(logs: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, int]]:
    return [
        (line["topic"], line["partition"], line["messages"])
        for line in logs
        if line["event"] == "messages_gone_unread"
    ]


@pytest.mark.parametrize("left", [0, 3], ids=["all", "some"])
async def test_what_was_deleted_while_the_stage_was_stopped_is_told_once(
    broker: KafkaBroker, stage: Stage, left: int
) -> None:
    await stage.send(5)
    await stage.handles(5)
    await stage.send(10)
    await delete_before(broker, 1, 15 - left)
    lag = await KafkaAdmin(broker.connection).lag(GROUP, [IN])
    assert (lag.gone, lag.by_topic()) == ({(IN, 1): 10 - left}, {IN: left})

    before = counted()
    with capture_logs() as logs:
        await stage.handles(left, lambda: found(logs))
        await stage.handles(0)
    assert found(logs) == [(IN, 1, 10 - left)]
    assert counted() == (before[0] + 10 - left, before[1] + 10 - left)
    assert (await KafkaAdmin(broker.connection).lag(GROUP, [IN])).gone == {}
