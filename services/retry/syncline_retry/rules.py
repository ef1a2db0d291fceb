"""When a waiting retry is due, and where it goes then."""

from __future__ import annotations

import msgspec

from syncline.contracts.messages import Batch, decode_batch
from syncline.contracts.sending import RETRY_AT, RETRY_STAGE
from syncline.contracts.topics import INPUT_OF, Stage
from syncline.contracts.wire import Delivery, Outbound, lane_spread

_decode = decode_batch(Batch[msgspec.Raw])


LONGEST = 60 * 60 * 1000
"""Milliseconds that no retry waits; one that would hold its partition for ever is poison."""


class Waiting(msgspec.Struct, frozen=True):
    """A retry that waits. `due_at` is milliseconds since 1970."""

    due_at: int
    run_id: str
    onward: Outbound


def decode(delivery: Delivery) -> Waiting:
    """Read a message of a retry topic.

    Raises:
        ValueError: a header is missing or wrong, or the value is no batch.
    """
    headers = dict(delivery.headers)
    try:
        due_at, stage = int(headers[RETRY_AT]), Stage(headers[RETRY_STAGE].decode())
    except KeyError as error:
        raise ValueError(f"header {error} is missing") from error
    if due_at > delivery.timestamp + LONGEST:
        raise ValueError(f"header {RETRY_AT!r} lies further away than any retry")
    batch: Batch[msgspec.Raw] = _decode(delivery)
    if stage not in INPUT_OF:
        raise ValueError(f"header '{RETRY_STAGE}' names {stage}, which takes no batches")
    kept = tuple(h for h in delivery.headers if h[0] not in (RETRY_AT, RETRY_STAGE))
    spread = lane_spread(batch.run.id, batch.lane)
    key = batch.run.id.encode()
    onward = Outbound(INPUT_OF[stage], key, delivery.value, spread, kept, len(batch.ids))
    return Waiting(due_at, batch.run.id, onward)
