"""Stage timings travel in a header that the loop writes and reads; each arrives once."""

from __future__ import annotations

import msgspec
import pytest

from syncline.contracts.messages import Timing, encode
from syncline.contracts.timings import HEADER, HandlerCall, timings_of, with_timings
from syncline.contracts.wire import Delivery, Outbound

ONE, OTHER = b"run-1", b"run-2"
CALL = HandlerCall(begun=1000, done=1400, together=False)
RAW = Timing("raw", 1, 2, 3)


def delivery(
    key: bytes = ONE, topic: str = "canonical", carried: object = None, value: bytes = b"{}"
) -> Delivery:
    headers = () if carried is None else ((HEADER, msgspec.json.encode(carried)),)
    return Delivery(topic, 0, 0, key, value, headers, 900)


def output(key: bytes = ONE, topic: str = "payload", records: int = 5) -> Outbound:
    return Outbound(topic, key, b"{}", 0, (("tenant", b"t"),), records)


def carried(messages: list[Outbound]) -> list[list[Timing]]:
    return [timings_of(Delivery(m.topic, 0, 0, m.key, m.value, m.headers, 0)) for m in messages]


def test_each_output_carries_the_timings_of_its_message_and_its_own() -> None:
    sent = with_timings([output(), output()], [delivery(carried=[RAW]), delivery()], CALL)
    assert carried(sent) == [
        [RAW, Timing("canonical", 900, 1000, 1200)],
        [Timing("canonical", 900, 1200, 1400)],
    ]
    assert sent[0].headers[0] == ("tenant", b"t")


def test_messages_that_are_worked_on_together_have_the_whole_time_each() -> None:
    together = HandlerCall(1000, 1400, together=True)
    (one, two) = carried(with_timings([output(), output()], [delivery(), delivery()], together))
    assert one == two == [Timing("canonical", 900, 1000, 1400)]


@pytest.mark.parametrize(("outputs", "expected"), [(1, [2]), (2, [1, 1]), (3, [1, 1, 0])])
def test_no_timing_is_lost_or_doubled(outputs: int, expected: list[int]) -> None:
    sent = with_timings([output()] * outputs, [delivery(), delivery()], CALL)
    assert list(map(len, carried(sent))) == expected


def test_runs_keep_apart() -> None:
    sent = with_timings([output(OTHER), output()], [delivery(), delivery(OTHER)], CALL)
    assert carried(sent) == [
        [Timing("canonical", 900, 1200, 1400)],
        [Timing("canonical", 900, 1000, 1200)],
    ]


def test_only_what_brings_records_on_their_way_carries_them() -> None:
    messages = [output(topic="dlq", records=1), output(topic="outcomes", records=0), output()]
    assert list(map(len, carried(with_timings(messages, [delivery()], CALL)))) == [0, 0, 1]


def test_a_wait_on_a_retry_topic_adds_none() -> None:
    sent = with_timings([output()], [delivery(topic="retry.8s", carried=[RAW])], CALL)
    assert carried(sent) == [[RAW]]


def test_a_batch_of_the_release_before_carries_them_in_the_message() -> None:
    older = encode({"run": {}, "records": [], "timings": [RAW]})
    assert timings_of(delivery(value=older)) == [RAW]
    assert timings_of(delivery(topic="retry.8s", value=older)) == [RAW]
    assert timings_of(delivery(value=older, carried=[])) == []


@pytest.mark.parametrize("broken", [{"x": 1}, [["raw", -1]], "text"])
def test_a_header_that_cannot_be_read_counts_as_none(broken: object) -> None:
    assert timings_of(delivery(carried=broken)) == []


def test_of_a_batch_whose_records_all_failed_the_dead_letters_carry_them() -> None:
    dead = [output(topic="dlq", records=1)] * 2
    of_stage = carried(with_timings(dead, [delivery()], CALL))
    assert of_stage == [[Timing("canonical", 900, 1000, 1400)], []]
    stored = with_timings([output(topic="outcomes")], [delivery(topic="dlq", carried=[RAW])], CALL)
    assert carried(stored) == [[RAW]]
