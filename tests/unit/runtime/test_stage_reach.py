"""How far a stage has got: told at most twice a second, and again until Kafka has it."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from syncline.contracts.bundle import Bundle
from syncline.contracts.messages import NamedReport, decoder_of
from syncline.contracts.run_ref import RunRef, ref_of
from syncline.contracts.topics import OUTCOMES, Stage
from syncline.domain.errors import RetriableError
from syncline.runtime.loop.stage_reach import StageReach
from syncline.telemetry.tracing import handling, header_of
from syncline.testing.clock import FakeClock
from syncline.testing.memory_broker import MemoryBroker
from tests.support.memory_runs import a_run
from tests.support.reports import one_batch

RUN = ref_of(a_run())
OTHER = ref_of(a_run("01a218f0-d9ad-7980-81d9-14cf848cf7d2"))


def bundle(number: int, lane: int = 0, run: RunRef = RUN, **more: int) -> Bundle:
    return one_batch(run, number, lane, [0], ["a"], [{"x": 1}], **more)


class Place:
    """A stage's reach, its clock, and what Kafka has of it."""

    def __init__(self) -> None:
        self.broker, self.clock = MemoryBroker(), FakeClock()
        self.reach = StageReach(Stage.TRANSFORM, self.broker.producer(), self.clock)

    def told(self) -> list[tuple[str, str, list[tuple[int, int]]]]:
        lying = self.broker.lying(OUTCOMES)
        found = [decoder_of(NamedReport).decode(each.value or b"") for each in lying]
        return [(each.run, each.stage, each.lanes) for each in found]

    async def pass_time(self, seconds: float) -> None:
        """Let the side task go for so long."""
        task = asyncio.create_task(self.reach.publish())
        try:
            await self.clock.advance(seconds)
            if task.done():
                await task
        finally:
            task.cancel()


async def test_of_each_lane_the_last_batch_is_told_once() -> None:
    place = Place()
    place.reach.note([bundle(3), bundle(7), bundle(5, 1), bundle(2, run=OTHER)])
    place.reach.note([bundle(6)])
    await place.pass_time(0.4)
    assert place.told() == []
    await place.pass_time(5)
    news = [(RUN.id, "transform", [(0, 7), (1, 5)]), (OTHER.id, "transform", [(0, 2)])]
    assert sorted(place.told()) == sorted(news)


async def test_retries_and_replays_tell_nothing() -> None:
    place = Place()
    replay = msgspec.structs.replace(RUN, replay=True)
    place.reach.note([bundle(3, attempt=2), bundle(4, run=replay)])
    await place.pass_time(1)
    assert place.told() == []


async def test_what_kafka_did_not_take_is_told_again_with_what_came_meanwhile() -> None:
    place = Place()
    place.broker.is_away = True
    place.reach.note([bundle(3), bundle(1, 1)])
    with pytest.raises(RetriableError):
        await place.pass_time(1)
    place.reach.note([bundle(4)])
    place.broker.is_away = False
    await place.pass_time(1)
    assert place.told() == [(RUN.id, "transform", [(0, 4), (1, 1)])]


async def test_what_is_told_belongs_to_the_trace_of_the_handler_call() -> None:
    place, key = Place(), RUN.id.encode()
    with handling("transform", []):
        place.reach.note([bundle(3)])
        expected = header_of(key)
    await place.pass_time(1)
    (told,) = place.broker.lying(OUTCOMES)
    assert expected in told.headers
