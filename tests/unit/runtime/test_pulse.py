"""What a process tells of itself: all it has done, each thing once, however the telling goes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from syncline.contracts.snapshots import Snapshot
from syncline.contracts.topics import DLQ, SNAPSHOTS
from syncline.contracts.wire import Outbound
from syncline.domain.errors import RetriableError
from syncline.runtime.process.pulse import Pulse
from syncline.telemetry.tally import Tally
from syncline.testing.clock import FakeClock


class Sent:
    """A producer that keeps what it is given, unless it is told to fail."""

    max_message = 1_000_000

    def __init__(self) -> None:
        self.messages: list[Outbound] = []
        self.away = False

    async def start(self) -> None: ...

    async def send(self, messages: Sequence[Outbound]) -> None:
        if self.away:
            raise RetriableError("away")
        self.messages += messages

    async def stop(self) -> None: ...

    def snapshots(self) -> list[Snapshot]:
        return [msgspec.json.decode(m.value or b"", type=Snapshot) for m in self.messages]


def test_records_count_by_where_they_went() -> None:
    tally = Tally()
    topics = [("canonical", 70), ("outcomes", 5), ("retry.8s", 3), (DLQ, 1), ("status", 0)]
    tally.count_sent([Outbound(topic, b"k", b"", 0, (), count) for topic, count in topics])
    assert (tally.records_out, tally.retried, tally.failed) == (75, 3, 1)


async def test_a_pulse_tells_each_second_and_when_it_leaves() -> None:
    sent, tally, clock = Sent(), Tally(), FakeClock(datetime(2026, 1, 1, tzinfo=UTC))
    pulse = Pulse("execute", sent, clock, tally)
    task = asyncio.create_task(pulse.beat())
    await clock.advance(1.5)
    tally.records_in = 42
    sent.away = True
    await clock.advance(1.0)
    sent.away = False
    await clock.advance(1.0)
    task.cancel()
    await pulse.stop()
    told = sent.snapshots()
    assert {message.topic for message in sent.messages} == {SNAPSHOTS}
    assert [(s.seq, s.uptime, s.records_in, s.leaving) for s in told] == [
        (1, 0.0, 0, False),
        (2, 1.0, 0, False),
        (4, 3.0, 42, False),
        (5, 3.5, 42, True),
    ]
    assert len({s.process for s in told}) == 1
