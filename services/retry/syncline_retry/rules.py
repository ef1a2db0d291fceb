"""When a waiting retry is due, and to which topic it goes."""

from __future__ import annotations

import msgspec

from syncline.contracts.bundle import bundle_in
from syncline.contracts.outbound import RETRY_AT, RETRY_STAGE
from syncline.contracts.run_ref import Runs
from syncline.contracts.topics import INPUT_OF, Stage, retry_topic, tier_of
from syncline.contracts.wire import Delivery, Outbound, lane_spread

LONGEST = 25 * 60 * 60 * 1000
"""Most milliseconds that a retry waits. One that is due later, because a process had a wrong clock,
is taken for one that is due then."""
PATIENCE = 1.25
"""A message blocks its partition for at most so many times its topic's delay, because of jitter."""


class WaitingMessage(msgspec.Struct, frozen=True):
    """A retry that waits.

    Attributes:
        due_at: when it may go to its stage, milliseconds since 1970.
        turn_at: when it must make room for those after it, milliseconds since 1970.
        onward: its message to the stage.
        around: its message to a retry topic, if it is not due yet.
    """

    due_at: int
    turn_at: int
    run_id: str
    onward: Outbound
    around: Outbound

    def next(self, now: int) -> Outbound:
        """Return the message to send at a time in milliseconds since 1970."""
        if now >= self.due_at:
            return self.onward
        topic = retry_topic((self.due_at - now) / 1000)
        return msgspec.structs.replace(self.around, topic=topic)


def decode(delivery: Delivery, runs: Runs) -> WaitingMessage:
    """Read a message of a retry topic.

    Raises ValueError: a wrong header, or no bundle; ForeignMessageError, UnsupportedVersionError.
    """
    headers = dict(delivery.headers)
    try:
        due_at, stage = int(headers[RETRY_AT]), Stage(headers[RETRY_STAGE].decode())
    except KeyError as error:
        raise ValueError(f"header {error} is missing") from error
    due_at = min(due_at, delivery.timestamp + LONGEST)
    bundle = bundle_in(delivery, runs)
    if stage not in INPUT_OF:
        raise ValueError(f"header '{RETRY_STAGE}' names {stage}, which takes no bundles")
    kept = tuple(h for h in delivery.headers if h[0] not in (RETRY_AT, RETRY_STAGE))
    waiting = (*kept, (RETRY_AT, str(due_at).encode()), (RETRY_STAGE, stage.value.encode()))
    spread = lane_spread(bundle.run.id, bundle.lane)
    key = bundle.run.id.encode()
    records = len(bundle)
    around = Outbound(delivery.topic, key, delivery.value, spread, waiting, records)
    onward = msgspec.structs.replace(around, topic=INPUT_OF[stage], headers=kept)
    stands = int(tier_of(delivery.topic) * 1000 * PATIENCE)
    return WaitingMessage(due_at, delivery.timestamp + stands, bundle.run.id, onward, around)
