"""How soon a follower learns of an outcome: starts a run on a running installation and follows it.

    python -m benchmarks.latency INSTANCE ENTITY_TYPE [MODE]

The settings (`SYNCLINE_…`) say where it is. Of every report on the outcomes topic it measures the
milliseconds from its being published to the first status event, received here, that counts it.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from bisect import bisect_left

from uuid6 import uuid7

from syncline.bootstrap.settings_sources import load_settings
from syncline.contracts.events import RunStatus, event_data
from syncline.contracts.messages import Settled, decoder_of, encode, records_in
from syncline.contracts.topics import OUTCOMES, STATUS, TRIGGERS
from syncline.contracts.wire import Outbound, run_spread
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.producer import KafkaProducer
from syncline.kafka.reader import KafkaReader

GOAL = 300
"""Milliseconds."""


async def measure(connection: KafkaConnection, instance: str, entity: str, mode: str) -> None:
    run_id = str(uuid7())
    status, outcomes = KafkaReader(connection, STATUS), KafkaReader(connection, OUTCOMES)
    await status.start()
    await outcomes.start()
    producer = KafkaProducer(connection)
    asked = {"instance": instance, "entityType": entity, "mode": mode}
    trigger = Outbound(TRIGGERS, run_id.encode(), encode(asked), run_spread(run_id))
    await producer.send([trigger])
    told = await follow(status, run_id)
    reports = await published(outcomes, run_id)
    for part in (status, outcomes, producer):
        await part.stop()
    show(told, reports)


async def follow(reader: KafkaReader, run_id: str) -> list[tuple[float, RunStatus]]:
    """Receive a run's events to its end, each with the milliseconds since 1970 it came at."""
    told: list[tuple[float, RunStatus]] = []
    async for delivery in reader.follow():
        type_, data = event_data(delivery.value or b"")
        if delivery.key == run_id.encode() and "syncline.run." in (type_ or ""):
            told.append((time.time() * 1000, decoder_of(RunStatus).decode(encode(data))))
            if type_ and ("completed" in type_ or "rejected" in type_):
                break
    return told


async def published(reader: KafkaReader, run_id: str) -> list[tuple[int, int]]:
    """Return when reports were published, and how many records were settled then."""
    decode, reports, done = decoder_of(Settled).decode, [], 0
    while arrived := await reader.poll(1.0):
        for delivery in arrived:
            if delivery.key == run_id.encode() and b'"type":"outcomes"' in (delivery.value or b""):
                done += records_in(decode(delivery.value or b""))
                reports.append((delivery.timestamp, done))
    return reports


def show(told: list[tuple[float, RunStatus]], reports: list[tuple[int, int]]) -> None:
    counted = [status.total - status.in_flight for _, status in told]
    early = told[-1][1].total - (reports[-1][1] if reports else 0)  # settled by Ingest itself
    waits = sorted(
        told[min(bisect_left(counted, done + early), len(told) - 1)][0] - at for at, done in reports
    )
    print(f"{told[-1][1].total:,} records, {len(reports)} reports, {len(told)} events")
    if len(waits) > 1:
        cuts = statistics.quantiles(waits, n=100)
        print(f"report to event, ms: p50 {cuts[49]:.0f}  p99 {cuts[98]:.0f}  max {waits[-1]:.0f}")
        print(f"at most {GOAL} ms: {sum(w <= GOAL for w in waits) / len(waits):.1%}")
    print(f"events a second at most: {max_rate([at for at, _ in told])}")


def max_rate(times: list[float]) -> int:
    """Return the most events within one second."""
    return max(bisect_left(times, at + 1000) - n for n, at in enumerate(times))


if __name__ == "__main__":
    arguments = [*sys.argv[1:], "force_full"][:3]
    asyncio.run(measure(load_settings().kafka(), *arguments))
