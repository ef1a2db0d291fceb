"""Where failed records of a batch go, and what goes with them."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import msgspec

from syncline.contracts.bundle import LARGEST_RETRY, Bundle, decode_bundle
from syncline.contracts.messages import NamedReport, Waiting, decoder_of
from syncline.contracts.run_ref import NamedRun, RunRef
from syncline.contracts.topics import OUTCOMES, Stage
from syncline.contracts.wire import Outbound
from syncline.domain.errors import Category, Failure
from syncline.domain.retry import RetryPolicy
from syncline.runtime.failure.failure_router import FailureRouter
from syncline.testing.clock import EPOCH
from tests.support.reports import one_batch

ID = "01a218f0-d9ad-7980-81d9-14cf848cf7d1"
BUSY = Failure(Category.TRANSIENT, "http_503", "the shop is busy")


def batch(records: int, size: int = 1) -> Bundle:
    run = RunRef(ID, "default", 1, ID, "item", ID, ID, ID, 1)
    ids = [f"A{n}" for n in range(records)]
    return one_batch(run, 0, 0, list(range(records)), ids, [{"x": "y" * size}] * records)


def again(messages: list[Outbound]) -> list[Bundle[NamedRun]]:
    return [decode_bundle(m.value) for m in messages if m.topic != OUTCOMES]


def test_retries_that_no_message_holds_are_halved_and_each_is_told() -> None:
    large = batch(4, LARGEST_RETRY * 2 // 5)
    router = FailureRouter(Stage.EXECUTE, Random(1))
    messages = router.route(large, dict.fromkeys(range(4), BUSY), RetryPolicy(), EPOCH)
    assert [one.ids for one in again(messages)] == [["A0", "A1"], ["A2", "A3"]]
    read = decoder_of(NamedReport).decode
    told = [read(m.value or b"") for m in messages if m.topic == OUTCOMES]
    assert [report.ids for report in told] == [["A0", "A1"], ["A2", "A3"]]


def test_who_waits_for_a_system_that_asked_for_it_has_used_up_no_attempt() -> None:
    busy = msgspec.structs.replace(BUSY, retry_after=3600.0)
    given = msgspec.structs.replace(batch(3), attempt=4)
    router = FailureRouter(Stage.EXECUTE, Random(1))
    messages = router.route(given, {0: busy, 2: busy}, RetryPolicy(), EPOCH)

    (sent,) = again(messages)
    assert (sent.ids, sent.attempt, sent.history) == (["A0", "A2"], 4, [])
    (report,) = [
        decoder_of(NamedReport).decode(m.value or b"") for m in messages if m.topic == OUTCOMES
    ]
    due = int((EPOCH + timedelta(hours=1)).timestamp() * 1000)
    assert report == Waiting(given.run.id, 2, due, "the shop is busy")
    assert messages[0].topic == "retry.300s"


def test_a_failure_beside_it_is_counted_by_itself() -> None:
    busy = msgspec.structs.replace(BUSY, retry_after=3.0)
    router = FailureRouter(Stage.EXECUTE, Random(1))
    sent = again(router.route(batch(2), {0: busy, 1: BUSY}, RetryPolicy(), EPOCH))
    assert sorted((one.ids, one.attempt) for one in sent) == [(["A0"], 1), (["A1"], 2)]
