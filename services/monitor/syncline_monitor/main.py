"""Start the monitor service."""

from __future__ import annotations

import uvloop

from syncline.bootstrap.life import TICK_LIMIT, life
from syncline.bootstrap.services import SERVICES
from syncline.bootstrap.settings import Settings
from syncline.contracts.topics import READS, SNAPSHOTS
from syncline.kafka.lagging import LagReader
from syncline.postgres.monitoring.service_status import Pipeline
from syncline.runtime.clock import Clock
from syncline.runtime.process.health import HealthServer
from syncline.telemetry.logs import configure_logs
from syncline_monitor.faust_supervisor import Listening
from syncline_monitor.stage import Watching


def main(settings: Settings) -> None:
    uvloop.run(_run(settings))


async def _run(settings: Settings) -> None:
    configure_logs("monitor", settings.log_level)
    async with life(settings, connections=2) as own:
        if own is None:
            return
        connection, clock = settings.kafka(), own.clock
        listening = Listening(connection, clock)
        lags = LagReader(connection, READS)
        watching = Watching(SERVICES, listening, lags, Pipeline(own.database), clock)
        await own.run(
            "monitor",
            lambda: watching.run(own.stopping),
            _health(listening, watching, clock),
            {"listening": listening.listen},
            topics=[SNAPSHOTS],
        )


def _health(listening: Listening, watching: Watching, clock: Clock) -> HealthServer:
    def alive() -> str | None:
        still = clock.monotonic() - watching.last_tick
        return f"it has not looked for {still:.0f} s" if still > TICK_LIMIT * 6 else None

    def ready() -> dict[str, str | None]:
        joined = None if listening.joined else "not joined yet"
        return {"group": joined, "dependencies": watching.waiting_for}

    return HealthServer(alive, ready)
