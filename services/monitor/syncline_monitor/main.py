"""Start the monitor service."""

from __future__ import annotations

from contextlib import AsyncExitStack

import structlog
import uvloop

from syncline.bootstrap.pulse import pulse_of
from syncline.bootstrap.service import TICK_LIMIT, open_when_current
from syncline.bootstrap.services import SERVICES
from syncline.bootstrap.settings import Settings
from syncline.contracts.topics import READS, SNAPSHOTS
from syncline.kafka.lagging import LagReader
from syncline.postgres.pipeline import Pipeline
from syncline.runtime.clock import Clock, SystemClock
from syncline.runtime.health import HealthServer
from syncline.runtime.lifecycle import run_with_side_tasks, stop_signals
from syncline.telemetry.logs import configure_logs
from syncline_monitor.listening import Listening
from syncline_monitor.stage import Watching

log = structlog.get_logger()


def main(settings: Settings) -> None:
    uvloop.run(_run(settings))


async def _run(settings: Settings) -> None:
    configure_logs("monitor", settings.log_level)
    clock = SystemClock()
    async with stop_signals() as stopping, AsyncExitStack() as stack:
        database = await open_when_current(stack, settings, clock, stopping, size=2)
        if database is None:
            return
        connection = settings.kafka()
        listening = Listening(connection, clock)
        lags = LagReader(connection, READS)
        watching = Watching(SERVICES, listening, lags, Pipeline(database), clock)
        pulse = pulse_of("monitor", settings, clock)
        stack.push_async_callback(pulse.stop)
        health = _health(listening, watching, clock)
        await health.start(settings.health_host, settings.health_port)
        stack.push_async_callback(health.stop)
        log.info("service_started", topics=[SNAPSHOTS], health_port=settings.health_port)
        sides = {"listening": listening.listen, "pulse": pulse.beat}
        await run_with_side_tasks(watching.run(stopping), sides, clock)
        log.info("service_stopped")


def _health(listening: Listening, watching: Watching, clock: Clock) -> HealthServer:
    def alive() -> str | None:
        still = clock.monotonic() - watching.last_tick
        return f"it has not looked for {still:.0f} s" if still > TICK_LIMIT * 6 else None

    def ready() -> dict[str, str | None]:
        joined = None if listening.joined else "not joined yet"
        return {"group": joined, "dependencies": watching.waiting_for}

    return HealthServer(alive, ready)
