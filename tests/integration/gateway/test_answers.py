"""What every answer has: its ID, and headers that keep browsers safe."""

from __future__ import annotations

import asyncio
import gzip
import re

import structlog
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Message, Scope

from syncline.telemetry.metrics import METRICS
from syncline_gateway.access.middleware import REQUEST_ID
from syncline_gateway.requests.resource import response_of
from tests.support.access import give_key
from tests.support.gateway import HOST, Gateway, gateway

SCOPE: Scope = {
    "type": "http",
    "asgi": {"spec_version": "2.4"},
    "headers": [(b"accept-encoding", b"gzip")],
}


async def _silence() -> Message:
    return await asyncio.Future()


async def test_every_answer_has_an_id_which_a_proxy_may_have_given(place: Gateway) -> None:
    async with place.client() as client:
        first, second = [(await client.get("/setup")).headers[REQUEST_ID] for _ in range(2)]
        assert re.fullmatch("[0-9a-f]{32}", first)
        assert first != second
        given = await client.get("/session", headers={REQUEST_ID: "proxy-7"})
        assert (given.status_code, given.headers[REQUEST_ID]) == (401, "proxy-7")
        forged = await client.get("/setup", headers={REQUEST_ID: "a b"})
        assert re.fullmatch("[0-9a-f]{32}", forged.headers[REQUEST_ID])
    assert "request_id" not in structlog.contextvars.get_contextvars()


async def test_browsers_are_told_to_use_https_where_that_is_the_consoles_address(
    place: Gateway, postgres: str
) -> None:
    async with place.client() as client:
        assert "strict-transport-security" not in (await client.get("/setup")).headers
    async with gateway(postgres, public_url=f"https://{HOST}") as tls, tls.client() as client:
        found = (await client.get("/setup")).headers["strict-transport-security"]
        assert found == "max-age=31536000"


async def test_a_long_answer_comes_whole_and_others_have_turns_between(place: Gateway) -> None:
    text = "ab" * 400_000
    document = {
        "entityType": "item",
        "extraction": {"table": "t", "idColumn": "id"},
        "normalization": {"fields": [{"source": name, "target": name} for name in ("id", "t")]},
        "transformation": {"fields": [{"source": "t", "target": "t"}], "matchKey": "t"},
    }
    body = {"document": document, "records": [{"id": "1", "t": text}]}
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def sent(message: Message) -> None:
        begun.append(turns)
        answer.append(message)

    begun, answer = list[int](), list[Message]()
    response = response_of(b'"' + text.encode() * 4 + b'"', 200, {})
    task = asyncio.create_task(other())
    await GZipMiddleware(response, minimum_size=1000)(SCOPE, _silence, sent)
    task.cancel()
    whole = gzip.decompress(b"".join(part.get("body", b"") for part in answer))
    assert len(whole) == 4 * len(text) + 2
    assert len(set(begun)) > 10
    async with place.client(await give_key(place.database)) as client:
        shown = await client.post("/mapping-configs/dry-run", json=body)
        assert shown.headers["content-encoding"] == "gzip"
        assert text in shown.json()["records"][0]["payload"]


async def test_requests_are_measured_by_their_routes(place: Gateway) -> None:
    async with place.client() as client:
        await client.get("/session")
        await client.get("/runs/one-of-many")
        await client.request("BREW", "/runs/another")
    routes = {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"])
        for metric in METRICS.http_seconds.collect()
        for sample in metric.samples
    }
    assert ("GET", "/session", "401") in routes
    assert ("GET", "/runs/{correlation_id}", "401") in routes
    assert ("other", "/runs/{correlation_id}", "405") in routes
    assert not [route for _, route, _ in routes if "many" in route or "another" in route]
