"""Processes that die between an effect and its acknowledgement: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import signal
from collections import defaultdict
from collections.abc import Mapping
from uuid import uuid4

import pytest

from syncline.domain.dead_letter.operation import OperationKind
from syncline.domain.run import State
from syncline.postgres.dead_letters.filter import DeadLetterFilter
from syncline.postgres.operations.operations import NewOperation, Operations
from syncline.postgres.runs.auditor import audit
from tests.support.chaos.fault_points import FAULT_POINT, POINTS
from tests.support.chaos.fault_table import FaultRow
from tests.support.chaos.numbered_place import NumberedPlace
from tests.support.eventually import eventually
from tests.support.operations import begin_now

RECORDS, TROUBLE = 800, 0.2
"""Of a run; the share of writes that fail, so that some are retried."""
WITHIN = 300.0
"""Seconds; far more than needed, so that only standing still fails."""
REPLAY = "replay: "


def rounds() -> list[dict[str, str]]:
    """Return points for each run, by service: one of each service, as long as it has one."""
    of_service = defaultdict[str, list[str]](list)
    for name, point in POINTS.items():
        if not name.startswith(REPLAY):
            of_service[point.service].append(name)
    longest = max(map(len, of_service.values()))
    return [
        {service: names[n] for service, names in of_service.items() if n < len(names)}
        for n in range(longest)
    ]


@pytest.mark.chaos
@pytest.mark.parametrize(
    "armed", [pytest.param(r, id=f"{n}" if n else "short") for n, r in enumerate(rounds())]
)
async def test_a_process_that_dies_at_a_point_loses_and_doubles_nothing(
    armed: Mapping[str, str], place: NumberedPlace, rows: list[FaultRow]
) -> None:
    numbers = await place.add(RECORDS)
    place.api.trouble_rate = TROUBLE
    async with asyncio.TaskGroup() as group:
        for service, point in armed.items():
            group.create_task(restart(place, service, point))
    run_id = await place.trigger()
    async with asyncio.TaskGroup() as group:
        for service in armed:
            group.create_task(dies_and_is_started(place, service))
    run = await place.world.place.ended(run_id, within=WITHIN)
    row = await place.counted("", run, numbers)
    rows.extend(row._replace(fault=point) for point in armed.values())
    assert (row.lost, row.doubled, row.end) == (0, 0, State.PARTIAL_SUCCESS)
    assert await audit(place.database) == []


@pytest.mark.chaos
@pytest.mark.parametrize("point", [p for p in POINTS if p.startswith(REPLAY)])
async def test_a_replay_whose_worker_dies_at_a_point_replays_each_dead_letter_once(
    point: str, place: NumberedPlace, rows: list[FaultRow]
) -> None:
    numbers = await place.add(RECORDS)
    run = await place.world.place.ended(await place.trigger(), within=WITHIN)
    before = await pending(place)
    await restart(place, "deadletter", point)
    operations = Operations(place.database)
    operation = await operations.start(
        NewOperation(
            id=str(uuid4()), tenant="default", kind=OperationKind.REPLAY, request_hash=str(uuid4()),
            selection="pending", wanted=DeadLetterFilter(status="pending"), actor="ann",
        )
    )  # fmt: skip
    await begin_now(place.database, operation.id)
    await dies_and_is_started(place, "deadletter")

    async def is_over() -> bool:
        return (await operations.get("default", operation.id)).finished_at is not None

    await eventually(is_over, within=WITHIN)
    replayed = await place.database.fetch(
        "select letter_id, result, note from operation_items where operation_id = $1", operation.id
    )
    row = await place.counted(point, run, numbers)
    lost = before - {row["letter_id"] for row in replayed}
    rows.append(row._replace(lost=row.lost + len(lost), records=len(before)))
    assert (row.lost, row.doubled, lost) == (0, 0, set())
    others = [dict(row) for row in replayed if row["result"] != "failed"]
    assert others == [], "all of them fail again: they have no name"
    assert await audit(place.database) == []


async def pending(place: NumberedPlace) -> set[str]:
    found = await place.database.fetch("select id from dead_letters where status = 'pending'")
    return {row["id"] for row in found}


async def restart(place: NumberedPlace, service: str, point: str) -> None:
    """Put a process in the place of a service's that dies when it comes to a point."""
    at = place.world.place
    await at.stop(service)
    usual = at.of_service.get(service, {})
    at.of_service[service] = usual | {FAULT_POINT: point}
    await at.start(service)
    at.of_service[service] = usual


async def dies_and_is_started(place: NumberedPlace, service: str) -> None:
    """Wait until an armed process has killed itself, and start a usual one."""
    process = place.world.place.processes[service]
    await eventually(lambda: process.returncode is not None, within=WITHIN)
    assert process.returncode == -signal.SIGKILL
    await place.world.place.start(service)
