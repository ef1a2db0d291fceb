"""Reading batches from deliveries, with what every stage relies on checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from syncline.contracts.messages import Batch, Timing, decoder_of
from syncline.contracts.wire import Delivery


def decode_batch(kind: Any) -> Callable[[Delivery], Any]:  # noqa: ANN401 - a type
    """Return a function that reads a delivery's value as a batch whose lists fit together.

    It raises msgspec.DecodeError or ValueError on anything else.
    """
    decode = decoder_of(kind).decode

    def checked(delivery: Delivery) -> Any:  # noqa: ANN401
        batch = decode(delivery.value or b"")
        check_batch(batch)
        batch.timings = [*batch.timings, Timing(delivery.topic, max(delivery.timestamp, 0))]
        return batch

    return checked


def check_batch(batch: Batch[Any]) -> None:
    """Check what every stage relies on. Raises ValueError."""
    size = len(batch.ids)
    lists = [batch.slots, batch.records, batch.row_hashes or batch.ids, batch.history or batch.ids]
    if not size or any(len(each) != size for each in lists):
        raise ValueError("the lists of the batch are empty or of unequal length")
