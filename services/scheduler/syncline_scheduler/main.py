"""Start the scheduler service."""

from __future__ import annotations

import uvloop

from syncline.bootstrap.life import life, standing_still
from syncline.bootstrap.producers import RequestProducer
from syncline.bootstrap.settings import Settings
from syncline.postgres.hooks.hook_runs import HookRuns
from syncline.postgres.schedules.firings import Firings
from syncline.runtime.loop.heartbeat import Ticker
from syncline.runtime.process.health import HealthServer
from syncline.telemetry.logs import configure_logs
from syncline_scheduler.hook_dispatcher import HookDispatcher
from syncline_scheduler.scheduler import Scheduler


def main(settings: Settings) -> None:
    uvloop.run(_run(settings))


async def _run(settings: Settings) -> None:
    configure_logs("scheduler", settings.log_level)
    async with life(settings, connections=3) as own:
        if own is None:
            return
        own.export_spans("scheduler")
        producer = RequestProducer("scheduler", settings.kafka())
        own.stack.push_async_callback(producer.stop)
        scheduler = Scheduler(Firings(own.database), producer, own.clock)
        hooks = HookDispatcher(HookRuns(own.database), producer, own.clock)
        ticker = Ticker(own.clock)
        alive = standing_still(lambda: ticker.last_tick, own.clock)
        health = HealthServer(alive, lambda: {"dependencies": scheduler.waiting_for})
        async with ticker.ticking():
            beside = {"hooks": hooks.run}
            await own.run("scheduler", lambda: scheduler.run(own.stopping), health, beside)
