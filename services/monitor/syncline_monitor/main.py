"""Start the monitor service."""

from __future__ import annotations

import uvloop

from syncline.bootstrap.life import TICK_LIMIT, life
from syncline.bootstrap.services import SERVICES
from syncline.bootstrap.settings import Settings
from syncline.contracts.topics import READS, SNAPSHOTS
from syncline.kafka.lag import LagReader
from syncline.postgres.monitoring.installation_figures import InstallationFigureStore
from syncline.postgres.monitoring.service_status import ServiceStatusStore
from syncline.runtime.clock import Clock
from syncline.runtime.process.health import HealthServer
from syncline.telemetry.logs import configure_logs
from syncline_monitor.faust_supervisor import FaustSupervisor
from syncline_monitor.monitor import Monitor


def main(settings: Settings) -> None:
    uvloop.run(_run(settings))


async def _run(settings: Settings) -> None:
    configure_logs("monitor", settings.log_level)
    async with life(settings, connections=2) as own:
        if own is None:
            return
        connection, clock = settings.kafka(), own.clock
        supervisor = FaustSupervisor(connection, clock)
        lags = LagReader(connection, READS)
        statuses, figures = ServiceStatusStore(own.database), InstallationFigureStore(own.database)
        monitor = Monitor(SERVICES, supervisor, lags, statuses, figures, clock)
        await own.run(
            "monitor",
            lambda: monitor.run(own.stopping),
            _health(supervisor, monitor, clock),
            {"snapshots": supervisor.run},
            topics=[SNAPSHOTS],
        )


def _health(supervisor: FaustSupervisor, monitor: Monitor, clock: Clock) -> HealthServer:
    def alive() -> str | None:
        still = clock.monotonic() - monitor.last_tick
        return f"the monitor has not checked for {still:.0f} s" if still > TICK_LIMIT * 6 else None

    def ready() -> dict[str, str | None]:
        joined = None if supervisor.joined else "not joined yet"
        return {"group": joined, "dependencies": monitor.waiting_for}

    return HealthServer(alive, ready)
