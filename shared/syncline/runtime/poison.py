"""A message that cannot be decoded goes to the DLQ with its bytes and where it lay."""

from __future__ import annotations

from syncline.contracts.topics import DLQ
from syncline.contracts.wire import Delivery, Outbound


def poison(delivery: Delivery, stage: str, code: str, error: str) -> Outbound:
    """Address a message to the DLQ as it is.

    Args:
        code: `undecodable`, or `bug` for one that broke the stage every time.
        error: what was wrong, for a person; cut at 1,000 characters.
    """
    facts = {
        "original-topic": delivery.topic,
        "original-partition": delivery.partition,
        "original-offset": delivery.offset,
        "original-timestamp": delivery.timestamp,
        "stage": stage,
        "error-code": code,
        "error-message": error[:1000],
    }
    headers = [(f"dlq-{name}", str(value).encode()) for name, value in facts.items()]
    kept = [header for header in delivery.headers if not header[0].startswith("dlq-")]
    return Outbound(DLQ, delivery.key or b"", delivery.value, delivery.partition, (*kept, *headers))
