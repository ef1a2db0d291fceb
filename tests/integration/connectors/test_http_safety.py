"""Logins, TLS, bounds and the connection test, and that no secret is ever echoed."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from syncline.connectors.http import HttpConnector
from syncline.connectors.port import ConnectorError, Surroundings
from syncline.domain.errors import FailureError, RetriableError
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.testing.http_api import HttpApi, Trouble
from tests.support.certificates import Authority
from tests.support.http_world import LOOPBACK, SINGLE, api_and_connector, batch, items
from tests.support.ports import free_port

SECRET = "s3cr3t-and-l0ng"
ITEMS = Extraction(
    id_column="id", mode=ExtractionMode.API, endpoint="/items", options={"records": "data"}
)
OAUTH = {"type": "oauth2", "tokenUrl": "/token", "clientId": "me"}


@pytest.mark.parametrize(
    ("auth", "secrets", "header", "value"),
    [
        ({"type": "apiKey"}, {"apiKey": SECRET}, "x-api-key", SECRET),
        ({"type": "apiKey", "header": "Key"}, {"apiKey": SECRET}, "key", SECRET),
        ({"type": "bearer"}, {"token": SECRET}, "authorization", f"Bearer {SECRET}"),
        (
            {"type": "basic", "username": "me"},
            {"password": "pä"},
            "authorization",
            "Basic bWU6cMOk",
        ),
    ],
)
async def test_a_login_is_shown_in_its_header(
    auth: dict[str, str], secrets: dict[str, str], header: str, value: str
) -> None:
    async with api_and_connector(secrets, auth=auth) as (api, connector):
        api.add({"id": "1"})
        await connector.describe(ITEMS)

        assert api.asked[0].headers[header] == value


async def test_one_token_serves_all_calls_at_once() -> None:
    async with api_and_connector({"clientSecret": SECRET}, auth=OAUTH) as (api, connector):
        api.tokens = set()
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(connector.write(batch(items(1), {"endpoint": "/items"})))

        assert [a.path for a in api.asked].count("/token") == 1
        assert b"grant_type=client_credentials" in api.asked[0].body


async def test_a_token_that_is_refused_is_fetched_anew_once() -> None:
    async with api_and_connector({"clientSecret": SECRET}, auth=OAUTH) as (api, connector):
        api.add({"id": "1"})
        await connector.describe(ITEMS)
        api.tokens = set()
        await connector.describe(ITEMS)
        assert [a.path for a in api.asked] == ["/token", "/items", "/items", "/token", "/items"]

        api.asked.clear()
        api.trouble.extend(Trouble("GET", 403) for _ in range(5))
        with pytest.raises(ConnectorError) as caught:
            await connector.describe(ITEMS)
        assert caught.value.failure.code == "permission_refused"
        assert len(api.asked) == 3


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[]", b'{"access_token": 7}'])
async def test_a_token_endpoint_that_gives_no_token_is_a_refused_login(body: bytes) -> None:
    async with api_and_connector({"clientSecret": SECRET}, auth=OAUTH) as (api, connector):
        api.trouble.append(Trouble("POST", 200, body=body))
        with pytest.raises(ConnectorError) as caught:
            await connector.describe(ITEMS)

        assert caught.value.failure.code == "login_refused"


Call = Callable[[HttpConnector], Awaitable[object]]
CALLS: list[Call] = [
    lambda c: c.describe(ITEMS),
    lambda c: c.write(batch(items(1), {"endpoint": "/items"})),
    lambda c: c.write(batch(items(1), SINGLE)),
]


@pytest.mark.parametrize("call", CALLS)
async def test_an_api_that_echoes_the_login_gives_no_secret_away(call: Call) -> None:
    async with api_and_connector({"token": SECRET}, auth={"type": "bearer"}) as (api, connector):
        api.login = "Bearer other"
        with pytest.raises(ConnectorError) as caught:
            await call(connector)

        failure = caught.value.failure
        assert failure.code == "login_refused"
        assert "who is Bearer ***?" in failure.message
        assert SECRET not in repr(failure)


@pytest.mark.parametrize("packed", [False, True])
async def test_an_answer_larger_than_allowed_is_not_kept(packed: bool) -> None:
    async with api_and_connector(maxAnswerBytes=1_000_000) as (api, connector):
        body, headers = b" " * 50_000_000, {}
        if packed:
            body, headers = gzip.compress(body), {"Content-Encoding": "gzip"}
        api.trouble.append(Trouble("GET", 200, headers, body))
        with pytest.raises(ConnectorError, match="larger than 1000000 bytes"):
            await connector.describe(ITEMS)


async def test_no_profile_may_allow_answers_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncline.connectors.http.connector.MOST_ANSWER", 1_000_000)
    async with api_and_connector(maxAnswerBytes=500_000_000) as (api, connector):
        api.trouble.append(Trouble("GET", 200, {}, b" " * 2_000_000))
        with pytest.raises(ConnectorError, match="larger than 1000000 bytes"):
            await connector.describe(ITEMS)


async def test_packed_answers_are_unpacked() -> None:
    async with api_and_connector() as (api, connector):
        body = gzip.compress(b'{"data": [{"id": 1}]}')
        api.trouble.append(Trouble("GET", 200, {"Content-Encoding": "gzip"}, body))

        assert [c.name for c in await connector.describe(ITEMS) or ()] == ["id"]


async def test_a_certificate_is_verified_by_the_profiles_own_authority(tmp_path: Path) -> None:
    authority = Authority()
    signed = authority.sign()
    (tmp_path / "server.pem").write_text(signed.certificate + signed.key)
    (tmp_path / "ca.pem").write_text(authority.certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "server.pem")
    api = HttpApi()
    await api.start(context)
    config = {"baseUrl": api.url, "test": {"endpoint": "/items"}}
    trusting = HttpConnector(config | {"caFile": str(tmp_path / "ca.pem")}, {}, LOOPBACK)
    doubting = HttpConnector(config, {}, LOOPBACK)
    missing = HttpConnector(config | {"caFile": str(tmp_path / "none.pem")}, {}, LOOPBACK)

    assert all(check.ok for check in await trusting.test())
    for connector in (doubting, missing):
        checks = await connector.test()
        assert [(c.part, c.ok) for c in checks] == [("host", True), ("tls", False)]
        with pytest.raises(ConnectorError) as caught:
            await connector.write(batch(items(1), {"endpoint": "/items"}))
        assert caught.value.failure.code == "tls_error"
    for connector in (trusting, doubting, missing):
        await connector.close()
    await api.close()


@pytest.mark.parametrize(
    ("trouble", "part"),
    [
        (Trouble(status=401), "login"),
        (Trouble(status=403), "permission"),
        (Trouble(status=404), "data"),
        (Trouble(status=200, body=b"<html>"), "data"),
        (Trouble(), "host"),
    ],
)
async def test_the_connection_test_names_the_part_that_fails(trouble: Trouble, part: str) -> None:
    config = {"auth": {"type": "bearer"}, "test": {"endpoint": "/items"}}
    async with api_and_connector({"token": SECRET}, **config) as (api, connector):
        api.trouble.append(trouble)
        checks = await connector.test()

        assert [c.part for c in checks if not c.ok] == [part]
        assert all(check.ok for check in await connector.test())


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0", "[::1]"])
async def test_loopback_is_refused_in_every_writing(host: str) -> None:
    connector = HttpConnector({"baseUrl": f"http://{host}:{free_port()}"}, {}, Surroundings())
    checks = await connector.test()

    assert [(c.part, c.ok) for c in checks] == [("host", False)]
    assert "no public address" in checks[0].message
    await connector.close()


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    async with api_and_connector() as (api, connector):
        api.add({"id": "1"})
        assert await connector.describe(ITEMS)


async def test_every_failure_is_of_the_ports_kinds() -> None:
    async with api_and_connector() as (api, connector):
        for status in (*range(300, 309), *range(400, 452), *range(500, 512)):
            api.trouble.append(Trouble("GET", status))
            with pytest.raises(FailureError):
                await connector.describe(ITEMS)


@pytest.mark.parametrize("body", [b"", b" ", b'{"access_to', b"try later"])
async def test_a_torn_answer_to_a_login_passes_and_refuses_nobody(body: bytes) -> None:
    async with api_and_connector({"clientSecret": SECRET}, auth=OAUTH) as (api, connector):
        api.add({"id": "1"})
        api.trouble.append(Trouble("POST", 200, body=body))
        with pytest.raises(RetriableError) as caught:
            await connector.describe(ITEMS)

        assert caught.value.failure.code == "login_unavailable"
        await connector.describe(ITEMS)
