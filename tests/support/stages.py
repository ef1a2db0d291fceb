"""A stage on a memory broker, with a handler that does as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from syncline.contracts.run_ref import Runs
from syncline.contracts.wire import Delivery, Outbound
from syncline.runtime import spec
from syncline.runtime.clock import Clock, SystemClock
from syncline.runtime.loop.stage_loop import StageLoop
from syncline.runtime.ports import Producer
from syncline.runtime.spec import StageOptions, StageSpec
from syncline.testing.memory_broker import MemoryBroker, MemoryConsumer

T = TypeVar("T")
IN, OUT, GROUP = "raw", "canonical", "normalize"
QUICK = StageOptions(commit_every=0.01)


def decode(delivery: Delivery, _runs: Runs) -> str:
    """Refuse bytes that are not text."""
    return (delivery.value or b"").decode()


def to_out(text: str) -> Outbound:
    return Outbound(OUT, b"run-1", text.encode(), 0)


class Handler(spec.Handler[str]):
    """Passes on; `before` may fail, wait or note."""

    def __init__(self, before: Callable[[Sequence[str]], Awaitable[None]] | None = None) -> None:
        self._before = before
        self.calls: list[list[str]] = []

    async def handle(self, items: Sequence[str]) -> list[Outbound]:
        self.calls.append(list(items))
        if self._before is not None:
            await self._before(items)
        return [to_out(item) for item in items]


def stage_on(
    broker: MemoryBroker,
    handler: Handler,
    options: StageOptions = QUICK,
    *,
    clock: Clock | None = None,
    producer: Producer | None = None,
    consumer: MemoryConsumer | None = None,
) -> StageLoop[str]:
    return StageLoop(
        StageSpec(GROUP, [IN], decode, options),
        handler,
        consumer or broker.consumer(GROUP),
        producer or broker.producer(),
        clock or SystemClock(),
    )


@asynccontextmanager
async def running(
    stage: StageLoop[T], before: Callable[[], Awaitable[None]] | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    """Run the stage; the block's end stops it as SIGTERM does and raises what it broke on."""
    stopping = asyncio.Event()
    task = asyncio.create_task(stage.run(stopping, before))
    try:
        yield task
    except BaseException:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task
        raise
    stopping.set()
    await task


async def put(broker: MemoryBroker, *texts: str | bytes, spread: int = 0) -> None:
    values = [t.encode() if isinstance(t, str) else t for t in texts]
    await broker.producer().send([Outbound(IN, b"run-1", value, spread) for value in values])


def out(broker: MemoryBroker) -> list[str]:
    return [(d.value or b"").decode() for d in broker.lying(OUT)]
