"""Ends streams of those who may no longer look: sessions end and keys are revoked meanwhile."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syncline_gateway.access.authentication import Authentication


class _EndedError(Exception):
    """The caller of a stream may no longer look."""


class StreamAccess:
    """Asks before every part of a stream whether its caller may still have it.

    The answer is a few seconds old at most; see `authentication.FRESH`.
    """

    def __init__(self, app: ASGIApp, authentication: Authentication) -> None:
        self._app = app
        self._authentication = authentication

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_stream = ended = False

        async def watched(message: Message) -> None:
            nonlocal is_stream, ended
            if message["type"] == "http.response.start":
                kind = Headers(raw=message["headers"]).get("content-type", "")
                is_stream = kind.startswith("text/event-stream")
            elif is_stream and message.get("body") and not await self._may_go_on(scope):
                ended = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                raise _EndedError
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            if not ended:
                raise

    async def _may_go_on(self, scope: Scope) -> bool:
        identity = scope.get("state", {}).get("identity")
        return identity is None or await self._authentication.is_still(identity)
