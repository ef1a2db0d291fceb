"""What services send with: each message carries the trace of its run."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.contracts.wire import Outbound
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.producer import KafkaProducer
from syncline.telemetry.tally import TALLY
from syncline.telemetry.tracing import handling, traced


class ServiceProducer(KafkaProducer):
    """Sends what handlers and their side tasks send: traced, and counted once acknowledged."""

    async def send(self, messages: Sequence[Outbound]) -> None:
        """See KafkaProducer."""
        messages = traced(messages)
        await super().send(messages)
        TALLY.count_sent(messages)


class RequestProducer(KafkaProducer):
    """Sends triggers and commands, with which a run's trace begins or somebody's goes on."""

    def __init__(self, service: str, connection: KafkaConnection, deadline: float = 20.0) -> None:
        super().__init__(connection, deadline)
        self._service = service

    async def send(self, messages: Sequence[Outbound]) -> None:
        """See KafkaProducer."""
        with handling(self._service, ()) as spans:
            await super().send(spans.with_headers(messages))
