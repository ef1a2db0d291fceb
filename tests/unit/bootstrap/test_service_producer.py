"""What a service sends is counted once it is acknowledged, and never before."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from syncline.bootstrap import service
from syncline.bootstrap.service import ServiceProducer
from syncline.contracts.wire import Outbound
from syncline.domain.errors import RetriableError
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.producer import KafkaProducer
from syncline.telemetry.tally import Tally
from syncline.testing.memory_broker import MemoryBroker

MESSAGE = Outbound("canonical", b"run-1", b"x", 0, (), 7)


@pytest.fixture
def tally(monkeypatch: pytest.MonkeyPatch) -> Tally:
    tally = Tally()
    monkeypatch.setattr(service, "TALLY", tally)
    return tally


def producer_on(broker: MemoryBroker, monkeypatch: pytest.MonkeyPatch) -> ServiceProducer:
    below = broker.producer()

    async def send(_producer: KafkaProducer, messages: Sequence[Outbound]) -> None:
        await below.send(messages)

    monkeypatch.setattr(KafkaProducer, "send", send)
    return ServiceProducer(KafkaConnection("127.0.0.1:1"))


async def test_an_acknowledged_send_is_counted(
    tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    await producer_on(MemoryBroker(), monkeypatch).send([MESSAGE])
    assert tally.records_out == 7


async def test_a_failed_send_is_not_counted(tally: Tally, monkeypatch: pytest.MonkeyPatch) -> None:
    producer = producer_on(MemoryBroker(lose_acks=1.0), monkeypatch)
    with pytest.raises(RetriableError):
        await producer.send([MESSAGE])
    assert tally.records_out == 0
