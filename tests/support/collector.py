"""A small OpenTelemetry collector: takes OTLP over HTTP and keeps the spans."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.ports import free_port


class SeenSpan(msgspec.Struct, frozen=True):
    """A span as it was received; `parent` is empty for a root."""

    service: str
    trace: str
    id: str
    parent: str


class Collector:
    """What was received."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.spans: list[SeenSpan] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                assert head.startswith("POST /v1/traces ")
                fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:-2])
                self._keep(await reader.readexactly(int(fields["content-length"])))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        writer.close()

    def _keep(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            facts = {a.key: a.value.string_value for a in resource.resource.attributes}
            self.spans += [
                SeenSpan(
                    facts["service.name"],
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                )
                for scope in resource.scope_spans
                for span in scope.spans
            ]


@asynccontextmanager
async def collector() -> AsyncIterator[Collector]:
    """Run a collector."""
    port = free_port()
    collecting = Collector(port)
    server = await asyncio.start_server(collecting.serve, "127.0.0.1", port)
    try:
        yield collecting
    finally:
        server.close()
