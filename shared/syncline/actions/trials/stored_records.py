"""Reading raw records back from their topic: the newest ones of some streams, within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from syncline.contracts.batch import Batch
from syncline.contracts.messages import decoder_of
from syncline.contracts.topics import INPUT_OF, Stage
from syncline.contracts.wire import Delivery
from syncline.domain.errors import RetriableError
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.reader import KafkaReader
from syncline.postgres.configuration.draft_samples import DraftRun

WITHIN = 10.0
"""Seconds of reading; what has been found by then is the answer."""
_EARLIER = 5_000
"""Milliseconds that clocks of servers may differ."""
_decode = decoder_of(Batch[msgspec.Raw]).decode


class StoredRecord(msgspec.Struct, frozen=True):
    """A raw record, encoded, as it lies on its topic."""

    run_id: str
    source_id: str
    data: bytes


async def newest_raw(
    connection: KafkaConnection, tenant: str, runs: Sequence[DraftRun], limit: int
) -> list[StoredRecord]:
    """Return up to `limit` raw records of runs, those of the newest run preferred.

    Args:
        runs: newest first.

    Raises:
        RetriableError: Kafka is away.
    """
    wanted = _quotas(runs, limit)
    if not wanted:
        return []
    oldest = min(run.since for run in runs if run.id in wanted)
    since = int(oldest.timestamp() * 1000) - _EARLIER
    reader = KafkaReader(connection, INPUT_OF[Stage.NORMALIZE], since=since)
    found: list[StoredRecord] = []
    try:
        async with asyncio.timeout(WITHIN):
            await reader.start()
            while any(wanted.values()):
                for delivery in await reader.poll(0.2):
                    found += _taken(delivery, tenant, wanted)
                if await reader.at_end():
                    break
    except TimeoutError:
        if not found:
            message = f"Kafka gave no raw records within {WITHIN:.0f} s"
            raise RetriableError(message, code="kafka_unavailable") from None
    finally:
        await reader.stop()
    return found


def _quotas(runs: Sequence[DraftRun], limit: int) -> dict[str, int]:
    """Say how many records to take of each run."""
    wanted: dict[str, int] = {}
    for run in runs:
        left = limit - sum(wanted.values())
        if left > 0:
            wanted[run.id] = min(run.total, left)
    return wanted


def _taken(delivery: Delivery, tenant: str, wanted: dict[str, int]) -> list[StoredRecord]:
    """Take from a message what is still wanted of its run."""
    run_id = (delivery.key or b"").decode(errors="replace")
    if not wanted.get(run_id):
        return []
    try:
        batch = _decode(delivery.value or b"")
    except (ValueError, RecursionError):
        return []  # a dead letter by now
    if batch.run.id != run_id or batch.run.tenant != tenant:
        return []
    records = zip(batch.ids, batch.records, strict=True)
    taken = [StoredRecord(run_id, i, bytes(data)) for i, data in records][: wanted[run_id]]
    wanted[run_id] -= len(taken)
    return taken
