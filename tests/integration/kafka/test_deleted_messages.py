"""Messages that retention deleted while nobody read them are told, by topic and partition."""

from __future__ import annotations

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


@pytest.mark.parametrize("left", [0, 3], ids=["all", "some"])
async def test_what_was_deleted_while_the_stage_was_stopped_is_told(
    kafka: KafkaPlace, left: int
) -> None:
    broker = KafkaBroker(kafka)
    await broker.create_topics(2)
    producer, spec = broker.producer(), StageSpec(GROUP, [IN], decode, StageOptions())

    async def send(count: int) -> None:
        await producer.send([Outbound(IN, b"run-1", str(n).encode(), 1) for n in range(count)])

    async def handled_by_a_new_process(count: int) -> None:
        handler = Handler()
        stage = StageLoop(spec, handler, broker.consumer(GROUP), producer, SystemClock())
        async with running(stage):
            await eventually(lambda: stage.joined, within=20)
            await eventually(lambda: sum(map(len, handler.calls)) == count, within=20)

    await send(5)
    await handled_by_a_new_process(5)
    await send(10)
    await delete_before(broker, 1, 15 - left)
    lag = await KafkaAdmin(broker.connection).lag(GROUP, [IN])
    assert (lag.gone, lag.by_topic()) == ({(IN, 1): 10 - left}, {IN: left})

    before = METRICS.gone_unread.labels(GROUP, IN)._value.get(), TALLY.gone_unread
    with capture_logs() as logs:
        await handled_by_a_new_process(left)
        await handled_by_a_new_process(0)  # it was told once
    told = [line for line in logs if line["event"] == "messages_gone_unread"]
    assert [(t["topic"], t["partition"], t["messages"]) for t in told] == [(IN, 1, 10 - left)]
    assert METRICS.gone_unread.labels(GROUP, IN)._value.get() - before[0] == 10 - left
    assert TALLY.gone_unread - before[1] == 10 - left
    await producer.stop()
