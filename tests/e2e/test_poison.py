"""Poison on every topic: it goes to the DLQ as it is, once, and the service goes on."""

from __future__ import annotations

import json
from typing import Any

from syncline.contracts import asyncapi
from syncline.contracts.topics import DLQ, READS, TRIGGERS
from syncline.contracts.wire import Delivery, Outbound
from syncline.domain.run import State
from syncline.postgres.database.database import Database
from syncline.security.message_keys import HEADER
from tests.support.installation import Installation
from tests.support.topics import ALL, lying, until_nothing_waits

KEY = b"01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d"
UNREADABLE = {
    "not JSON": b"{nope",
    "two megabytes": b'"' + b"x" * 2_000_000,
    "empty": b"",
    "no value": None,
    "no UTF-8": b'{"instance": "\xff\xfe"}',
    "deeply nested": b"[" * 100_000,
    "a huge integer": b'{"number": 1' + b"0" * 5000 + b"}",
    "a lone surrogate": b'{"instance": "\\ud800", "entityType": "item"}',
}
WRONG = {
    "an array": b"[]",
    "nothing": b"null",
    "another shape": b'{"a": 1}',
    "NUL in text": b'{"instance": "a\\u0000b", "entityType": "item"}',
}
READ = [topic for topics in READS.values() for topic in topics]


def broken_batches(topic: str) -> list[bytes]:
    """Make messages of the right types that cannot be right."""
    name = "settled" if topic == "outcomes" else "request" if topic == "runs" else "batch"
    example: dict[str, Any] = asyncapi.examples_of("retry.2s" if "retry" in topic else topic)[name]
    if topic == "runs":
        return [json.dumps(example | {"run_id": "no UUID"}).encode()]
    no_uuid = example | {"run": example["run"] | {"id": "no UUID"}}
    unequal = example | {"slots": [*example["slots"], 7]}
    negative = example | {"slots": [-1] * len(example["slots"])}
    broken = [no_uuid, unequal, negative, example | {"number": 2**70}]
    if topic == "outcomes":
        broken.append(example | {"codes": "?" * len(example["codes"])})
    return [json.dumps(value).encode() for value in broken]


async def test_poison_goes_to_the_dlq_and_the_service_goes_on(
    place: Installation, db: Database
) -> None:
    for topic in ALL:
        values = [*UNREADABLE.values(), *WRONG.values()]
        if topic in READ and topic not in (TRIGGERS, DLQ):
            values += broken_batches(topic)
        sent = [Outbound(topic, KEY, value, n) for n, value in enumerate(values)]
        await place.producer.send(sent)
    await until_nothing_waits(place.connection)
    run = await place.run(instance="erp-shop", entityType="item", maxEntities=50)
    assert run.state is State.SUCCEEDED

    stored = await db.fetch("select detail, payload from dead_letters")
    expected = [d for topic in READ for d in await lying(place.connection, topic) if poison(d)]
    assert sorted(row["detail"] for row in stored) == sorted(place_of(d) for d in expected)
    by_place = {row["detail"]: row["payload"] for row in stored}
    assert [d for d in expected if by_place[place_of(d)] != d.value] == []
    told = [h for d in await lying(place.connection, DLQ) if (h := dict(d.headers))]
    told = [h for h in told if h.get("ce_type") == b"syncline.poison.v1"]
    assert sorted(words(h) for h in told) == sorted(place_of(d) for d in expected if d.topic != DLQ)


def poison(delivery: Delivery) -> bool:
    """Tell what we sent that no reader takes; the trigger answers what it can read itself."""
    if dict(delivery.headers).keys() - {HEADER}:
        return False
    return delivery.topic != TRIGGERS or delivery.value in UNREADABLE.values()


def place_of(d: Delivery) -> str:
    return f"topic {d.topic}, partition {d.partition}, offset {d.offset}"


def words(headers: dict[str, bytes]) -> str:
    topic, partition, offset = (
        headers[f"dlq-original-{name}"].decode() for name in ("topic", "partition", "offset")
    )
    return f"topic {topic}, partition {partition}, offset {offset}"
