"""W3C trace context through every topic: one run is one trace over all services.

A run has the trace of its trigger's header, else its correlation ID is the trace. Spans, one for
each run in each handler call, are made only after `export_spans`; without it a header costs one
random number.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol
from uuid import UUID

import msgspec

from syncline.contracts.wire import Delivery, Outbound

TRACEPARENT = "traceparent"
_FORM = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


class Context(msgspec.Struct, frozen=True):
    """The name of a span in a header: two hexadecimal numbers."""

    trace: str
    span: str

    def header(self) -> bytes:
        return f"00-{self.trace}-{self.span}-01".encode()


class Span(Protocol):
    """A span that is being timed."""

    context: Context

    def end(self) -> None: ...


StartSpan = Callable[[str, Sequence[Delivery], str, Sequence[Context]], Span]
"""Begins a span: name, deliveries, its trace, and the spans that it comes from."""


class Spans:
    """The spans of one handler call, by the key of their run."""

    def __init__(self, name: str, deliveries: Sequence[Delivery]) -> None:
        self._name = name
        self._deliveries = deliveries
        self._open: dict[bytes | None, Span] = {}
        self._headers: dict[bytes | None, tuple[str, bytes]] = {}

    def with_headers(self, messages: Sequence[Outbound]) -> list[Outbound]:
        """Give each message the context of its run's span."""
        return [
            msgspec.structs.replace(m, headers=(*_others(m.headers), self.header(m.key)))
            for m in messages
        ]

    def begin(self) -> None:
        """Begin the spans of a handler call, if spans are exported."""
        if _start is not None:
            for delivery in self._deliveries:
                self.header(delivery.key)

    def end(self) -> None:
        for span in self._open.values():
            span.end()

    def header(self, key: bytes | None) -> tuple[str, bytes]:
        """Return the context of a run's span, as a message of the run carries it."""
        header = self._headers.get(key)
        if header is None:
            header = self._headers[key] = (TRACEPARENT, self._new(key).header())
        return header

    def _new(self, key: bytes | None) -> Context:
        own = [d for d in self._deliveries if d.key == key]
        parents = [found for d in own if (found := context_of(d.headers))]
        if not own and (caller := _caller.get()):
            parents = [caller]
        trace = parents[0].trace if parents else trace_of_run(key)
        if _start is None or not self._name:
            return Context(trace, secrets.token_hex(8))
        span = self._open[key] = _start(self._name, own, trace, parents)
        return span.context


_start: StartSpan | None = None
_current: ContextVar[Spans | None] = ContextVar("spans", default=None)
_caller: ContextVar[Context | None] = ContextVar("caller", default=None)


def use(start: StartSpan | None) -> None:
    """Make spans by this function from now on; no spans if None."""
    global _start  # noqa: PLW0603 - set once, when the process starts
    _start = start


@contextmanager
def handling(stage: str, deliveries: Sequence[Delivery]) -> Iterator[Spans]:
    """Trace the handling of deliveries; messages sent meanwhile belong to it.

    Without deliveries it is the sending of what begins or commands runs.
    """
    spans = Spans(stage, deliveries)
    token = _current.set(spans)
    try:
        spans.begin()
        yield spans
    finally:
        _current.reset(token)
        spans.end()


@contextmanager
def called_by(headers: Sequence[tuple[str, bytes]]) -> Iterator[None]:
    """Let what is sent meanwhile belong to the trace that a caller's headers name, if they do."""
    token = _caller.set(context_of(headers))
    try:
        yield
    finally:
        _caller.reset(token)


def header_of(key: bytes) -> tuple[str, bytes]:
    """Return the header of a message of this run that is sent when the handler call is over."""
    return (_current.get() or Spans("", ())).header(key)


def traced(messages: Sequence[Outbound]) -> list[Outbound]:
    """Give messages without a context that of the current handler call, or of their run."""
    spans = _current.get() or Spans("", ())
    return [
        m if any(name == TRACEPARENT for name, _ in m.headers) else spans.with_headers([m])[0]
        for m in messages
    ]


def context_of(headers: Sequence[tuple[str, bytes]]) -> Context | None:
    """Return the context of a message; None if it has none or a broken one."""
    for name, value in headers:
        if name == TRACEPARENT:
            found = _FORM.fullmatch(value)
            return Context(found[1].decode(), found[2].decode()) if found else None
    return None


def trace_of_run(key: bytes | None) -> str:
    """Return the trace of a run whose trigger had none: its correlation ID."""
    try:
        return UUID((key or b"").decode()).hex
    except ValueError:  # no UUID, so a new trace
        return secrets.token_hex(16)


def _others(headers: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    return [header for header in headers if header[0] != TRACEPARENT]
