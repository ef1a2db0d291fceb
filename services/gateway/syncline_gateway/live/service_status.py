"""What the monitor sees, for routes and for those who follow `pipeline`."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import structlog

from syncline.domain.errors import RetriableError
from syncline.domain.service_status import ServiceStatus
from syncline.postgres.database.database import Database
from syncline.postgres.monitoring.service_status import ServiceStatusStore
from syncline.runtime.clock import Clock
from syncline_gateway.live.hub import Hub, event

QUIET_AFTER = timedelta(seconds=5)
"""Without a look of the monitor for so long, its figures count as old."""
EVERY = 1.0
"""Seconds."""
log = structlog.get_logger()


class StatusReport(msgspec.Struct, frozen=True, rename="camel"):
    """Every service in the order in which a record passes them, as the monitor last saw it.

    `heardAt` is when that was, None: never; `silent`: it is too long ago.
    """

    as_of: datetime
    heard_at: datetime | None
    silent: bool
    services: list[ServiceStatus]


async def read_status_report(database: Database, now: datetime) -> StatusReport:
    """Read what the monitor wrote. Raises RetriableError."""
    heard_at, services = await ServiceStatusStore(database).services()
    silent = heard_at is None or now - heard_at > QUIET_AFTER
    return StatusReport(now, heard_at, silent, services)


async def publish_status_reports(hub: Hub, database: Database, clock: Clock) -> None:
    """Side task: once a second tell those who follow `pipeline`, if there are any."""
    while True:
        await clock.sleep(EVERY)
        tenants = hub.tenants_following("pipeline")
        if not tenants:
            continue
        try:
            chunk = event("pipeline", await read_status_report(database, clock.now()))
        except RetriableError as error:
            log.debug("pipeline_unknown", reason=str(error))
            continue
        for tenant in tenants:
            hub.publish(tenant, "pipeline", "pipeline", chunk)
