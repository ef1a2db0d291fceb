"""A message that cannot be handled goes to the DLQ with its bytes and where it lay."""

from __future__ import annotations

from syncline.contracts.topics import DLQ
from syncline.contracts.wire import Delivery, Outbound

UNDECODABLE, BUG = "undecodable", "bug"
"""Error codes: nobody could read it; it broke the stage every time."""
LONGEST_REASON = 1000
"""Characters."""
ROOM_FOR_HEADERS = 64 * 1024
"""Bytes."""


def poison(delivery: Delivery, stage: str, code: str, error: str, limit: int) -> Outbound:
    """Address a message to the DLQ with its bytes as they are.

    Args:
        code: UNDECODABLE or BUG.
        error: what was wrong, for a person; cut at 1,000 characters.
        limit: of a message, in bytes. A foreign writer may have sent a larger one: its value is
            cut then and `dlq-original-size` tells how long it was; it stays whole on its own topic.
    """
    value, kept = delivery.value, [h for h in delivery.headers if not h[0].startswith("dlq-")]
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
    headers.append(("dlq-original-key", delivery.key or b""))
    spread = max(delivery.partition, 0)
    return Outbound(DLQ, delivery.key or b"", value, spread, (*kept, *headers))
