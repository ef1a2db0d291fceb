"""What holds for every request: its size, headers that keep browsers safe, the end of streams."""

from __future__ import annotations

import re
from collections import Counter
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syncline.postgres.database.row_security import TENANTS
from syncline_gateway.access.caller import Authentication
from syncline_gateway.requests.problems import problem

CSP = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' "
    "data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


_ONLY_TLS = {"Strict-Transport-Security": "max-age=31536000"}
REQUEST_ID = "X-Request-Id"
"""Header that names an answer; lines of the log about it have the same `request_id`."""
_REQUEST_ID = re.compile("[A-Za-z0-9_.-]{1,64}")


class Guard:
    """Refuses bodies above `max_body` bytes, adds the headers, and gives each request its ID.

    A proxy before the gateway may have given it one already. `tls`: the console has an https
    address, and browsers shall ask for no other.
    """

    def __init__(self, app: ASGIApp, max_body: int, *, tls: bool = False) -> None:
        self._app = app
        self._max_body = max_body
        self._headers = _HEADERS | (_ONLY_TLS if tls else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        TENANTS.set("")  # a request may come in the task of the one before

        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._guarded(scope, receive, send, request_id)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length) > self._max_body:
            detail = f"the body may have at most {self._max_body:,} bytes"
            await problem(413, "too_large", detail)(scope, receive, send_with_headers)
            return
        await self._app(scope, self._limited(receive), send_with_headers)

    def _limited(self, receive: Receive) -> Receive:
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._max_body:  # sent in chunks, without a length
                return {"type": "http.disconnect"}
            return message

        return limited


MOST_STREAMS = 30
"""Streams that one person or key may have open at one gateway."""
_TOO_MANY = problem(
    429,
    "too_many_streams",
    f"{MOST_STREAMS} streams of yours are open: close one, or follow several topics by one stream",
    headers={"Retry-After": "5"},
)


class _EndedError(Exception):
    """The caller of a stream may no longer look."""


class _RevokedError(Exception):
    """The caller of an export may no longer look: what is raised breaks the connection off."""


EVENTS = "text/event-stream"
_STREAMS = (EVENTS, "text/csv", "application/x-ndjson")


class StreamAccess:
    """Asks before every part of a stream whether its caller may still have it (`caller.FRESH`).

    Nobody may have more than `MOST_STREAMS` open at once. Streams of events have an end at any
    time; an export that ended early would look like a whole one, so it breaks off.
    """

    def __init__(self, app: ASGIApp, authentication: Authentication) -> None:
        self._app = app
        self._authentication = authentication
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._watch(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _watch(self, scope: Scope, receive: Receive, send: Send) -> None:
        streaming: str | None = None
        ended = False

        async def watched(message: Message) -> None:
            nonlocal streaming, ended
            if message["type"] == "http.response.start" and (kind := stream_kind(message)):
                streaming = kind if self._admitted(scope) else None
                ended = streaming is None
                if ended:
                    await _TOO_MANY(scope, receive, send)
            elif streaming and message.get("body") and not await self._may_go_on(scope):
                await _end(streaming, send)
                ended = True
            if ended:
                raise _EndedError
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            if not ended:
                raise
        finally:
            self._open -= Counter({_actor(scope): int(streaming is not None)})

    def _admitted(self, scope: Scope) -> bool:
        actor = _actor(scope)
        if self._open[actor] >= MOST_STREAMS:
            return False
        self._open[actor] += 1
        return True

    async def _may_go_on(self, scope: Scope) -> bool:
        state = scope.get("state", {})
        identity = state.get("identity")
        return identity is None or await self._authentication.is_still(identity, state["tenant"])


async def _end(kind: str, send: Send) -> None:
    if kind != EVENTS:
        raise _RevokedError("who exports may no longer look")
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def stream_kind(start: Message) -> str | None:
    """Return the media type of an answer that is a stream: of events or an export."""
    kind = Headers(raw=start["headers"]).get("content-type", "").partition(";")[0]
    return kind if kind in _STREAMS else None


def _actor(scope: Scope) -> str:
    identity = scope.get("state", {}).get("identity")
    return "" if identity is None else identity.actor
