"""(b) Normalize and Transform draining a topic that was filled while they did not run.

A run has no more than a chunk on its way until records have outcomes: so each message is given
several times, and the topic is read again for each number of processes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.measurement import own_cpu_of
from benchmarks.ours import client
from benchmarks.place import PARTITIONS, SERVICES, Place
from benchmarks.scaling import documents
from benchmarks.scaling.refill import repeat, rewind
from benchmarks.table import mark, markdown

STREAMS = 60
RECORDS = 16_000
"""Of each run: what Ingest reads before anything is done."""
COPIES = 8
"""Times that each message is given beside its first."""
GOAL = 1.8
BELOW = ("normalize", "transform", "execute")
OTHERS = tuple(name for name in SERVICES if name not in BELOW)
STAGES = {"normalize": "canonical", "transform": "payload"}
"""Stage -> the topic that its output goes to."""
_WINDOW = (0.25, 0.9)
"""Shares of the output between which is measured: all processes work by then."""
_EVERY = 0.1
"""Seconds between two looks at a topic."""
_QUIET = 2.0
"""Seconds without a new message after which a topic is said to be full."""


class Sample(NamedTuple):
    """What had been done at a time: messages in a topic, and CPU seconds spent on them.

    Attributes:
        at: seconds, by no clock in particular.
        stage: of all processes of the stage.
    """

    at: float
    messages: int
    stage: float = 0.0
    kafka: float = 0.0


async def measure(place: Place) -> str:
    """Return a table of messages a second by processes, and of what a message costs.

    The place is of no use afterwards: its runs are left in the middle of their way.
    """
    place.psql("tgt", "-c", "create table drained (code text primary key, item_name text, "
               "item_group int, price numeric, on_hand numeric)")  # fmt: skip
    await place.apply(_documents())
    for name in BELOW:
        await place.scale(name, 0)
    await _fill(place)
    rows = []
    for stage, output in STAGES.items():
        first = 0.0
        for count in (1, 2):
            await rewind(place.kafka.bootstrap, stage)
            done = await _middle(place, stage, output, count)
            rate = done.messages / done.at
            first = first or rate
            gain = f"{rate / first:.2f}", mark(rate / first >= GOAL)
            costs = (f"{1000 * cpu / done.messages:.2f}" for cpu in (done.stage, done.kafka))
            cores = (done.stage + done.kafka) / done.at
            shown = gain if count > 1 else ("", "")
            rows.append([stage, str(count), f"{rate:.0f}", *shown, *costs, f"{cores:.2f}"])
    head = ("stage", "processes", "messages a second", "gain", f"goal {GOAL}",
            "CPU ms a message, stage", "Kafka", "cores used by both")  # fmt: skip
    return "### Draining a filled topic\n\n" + markdown(head, rows)


async def _fill(place: Place) -> None:
    """Let Ingest read what it does before anything is done, and give each message again."""
    async with client(place.state) as ours, _ends(place, "raw") as filled:
        for number in range(STREAMS):
            fields = {"instance": f"drain-{number}", "entityType": "item", "mode": "force_full"}
            await ours.trigger(fields | {"maxEntities": RECORDS})
        await _samples(lambda: _sample(filled))
    for name in OTHERS:
        await place.scale(name, 0)
    await repeat(place.kafka.bootstrap, "syncline.raw", COPIES)


async def _middle(place: Place, stage: str, output: str, count: int) -> Sample:
    """Let so many processes drain a stage's topic; return what was done in the middle of it."""
    async with _ends(place, output) as drained:
        scaling = asyncio.ensure_future(place.scale(stage, count))
        samples = await _samples(lambda: _sample(drained, place, stage))
        await scaling
    await place.scale(stage, 0)
    return _within(samples)


def _within(samples: Sequence[Sample]) -> Sample:
    """Return what was done, and in how many seconds, in the middle of what was sampled."""
    begun, ended = samples[0].messages, samples[-1].messages
    low, high = (begun + (ended - begun) * share for share in _WINDOW)
    first = next(sample for sample in samples if sample.messages >= low)
    last = next(sample for sample in samples if sample.messages >= high)
    return Sample(
        last.at - first.at,
        last.messages - first.messages,
        last.stage - first.stage,
        last.kafka - first.kafka,
    )


async def _sample(
    ends: Callable[[], Awaitable[int]], place: Place | None = None, stage: str = ""
) -> Sample:
    """Return what has been done by now; the cost of a stage where a place is given."""
    if place is None:
        return Sample(perf_counter(), await ends())
    pids = [pid for name, pid in place.processes.items() if name.split()[0] == stage]
    kafka = own_cpu_of(place.processes["Kafka"])
    return Sample(perf_counter(), await ends(), sum(map(own_cpu_of, pids)), kafka)


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


async def _samples(take: Callable[[], Awaitable[Sample]]) -> list[Sample]:
    """Return a sample for each time that there was more, until none has come for a while."""
    samples = [await take()]
    grew = None
    while grew is None or perf_counter() - grew < _QUIET:
        await asyncio.sleep(_EVERY)
        sample = await take()
        if sample.messages != samples[-1].messages:
            grew = sample.at
            samples.append(sample)
    return samples


def _documents() -> str:
    instances = [
        documents.instance(f"drain-{number}", "warehouse", "drain-items")
        for number in range(STREAMS)
    ]
    mapping = documents.mapping("drain-items", "erp.item", {"table": "public.drained"})
    return documents.text_of([mapping, *instances])
