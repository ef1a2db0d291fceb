"""A stage begins when it knows which runs are cancelled and paused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from syncline.runtime.commands.control import ControlTopic, cancel_message
from syncline.testing.clock import FakeClock
from syncline.testing.memory_broker import MemoryBroker
from tests.support.eventually import eventually
from tests.support.stages import Handler, put, running, stage_on


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker()


async def test_nothing_is_handled_before_the_commands_are_known(broker: MemoryBroker) -> None:
    control = ControlTopic(broker.reader("control"), FakeClock())
    known: list[bool] = []

    async def note(_items: Sequence[str]) -> None:
        known.append(control.is_cancelled("run-1"))

    await broker.producer().send([cancel_message("run-1", "ann")])
    await put(broker, "of a cancelled run")
    stage = stage_on(broker, Handler(note), clock=FakeClock())
    async with running(stage, control.read):
        for _ in range(50):
            await asyncio.sleep(0)
        assert known == []
        assert not stage.joined
        following = asyncio.create_task(control.follow())
        await eventually(lambda: known == [True])
        following.cancel()
        await asyncio.wait([following])


async def test_a_stop_does_not_wait_for_the_commands(broker: MemoryBroker) -> None:
    control = ControlTopic(broker.reader("control"), FakeClock())
    async with asyncio.timeout(2), running(stage_on(broker, Handler()), control.read):
        await asyncio.sleep(0)
