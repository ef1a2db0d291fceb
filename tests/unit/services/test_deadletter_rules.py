"""What lies on the DLQ topic is kept, each message for itself."""

from __future__ import annotations

import pytest

from syncline.contracts.wire import Delivery
from syncline_deadletter.rules import decode

PLACE = {"dlq-original-topic": b"raw", "dlq-original-partition": b"3", "dlq-original-offset": b"7"}


def poison(offset: int, headers: dict[str, bytes]) -> Delivery:
    given = {"dlq-error-code": b"undecodable"} | headers
    return Delivery("dlq", 0, offset, None, b"x", tuple(given.items()), 0)


def test_a_poison_message_has_the_place_that_it_came_from() -> None:
    kept = decode(poison(1, PLACE), {}).poison

    assert (kept.topic, kept.partition, kept.offset) == ("raw", 3, 7)


@pytest.mark.parametrize(
    ("name", "value"),
    [("dlq-original-topic", None), ("dlq-original-topic", b"")]
    + [
        (f"dlq-original-{name}", value)
        for name in ("partition", "offset")
        for value in (None, b"", b"x", b"\xff", b"-1", b"9" * 30, b"9" * 5000)
    ]
    + [("dlq-original-partition", b"2147483648"), ("dlq-original-offset", b"9223372036854775808")],
    ids=lambda value: value if isinstance(value, str) else str(value)[:30],
)
def test_one_that_does_not_say_where_it_came_from_is_kept_by_its_own_place(
    name: str, value: bytes | None
) -> None:
    headers = {n: v for n, v in PLACE.items() if n != name}
    headers |= {} if value is None else {name: value}

    kept = [decode(poison(offset, headers), {}).poison for offset in (1, 2)]

    assert [(letter.topic, letter.offset) for letter in kept] == [("dlq", 1), ("dlq", 2)]
    assert len({letter.id for letter in kept}) == 2
    assert name in kept[0].error
