"""How long requests take, by their routes, how many streams are open; the trace of a caller."""

from __future__ import annotations

from time import perf_counter

from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syncline.telemetry.metrics import METRICS
from syncline.telemetry.tracing import called_by

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ELSEWHERE = "other"
"""Of an address that is no route of the API: the console's files, and what people guess."""


class RequestMetrics:
    """Measures each request, by the pattern of its route: an address has no bound."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, streaming = perf_counter(), 500, False

        async def seen(message: Message) -> None:
            nonlocal status, streaming
            if message["type"] == "http.response.start":
                status = message["status"]
                kind = Headers(raw=message["headers"]).get("content-type", "")
                if kind.startswith("text/event-stream"):
                    streaming = True
                    METRICS.open_streams.inc()
            await send(message)

        try:
            with called_by([(n.decode("latin-1"), v) for n, v in scope["headers"]]):
                await self._app(scope, receive, seen)
        finally:
            if streaming:
                METRICS.open_streams.dec()
            else:
                labels = (_method(scope), _route(scope), str(status))
                METRICS.http_seconds.labels(*labels).observe(perf_counter() - started)


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else _ELSEWHERE


def _route(scope: Scope) -> str:
    route = scope.get("route")
    if isinstance(route, APIRoute) and route.include_in_schema:
        return route.path
    return _ELSEWHERE
