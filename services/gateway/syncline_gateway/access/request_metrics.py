"""How long requests take, by their routes, how many streams are open; the trace of a caller.

A line of the log for each request to the API says who asked for what: by the pattern of its route,
never by its address, which may hold a secret.
"""

from __future__ import annotations

from time import perf_counter

import structlog
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syncline.runtime.clock import Clock
from syncline.telemetry.metrics import METRICS
from syncline.telemetry.tracing import called_by
from syncline_gateway.access.middleware import REQUEST_ID, stream_kind
from syncline_gateway.access.throttle import Throttle

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ELSEWHERE = "other"
"""Of an address that is no route of the API: the console's files, and what people guess."""
LINES_A_SECOND, LINES_AT_ONCE = 100, 1000
"""Of the log; the next line says how many requests had none."""
log = structlog.get_logger()


class RequestMetrics:
    """Measures and logs each request, by the pattern of its route: an address has no bound."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._lines = Throttle(clock, LINES_A_SECOND, LINES_AT_ONCE)
        self._unlogged = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, streaming, request_id = perf_counter(), 500, False, None

        async def seen(message: Message) -> None:
            nonlocal status, streaming, request_id
            if message["type"] == "http.response.start":
                status, headers = message["status"], Headers(raw=message["headers"])
                request_id = headers.get(REQUEST_ID)
                if stream_kind(message):
                    streaming = True
                    METRICS.open_streams.inc()
            await send(message)

        try:
            with called_by([(n.decode("latin-1"), v) for n, v in scope["headers"]]):
                await self._app(scope, receive, seen)
        finally:
            seconds = perf_counter() - started
            if scope["path"].startswith("/api/"):
                self._log(scope, status, seconds, request_id, streaming=streaming)
            if streaming:
                METRICS.open_streams.dec()
            else:
                labels = (_method(scope), _route(scope), str(status))
                METRICS.http_seconds.labels(*labels).observe(seconds)

    def _log(
        self, scope: Scope, status: int, seconds: float, request_id: str | None, *, streaming: bool
    ) -> None:
        if self._lines.take("") is not None:
            self._unlogged += 1
            return
        state = scope.get("state", {})
        identity = state.get("identity")
        said = {
            "request_id": request_id,
            "user": None if identity is None else identity.actor,
            "tenant": state.get("tenant"),
            "correlation_id": scope.get("path_params", {}).get("correlation_id"),
            "stream": streaming or None,
            "before_unlogged": self._unlogged or None,
        }
        log.info(
            "request",
            method=_method(scope),
            route=_route(scope),
            status=status,
            ms=round(seconds * 1000, 1),
            **{name: value for name, value in said.items() if value is not None},
        )
        self._unlogged = 0


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else _ELSEWHERE


def _route(scope: Scope) -> str:
    route = scope.get("route")
    if isinstance(route, APIRoute) and route.include_in_schema:
        return route.path
    return _ELSEWHERE
