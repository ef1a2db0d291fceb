"""(b) Normalize and Transform draining a topic that was filled while they did not run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from time import perf_counter

from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.ours import Client, client
from benchmarks.place import PARTITIONS, Place
from benchmarks.scaling import documents
from benchmarks.table import mark, markdown

STREAMS = 30
RECORDS = 16_000
"""Of each run: what Ingest reads before anything is done."""
GOAL = 1.8
STAGES = {"normalize": "canonical", "transform": "payload"}
"""Stage -> the topic that its output goes to."""
_WINDOW = (0.25, 0.9)
"""Shares of the output between which is measured: all processes work by then."""
_QUIET = 2.0
"""Seconds without a new message after which a topic is said to be full."""


async def measure(place: Place) -> str:
    """Return a table of messages a second by processes."""
    place.psql("tgt", "-c", "create table drained (code text primary key, item_name text, "
               "item_group int, price numeric, on_hand numeric)")  # fmt: skip
    await place.apply(_documents())
    rows = []
    async with client(place.state) as ours:
        for stage, topic in STAGES.items():
            first, second = [await _rate(place, ours, stage, topic, count) for count in (1, 2)]
            gain = second / first
            figures = (f"{first:.0f}", f"{second:.0f}", f"{gain:.2f}")
            rows.append([stage, *figures, mark(gain >= GOAL)])
    head = ("stage", "1 process, messages a second", "2 processes", "gain", f"goal {GOAL}")
    return "### Draining a filled topic\n\n" + markdown(head, rows)


async def _rate(place: Place, ours: Client, stage: str, topic: str, count: int) -> float:
    """Fill the stage's topic while it rests, let so many processes drain it, and end the runs."""
    below = ("normalize", "transform", "execute")
    resting = below[below.index(stage) :]
    for name in resting:
        await place.scale(name, 0)
    async with _ends(place, "raw" if stage == "normalize" else "canonical") as filled:
        for number in range(STREAMS):
            fields = {"instance": f"drain-{number}", "entityType": "item", "mode": "force_full"}
            await ours.trigger(fields | {"maxEntities": RECORDS})
        await _samples(filled)
    async with _ends(place, topic) as drained:
        scaling = asyncio.ensure_future(place.scale(stage, count))
        rate = _rate_within(await _samples(drained))
        await scaling
    for name in resting:
        await place.scale(name, 1)
    active = "select count(*) from runs where finished_at is null"
    while place.psql("syncline", "-c", active) != "0":  # noqa: ASYNC110 - others end them
        await asyncio.sleep(0.5)
    return rate


def _rate_within(samples: Sequence[tuple[float, int]]) -> float:
    """Return messages a second in the middle of what was sampled."""
    begun, ended = samples[0][1], samples[-1][1]
    low, high = (begun + (ended - begun) * share for share in _WINDOW)
    first = next(sample for sample in samples if sample[1] >= low)
    last = next(sample for sample in samples if sample[1] >= high)
    return (last[1] - first[1]) / (last[0] - first[0])


@asynccontextmanager
async def _ends(place: Place, topic: str) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Give a function that returns how many messages a topic ever had."""
    consumer = AIOKafkaConsumer(bootstrap_servers=place.kafka.bootstrap)
    await consumer.start()
    partitions = [TopicPartition(f"syncline.{topic}", number) for number in range(PARTITIONS)]

    async def ends() -> int:
        return sum((await consumer.end_offsets(partitions)).values())

    try:
        yield ends
    finally:
        await consumer.stop()


async def _samples(ends: Callable[[], Awaitable[int]]) -> list[tuple[float, int]]:
    """Return when a topic had how many messages, until none has come for a while."""
    samples = [(perf_counter(), await ends())]
    grew = None
    while grew is None or perf_counter() - grew < _QUIET:
        await asyncio.sleep(0.02)
        if (count := await ends()) != samples[-1][1]:
            grew = perf_counter()
            samples.append((grew, count))
    return samples


def _documents() -> str:
    instances = [
        documents.instance(f"drain-{number}", "warehouse", "drain-items")
        for number in range(STREAMS)
    ]
    mapping = documents.mapping("drain-items", "erp.item", {"table": "public.drained"})
    return documents.text_of([mapping, *instances])
