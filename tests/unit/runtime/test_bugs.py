"""Messages that cannot be read, messages that break the stage, and stages that are broken."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import structlog

from syncline.contracts.topics import DLQ
from syncline.contracts.wire import Delivery, Outbound
from syncline.runtime.failure.poison import poison
from syncline.runtime.loop.stage_loop import StageLoop
from syncline.runtime.spec import StageSpec
from syncline.telemetry import foreign_messages
from syncline.telemetry.metrics import REGISTRY
from syncline.testing.clock import FakeClock
from syncline.testing.memory_broker import MemoryBroker
from tests.support.eventually import eventually
from tests.support.message_keys import KEYS
from tests.support.stages import (
    GROUP,
    IN,
    Handler,
    out,
    put,
    running,
    stage_on,
    to_out,
)


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def headers(delivery: Delivery) -> dict[str, str]:
    return {name: value.decode() for name, value in delivery.headers}


async def fail_on_bad(items: Sequence[str]) -> None:
    if any(item.startswith("bad") for item in items):
        raise ZeroDivisionError("no such luck")


async def committed(broker: MemoryBroker, clock: FakeClock, offset: int) -> None:
    async def there() -> bool:
        await clock.advance(1)
        return broker.committed(GROUP) == {(IN, 0): offset}

    await eventually(there)


async def test_poison_goes_to_the_dlq_as_it_is_and_the_stage_goes_on(
    broker: MemoryBroker, clock: FakeClock
) -> None:
    before = REGISTRY.get_sample_value("syncline_poison_total", {"stage": GROUP}) or 0
    await put(broker, "a", b"\xff\xfe", "b")
    async with running(stage_on(broker, Handler(), clock=clock)):
        await committed(broker, clock, 3)

    (letter,) = broker.lying(DLQ)
    told = headers(letter)
    assert out(broker) == ["a", "b"]
    assert letter.value == b"\xff\xfe"
    assert (told["dlq-original-topic"], told["dlq-original-partition"]) == (IN, "0")
    assert (told["dlq-original-offset"], told["dlq-stage"]) == ("1", GROUP)
    assert told["dlq-error-code"] == "undecodable"
    assert "invalid start byte" in told["dlq-error-message"]
    assert told["dlq-original-key"] == "run-1"
    after = REGISTRY.get_sample_value("syncline_poison_total", {"stage": GROUP})
    assert after == before + 1


async def test_a_foreign_message_is_quarantined_and_the_stage_goes_on(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = structlog.testing.CapturingLogger()  # earlier tests may have used the module's own
    monkeypatch.setattr(foreign_messages, "log", logs)
    broker = MemoryBroker(keys=KEYS)
    labels = {"reader": GROUP, "topic": IN}
    before = REGISTRY.get_sample_value("syncline_foreign_messages_total", labels) or 0
    await put(broker, "a")
    forged = Outbound(IN, b"run-1", b"forged", 0, (("syncline-digest", b"test:00"),))
    await broker.producer(signs=False).send([forged])
    await put(broker, "b")
    async with running(stage_on(broker, Handler(), clock=clock)):
        await committed(broker, clock, 3)

    (letter,) = broker.lying(DLQ)
    told = headers(letter)
    assert out(broker) == ["a", "b"]
    assert (letter.value, letter.is_ours) == (b"forged", True)
    assert told["dlq-error-code"] == "foreign"
    assert told["dlq-error-message"] == "foreign message: its header syncline-digest is wrong"
    after = REGISTRY.get_sample_value("syncline_foreign_messages_total", labels)
    assert after == before + 1
    (call,) = logs.calls
    assert (call.method_name, call.args) == ("error", ("foreign_message",))
    at = {"topic": IN, "partition": 0, "offset": 1}
    assert call.kwargs.items() > at.items()


async def test_a_flood_of_foreign_messages_costs_a_few_lines_and_dead_letters(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = structlog.testing.CapturingLogger()
    monkeypatch.setattr(foreign_messages, "log", logs)
    broker = MemoryBroker(keys=KEYS)
    forged = [Outbound(IN, b"run-1", b"forged", 0)] * (foreign_messages.AT_ONCE + 50)
    await broker.producer(signs=False).send(forged)
    await put(broker, "a")
    async with running(stage_on(broker, Handler(), clock=clock)):
        await committed(broker, clock, len(forged) + 1)

    assert out(broker) == ["a"]
    assert len(broker.lying(DLQ)) == len(logs.calls)
    assert foreign_messages.AT_ONCE <= len(logs.calls) <= foreign_messages.AT_ONCE + 5


def test_what_was_not_reported_is_told_with_the_next_report(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = structlog.testing.CapturingLogger()
    monkeypatch.setattr(foreign_messages, "log", logs)
    now = [0.0]
    reports = foreign_messages.ForeignReports("raw", lambda: now[0])
    forged = Delivery("raw", 0, 0, b"k", b"x", (), 1)
    kept = [reports.report(forged, "no digest") for _ in range(foreign_messages.AT_ONCE + 7)]
    now[0] += foreign_messages.EVERY
    assert (sum(kept), reports.report(forged, "no digest")) == (foreign_messages.AT_ONCE, True)
    assert logs.calls[-1].kwargs["before_unreported"] == 7


def test_poison_keeps_foreign_headers_and_replaces_its_own() -> None:
    old = (("tenant", b"default"), ("dlq-stage", b"other"))
    delivery = Delivery("raw", 2, 5, None, b"x", old, 1)

    message = poison(delivery, "execute", "undecodable", "e" * 5000, 1_000_000)

    names = [name for name, _ in message.headers]
    assert names.count("dlq-stage") == 1
    assert dict(message.headers)["tenant"] == b"default"
    assert len(dict(message.headers)["dlq-error-message"]) == 1000
    assert message.key == b""


def test_poison_that_no_message_holds_is_cut_and_says_so() -> None:
    delivery = Delivery("triggers", 0, 0, b"k", b"x" * 300_000, (), 1)

    message = poison(delivery, "trigger", "undecodable", "too much", 200_000)

    assert len(message.value or b"") < 200_000
    assert dict(message.headers)["dlq-original-size"] == b"300000"


async def test_one_bad_message_does_not_hold_back_its_batch(
    broker: MemoryBroker, clock: FakeClock
) -> None:
    await put(broker, "a", "bad", "b")
    handler = Handler(fail_on_bad)
    async with running(stage_on(broker, handler, clock=clock)):
        await committed(broker, clock, 3)

    assert out(broker) == ["a", "b"]
    assert handler.calls == [["a", "bad", "b"], ["a"], ["bad"], ["bad"], ["bad"], ["b"]]
    (letter,) = broker.lying(DLQ)
    assert headers(letter)["dlq-error-code"] == "bug"
    assert headers(letter)["dlq-error-message"] == "ZeroDivisionError: no such luck"


async def test_a_bug_that_passes_is_forgotten(broker: MemoryBroker, clock: FakeClock) -> None:
    left = [1, 1]

    async def fail_twice(_items: Sequence[str]) -> None:
        if left:
            left.pop()
            raise ZeroDivisionError

    await put(broker, "a")
    async with running(stage_on(broker, Handler(fail_twice), clock=clock)):
        await committed(broker, clock, 1)

    assert out(broker) == ["a"]
    assert broker.lying(DLQ) == []


async def test_a_stage_that_handles_nothing_stops_with_nothing_committed(
    broker: MemoryBroker, clock: FakeClock
) -> None:
    await put(broker, *(f"bad {n}" for n in range(10)))

    async def broken() -> None:
        async with running(stage_on(broker, Handler(fail_on_bad), clock=clock)) as task:

            async def ended() -> bool:
                await clock.advance(1)
                return task.done()

            await eventually(ended, within=20)

    with pytest.raises(ZeroDivisionError):
        await broken()
    assert broker.committed(GROUP) == {}
    assert broker.lying(DLQ) == []


async def test_the_same_three_messages_are_given_up_when_they_come_alone(
    broker: MemoryBroker, clock: FakeClock
) -> None:
    await put(broker, "bad 1", "bad 2", "bad 3")
    async with running(stage_on(broker, Handler(fail_on_bad), clock=clock)):
        await committed(broker, clock, 3)

    assert len(broker.lying(DLQ)) == 3


async def test_the_handler_may_say_what_becomes_of_a_bad_message(
    broker: MemoryBroker, clock: FakeClock
) -> None:
    class Answering(Handler):
        async def on_bug(self, item: str, error: Exception) -> list[Outbound]:
            return [to_out(f"{item} gave {type(error).__name__}")]

    await put(broker, "bad")
    async with running(stage_on(broker, Answering(fail_on_bad), clock=clock)):
        await committed(broker, clock, 1)

    assert out(broker) == ["bad gave ZeroDivisionError"]
    assert broker.lying(DLQ) == []


async def test_a_message_of_the_dlq_never_goes_back_there(
    broker: MemoryBroker, clock: FakeClock
) -> None:
    await broker.producer().send([Outbound(DLQ, b"k", b"bad", 0)])
    handler = Handler(fail_on_bad)
    spec = StageSpec("deadletter", [DLQ], lambda d, _: (d.value or b"").decode())
    stage = StageLoop(spec, handler, broker.consumer("deadletter"), broker.producer(), clock)

    async def broken() -> None:
        async with running(stage) as task:

            async def ended() -> bool:
                await clock.advance(1)
                return task.done()

            await eventually(ended, within=20)

    with pytest.raises(ZeroDivisionError):
        await broken()
    assert len(broker.lying(DLQ)) == 1


class Growing(Handler):
    """Makes outputs that are fifty times as long."""

    async def handle(self, items: Sequence[str]) -> list[Outbound]:
        return [to_out(item * 50) for item in await self._noted(items)]

    async def _noted(self, items: Sequence[str]) -> Sequence[str]:
        await super().handle(items)
        return items


async def test_too_large_an_output_is_a_bug_of_its_message(
    broker: MemoryBroker, clock: FakeClock
) -> None:
    await put(broker, "x" * 10, "y")
    producer = broker.producer(max_message=70_400)
    await put(broker, "z" * 1500)
    async with running(stage_on(broker, Growing(), clock=clock, producer=producer)):
        await committed(broker, clock, 3)

    assert out(broker) == ["x" * 500, "y" * 50]
    assert headers(broker.lying(DLQ)[0])["dlq-error-code"] == "bug"
