"""Retries that wait: each to its stage at its time, and nobody holds back another."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise

import msgspec
import pytest

from syncline.contracts.outbound import RETRY_AT, RETRY_STAGE, retry_message
from syncline.contracts.run_ref import RunRef
from syncline.contracts.topics import Stage, retry_topic
from syncline.contracts.wire import Delivery, Outbound
from syncline.testing.clock import EPOCH, FakeClock
from syncline_retry.handler import RetryHandler
from syncline_retry.rules import decode
from tests.support.reports import one_batch

ID = "01a218f0-d9ad-7980-81d9-14cf848cf7d1"
RUN = RunRef(ID, "default", 1, ID, "item", ID, ID, ID, 1)
RUNS = {ID: RUN}


def waiting(seconds: float, topic: str | None = None) -> Outbound:
    batch = one_batch(RUN, 0, 0, [0], ["A1"], [{"x": 1}], attempt=3)
    due = EPOCH + timedelta(seconds=seconds)
    return retry_message(batch, Stage.EXECUTE, topic or retry_topic(seconds), due)


def delivered(message: Outbound, clock: FakeClock) -> Delivery:
    return Delivery(
        message.topic, 0, 0, message.key, message.value, message.headers, clock.epoch_ms()
    )


async def nothing_parked() -> bool:
    return False


async def rounds(message: Outbound, cancelled: float = 1e9) -> list[tuple[float, str]]:
    """Let a message wait until it leaves the retry topics; tell when it was sent on, and where."""
    clock = FakeClock()
    stage = RetryHandler(lambda _: clock.monotonic() >= cancelled, clock, nothing_parked)
    seen = []
    while message.topic.startswith("retry."):
        handling = asyncio.ensure_future(stage.handle([decode(delivered(message, clock), RUNS)]))
        while not handling.done():
            await clock.advance(1.0)
        (message,) = handling.result()
        seen.append((clock.monotonic(), message.topic))
    return seen


async def test_a_retry_goes_to_its_stage_when_it_is_due() -> None:
    (only,) = await rounds(waiting(8.9))
    assert only == (9.0, "payload")


async def test_what_waits_for_an_hour_goes_round_and_holds_nobody_up_for_longer_than_its_tier() -> (
    None
):
    seen = await rounds(waiting(3600))
    assert seen[-1] == (3600.0, "payload")
    moments = [0.0, *(at for at, _ in seen)]
    longest = max(b - a for a, b in pairwise(moments))
    assert longest <= 300 * 1.25
    assert {topic for _, topic in seen[:-1]} <= {f"retry.{n}s" for n in (2, 8, 32, 120, 300)}


async def test_a_second_delivery_goes_the_same_way() -> None:
    assert await rounds(waiting(8.9)) == await rounds(waiting(8.9))


def test_what_is_no_retry_is_undecodable() -> None:
    good = delivered(waiting(8.9), FakeClock())
    without = [tuple(h for h in good.headers if h[0] != name) for name in (RETRY_AT, RETRY_STAGE)]
    strange = (*without[1], (RETRY_STAGE, b"ingest"))
    for broken in (
        msgspec.structs.replace(good, value=None),
        msgspec.structs.replace(good, value=b"{"),
        *(msgspec.structs.replace(good, headers=headers) for headers in (*without, strange)),
    ):
        with pytest.raises((msgspec.MsgspecError, ValueError)):
            decode(broken, RUNS)


async def test_a_cancelled_run_is_not_waited_for() -> None:
    seen = await rounds(waiting(3600), cancelled=30.0)
    assert seen == [(30.0, "payload")]


def test_a_wait_of_a_year_ends_after_a_day_and_is_no_poison() -> None:
    """The clock of the process that sent it may have been wrong."""
    clock, later = FakeClock(), FakeClock(EPOCH + timedelta(hours=24))
    first = decode(delivered(waiting(86_400 * 365), clock), RUNS)
    then = decode(delivered(first.next(clock.epoch_ms()), later), RUNS)
    assert first.due_at == then.due_at == clock.epoch_ms() + 25 * 3_600_000
    assert then.next(then.due_at).topic == "payload"


def test_what_goes_round_keeps_its_time() -> None:
    clock = FakeClock()
    message = waiting(3600)
    again = decode(delivered(message, clock), RUNS).next(clock.epoch_ms())
    assert dict(again.headers)[RETRY_AT] == dict(message.headers)[RETRY_AT]
    assert (again.value, again.spread) == (message.value, message.spread)
