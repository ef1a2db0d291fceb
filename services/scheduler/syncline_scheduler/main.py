"""Start the scheduler service."""

from __future__ import annotations

from contextlib import AsyncExitStack

import structlog
import uvloop

from syncline.bootstrap.pulse import pulse_of
from syncline.bootstrap.service import TICK_LIMIT, open_when_current
from syncline.bootstrap.settings import Settings
from syncline.kafka.producer import KafkaProducer
from syncline.postgres.firings import Firings
from syncline.runtime.clock import SystemClock
from syncline.runtime.health import HealthServer
from syncline.runtime.lifecycle import run_with_side_tasks, stop_signals
from syncline.runtime.ticking import Ticker
from syncline.telemetry.logs import configure_logs
from syncline_scheduler.scheduling import Scheduler

log = structlog.get_logger()


def main(settings: Settings) -> None:
    uvloop.run(_run(settings))


async def _run(settings: Settings) -> None:
    configure_logs("scheduler", settings.log_level)
    clock = SystemClock()
    async with stop_signals() as stopping, AsyncExitStack() as stack:
        database = await open_when_current(stack, settings, clock, stopping, size=2)
        if database is None:
            return
        producer = KafkaProducer(settings.kafka())
        stack.push_async_callback(producer.stop)
        scheduler = Scheduler(Firings(database), producer, clock)
        ticker = Ticker(clock)
        health = _health(scheduler, ticker, clock)
        await health.start(settings.health_host, settings.health_port)
        stack.push_async_callback(health.stop)
        pulse = pulse_of("scheduler", settings, clock)
        stack.push_async_callback(pulse.stop)
        log.info("service_started", health_port=settings.health_port)
        async with ticker.ticking():
            await run_with_side_tasks(scheduler.run(stopping), {"pulse": pulse.beat}, clock)
        log.info("service_stopped")


def _health(scheduler: Scheduler, ticker: Ticker, clock: SystemClock) -> HealthServer:
    def alive() -> str | None:
        still = clock.monotonic() - ticker.last_tick
        return f"the loop stood still for {still:.0f} s" if still > TICK_LIMIT else None

    return HealthServer(alive, lambda: {"dependencies": scheduler.waiting_for})
