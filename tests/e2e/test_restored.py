"""PostgreSQL is put back to an earlier time while the topics stay: services, doctor, the way on."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import httpx

from syncline.bootstrap.restore_check import published_mark
from syncline.domain.run import State
from syncline.postgres.database.database import Database
from syncline.runtime.clock import SystemClock
from tests.support.commands import CommandLine
from tests.support.eventually import eventually
from tests.support.installation import SERVICES, Installation

ITEM = {"instance": "erp-shop", "entityType": "item"}


async def test_nobody_works_on_a_restored_database_until_a_person_decides(
    place: Installation, db: Database, tmp_path: Path
) -> None:
    await eventually(lambda: _is_marked(place), within=60)
    await db.execute("update installation set mark = 0")  # as a backup has it
    for service in SERVICES:  # each notices it, and ends
        await eventually(partial(_is_over, place, service), within=60)
        del place.processes[service]
        await place.start(service)
    run_id = await place.trigger(**ITEM)
    said = await eventually(lambda: _problem(place, "trigger"), within=60)
    assert "the database is older than the topics" in said
    assert await db.fetchval("select count(*) from runs") == 0

    cli = CommandLine(tmp_path, place.environment)
    doctor = await cli("doctor", "--json", "--no-profiles")
    found = {check["name"]: check for check in doctor.document["checks"]}
    assert found["database and topics"]["level"] == "fail"
    assert "`syncline topics adopt`" in found["database and topics"]["message"]

    adopted = await cli("topics", "adopt", "--json")
    assert (adopted.code, adopted.document) == (0, {"adopted": True})
    assert (await place.ended(run_id)).state is State.SUCCEEDED
    again = await cli("topics", "adopt", "--json")
    assert again.document == {"adopted": False}


async def _is_marked(place: Installation) -> bool:
    return await published_mark(place.connection, SystemClock()) is not None


async def _is_over(place: Installation, name: str) -> bool:
    return place.processes[name].returncode is not None


async def _problem(place: Installation, name: str) -> str:
    """Return what a service says of the database on `/readyz`."""
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            answer = await client.get(f"http://127.0.0.1:{place.ports[name]}/readyz")
        except httpx.TransportError:
            return ""
    return "" if answer.json()["database"] == "ok" else str(answer.json()["database"])
