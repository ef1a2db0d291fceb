"""Forged messages of every kind, on every topic of ours: nothing is written, nothing is counted.

As nobody: without a digest, with a wrong one, moved from another topic. As another tenant: signed,
as by a process of ours that was taken over, for a run that is not that tenant's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import msgspec
import pytest
from uuid6 import uuid7

from syncline.contracts import asyncapi
from syncline.contracts.topics import MONITOR_TABLE, READS, STATUS, TOPICS, TRIGGERS
from syncline.contracts.wire import Delivery, Outbound
from syncline.domain.run import State
from syncline.kafka.producer import KafkaProducer
from syncline.postgres.database.database import Database
from syncline.runtime.commands.control import cancel_message, pause_message
from syncline.security.message_keys import HEADER
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.topics import lying, until_nothing_waits

READERS = {topic: stage for stage, topics in READS.items() for topic in topics} | {
    STATUS: "notifier"
}
STRANGER = "stranger"
NEVER = "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d"
"""A run that never was."""
TRUTH = {
    "runs": "id, state, reason, total, success, unchanged, failed, status_seq, cancel_requested_at",
    "batches": "run_id, number, source_ids, outcomes",
    "cursors": "stream_id, version, value",
    "ledger": "stream_id, source_id, payload_hash, target_id, version",
    "target_items": "code, title, xmin::text::bigint",
    "profiles": "id, changed_at",
    "notifications": "id, 1",
}
"""What nobody may change; xmin tells a row that was written again."""


def kinds(topic: str, run_id: str) -> Iterator[dict[str, Any]]:
    """Yield a message of each kind of a topic, made for a run that there is."""
    name = "retry.2s" if topic.startswith("retry.") else topic
    for example in asyncapi.examples_of(name).values():
        text, named = json.dumps(example), run_named(example)
        yield json.loads(text.replace(named, run_id) if named else text)


def run_named(example: Any) -> str | None:
    """Return the ID of the run that an example names."""
    run = example.get("run", example.get("run_id", example.get("data", {}).get("correlationId")))
    found = run["id"] if isinstance(run, dict) else run
    return found if isinstance(found, str) else None


def headers(topic: str, run_id: str, tenant: str) -> tuple[tuple[str, bytes], ...]:
    own = [("correlation-id", run_id.encode()), ("tenant", tenant.encode())]
    if topic.startswith("retry."):
        own += [("retry-at", b"1"), ("retry-stage", b"execute")]
    return tuple(own)


def as_nobody(topic: str, run_id: str) -> list[Outbound]:
    """Make messages that are right but for their digest."""
    own = headers(topic, run_id, "default")
    wrong = (HEADER, b"test:00000000000000000000000000000000")
    return [
        Outbound(topic, run_id.encode(), json.dumps(value).encode(), n, each)
        for n, value in enumerate(kinds(topic, run_id))
        for each in (own, (*own, wrong))
    ]


def as_another_tenant(topic: str, run_id: str) -> list[Outbound]:
    """Make messages that will be signed, with a run, or a tenant, that is not theirs."""
    made = []
    for value in kinds(topic, run_id):
        data = json.dumps(value).encode()
        other = json.dumps(value).replace(run_id, NEVER).encode()
        theirs = headers(topic, run_id, STRANGER)
        ours = headers(topic, run_id, "default")
        made += [
            Outbound(topic, run_id.encode(), data, 0, theirs),
            Outbound(topic, run_id.encode(), other, 1, ours),
            Outbound(topic, NEVER.encode(), data, 2, headers(topic, NEVER, STRANGER)),
            Outbound(topic, NEVER.encode(), other, 3, headers(topic, NEVER, "default")),
        ]
    return made


@pytest.mark.timeout(240)
async def test_forged_messages_are_set_aside_and_change_nothing(
    place: Installation, db: Database
) -> None:
    await place.start("notifier")
    await place.ready()
    run = await place.run(instance="erp-shop", entityType="item", maxEntities=50)
    assert run.state is State.SUCCEEDED
    await until_nothing_waits(place.connection)
    before, moved, later = await truth(db), await everything(place, "payload"), str(uuid7())
    await forge(place, run.id, later, moved)
    await until_nothing_waits(place.connection, within=90)

    forged = {
        topic: [d for d in await everything(place, topic) if is_forged(d)]
        for topic in READERS
        if topic != TRIGGERS
    }
    assert all(forged.values())
    wanted = {where(d) for found in forged.values() for d in found}
    await eventually(lambda: all_stored(db, wanted), within=60)
    assert await truth(db) == before
    for topic, found in forged.items():
        counted = await foreign(place, READERS[topic], topic)
        assert counted >= len(found), (topic, counted)
        assert "foreign_message" in (place.logs / f"{READERS[topic]}.log").read_text()

    again = await place.run(
        correlation_id=later, instance="erp-shop", entityType="item", mode="force_full"
    )
    assert again.state is State.SUCCEEDED


async def forge(place: Installation, run_id: str, later: str, moved: Sequence[Delivery]) -> None:
    """Send all that can be forged of a run that has ended, and commands for one to come."""
    stranger = KafkaProducer(msgspec.structs.replace(place.connection, keys=None))
    inner = [topic.name for topic in TOPICS if topic.name not in (TRIGGERS, MONITOR_TABLE)]
    for topic in inner:
        await stranger.send(as_nobody(topic, run_id))
    await stranger.send([cancel_message(later, STRANGER), pause_message(run_id, STRANGER)])
    await stranger.send([Outbound("raw", d.key or b"", d.value, 0, d.headers) for d in moved])
    for topic in inner:
        if topic in READERS and topic != TRIGGERS:
            signed = as_another_tenant(topic, run_id)
            if topic == STATUS:  # the others are of no interest to the notifier
                signed = [m for m in signed if b"run.completed.v1" in (m.value or b"")]
            await place.producer.send(signed)
    await stranger.stop()


def is_forged(delivery: Delivery) -> bool:
    """Tell what this test has sent: our own messages carry a trace."""
    names = dict(delivery.headers)
    return "traceparent" not in names or delivery.foreign is not None


async def everything(place: Installation, topic: str) -> list[Delivery]:
    """Read all of a topic, foreign messages, too."""
    return await lying(place.connection, topic, with_foreign=True)


async def foreign(place: Installation, stage: str, topic: str) -> float:
    """Return what a stage counted."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{place.ports[stage]}/metrics")
    name = f'syncline_foreign_messages_total{{reader="{stage}",topic="{topic}"}} '
    return sum(float(x.removeprefix(name)) for x in answer.text.splitlines() if x.startswith(name))


def where(d: Delivery) -> str:
    return f"topic {d.topic}, partition {d.partition}, offset {d.offset}"


async def all_stored(db: Database, wanted: set[str]) -> bool:
    rows = await db.fetch("select detail, error from dead_letters where run_id is null")
    found = {row["detail"] for row in rows if row["error"].startswith("foreign message: ")}
    return wanted <= found


async def truth(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: [tuple(row) for row in await db.fetch(f"select {names} from {table} order by 1, 2")]
        for table, names in TRUTH.items()
    }
