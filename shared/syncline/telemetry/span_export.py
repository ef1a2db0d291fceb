"""Sends spans to an OpenTelemetry collector (OTLP over HTTP). Imported only when configured."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from syncline.contracts.wire import Delivery
from syncline.telemetry import tracing
from syncline.telemetry.tracing import Context

MOST_LINKS = 32
PATH = "/v1/traces"


def export_spans(service: str, endpoint: str) -> Callable[[], None]:
    """Send spans in the background from now on; return a function that sends the rest and stops.

    The collector's endpoint has no path, as in OTEL_EXPORTER_OTLP_ENDPOINT.
    """
    ids = _Ids()
    provider = TracerProvider(
        resource=Resource.create({"service.name": f"syncline-{service}"}),
        id_generator=ids,
        shutdown_on_exit=False,
    )
    url = endpoint.rstrip("/").removesuffix(PATH) + PATH
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(url, timeout=5)))
    tracer = provider.get_tracer("syncline")

    def start(
        name: str, deliveries: Sequence[Delivery], of_trace: str, parents: Sequence[Context]
    ) -> _Span:
        ids.next_trace = of_trace
        remote = [
            trace.SpanContext(int(p.trace, 16), int(p.span, 16), True, trace.TraceFlags(1))
            for p in parents[:MOST_LINKS]
        ]
        span = tracer.start_span(
            name,
            context=trace.set_span_in_context(trace.NonRecordingSpan(remote[0]))
            if remote
            else None,
            kind=trace.SpanKind.CONSUMER if deliveries else trace.SpanKind.PRODUCER,
            attributes=_attributes(deliveries),
            links=[trace.Link(other) for other in remote[1:]],
        )
        return _Span(span)

    def stop() -> None:
        tracing.use(None)
        provider.shutdown()

    tracing.use(start)
    return stop


class _Ids(RandomIdGenerator):
    """Gives a root span its run's trace."""

    next_trace: str | None = None

    def generate_trace_id(self) -> int:
        given, self.next_trace = self.next_trace, None
        return int(given, 16) if given else super().generate_trace_id()


class _Span:
    def __init__(self, span: trace.Span) -> None:
        self._span = span
        named = span.get_span_context()
        self.context = Context(f"{named.trace_id:032x}", f"{named.span_id:016x}")

    def end(self) -> None:
        self._span.end()


def _attributes(deliveries: Sequence[Delivery]) -> dict[str, str | int]:
    """Return the attributes of OpenTelemetry's conventions for messaging."""
    if not deliveries:
        return {}
    first = deliveries[0]
    return {
        "messaging.system": "kafka",
        "messaging.destination.name": first.topic,
        "messaging.destination.partition.id": str(first.partition),
        "messaging.kafka.offset": first.offset,
        "messaging.batch.message_count": len(deliveries),
        "syncline.correlation_id": (first.key or b"").decode(errors="replace"),
    }
