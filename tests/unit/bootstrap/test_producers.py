"""What a service sends is counted once it is acknowledged, and carries the trace of its run."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from syncline.bootstrap import producers
from syncline.bootstrap.producers import RequestProducer, ServiceProducer
from syncline.contracts.wire import Outbound
from syncline.domain.errors import RetriableError
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.producer import KafkaProducer
from syncline.telemetry.tally import Tally
from syncline.telemetry.tracing import called_by, context_of
from syncline.testing.memory_broker import MemoryBroker

MESSAGE = Outbound("canonical", b"run-1", b"x", 0, (), 7)


@pytest.fixture
def tally(monkeypatch: pytest.MonkeyPatch) -> Tally:
    tally = Tally()
    monkeypatch.setattr(producers, "TALLY", tally)
    return tally


NOWHERE = KafkaConnection("127.0.0.1:1")


def producer_on(broker: MemoryBroker, monkeypatch: pytest.MonkeyPatch) -> ServiceProducer:
    below = broker.producer()

    async def send(_producer: KafkaProducer, messages: Sequence[Outbound]) -> None:
        await below.send(messages)

    monkeypatch.setattr(KafkaProducer, "send", send)
    return ServiceProducer(NOWHERE)


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


@pytest.mark.parametrize(
    ("headers", "trace"),
    [
        ([], "01996f4e8a4c7d50b3c51f0f3c1a2b3d"),
        ([("traceparent", b"00-0123456789abcdef0123456789abcdef-0123456789abcdef-01")],
         "0123456789abcdef0123456789abcdef"),
        ([("traceparent", b"00-none")], "01996f4e8a4c7d50b3c51f0f3c1a2b3d"),
    ],
)  # fmt: skip
async def test_a_request_begins_the_trace_of_its_run_or_goes_on_with_its_callers(
    headers: list[tuple[str, bytes]], trace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Outbound] = []

    async def send(_producer: KafkaProducer, messages: Sequence[Outbound]) -> None:
        sent.extend(messages)

    monkeypatch.setattr(KafkaProducer, "send", send)
    trigger = Outbound("triggers", b"01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d", b"{}", 0)
    with called_by(headers):
        await RequestProducer("gateway", NOWHERE).send([trigger])
    (context,) = [context_of(message.headers) for message in sent]
    assert context is not None
    assert context.trace == trace
