"""Answers that do not end: server-sent events, and how they stand in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from syncline.domain.record import JsonObject
from syncline_gateway.requests.schemas import returns

PING = b": still here\n\n"
"""Sent when nothing happens, so that proxies and clients know the stream is alive."""
COME_BACK = b"retry: 500\n\n"
"""Sent when the process is told to stop: the client is to connect again soon."""
SSE: JsonObject = {
    "media_type": "text/event-stream",
    "headers": {"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
}
"""Arguments of the response: nothing on the way may keep events back."""


def sse_documented(kind: Any) -> dict[int | str, JsonObject]:  # noqa: ANN401 - a struct type
    """Document a stream whose events carry a struct each."""
    found = returns(kind)
    schema = found[200]["content"]["application/json"]["schema"]
    description = "A stream of server-sent events; the data of each is one JSON document."
    content = {"text/event-stream": {"schema": {"type": "string"}, "itemSchema": schema}}
    return {200: {"description": description, "content": content}}
