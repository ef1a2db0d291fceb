"""A subscriber that follows the rule of `seq` sees counters that never fall, whoever tells them."""

from __future__ import annotations

import json
import signal
from typing import Any

from syncline.contracts.topics import STATUS
from syncline.domain.run import State
from syncline.postgres.database.database import Database
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.topics import lying


async def test_counters_never_fall_when_finalize_dies_and_its_partitions_move(
    place: Installation, db: Database
) -> None:
    await db.execute(
        """insert into source_items select 'B' || n, 'x', n, 'Y', timestamp '2026-03-01'
        from generate_series(1, 20000) n"""
    )
    run_id = await place.trigger(instance="erp-shop", entityType="item")
    await eventually(lambda: settled(db, run_id, 1000), within=30)
    await place.start("finalize", "second")
    await eventually(lambda: settled(db, run_id, 3000), within=30)
    await place.stop("finalize", signal.SIGKILL)
    await place.start("finalize")
    run = await place.ended(run_id, within=90)

    assert (run.state, run.counters.success) == (State.SUCCEEDED, 25_000)
    events = [json.loads(d.value or b"") for d in await lying(place.connection, STATUS)]
    seen = followed([e["data"] for e in events if e["subject"] == run_id])
    assert (seen[-1]["state"], seen[-1]["success"]) == ("succeeded", 25_000)
    assert any(0 < status["success"] < 25_000 for status in seen)


async def settled(db: Database, run_id: str, count: int) -> bool:
    return bool(
        await db.fetchval("select success > $2 from runs where id = $1::uuid", run_id, count)
    )


def followed(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Drop what is not newer, and hold the rest against what was promised."""
    seen: list[dict[str, Any]] = []
    for data in told:
        if seen and data["seq"] <= seen[-1]["seq"]:
            continue
        if seen:
            for name in ("total", "success", "skipped", "failed"):
                assert data[name] >= seen[-1][name], (name, seen[-1], data)
        seen.append(data)
    return seen
