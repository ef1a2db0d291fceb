"""What Execute tells of a run whose target refuses the whole call."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from syncline.connectors.port import Capabilities
from syncline.contracts.bundle import Bundle
from syncline.contracts.messages import Halted, Report, Settled, Waiting, decoder_of
from syncline.contracts.run_ref import RunRef
from syncline.contracts.topics import OUTCOMES
from syncline.contracts.wire import Outbound
from syncline.domain.errors import Category, Failure, InvalidInputError, NotFoundError, Problem
from syncline.domain.mapping.document import Transformation
from syncline.domain.retry import RetryPolicy
from syncline.domain.run import Outcome
from syncline.runtime.commands.control import ControlTopic
from syncline.security.secrets import SecretsError
from syncline.testing.clock import FakeClock
from syncline.testing.memory_broker import MemoryBroker, MemoryProducer
from syncline_execute import handler
from syncline_execute.handler import ExecuteHandler
from syncline_execute.work import Work
from tests.support.eventually import eventually
from tests.support.limits import NoLimits
from tests.support.parents import execute_router
from tests.support.reports import codes_of, one_batch

ONE = "01a218f0-d9ad-7980-81d9-14cf848cf7d1"
OTHER = "01a218f0-d9ad-7980-81d9-14cf848cf7d2"
REFUSED = Failure(Category.PERMANENT, "login_refused", "the target answered 401")


def batch(number: int, run_id: str = ONE) -> Bundle:
    run = RunRef(run_id, "default", 1, ONE, "item", ONE, ONE, ONE, 1)
    return one_batch(run, number, 0, [0, 1], ["a", "b"], [{}] * 2)


class Targets:
    def __init__(self, error: Exception | None = None) -> None:
        self._error = error
        self.limits = NoLimits()

    async def of(self, run: RunRef) -> Any:
        if self._error is not None:
            raise self._error
        return SimpleNamespace(
            limiter=self.limits,
            retry=RetryPolicy(),
            capabilities=Capabilities(),
            transformation=Transformation(),
        )


class Writer:
    """Writes the first record of a run and is refused then."""

    def __init__(self) -> None:
        self.calls = 0
        self.cut_off = False
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def forget(self, run: RunRef, source_ids: list[str]) -> None: ...

    async def write(self, run: RunRef, target: Any, items: Any, work: Work) -> None:
        self.calls += 1
        work.settle(items[:1], Outcome.SUCCESS)
        if run.id == ONE:
            work.stop(items[1:2], REFUSED)
        else:
            work.settle(items[1:2], Outcome.SUCCESS)
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cut_off = True
            raise
        work.settle(items[2:], Outcome.CANCELLED if run.id == ONE else Outcome.SUCCESS)


def stage(
    error: Exception | None = None, producer: MemoryProducer | None = None
) -> tuple[ExecuteHandler, Writer]:
    writer = Writer()
    router = execute_router()
    made: Any = ExecuteHandler(
        Targets(error),
        writer,  # type: ignore[arg-type]
        ControlTopic(MemoryBroker().reader("control"), FakeClock()),
        router,
        FakeClock(),
        producer or MemoryBroker().producer(),
    )
    return made, writer


def told(messages: list[Outbound]) -> list[tuple[str, str]]:
    """Return reports by kind: halted with its code, settled with its outcomes."""
    reports = [decoder_of(Report).decode(message.value or b"") for message in messages]
    return [
        ("halted", r.failure.code) if isinstance(r, Halted) else ("settled", codes_of(r))
        for r in reports
        if isinstance(r, Halted | Settled)
    ]


async def test_a_halt_is_told_before_what_it_skips_and_other_runs_go_on() -> None:
    execute, writer = stage()
    messages = await execute.handle([batch(0), batch(1), batch(0, OTHER)])
    of_one = [m for m in messages if m.key == ONE.encode()]
    assert told(of_one) == [
        ("halted", "login_refused"),
        ("settled", "S"),
        ("settled", "C"),
        ("settled", "CC"),
    ]
    assert told([m for m in messages if m.key == OTHER.encode()]) == [("settled", "SS")]
    assert writer.calls == 2


async def test_what_comes_later_is_skipped_without_a_call_and_tells_the_halt_again() -> None:
    """Its reports may arrive before those of the call that was refused."""
    execute, writer = stage()
    await execute.handle([batch(0)])
    assert told(await execute.handle([batch(1)])) == [
        ("halted", "login_refused"),
        ("settled", "CC"),
    ]
    assert writer.calls == 1


@pytest.mark.parametrize(
    "error",
    [
        NotFoundError("profile shop is gone"),
        InvalidInputError([Problem("$.profile", "connector sap is not installed")]),
        SecretsError("the key that encrypted this is not known"),
    ],
)
async def test_a_target_that_cannot_be_used_stops_the_run_and_blames_no_record(
    error: Exception,
) -> None:
    execute, writer = stage(error)
    assert told(await execute.handle([batch(0)])) == [
        ("halted", "configuration_unusable"),
        ("settled", "CC"),
    ]
    assert writer.calls == 0


async def reported_at_the_end(
    monkeypatch: pytest.MonkeyPatch, handled: list[Bundle], meanwhile: int
) -> list[Outbound]:
    """Let a call of the handler go on until so many reports were sent; return those of its end."""
    monkeypatch.setattr(handler, "REPORT_EVERY", 0.0)
    monkeypatch.setattr(handler, "LOOK_EVERY", 0.01)
    broker = MemoryBroker()
    execute, writer = stage(producer=broker.producer())
    writer.go_on.clear()
    handling = asyncio.create_task(execute.handle(handled))
    await eventually(lambda: len(broker.lying(OUTCOMES)) == meanwhile)
    assert not handling.done()
    writer.go_on.set()
    return await handling


async def test_outcomes_are_reported_while_a_long_call_of_the_handler_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = await reported_at_the_end(monkeypatch, [batch(0, OTHER)], 1)
    assert left == [], "they are reported once"


async def test_a_wait_on_the_spot_that_takes_a_while_is_reported_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(handler, "LOOK_EVERY", 0.01)
    broker = MemoryBroker()
    execute, writer = stage(producer=broker.producer())
    limits = cast(Targets, execute._targets).limits
    writer.go_on.clear()
    handling = asyncio.create_task(execute.handle([batch(0), batch(1)]))
    limits.waits = 1.0, "429: soon"
    await asyncio.sleep(0.05)
    limits.waits = 6.0, "429: slow down"
    await eventually(lambda: broker.lying(OUTCOMES))
    await asyncio.sleep(0.05)
    (message,) = broker.lying(OUTCOMES)
    writer.go_on.set()
    await handling

    report = decoder_of(Report).decode(message.value or b"")
    assert isinstance(report, Waiting)
    assert (report.records, report.reason) == (2, "429: slow down")
    assert report.due_at == int(execute._clock.now().timestamp() * 1000) + 6000


async def test_a_halt_is_told_once_however_long_the_call_of_the_handler_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = await reported_at_the_end(monkeypatch, [batch(0), batch(1)], 3)
    assert told(left) == [("settled", "CC")]


async def test_a_handler_call_that_is_cut_off_cuts_off_the_writing() -> None:
    execute, writer = stage()
    writer.go_on.clear()
    handling = asyncio.create_task(execute.handle([batch(0, OTHER)]))
    await eventually(lambda: writer.calls == 1)
    handling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await handling
    assert writer.cut_off
