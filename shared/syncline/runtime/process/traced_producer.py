"""A producer whose messages all carry a trace: what handlers and side tasks send themselves too."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.contracts.wire import Outbound
from syncline.runtime.ports import Producer
from syncline.telemetry.tracing import traced


class TracedProducer:
    """Fits runtime.ports.Producer."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    @property
    def max_message(self) -> int:
        return self._producer.max_message

    async def start(self) -> None:
        await self._producer.start()

    async def send(self, messages: Sequence[Outbound]) -> None:
        await self._producer.send(traced(messages))

    async def stop(self) -> None:
        await self._producer.stop()
