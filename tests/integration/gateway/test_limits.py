"""Limits of the gateway: nobody takes it from the others, by sockets, streams, requests or keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from syncline.actions.sign_in import set_up_link
from syncline.postgres.access.users import UserChange, Users
from syncline.security.tokens import new_api_key
from syncline_gateway.access import connection_limits, middleware
from syncline_gateway.access.caller import BURST, WRONG_KEYS_AT_ONCE
from tests.support.access import add_user, give_key
from tests.support.eventually import eventually
from tests.support.gateway import Gateway, gateway, problem, served

FOLLOW = "/api/v1/events?topics=dlq"


async def test_wrong_keys_from_an_address_are_held_up_and_others_go_on(place: Gateway) -> None:
    good = await give_key(place.database)
    async with place.client(good) as program, place.client() as guesser:
        assert (await program.get("/session")).status_code == 200
        wrong = {"Authorization": f"ApiKey {new_api_key().text}"}
        for _ in range(WRONG_KEYS_AT_ONCE):
            assert (await guesser.get("/session", headers=wrong)).status_code == 401
        held_up = await guesser.get("/session", headers=wrong)
        assert problem(held_up) == (429, "too_many_requests")
        assert int(held_up.headers["retry-after"]) > 0
        place.app.state.authentication.forget()
        assert (await program.get("/session")).status_code == 200


async def test_a_key_may_ask_so_often_and_others_are_answered(postgres: str) -> None:
    async with gateway(postgres, http_rate=1) as place:
        busy, calm = await give_key(place.database), await give_key(place.database)
        async with place.client(busy) as program, place.client(calm) as other:
            answers = [await program.get("/session") for _ in range(BURST + 2)]
            assert problem(answers[-1]) == (429, "too_many_requests")
            assert answers[-1].headers["retry-after"] == "1"
            assert (await other.get("/session")).status_code == 200


def client_of(url: str, **settings: Any) -> httpx.AsyncClient:
    """Make a client that waits for an answer as long as a busy machine needs: httpx waits 5 s."""
    return httpx.AsyncClient(base_url=url, timeout=60, **settings)


@asynccontextmanager
async def follow(client: httpx.AsyncClient) -> AsyncIterator[AsyncIterator[bytes]]:
    """Open a stream and read its first part."""
    async with client.stream("GET", FOLLOW) as answer:
        assert answer.status_code == 200
        parts = answer.aiter_raw()
        assert await anext(parts)
        yield parts


async def _opens(client: httpx.AsyncClient) -> bool:
    async with client.stream("GET", FOLLOW) as answer:
        return answer.status_code == 200


async def test_one_key_may_open_so_many_streams(
    place: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "MOST_STREAMS", 2)
    greedy, calm = await give_key(place.database), await give_key(place.database)
    async with served(place) as url, AsyncExitStack() as stack:
        client = await stack.enter_async_context(client_of(url, headers=greedy))
        other = await stack.enter_async_context(client_of(url, headers=calm))
        await stack.enter_async_context(follow(client))
        async with follow(client):
            refused = await client.get(FOLLOW)
            assert problem(refused) == (429, "too_many_streams")
            assert refused.headers["retry-after"] == "5"
            await stack.enter_async_context(follow(other))
        await eventually(lambda: _opens(client))  # when the server has heard of the end


async def test_a_stream_ends_when_its_user_loses_the_tenant(place: Gateway) -> None:
    await place.database.execute("insert into tenants (id) values ('north')")
    link = await set_up_link(place.database)
    async with place.client() as client:
        password = "correct horse"
        setup = {"name": "alice", "password": password, "link": link}
        assert (await client.post("/setup", json=setup)).status_code == 200
        made = await add_user(place.database, "bob", "user", ["default", "north"])
        stored = await place.app.state.passwords.hash(password)
        await Users(place.database).renew_password(made.id, stored)
        await client.post("/session", json={"name": "bob", "password": password})
        cookie = dict(client.cookies)
    headers = {"X-Syncline-Tenant": "north"}
    async with (
        served(place) as url,
        client_of(url, headers=headers, cookies=cookie) as bob,
        follow(bob) as parts,
    ):
        change = UserChange(tenants=["default"])
        await Users(place.database).change("bob", change, "alice")
        async with asyncio.timeout(15):
            assert b"".join([part async for part in parts]).count(b"still here") <= 1
        assert (
            await bob.get("/api/v1/session", headers={"X-Syncline-Tenant": "default"})
        ).is_success


async def slow_socket(url: str, text: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(text)
    await writer.drain()
    return reader, writer


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"GET /api/v1/session HTTP/1.1\r\nHost: x\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 50\r\n\r\n{",
    ],
    ids=["nothing", "half a head", "half a body"],
)
async def test_a_request_that_arrives_too_slowly_is_closed(
    place: Gateway, monkeypatch: pytest.MonkeyPatch, text: bytes
) -> None:
    monkeypatch.setattr(connection_limits, "HEAD_WITHIN", 0.3)
    monkeypatch.setattr(connection_limits, "BODY_WITHIN", 0.3)
    async with served(place) as url:
        reader, writer = await slow_socket(url, text)
        async with asyncio.timeout(10):
            with suppress(ConnectionResetError):  # closed, as it should be
                assert await reader.read() == b""
        writer.close()
        async with client_of(url) as client:
            assert (await client.get("/api/v1/setup")).status_code == 200
            await asyncio.sleep(0.5)  # idle, but not in the middle of a request
            assert (await client.get("/api/v1/setup")).status_code == 200


async def test_sockets_without_a_request_make_room_for_others(
    place: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limits, "MOST", 20)
    async with served(place) as url:
        slow = [await slow_socket(url, b"GET /") for _ in range(40)]
        async with client_of(url) as client:
            assert (await client.get("/api/v1/setup")).status_code == 200
        for _, writer in slow:
            writer.close()


async def test_keys_of_who_is_disabled_are_shown_and_can_be_revoked(place: Gateway) -> None:
    admin = await give_key(place.database)
    await add_user(place.database, "alice", "platform_admin", [])
    await add_user(place.database, "bob", "user", ["default"])
    await give_key(place.database, "runner")
    await place.database.execute(
        "update api_keys set created_by = 'bob', name = 'billing' where role = 'runner'"
    )
    async with place.client(admin) as client:
        shown = await client.patch("/users/bob", json={"disabled": True})
        assert shown.status_code == 200, shown.text
        assert shown.json()["activeKeys"] == ["default/billing"]
        revoked = await client.patch("/users/bob", json={"revokeKeys": True})
        assert revoked.json()["activeKeys"] == []
        audited = (await client.get("/audit-log")).json()["items"]
        assert ("api_key.revoked", "billing") in {(row["action"], row["object"]) for row in audited}
