"""The life of a service's process: signals and database, health and pulse, work, and the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from functools import partial

import msgspec
import structlog

from syncline.bootstrap.port_errors import port_errors_explained
from syncline.bootstrap.settings import Settings
from syncline.domain.errors import RetriableError
from syncline.domain.service_status import told_skew
from syncline.kafka.producer import KafkaProducer
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.database.migration import read_schema
from syncline.postgres.limits.call_slots import process_id, session_name
from syncline.runtime.clock import Clock, InstallationClock, every
from syncline.runtime.process.health import HealthServer
from syncline.runtime.process.lifecycle import run_with_side_tasks, stop_signals
from syncline.runtime.process.pulse import Pulse
from syncline.runtime.spec import SideTask
from syncline.telemetry.metrics import METRICS
from syncline.telemetry.run_log import RUN_LOG

SNAPSHOT_WITHIN = 5.0
"""Seconds that sending a snapshot may take."""
COMPARE_EVERY = 30.0
"""Seconds between two looks at the database's clock."""
TICK_LIMIT = 10.0
"""Seconds without a turn of the loop after which a service counts as dead."""
log = structlog.get_logger()


class Life(msgspec.Struct, frozen=True):
    """What every service's process has.

    Attributes:
        stopping: set by the first SIGTERM or SIGINT.
        stack: closes what is pushed to it when the process ends.
        process: its UUID, which its database sessions are named after.
    """

    settings: Settings
    clock: InstallationClock
    stopping: asyncio.Event
    stack: AsyncExitStack
    database: Database
    process: str

    async def run(
        self,
        service: str,
        work: Callable[[], Awaitable[None]],
        health: HealthServer,
        side_tasks: Mapping[str, SideTask],
        **said: object,
    ) -> None:
        """Work to the end, with health and pulse beside it.

        Args:
            said: goes into the line in the log that says that the service has started.

        Raises:
            BaseExceptionGroup: what the work or a side task broke on.
            InvalidInputError: the health port cannot be opened.
        """
        settings = self.settings
        place = (settings.health_host, settings.health_port)
        with port_errors_explained("SYNCLINE_HEALTH", *place):
            await health.start(*place)
        self.stack.push_async_callback(health.stop)
        producer = KafkaProducer(settings.kafka(), SNAPSHOT_WITHIN, {"acks": 1})
        address = f"{place[0]}:{place[1]}" if settings.health_port else ""
        pulse = Pulse(service, producer, self.clock, health=address, skew=lambda: self.clock.skew)
        self.stack.push_async_callback(pulse.stop)
        log.info("service_started", **said, health_port=settings.health_port)
        own = {"pulse": pulse.beat, "clock": self._compare_clocks, "run-log": RUN_LOG.watch}
        try:
            await run_with_side_tasks(work(), {**own, **side_tasks}, self.clock)
        finally:
            RUN_LOG.close()
        log.info("service_stopped")

    def export_spans(self, service: str) -> None:
        """Send the spans of what this process does for runs to the collector, where one is set."""
        if self.settings.otlp_endpoint:
            from syncline.telemetry.span_export import export_spans  # noqa: PLC0415 - costs 20 MB

            stop = export_spans(service, self.settings.otlp_endpoint)
            self.stack.push_async_callback(asyncio.to_thread, stop)

    async def _compare_clocks(self) -> None:
        """Side task: put the clock right, again and again. May raise RetriableError."""
        await every(self.clock, COMPARE_EVERY, lambda: compare_clocks(self.clock, self.database))


async def compare_clocks(clock: InstallationClock, database: Database) -> None:
    """Put a clock right by the database's, and say so once. May raise RetriableError."""
    before = clock.skew
    await clock.compare(lambda: database.fetchval("select clock_timestamp()"))
    METRICS.clock_skew.set(clock.skew)
    if clock.skew and not before:
        log.warning("clock_is_wrong", skew=clock.skew, said=told_skew(clock.skew))


@asynccontextmanager
async def life(settings: Settings, *, connections: int = 4) -> AsyncIterator[Life | None]:
    """Begin a process when the database has this release's schema, or a newer one that it can use.

    None: it was stopped before that. Raises MigrationError: the schema is too new.
    """
    clock = InstallationClock()
    METRICS.has_names = settings.metrics_names
    async with stop_signals() as stopping, AsyncExitStack() as stack:
        process = process_id(settings.member())
        opening = partial(open_database, size=connections, name=session_name(process))
        database = await _database(stack, settings, clock, stopping, opening)
        if database is None:
            yield None
        else:
            with suppress(RetriableError):  # the side task looks again
                await compare_clocks(clock, database)
            yield Life(settings, clock, stopping, stack, database, process)


async def _database(
    stack: AsyncExitStack,
    settings: Settings,
    clock: Clock,
    stopping: asyncio.Event,
    opening: Callable[[str], AbstractAsyncContextManager[Database]],
) -> Database | None:
    dsn = settings.postgres_dsn.get_secret_value()
    while not stopping.is_set():
        try:
            schema = await read_schema(dsn)
            if not schema.missing:
                if schema.newer:
                    log.warning("schema_newer", migrations=schema.newer)
                return await stack.enter_async_context(opening(dsn))
            log.warning("schema_not_current", hint="run `syncline migrate`")
        except RetriableError as error:
            log.warning("database_away", error=str(error))
        await clock.sleep(1.0)
    return None


def standing_still(last_tick: Callable[[], float], clock: Clock) -> Callable[[], str | None]:
    """Return the check of liveness of a loop, by the monotonic second of its newest tick."""

    def check() -> str | None:
        still = clock.monotonic() - last_tick()
        return f"the loop stood still for {still:.0f} s" if still > TICK_LIMIT else None

    return check
