"""A process: start, work, drain on SIGTERM, end. A second signal ends it at once."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager

import structlog

from syncline.domain.errors import RetriableError
from syncline.runtime.backoff import Backoff
from syncline.runtime.clock import Clock, SystemClock
from syncline.runtime.spec import SideTask

LONG_AGO = 60.0
"""Seconds after which a side task counts as working: its next back-off begins short again."""
STOP_WITHIN = 40.0
"""Seconds from the first signal to the end of the process, whatever it still waits for. What is not
finished is repeated, as after a crash. Compose kills a process after 45."""
log = structlog.get_logger()


@asynccontextmanager
async def stop_signals() -> AsyncIterator[asyncio.Event]:
    """Yield an event that the first SIGTERM or SIGINT sets; the second one exits with 1.

    So does a stop that takes longer than STOP_WITHIN.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    limit = threading.Timer(STOP_WITHIN, _end)  # a thread: the loop itself may stand still
    limit.daemon = True

    def stop(number: int) -> None:
        if stopping.is_set():
            os._exit(1)
        log.info("draining", signal=signal.Signals(number).name)
        limit.start()
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    try:
        yield stopping
    finally:
        limit.cancel()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _end() -> None:
    log.error("stop_took_too_long", seconds=STOP_WITHIN)
    time.sleep(0.5)  # until the line is written
    os._exit(1)


async def run_with_side_tasks(
    main: Awaitable[None],
    side_tasks: Mapping[str, SideTask],
    clock: Clock | None = None,
) -> None:
    """Run the main work and side tasks; a side task that ends or raises ends the process.

    A side task that raises RetriableError starts again after a back-off: the process goes on while
    PostgreSQL or the broker is away.

    Raises:
        BaseExceptionGroup: what the main work or a side task raised.
    """
    async with asyncio.TaskGroup() as group:
        sides = [
            group.create_task(_never_ends(name, task, clock or SystemClock()), name=name)
            for name, task in side_tasks.items()
        ]
        await main
        for side in sides:
            side.cancel()


async def _never_ends(name: str, task: SideTask, clock: Clock) -> None:
    backoff = Backoff()
    while True:
        started = clock.monotonic()
        try:
            await task()
        except RetriableError as error:
            if clock.monotonic() - started > LONG_AGO:
                backoff.reset()
            log.warning("side_task_waits", task=name, reason=str(error))
            await clock.sleep(backoff.next())
        else:
            raise RuntimeError(f"side task {name} ended")
