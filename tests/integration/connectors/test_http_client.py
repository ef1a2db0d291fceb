"""The HTTP client against servers that break the rules: what is sent, and what is believed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.http.answers.answer import Answer
from syncline.connectors.http.client.client import Client, Request
from syncline.connectors.http.settings.profile import Timeouts
from syncline.connectors.port import ConnectorError, CountAnswer, uncounted
from syncline.domain.errors import RetriableError
from tests.support.eventually import eventually
from tests.support.socket_server import Connection, SocketServer, serving

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
HEADERS = {"Content-Type": "application/json"}


@asynccontextmanager
async def client(count: CountAnswer = uncounted) -> AsyncIterator[Client]:
    allowed, times = AllowedAddresses(("127.0.0.0/8",)), Timeouts(connect=1, total=10)
    made = Client(allowed, times, 1_000_000, count_answer=count)
    try:
        yield made
    finally:
        await made.close()


async def send(
    made: Client, server: SocketServer, method: str = "POST", body: bytes | None = b"[]"
) -> Answer:
    url = f"http://127.0.0.1:{server.port}/a%2Fb?c=%7e,"
    return await made.send(Request(method, url, HEADERS, body, f"{method} /a"))


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_a_request_whose_answer_is_lost_is_not_sent_again(method: str) -> None:
    def script(connection: Connection) -> None:
        connection.request()
        connection.say(GOOD)
        connection.request()

    statuses: list[str] = []
    with serving(script) as server:
        async with client(statuses.append) as made:
            await send(made, server, method)
            with pytest.raises(RetriableError) as caught:
                await send(made, server, method)

        assert (caught.value.failure.code, caught.value.failure.ambiguous) == (
            "connection_lost",
            True,
        )
        assert len(server.requests) == 2
        assert statuses == ["200", "none"]


@pytest.mark.parametrize(
    "more", [b"", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"]
)
async def test_nothing_is_sent_on_a_connection_that_the_server_ended_or_spoke_on(
    more: bytes,
) -> None:
    """Not even while the process is too busy to notice, as after a large batch."""

    def script(connection: Connection) -> None:
        connection.request()
        connection.say(GOOD)
        connection.say(more)

    with serving(script) as server:
        async with client() as made:
            await send(made, server)
            while not server.closed:
                time.sleep(0.01)  # noqa: ASYNC251 - the loop stands still, and notices nothing
            assert (await send(made, server)).status == 200


async def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next_ones() -> None:
    def script(connection: Connection) -> None:
        connection.request()
        connection.say(GOOD + GOOD.replace(b"200 OK", b"500 Old"))
        connection.request()
        connection.say(GOOD)

    with serving(script) as server:
        async with client() as made:
            assert [(await send(made, server)).status for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}", b""),
        (GOOD + b"<!-- cached -->", b"{}"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + GOOD, b"{}"),
        (b"HTTP/1.0 200 OK\r\n\r\n{}", b"{}"),
        (GOOD.replace(b"\r\n\r\n", b"\r\nX-A: " + b"a" * 90_000 + b"\r\n\r\n"), b"{}"),
        (GOOD.replace(b"\r\n\r\n", b"\r\nX-A: a" * 250 + b"\r\n\r\n"), b"{}"),
    ],
)  # fmt: skip
async def test_answers_that_bend_the_rules_are_read(answer: bytes, body: bytes) -> None:
    def script(connection: Connection) -> None:
        connection.request()
        connection.say(answer)

    with serving(script) as server:
        async with client() as made:
            for count in range(1, 3):
                assert (await send(made, server)).body == body
                await eventually(lambda: server.closed == count)  # noqa: B023 - it is over by then


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "closed it without a whole answer"),
        (b"HTTP/1.1 20", "closed it without a whole answer"),
        (b"hello\r\n\r\n", "cannot be read: Bad status line"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "the answer is cut"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", "the answer is cut"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n{}", "cannot be read"),
        (GOOD.replace(b"\r\n\r\n", b"\r\nX-A: " + b"a" * 200_000 + b"\r\n\r\n"), "cannot be read"),
        (GOOD.replace(b"\r\n\r\n", b"\r\nX-A: a" * 5_000 + b"\r\n\r\n"), "cannot be read"),
    ],
)  # fmt: skip
async def test_answers_that_cannot_be_read_are_lost_at_once(answer: bytes, words: str) -> None:
    def script(connection: Connection) -> None:
        connection.request()
        connection.say(answer)
        if b"chunked" in answer or b"X-A" in answer:
            connection.request()  # holds the connection open until the client lets go

    with serving(script) as server:
        async with client() as made:
            with pytest.raises(RetriableError, match=words) as caught:
                await send(made, server)
    assert (caught.value.failure.code, caught.value.failure.ambiguous) == ("connection_lost", True)


async def test_a_request_is_sent_as_it_is_and_without_cookies() -> None:
    def script(connection: Connection) -> None:
        connection.request()
        connection.say(GOOD.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\n\r\n"))
        connection.request()
        connection.say(GOOD)

    large = b"x" * 3_000_000
    with serving(script) as server:
        async with client() as made:
            await send(made, server)
            await send(made, server, "PUT", large)

    assert server.requests == [
        b"%s /a%%2Fb?c=%%7e, HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (method, server.port, len(body), body)
        for method, body in ((b"POST", b"[]"), (b"PUT", large))
    ]


async def test_a_header_of_two_lines_is_not_sent() -> None:
    with serving(lambda _: None) as server:
        async with client() as made:
            request = Request(
                "POST", f"http://127.0.0.1:{server.port}/", {"A": "b\r\nC: d"}, b"", ""
            )
            with pytest.raises(ConnectorError, match="cannot be sent"):
                await made.send(request)
    assert server.requests == []


async def test_a_port_that_says_nothing_of_tls_is_named() -> None:
    def script(connection: Connection) -> None:
        connection.request()

    with serving(script) as server:
        async with client() as made:
            url = f"https://127.0.0.1:{server.port}/"
            with pytest.raises(RetriableError, match="no TLS at this port") as caught:
                await made.send(Request("GET", url, {}, None, "GET /"))
    assert (caught.value.failure.code, caught.value.failure.ambiguous) == ("tls_timeout", False)
