"""After a death: a message that gets on is no longer suspected, one that does not still is."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from syncline.contracts.wire import Partition, UncleanEnd
from syncline.runtime.clock import SystemClock
from syncline.runtime.effects import note_effect
from syncline.runtime.loop.stage_loop import StageLoop
from syncline.runtime.spec import StageSpec
from syncline.testing.memory_broker import MemoryBroker
from tests.support.eventually import eventually
from tests.support.stages import GROUP, IN, QUICK, Handler, decode, put, running


class LeftBehind:
    """Custody of a partition whose process died; `marked` is the message alone in hand."""

    def __init__(self) -> None:
        self.marked: int | None = None
        self.deaths: list[int] = []

    async def take(self, partitions: Collection[Partition]) -> Mapping[Partition, UncleanEnd]:
        return dict.fromkeys(partitions, UncleanEnd(0, 1))

    async def mark(self, _partition: Partition, offset: int | None, deaths: int) -> None:
        self.marked = offset
        self.deaths.append(deaths)

    async def release(self, partitions: Collection[Partition]) -> None:
        pass


def stage_with(custody: LeftBehind, handler: Handler, broker: MemoryBroker) -> StageLoop[str]:
    spec = StageSpec(GROUP, [IN], decode, QUICK)
    consumer, producer = broker.consumer(GROUP), broker.producer()
    return StageLoop(spec, handler, consumer, producer, SystemClock(), custody)


async def test_a_message_that_has_an_effect_is_no_longer_the_suspect_while_it_goes_on() -> None:
    broker, custody = MemoryBroker(), LeftBehind()
    works, may_work, may_end = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slowly(_items: Sequence[str]) -> None:
        works.set()
        await may_work.wait()
        async with asyncio.TaskGroup() as calls:  # as a stage's calls to its target
            calls.create_task(effect())
        await may_end.wait()

    async def effect() -> None:
        note_effect()

    await put(broker, "a")
    async with running(stage_with(custody, Handler(slowly), broker)):
        await works.wait()
        assert (custody.marked, custody.deaths) == (0, [2])
        may_work.set()
        await eventually(lambda: custody.marked is None, within=5)
        may_end.set()


async def test_the_effect_of_one_message_clears_no_other() -> None:
    broker, custody = MemoryBroker(), LeftBehind()
    second, may_end = asyncio.Event(), asyncio.Event()

    async def work(items: Sequence[str]) -> None:
        if items == ["a"]:
            note_effect()
        else:
            second.set()
            await may_end.wait()

    await put(broker, "a", "b")
    async with running(stage_with(custody, Handler(work), broker)):
        await second.wait()
        await asyncio.sleep(0.1)
        assert custody.marked == 1
        may_end.set()
