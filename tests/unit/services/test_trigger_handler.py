"""Trigger: what becomes of a message on `triggers`, and of runs that wait."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from uuid6 import uuid7

from syncline.contracts.messages import Extracted, RunRequest
from syncline.contracts.outbound import trigger_message
from syncline.contracts.wire import Delivery, Outbound
from syncline.domain.errors import RetriableError
from syncline.runtime.commands.control import ControlTopic, pause_message
from syncline.testing.clock import EPOCH, FakeClock
from syncline.testing.memory_broker import MemoryBroker
from syncline_trigger.handler import TriggerHandler
from syncline_trigger.main import SPEC
from tests.support.faults import CrashError, crash_after, fail_once
from tests.support.memory_runs import MemoryRuns
from tests.support.stage_messages import (
    control_topic,
    delivered,
    events,
    on,
    raw_delivery,
    reports,
    topics,
)

ID = "01a218f0-d9ad-7980-81d9-14cf848cf7d9"


class Place:
    """A handler, its runs in memory, and the topics that its side task sends to."""

    def __init__(self, control: ControlTopic) -> None:
        self.clock = FakeClock()
        self.runs = MemoryRuns(self.clock)
        self.broker = MemoryBroker()
        self._control = control
        self.handler = self.restarted()

    def restarted(self) -> TriggerHandler:
        """Return the handler of a new process."""
        return TriggerHandler(self.runs, self._control, self.broker.producer(), self.clock, 4)

    async def handle(self, *deliveries: Delivery) -> list[Outbound]:
        return await self.handler.handle([SPEC.decode(delivery, {}) for delivery in deliveries])

    async def dispatched(self, seconds: float) -> list[Outbound]:
        """Let the side task look for so many seconds; return what it sent meanwhile."""
        names = ("runs", "status", "outcomes", "control")
        before = {name: len(self.broker.lying(name)) for name in names}
        task = asyncio.ensure_future(self.handler.dispatch())
        await self.clock.advance(seconds)
        task.cancel()
        return [
            Outbound(d.topic, d.key or b"", d.value, 0)
            for name in names
            for d in self.broker.lying(name)[before[name] :]
        ]


@pytest.fixture
async def place() -> Place:
    return Place(await control_topic())


def trigger(run_id: str = ID, **fields: Any) -> Delivery:
    data = {"instance": "erp-shop", "entityType": "item", **fields}
    return delivered(trigger_message(run_id, data, "test", EPOCH), offset=3)


def requested(messages: list[Outbound]) -> list[str]:
    return [
        msgspec.json.decode(m.value or b"", type=RunRequest).run_id for m in on(messages, "runs")
    ]


async def test_a_trigger_is_answered_and_its_run_may_start(place: Place) -> None:
    messages = await place.handle(trigger())
    ((kind, data),) = events(messages)
    assert (kind, data["correlationId"], data["state"]) == ("run.accepted", ID, "queued")
    assert requested(messages) == [ID]
    (answer,) = on(messages, "status")
    assert dict(answer.headers)["trigger-offset"] == b"3"


async def test_a_trigger_that_comes_twice_is_one_run(place: Place) -> None:
    await place.handle(trigger())
    again = await place.handle(trigger())
    assert [kind for kind, _ in events(again)] == ["run.accepted"]
    assert requested(again) == []


async def test_a_crash_behind_the_stored_run_loses_neither_answer_nor_request(place: Place) -> None:
    crash_after(place.runs, "accept")
    with pytest.raises(CrashError):
        await place.handle(trigger())
    place.handler = place.restarted()
    again = await place.handle(trigger())
    assert ([kind for kind, _ in events(again)], requested(again)) == (["run.accepted"], [ID])


async def test_a_request_that_got_lost_is_sent_again_by_the_run_row(place: Place) -> None:
    await place.handle(trigger())
    assert requested(await place.dispatched(8)) == []
    assert requested(await place.dispatched(4)) == [ID]


async def test_what_is_wrong_is_refused_and_stays_refused(place: Place) -> None:
    place.runs.switched_off = True
    ((kind, data),) = events(await place.handle(trigger()))
    assert (kind, data["code"]) == ("run.rejected", "conflict")
    place.runs.switched_off = False
    messages = await place.handle(trigger())
    assert ([kind for kind, _ in events(messages)], requested(messages)) == (["run.rejected"], [])


async def test_a_trigger_with_mistakes_names_them(place: Place) -> None:
    ((kind, data),) = events(await place.handle(trigger(mode="sometimes", batchSize=0)))
    assert (kind, data["code"]) == ("run.rejected", "invalid_input")
    assert {problem["path"] for problem in data["problems"]} == {"$.mode", "$.batchSize"}


async def test_an_unknown_instance_is_refused(place: Place) -> None:
    ((kind, data),) = events(await place.handle(trigger(instance="nobody")))
    assert (kind, data["code"]) == ("run.rejected", "not_found")


async def test_a_second_run_of_a_stream_is_refused_or_waits(place: Place) -> None:
    await place.handle(trigger())
    refused, waiting = str(uuid7()), str(uuid7())
    messages = await place.handle(trigger(refused), trigger(waiting, onOverlap="queue"))
    assert [(kind, data["correlationId"]) for kind, data in events(messages)] == [
        ("run.rejected", refused),
        ("run.accepted", waiting),
    ]
    assert requested(messages) == []


@pytest.mark.parametrize("value", [None, b"{", b"\xff\xfe", b"[" * 100_000])
async def test_what_nobody_can_read_is_answered_and_kept_with_its_bytes(
    place: Place, value: bytes | None
) -> None:
    messages = await place.handle(raw_delivery("triggers", value))
    assert topics(messages) == ["status", "dlq"]
    assert events(messages)[0][0] == "run.rejected"
    assert messages[1].value == value
    assert dict(messages[1].headers)["dlq-error-code"] == b"undecodable"


async def test_while_the_database_is_away_nothing_is_answered(place: Place) -> None:
    fail_once(place.runs, "accept", RetriableError("PostgreSQL is away"))
    with pytest.raises(RetriableError):
        await place.handle(trigger())
    assert requested(await place.handle(trigger())) == [ID]


async def test_a_run_that_is_switched_off_in_its_turn_is_told_and_ended(place: Place) -> None:
    await place.handle(trigger())
    await place.dispatched(1)
    place.runs.switched_off = True
    messages = await place.dispatched(1)
    ((kind, data),) = events(messages)
    assert (kind, data["correlationId"]) == ("run.rejected", ID)
    assert "is Inactive" in data["reason"]
    (report,) = reports(messages)
    assert isinstance(report, Extracted)


async def test_a_run_that_is_cancelled_in_the_queue_is_ended_and_not_begun(place: Place) -> None:
    await place.handle(trigger())
    await place.runs.request_cancel("default", ID, "ann")
    messages = await place.dispatched(1)
    assert isinstance(reports(messages)[0], Extracted)
    assert requested(messages) == []


async def test_commands_that_every_stage_may_not_have_heard_are_published_again(
    place: Place,
) -> None:
    await place.handle(trigger())
    run = place.runs.run(ID)
    await place.runs.extract(run, {0: "a"})
    await place.runs.request_cancel("default", ID, "ann")
    await place.clock.advance(6)
    (message,) = on(await place.dispatched(5), "control")
    assert (message.key, message.value) == (ID.encode(), b'{"action":"cancel","by":"ann"}')


async def test_a_pause_that_is_over_is_taken_off_the_control_topic() -> None:
    place = Place(await control_topic(pause_message(ID, "ann")))
    await place.handle(trigger())
    (message,) = on(await place.dispatched(5), "control")
    assert (message.key, message.value) == (ID.encode(), None)


async def test_a_pause_that_is_not_there_is_put_on_the_control_topic(place: Place) -> None:
    await place.handle(trigger())
    await place.runs.pause("default", ID, "ann")
    (message,) = on(await place.dispatched(5), "control")
    assert (message.key, message.value) == (ID.encode(), b'{"action":"pause","by":"ann"}')


@pytest.mark.parametrize(
    ("fields", "lanes"),
    [({}, 4), ({"sourceIds": ["A1"]}, 1), ({"maxEntities": 1000}, 1), ({"maxEntities": 1001}, 4)],
)
async def test_a_small_run_takes_one_lane(place: Place, fields: dict[str, Any], lanes: int) -> None:
    await place.handle(trigger(**fields))
    assert place.runs.run(ID).lanes == lanes
