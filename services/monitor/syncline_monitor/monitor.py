"""Writes the status of every service to PostgreSQL and Prometheus, once a second."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from syncline.contracts.topics import READS
from syncline.domain.errors import SynclineError
from syncline.domain.service_status import ServiceStatus
from syncline.kafka.lag import GroupLag, LagReader
from syncline.postgres.monitoring.installation_figures import InstallationFigureStore
from syncline.postgres.monitoring.service_status import STEP, ServiceStatusStore
from syncline.runtime.clock import Clock, sleep_unless
from syncline_monitor import installation_metrics
from syncline_monitor.faust_supervisor import FaustSupervisor
from syncline_monitor.rules import Ages, StageLag

EVERY = 1.0
"""Seconds."""
SELDOM = 6
"""Steps of the history between two looks at servers and streams."""
log = structlog.get_logger()


class Monitor:
    """Joins the snapshots of processes, in the order of the services, with the broker's figures."""

    def __init__(
        self,
        services: Sequence[str],
        supervisor: FaustSupervisor,
        lags: LagReader,
        statuses: ServiceStatusStore,
        figures: InstallationFigureStore,
        clock: Clock,
    ) -> None:
        self._services = services
        self._supervisor = supervisor
        self._lags = lags
        self._statuses = statuses
        self._figures = figures
        self._clock = clock
        self._ages = {service: Ages() for service in READS}
        self._stored: dict[str, ServiceStatus] = {}
        self._stepped = 0
        self._exported = 0
        self.last_tick = clock.monotonic()
        self.waiting_for: str | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Write the status until `stopping` is set."""
        while not stopping.is_set():
            try:
                await self._look()
                self.waiting_for = None
            except SynclineError as error:
                if self.waiting_for is None:
                    log.warning("monitor_waits", reason=str(error))
                self.waiting_for = str(error)
                self._stored.clear()
            self.last_tick = self._clock.monotonic()
            await sleep_unless(self._clock, EVERY, stopping)
        await self._lags.stop()

    async def _look(self) -> None:
        groups = await self._lags.look()
        lags = self._stage_lags(groups)  # also while another monitor works, to know the ages
        processes = self._supervisor.processes
        if processes is None:
            self._stored.clear()
            self._exported = 0
            installation_metrics.forget()
            return
        in_flight = await self._figures.in_flight()
        statuses = processes.status(self._services, lags, self._supervisor.now, in_flight)
        installation_metrics.export_services(statuses)
        await self._store(statuses)

    def _stage_lags(self, groups: Mapping[str, GroupLag]) -> dict[str, StageLag]:
        now = self._clock.monotonic()
        return {
            stage: StageLag(
                sum(max(end - group.done[p], 0) for p, end in group.ends.items()),
                group.members,
                self._ages[stage].oldest(group.done, group.ends, now),
                sum(group.gone.values()),
            )
            for stage, group in groups.items()
        }

    async def _store(self, statuses: Sequence[ServiceStatus]) -> None:
        now = self._clock.now()
        if not self._stored:
            await self._statuses.drop_others(self._services)
        changed = [
            (position, each)
            for position, each in enumerate(statuses)
            if self._stored.get(each.service) != each
        ]
        await self._statuses.keep(changed, now)
        self._stored = {each.service: each for each in statuses}
        step = int(now.timestamp()) // STEP
        if step > self._stepped:
            self._stepped = step
            stages = [each for each in statuses if each.waiting is not None]
            await self._statuses.remember(stages, now.replace(microsecond=0))
            await self._export(step)

    async def _export(self, step: int) -> None:
        figures = self._figures
        installation_metrics.export_problems(
            await figures.pending_dead_letters(), await figures.open_breakers()
        )
        if step < self._exported + SELDOM:
            return
        self._exported = step
        installation_metrics.export_streams(await figures.streams())
        installation_metrics.export_servers(await figures.server(), await self._lags.replication())
