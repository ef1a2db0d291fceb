"""A stage that is gone: its run is given up in time, and what it does later changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

from syncline.contracts import events
from syncline.contracts.topics import DLQ, STATUS
from syncline.domain.run import State
from syncline.kafka.admin import KafkaAdmin
from syncline.postgres.database.database import open_database
from syncline.postgres.runs.auditor import audit
from tests.support.erp_shop import store_erp_shop
from tests.support.eventually import eventually
from tests.support.installation import Installation, installation
from tests.support.kafka import KafkaPlace
from tests.support.topics import lying


async def test_a_run_without_a_stage_ends_stalled(
    kafka: KafkaPlace, postgres: str, tmp_path: Path
) -> None:
    short = {"SYNCLINE_STALLED_AFTER": "3"}
    async with (
        installation(kafka, postgres, tmp_path, short) as place,
        open_database(postgres) as db,
    ):
        await store_erp_shop(db, place)
        await place.stop("transform")
        run = await place.run(instance="erp-shop", entityType="item", maxEntities=20)

        assert (run.state, run.counters.total, run.counters.failed) == (State.FAILED, 20, 20)
        assert (run.reason or "").startswith(
            "stalled: nothing moved for 3 s; no outcome came of 20"
        )
        told = [json.loads(d.value or b"") for d in await lying(place.connection, STATUS)]
        letters = [event for event in told if event["type"] == events.RECORD_DEAD_LETTERED]
        assert len({event["id"] for event in letters}) == 20
        assert max(told, key=lambda event: event["data"]["seq"])["type"] == events.COMPLETED

        told_of = len(await lying(place.connection, DLQ))
        await place.start("transform")
        await place.ready()
        await eventually(lambda: _nothing_waits(place), within=30)
        assert await db.fetchval("select count(*) from target_items") == 0
        assert await place.ended(run.id) == run
        assert await db.fetchval("select count(*) from dead_letters") == 20
        assert len(await lying(place.connection, DLQ)) == told_of
        assert await audit(db) == []


async def _nothing_waits(place: Installation) -> bool:
    admin = KafkaAdmin(place.connection)
    groups = {"transform": "canonical", "execute": "payload", "finalize": "outcomes"}
    return not any(
        [(await admin.lag(group, [topic])).by_topic()[topic] for group, topic in groups.items()]
    )
