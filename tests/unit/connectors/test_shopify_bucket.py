"""Calls to a shop wait for points by what its answers say, and never without need."""

from __future__ import annotations

import msgspec
import pytest

from syncline.connectors.shopify.bucket import PointsBucket

READ, WRITE = b"read", b"write"


def end(cost: float, available: float, rate: float = 100.0, actual: float | None = 1.0) -> bytes:
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": rate}
    cost_of = {"requestedQueryCost": cost, "actualQueryCost": actual, "throttleStatus": status}
    return msgspec.json.encode({"extensions": {"cost": cost_of}})


def called(bucket: PointsBucket, call: bytes, answer: bytes, now: float) -> float:
    """Make a call that ends at once; return for how long it had to wait."""
    taken, delay = bucket.take(call, now)
    bucket.settle(call, taken, answer, now)
    return delay


def test_nothing_is_waited_for_before_the_shop_has_said_anything() -> None:
    assert PointsBucket().take(READ, 5.0) == (0.0, 0.0)


def test_a_call_waits_until_it_is_affordable() -> None:
    bucket = PointsBucket()
    called(bucket, READ, end(50, 20), 10.0)

    taken, delay = bucket.take(READ, 10.0)
    assert (taken, round(delay, 6)) == (50.0, 0.3)
    assert PointsBucket().take(WRITE, 10.0)[1] == 0.0


def test_calls_at_once_wait_one_behind_the_other() -> None:
    bucket = PointsBucket()
    called(bucket, WRITE, end(10, 10), 10.0)

    delays = [bucket.take(WRITE, 10.0)[1] for _ in range(4)]

    assert delays == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_what_others_used_and_what_comes_back_is_known_from_the_next_answer() -> None:
    bucket = PointsBucket()
    called(bucket, WRITE, end(10, 1990), 10.0)
    called(bucket, WRITE, end(10, 5), 10.0)  # another process was there
    assert bucket.take(WRITE, 10.0)[1] == pytest.approx(0.05)
    bucket.settle(WRITE, 10.0, end(10, 500), 11.0)  # it cost less than it could have

    assert bucket.take(WRITE, 11.0)[1] == 0.0


def test_points_come_back_with_time_up_to_what_the_bucket_holds() -> None:
    bucket = PointsBucket()
    called(bucket, READ, end(1000, 0), 10.0)

    assert bucket.take(READ, 1000.0)[1] == 0.0
    assert bucket.take(READ, 1000.0)[1] == 0.0
    assert bucket.take(READ, 1000.0)[1] == 8.0


def test_a_lost_answer_and_a_refusal_leave_no_call_counted_as_under_way() -> None:
    bucket = PointsBucket()
    called(bucket, WRITE, end(10, 1000), 10.0)
    for answer in (b"", end(10, 0, actual=None)):
        called(bucket, WRITE, answer, 10.0)

    assert bucket.take(WRITE, 10.0)[1] == 0.0
