"""Poison: a message that cannot be handled goes to the DLQ with its bytes and its position."""

from __future__ import annotations

from syncline.contracts.events import POISON, SPEC_VERSION
from syncline.contracts.topics import DLQ
from syncline.contracts.wire import Delivery, Outbound
from syncline.domain.dead_letter.replay import poison_id

UNDECODABLE, BUG, KILLER, FOREIGN = "undecodable", "bug", "kills_process", "foreign"
"""Error codes: the message cannot be read; it broke the stage every time; it killed processes; it
is not ours."""
LONGEST_REASON = 1000
"""Characters."""
OURS = ("dlq-", "ce_", "content-type")
"""Prefixes of our own headers; the original's headers with these prefixes are dropped."""
ROOM_FOR_HEADERS = 64 * 1024
"""Bytes."""


def poison(delivery: Delivery, stage: str, code: str, error: str, limit: int) -> Outbound:
    """Return a DLQ message with the bytes of a message.

    Args:
        code: UNDECODABLE, BUG, KILLER or FOREIGN.
        error: what is wrong, for a person; cut at 1,000 characters.
        limit: of a message, in bytes. Another program may have sent a larger one: its value is then
            cut, and `dlq-original-size` holds its length. It stays whole on its own topic.
    """
    value = delivery.value
    kept = [h for h in delivery.headers if not h[0].startswith(OURS)]
    facts = {
        "original-topic": delivery.topic,
        "original-partition": str(delivery.partition),
        "original-offset": str(delivery.offset),
        "original-timestamp": str(delivery.timestamp),
        "stage": stage,
        "error-code": code,
        "error-message": error[:LONGEST_REASON],
    }
    if value is not None and len(value) > limit - ROOM_FOR_HEADERS:
        facts["original-size"] = str(len(value))
        value = value[: limit - ROOM_FOR_HEADERS]
    if sum(len(name) + len(text) for name, text in kept) > ROOM_FOR_HEADERS // 2:
        kept = []
    headers = [(f"dlq-{name}", text.encode(errors="replace")) for name, text in facts.items()]
    headers += _event(delivery, stage)
    headers.append(("dlq-original-key", delivery.key or b""))
    spread = max(delivery.partition, 0)
    return Outbound(DLQ, delivery.key or b"", value, spread, (*kept, *headers))


def _event(delivery: Delivery, stage: str) -> list[tuple[str, bytes]]:
    """Return the headers of a CloudEvent in binary mode; the value is its data."""
    return [
        ("ce_specversion", SPEC_VERSION.encode()),
        ("ce_id", poison_id(delivery.topic, delivery.partition, delivery.offset).encode()),
        ("ce_source", f"/syncline/{stage}".encode()),
        ("ce_type", POISON.encode()),
        ("content-type", b"application/octet-stream"),
    ]
