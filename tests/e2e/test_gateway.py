"""The REST API as programs use it: ask for a run, follow it, cancel it, be told what is wrong."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from syncline.contracts.events import REJECTED, event_data
from syncline.contracts.topics import STATUS
from syncline.postgres.database.database import Database, open_database
from tests.support.commands import CommandLine
from tests.support.erp_shop import store_erp_shop
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.ports import free_port
from tests.support.topics import lying

ITEMS: dict[str, Any] = {"instance": "erp-shop", "entityType": "item"}


@pytest.fixture(scope="module")
async def place(module_place: Installation) -> Installation:
    async with open_database(module_place.dsn) as database:
        await store_erp_shop(database, module_place)
    return module_place


async def events(api: httpx.AsyncClient, path: str, **headers: str) -> list[tuple[str, Any]]:
    """Read a stream to its end, as (event, data)."""
    found = []
    async with api.stream("GET", path, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        name = ""
        async for line in answer.aiter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                found.append((name, json.loads(value)))
    return found


async def test_a_run_is_asked_for_followed_and_looked_up(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/v1/sync-events", json=ITEMS)
    assert answer.status_code == 202, answer.text
    run_id = answer.json()["correlationId"]
    assert answer.headers["location"] == f"/api/v1/sync-events/{run_id}"
    assert answer.json()["trigger"] == "api"

    told = await events(api, f"/api/v1/sync-events/{run_id}/stream")
    assert told[0][0] == "snapshot"
    assert [name for name, _ in told][-1] == "end"
    assert told[-1][1]["state"] == "succeeded"
    seqs = [status["seq"] for _, status in told]
    assert seqs == sorted(seqs)

    stands = (await api.get(f"/api/v1/sync-events/{run_id}")).json()
    assert stands == told[-1][1]
    after = {"Last-Event-ID": str(stands["seq"])}
    again = await events(api, f"/api/v1/sync-events/{run_id}/stream", **after)
    assert [name for name, _ in again] == ["end"]


async def test_one_idempotency_key_is_one_run(api: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first = await api.post("/api/v1/sync-events", json=ITEMS, headers=key)
    again = await api.post("/api/v1/sync-events", json=ITEMS, headers=key)
    assert (first.status_code, again.status_code) == (202, 202), again.text
    assert first.json()["correlationId"] == again.json()["correlationId"]
    other = await api.post("/api/v1/sync-events", json=ITEMS | {"batchSize": 5}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert other.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("wrong", "status", "code", "reason"),
    [
        (
            {"instance": "erp-shp"}, 404, "not_found",
            "unknown instance 'erp-shp'; did you mean `erp-shop`?",
        ),
        ({"batchSize": 0}, 422, "invalid_input", "the trigger is wrong"),
    ],
)  # fmt: skip
async def test_a_refusal_is_told_to_subscribers_too(
    api: httpx.AsyncClient, place: Installation, wrong: dict[str, Any], status: int, code: str,
    reason: str,
) -> None:  # fmt: skip
    run_id = str(uuid4())
    body = ITEMS | {"correlationId": run_id} | wrong

    answer = await api.post("/api/v1/sync-events", json=body)
    assert answer.status_code == status

    async def told() -> list[dict[str, Any]]:
        found = await lying(place.connection, STATUS)
        events = [event_data(d.value or b"") for d in found if d.key == run_id.encode()]
        return [data for type_, data in events if type_ == REJECTED]

    (heard,) = await eventually(told, within=20)
    assert (heard["code"], heard["reason"]) == (code, reason)
    assert heard["problems"] == answer.json().get("errors", [])


@pytest.mark.parametrize(
    ("body", "status", "path", "words"),
    [
        (ITEMS | {"instance": "nope"}, 404, None, "unknown instance 'nope'"),
        (ITEMS | {"entityType": "bp"}, 404, None, "it has: item"),
        (ITEMS | {"batchSize": 0}, 422, "$.batchSize", "must be at least 1, not 0"),
        (ITEMS | {"batchSize": "ten"}, 422, "$.batchSize", "not 'ten'"),
        (ITEMS | {"mode": "fast"}, 422, "$.mode", "incremental, reset_cursor, force_full"),
        (ITEMS | {"sourceIds": [str(n) for n in range(501)]}, 422, "$.sourceIds", "at most 500"),
        (ITEMS | {"correlationId": "x"}, 422, "$.correlationId", "is not a UUID"),
        (ITEMS | {"tenant": "other"}, 422, "$.tenant", "that of your session"),
        (ITEMS | {"colour": 1}, 422, "$.colour", "unknown field"),
        ([], 422, "$", "expected an object"),
    ],
)  # fmt: skip
async def test_wrong_triggers_are_refused_at_once(
    api: httpx.AsyncClient, body: Any, status: int, path: str | None, words: str
) -> None:
    answer = await api.post("/api/v1/sync-events", json=body)
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status), answer.text
    assert path in [error["path"] for error in problem["errors"]] or path is None
    assert words in json.dumps(problem, ensure_ascii=False)


async def test_unknown_paths_bodies_and_methods_are_problems(api: httpx.AsyncClient) -> None:
    html = {"Accept": "text/html"}
    for answer, status in [
        (await api.get("/api/nope", headers=html), 404),
        (await api.get(f"/api/v1/sync-events/{uuid4()}", headers=html), 404),
        (await api.get("/api/v1/sync-events/x"), 422),
        (await api.delete("/api/v1/sync-events"), 405),
        (await api.post("/api/v1/sync-events", content=b"{", headers=_JSON), 400),
        (await api.post("/api/v1/sync-events", content=b'{"a": "\xff"}', headers=_JSON), 400),
        (await api.post("/api/v1/sync-events", content=b"[" * 200_000, headers=_JSON), 400),
        (await api.post("/api/v1/sync-events", content=b"{}"), 415),
        (await api.post("/api/v1/sync-events", content=b" " * 2_000_001, headers=_JSON), 413),
        (await api.get("/api/v1/events?topics=run:1"), 422),
    ]:
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status


_JSON = {"Content-Type": "application/json"}


async def test_a_paused_run_waits_through_restarts_and_goes_on(
    place: Installation, api: httpx.AsyncClient
) -> None:
    full = ITEMS | {"mode": "force_full", "batchSize": 10}
    async with open_database(place.dsn) as db:
        async with db.transaction() as holding:
            await holding.execute("lock table target_items")
            run_id = (await api.post("/api/v1/sync-events", json=full)).json()["correlationId"]
            # One that is paused before Ingest has it waits as queued.
            await eventually(lambda: is_under_way(db, run_id), within=30)
            paused = await api.post(f"/api/v1/sync-events/{run_id}/pause")
            assert paused.status_code == 200, paused.text
            assert paused.json()["pausedBy"].startswith("api-key")
            assert (await api.post(f"/api/v1/sync-events/{run_id}/pause")).status_code == 200
            for service in ("ingest", "execute", "retry"):
                await place.stop(service, signal.SIGKILL)
                await place.start(service)
            await place.ready()

        async def done() -> int:
            return int((await api.get(f"/api/v1/sync-events/{run_id}")).json()["success"])

        before = await settled(done)
        assert before < 5000
        assert await is_under_way(db, run_id)

    goes_on = await api.post(f"/api/v1/sync-events/{run_id}/resume")
    assert (goes_on.status_code, goes_on.json()["pausedBy"]) == (200, None)
    assert (await api.post(f"/api/v1/sync-events/{run_id}/resume")).status_code == 409
    run = await place.ended(run_id, within=90)
    assert (run.state.value, run.counters.success) == ("succeeded", 5000)


async def is_under_way(db: Database, run_id: str) -> bool:
    state = await db.fetchval("select state from runs where id = $1::uuid", run_id)
    return state in ("extracting", "in_progress")


async def settled(read: Callable[[], Awaitable[int]]) -> int:
    """Return a figure that has not moved for as long as three looks of the retry service take."""
    last, since = await read(), time.monotonic()
    while time.monotonic() - since < 7:
        await asyncio.sleep(0.5)
        if (now := await read()) != last:
            last, since = now, time.monotonic()
    return last


async def test_a_paused_run_can_be_cancelled(place: Installation, api: httpx.AsyncClient) -> None:
    full = ITEMS | {"mode": "force_full", "batchSize": 10}
    async with open_database(place.dsn) as db, db.transaction() as holding:
        await holding.execute("lock table target_items")
        run_id = (await api.post("/api/v1/sync-events", json=full)).json()["correlationId"]
        assert (await api.post(f"/api/v1/sync-events/{run_id}/pause")).status_code == 200
        assert (await api.post(f"/api/v1/sync-events/{run_id}/cancel")).status_code == 202
    run = await place.ended(run_id, within=90)
    assert run.state.value == "cancelled"
    assert run.paused_at is None
    again = await api.post(f"/api/v1/sync-events/{run_id}/pause")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("service", "setting"),
    [(name, "HEALTH") for name in ("gateway", "ingest", "scheduler", "monitor")]
    + [("gateway", "HTTP")],
)
async def test_a_port_that_is_taken_is_told_in_words(
    api: httpx.AsyncClient, place: Installation, tmp_path: Path, service: str, setting: str
) -> None:
    cli = CommandLine(tmp_path, place.environment)
    with socket.create_server(("127.0.0.1", free_port())) as other:
        taken = str(other.getsockname()[1])
        ports = {"SYNCLINE_HTTP_PORT": str(free_port()), "SYNCLINE_HEALTH_PORT": "0"}
        said = await cli("run", service, **ports | {f"SYNCLINE_{setting}_PORT": taken})

    assert said.code == 2, said
    words = f"error: SYNCLINE_{setting}_PORT: port {taken} of 127.0.0.1 is taken by another process"
    assert words in said.out + said.err
    assert "never awaited" not in said.out + said.err


async def test_a_cancel_ends_a_run_and_streams_end_when_the_gateway_goes(
    place: Installation, api: httpx.AsyncClient
) -> None:
    full = ITEMS | {"mode": "force_full", "batchSize": 10}
    async with open_database(place.dsn) as db, db.transaction() as holding:
        await holding.execute("lock table target_items")  # so that the run does not end
        run_id = (await api.post("/api/v1/sync-events", json=full)).json()["correlationId"]
        active = await api.post("/api/v1/sync-events", json=ITEMS)
        assert (active.status_code, run_id in active.json()["detail"]) == (409, True)

        async with api.stream("GET", f"/api/v1/events?topics=runs,run:{run_id}") as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == "event: snapshot"
            assert await place.stop("gateway") == 0  # although a stream is open
            assert "retry: 500" in [line async for line in lines]

        async with await place.start_gateway() as back:
            answer = await back.post(f"/api/v1/sync-events/{run_id}/cancel")
            assert answer.status_code == 202, answer.text
    async with httpx.AsyncClient(
        base_url=back.base_url, headers=api.headers, trust_env=False
    ) as back:
        told = await events(back, f"/api/v1/sync-events/{run_id}/stream")
        assert told[-1][1]["state"] == "cancelled"
        again = await back.post(f"/api/v1/sync-events/{run_id}/cancel")
        assert (again.status_code, again.json()["code"]) == (409, "conflict")
