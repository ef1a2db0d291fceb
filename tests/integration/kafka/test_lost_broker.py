"""One broker of three is lost for good: what was acknowledged is there, and a stage goes on.

The short form of `make cluster-test`, which does the same to a whole installation.
"""

from __future__ import annotations

from contextlib import suppress

from syncline.contracts.wire import Outbound
from syncline.domain.errors import RetriableError
from syncline.kafka.producer import KafkaProducer
from syncline.runtime.clock import SystemClock
from syncline.runtime.loop.stage_loop import StageLoop
from syncline.runtime.spec import StageSpec
from tests.support.chaos.kafka_cluster import REPLICAS, kafka_cluster
from tests.support.eventually import eventually
from tests.support.kafka import KafkaPlace
from tests.support.kafka_suite import KafkaBroker
from tests.support.stages import GROUP, IN, OUT, Handler, decode, running
from tests.support.topics import lying

SOON = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}
"""The others lead a lost broker's partitions after three seconds instead of nine."""


async def acknowledged(producer: KafkaProducer, text: str) -> bool:
    with suppress(RetriableError):
        await producer.send([Outbound(IN, b"run-1", text.encode(), 0)])
        return True
    return False


async def test_a_stage_goes_on_without_one_of_three_brokers() -> None:
    async with kafka_cluster(SOON) as cluster:
        broker = KafkaBroker(KafkaPlace(cluster.bootstrap, "lost."))
        await broker.create_topics(1, int(REPLICAS))
        sender, producer, handler = broker.producer(), broker.producer(), Handler()
        spec = StageSpec(GROUP, [IN], decode)
        stage = StageLoop(spec, handler, broker.consumer(GROUP), producer, SystemClock())
        async with running(stage):
            assert await acknowledged(sender, "before")
            leader = await cluster.leader_of(broker.connection.topic(IN))
            leader.kill()
            await eventually(lambda: acknowledged(sender, "behind"), within=60)
            await eventually(lambda: ["behind"] in handler.calls, within=60)
        for client in (sender, producer):
            await client.stop()
        passed_on = {delivery.value for delivery in await lying(broker.connection, OUT)}
        assert passed_on == {b"before", b"behind"}
