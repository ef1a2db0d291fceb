"""What holds for every answer, whatever it is an answer to: headers that keep browsers safe."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Message, Scope

from syncline_gateway.access.middleware import Guard

MOST = 100


async def answer(path: str, status: int, length: int = 0, *, tls: bool = False) -> Headers:
    """Return the headers of an answer that a route gives with this status."""
    scope: Scope = {
        "type": "http", "method": "POST", "path": path,
        "headers": [(b"content-length", str(length).encode())],
    }  # fmt: skip
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await Guard(Response(status_code=status), MOST, tls=tls)(scope, receive, send)
    assert sent[0]["status"] == (413 if length > MOST else status)
    return Headers(raw=sent[0]["headers"])


@pytest.mark.parametrize(
    ("path", "status", "length"),
    [
        ("/", 200, 0),
        ("/nothing.js", 404, 0),
        ("/api/v1/session", 401, 0),
        ("/api/v1/runs", 500, 0),
        ("/api/v1/runs", 200, MOST + 1),  # answered by the guard itself
    ],
)
async def test_no_answer_lets_a_browser_run_what_is_not_the_consoles(
    path: str, status: int, length: int
) -> None:
    headers = await answer(path, status, length)
    parts = headers["content-security-policy"].split("; ")
    rules = dict(part.split(" ", 1) for part in parts)
    assert rules["default-src"] == "'self'"
    assert not rules.keys() & {"script-src", "script-src-elem", "connect-src"}  # as all else
    nothing = ("object-src", "base-uri", "frame-ancestors")
    assert [rules[name] for name in nothing] == ["'none'"] * 3
    assert rules["form-action"] == "'self'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers.get("cache-control") == ("no-store" if path.startswith("/api/") else None)


async def test_only_a_console_with_https_asks_for_nothing_else() -> None:
    assert "strict-transport-security" not in await answer("/", 200)
    assert (await answer("/", 200, tls=True))["strict-transport-security"] == "max-age=31536000"
