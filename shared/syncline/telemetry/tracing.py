"""W3C trace context through every topic. Spans are exported only where an OTLP endpoint is set."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

import msgspec

from syncline.contracts.wire import Delivery, Outbound

TRACEPARENT = "traceparent"
_FORM = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


def new_traceparent(trace: str | None = None) -> bytes:
    """Return a traceparent with a new span ID, in a given trace or a new one."""
    return f"00-{trace or secrets.token_hex(16)}-{secrets.token_hex(8)}-01".encode()


def trace_of(headers: Sequence[tuple[str, bytes]]) -> str | None:
    """Return the trace ID that a message carries, None if it carries none or a broken one."""
    for name, value in headers:
        if name == TRACEPARENT:
            found = _FORM.fullmatch(value)
            return found[1].decode() if found else None
    return None


def trace_headers(deliveries: Sequence[Delivery], outputs: Sequence[Outbound]) -> list[Outbound]:
    """Give outputs the trace of the delivery with the same key, which is the same run's."""
    traces = {d.key: trace for d in deliveries if (trace := trace_of(d.headers))}
    spans = {key: new_traceparent(trace) for key, trace in traces.items()}
    traced = []
    for output in outputs:
        span = spans.get(output.key)
        if span is None:
            span = spans[output.key] = new_traceparent()
        headers = tuple(h for h in output.headers if h[0] != TRACEPARENT)
        traced.append(msgspec.structs.replace(output, headers=(*headers, (TRACEPARENT, span))))
    return traced
