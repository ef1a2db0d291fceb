"""What every answer has: its ID, and headers that keep browsers safe."""

from __future__ import annotations

import re

import structlog

from syncline_gateway.access.middleware import REQUEST_ID
from tests.support.gateway import HOST, Gateway, gateway


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
