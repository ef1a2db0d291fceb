"""What the real services publish is what the public document says, in words and in order."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from syncline.contracts import events
from syncline.contracts.events import CONTENT_TYPE
from syncline.contracts.topics import DLQ, SNAPSHOTS, STATUS, TOPICS
from syncline.domain.run import State
from syncline.postgres.database.database import Database
from syncline.runtime.commands.control import INSTALLATION
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.public_schemas import wrong_with
from tests.support.topics import lying, lying_on

BUSY = """
create function busy() returns trigger language plpgsql as
  $$begin raise exception 'busy' using errcode = 'deadlock_detected'; end$$;
create trigger busy before insert on target_items execute function busy()
"""
"""Makes the target fail as one that may work later."""


async def test_every_published_message_keeps_the_public_contract(
    place: Installation, db: Database
) -> None:
    await db.execute("update source_items set active = 'maybe' where code in ('A4', 'A99')")
    await db.execute(BUSY)
    run_id = await place.trigger(instance="erp-shop", entityType="item", maxEntities=150)
    await eventually(lambda: seen(place, events.WAITING), within=30)
    await db.execute("drop trigger busy on target_items")
    run = await place.ended(run_id)
    refused = await place.trigger(instance="erp-shp", entityType="item", batchSize=0)
    await eventually(lambda: seen(place, events.REJECTED), within=10)

    assert (run.state, run.counters.failed) == (State.PARTIAL_SUCCESS, 2)
    await check_all(place, run_id)
    words = [m["data"] for m in await values(place, STATUS) if m["subject"] == refused]
    assert [problem["path"] for problem in words[0]["problems"]] == ["$.batchSize"]


async def seen(place: Installation, type_: str) -> bool:
    return any(m["type"] == type_ for m in await values(place, STATUS))


async def values(place: Installation, topic: str) -> list[dict[str, Any]]:
    return [json.loads(d.value or b"") for d in await lying(place.connection, topic)]


async def check_all(place: Installation, run_id: str) -> None:
    found = await lying_on(place.connection)
    for topic in (t.name for t in TOPICS if t.name not in ("triggers", SNAPSHOTS)):
        for delivery in found[topic]:
            if delivery.key == INSTALLATION.encode():  # of no run: the database's mark
                continue
            headers = dict(delivery.headers)
            assert headers["correlation-id"] == delivery.key, topic
            assert headers["tenant"] == b"default", topic
            assert "traceparent" in headers, topic
    for topic in (STATUS, DLQ):
        for delivery in found[topic]:
            event = json.loads(delivery.value or b"")
            assert wrong_with(topic, event) == []
            assert event["subject"].encode() == delivery.key
            assert dict(delivery.headers)["content-type"] == CONTENT_TYPE.encode()
    told = [json.loads(d.value or b"") for d in found[STATUS] if d.key == run_id.encode()]
    in_order(told)


def in_order(told: list[dict[str, Any]]) -> None:
    """Hold one run's events against what a subscriber may rely on."""
    kinds: dict[str, int] = defaultdict(int)
    for event in told:
        kinds[event["type"]] += 1
    assert kinds[events.ACCEPTED] == kinds[events.COMPLETED] == 1
    assert kinds[events.RECORD_DEAD_LETTERED] == 2
    assert {events.EXTRACTING, events.WAITING} <= kinds.keys()
    assert told[0]["type"] == events.ACCEPTED
    assert told[-1]["type"] == events.COMPLETED
    data = [event["data"] for event in told]
    numbers = [d["seq"] for d in data]
    assert numbers == sorted(set(numbers))
    for name in ("total", "success", "skipped", "failed"):
        figures = [d[name] for d in data]
        assert figures == sorted(figures), name
    for d in data:
        assert d["total"] == d["success"] + d["skipped"] + d["failed"] + d["inFlight"]
