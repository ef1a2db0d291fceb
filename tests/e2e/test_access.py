"""Access over two real gateways: what one of them revokes, the other refuses within 5 seconds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.support.eventually import eventually
from tests.support.installation import Installation, installation
from tests.support.kafka import KafkaPlace

pytestmark = pytest.mark.timeout(240)
SOON = 5.0


@pytest.fixture
async def place(kafka: KafkaPlace, postgres: str, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(kafka, postgres, tmp_path, services=()) as made:
        yield made


async def test_revoking_at_one_gateway_closes_the_other_and_its_streams(
    place: Installation,
) -> None:
    async with (
        await place.start_gateway() as one,
        await place.start_gateway("gateway-2") as two,
    ):
        assert one.base_url != two.base_url
        made = (await one.post("/api/v1/api-keys", json={"name": "dashboard"})).json()
        header = {"Authorization": f"ApiKey {made['key']}"}
        async with httpx.AsyncClient(
            base_url=two.base_url, headers=header, trust_env=False, timeout=30
        ) as program:
            assert (await program.get("/api/v1/session")).status_code == 200
            async with program.stream("GET", "/api/v1/events?topics=runs") as stream:
                lines = stream.aiter_lines()
                assert await anext(lines) == "event: snapshot"
                await one.delete(f"/api/v1/api-keys/{made['apiKey']['id']}")

                async def refused() -> bool:
                    return (await program.get("/api/v1/session")).status_code == 401

                await eventually(refused, within=SOON)
                async with asyncio.timeout(4 * SOON):  # it ends with the next sign of life
                    assert [line async for line in lines if line.startswith("event")] == []


async def test_first_admin_is_invited_by_the_log(place: Installation) -> None:
    async with await place.start_gateway() as client:
        said = (place.logs / "gateway.log").read_text().splitlines()
        (link,) = [
            line["link"] for line in map(json.loads, said) if line["event"] == "set_up_needed"
        ]
        first = {"link": link.partition("/setup#")[2], "name": "root", "password": "correct horse"}
        del client.headers["Authorization"]
        assert (await client.post("/api/v1/setup", json=first)).status_code == 200
        assert (await client.post("/api/v1/setup", json=first)).status_code == 401
