"""Reading the DLQ topic again after the database was restored to an earlier time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from syncline.contracts.events import CloudEvent, DeadLetter
from syncline.contracts.messages import decoder_of
from syncline.contracts.wire import Delivery
from syncline.domain.dead_letter.replay import dead_letter_id
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.recovery import recover_dead_letters

_decode = decoder_of(CloudEvent[DeadLetter]).decode


class WholeTopic(Protocol):
    """A reader of the DLQ topic from its beginning; what is not signed it leaves out."""

    async def start(self) -> None: ...
    async def poll(self, wait: float) -> Sequence[Delivery]: ...
    async def at_end(self) -> bool: ...
    async def stop(self) -> None: ...


async def recover(database: Database, dlq: WholeTopic) -> int:
    """Store again what the topic has of runs that the database does not know; return how many.

    Messages that nobody could read are no dead letters of records, and are left out. May be
    repeated. Raises RetriableError.
    """
    count = 0
    await dlq.start()
    try:
        while not await dlq.at_end():
            letters = list(_dead_letters(await dlq.poll(1.0)))
            count += await recover_dead_letters(database, letters) if letters else 0
    finally:
        await dlq.stop()
    return count


def _dead_letters(deliveries: Sequence[Delivery]) -> Iterator[DeadLetter]:
    for delivery in deliveries:
        try:
            letter = _decode(delivery.value or b"").data
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue  # what no stage could decode lies there too, as it was
        known = dead_letter_id(letter.correlation_id, letter.batch, letter.slot)
        yield msgspec.structs.replace(letter, id=known)
