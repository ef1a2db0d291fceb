"""Starting a service: settings in, a stage in its loop out. What every main.py calls."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import TypeVar

import msgspec
import structlog
import uvloop

from syncline.bootstrap.connections import Connections, Mappings
from syncline.bootstrap.pulse import pulse_of
from syncline.bootstrap.settings import Settings
from syncline.domain.errors import RetriableError
from syncline.kafka.consumer import KafkaConsumer
from syncline.kafka.producer import KafkaProducer
from syncline.kafka.reader import KafkaReader
from syncline.postgres.configuration import Configuration
from syncline.postgres.database import Database, open_database
from syncline.postgres.limits import Limits
from syncline.postgres.migrate import is_current
from syncline.runtime.clock import Clock, SystemClock
from syncline.runtime.control import Control
from syncline.runtime.health import HealthServer
from syncline.runtime.lifecycle import run_with_side_tasks, stop_signals
from syncline.runtime.ports import Producer
from syncline.runtime.pulse import CountedProducer
from syncline.runtime.stage import Handler, Stage, StageSpec
from syncline.runtime.traced import TracedProducer
from syncline.telemetry.logs import configure_logs

T = TypeVar("T")
TICK_LIMIT = 10.0
"""Seconds without a turn of the loop after which a service counts as dead."""
log = structlog.get_logger()


class Service(msgspec.Struct, frozen=True):
    """What a service is made of, before its stage is."""

    settings: Settings
    database: Database
    producer: Producer
    control: Control
    connections: Connections
    mappings: Mappings
    limits: Limits
    clock: Clock


def run(build: Callable[[Service], tuple[StageSpec[T], Handler[T]]], settings: Settings) -> None:
    """Run a service until it is told to stop.

    Args:
        build: makes the stage's specification and its handler; a handler with a method
            `side_tasks()` gets those run beside it.
    """
    _collect_garbage_seldom()
    uvloop.run(_run(build, settings))


def _collect_garbage_seldom() -> None:
    """Records are trees and go by reference counts; looking through them for cycles finds none."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


async def _run(
    build: Callable[[Service], tuple[StageSpec[T], Handler[T]]], settings: Settings
) -> None:
    async with stop_signals() as stopping, AsyncExitStack() as stack:
        clock = SystemClock()
        database = await open_when_current(stack, settings, clock, stopping)
        if database is None:
            return
        service = _service(stack, settings, database, clock)
        spec, handler = build(service)
        configure_logs(spec.name, settings.log_level)
        _export_spans(stack, spec.name, settings.otlp_endpoint)
        consumer = KafkaConsumer(settings.kafka(), spec.name)
        stage = Stage(spec, handler, consumer, service.producer, clock)
        health = _health(service, stage, clock)
        await health.start(settings.health_host, settings.health_port)
        stack.push_async_callback(health.stop)
        pulse = pulse_of(spec.name, settings, clock)
        stack.push_async_callback(pulse.stop)
        log.info("service_started", topics=list(spec.topics), health_port=settings.health_port)
        sides = {"pulse": pulse.beat, **_side_tasks(service, handler)}
        await run_with_side_tasks(stage.run(stopping), sides)
        log.info("service_stopped")


def _export_spans(stack: AsyncExitStack, service: str, endpoint: str | None) -> None:
    if endpoint:
        from syncline.telemetry.exporting import export_spans  # noqa: PLC0415 - costs 20 MB

        stack.push_async_callback(asyncio.to_thread, export_spans(service, endpoint))


async def open_when_current(
    stack: AsyncExitStack,
    settings: Settings,
    clock: Clock,
    stopping: asyncio.Event,
    *,
    size: int = 4,
) -> Database | None:
    """Open the database, waiting for it to appear and to have this release's schema.

    Args:
        stack: closes it.
        size: connections at most.

    Returns:
        None when `stopping` was set first.
    """
    dsn = settings.postgres_dsn.get_secret_value()
    while not stopping.is_set():
        try:
            if await is_current(dsn):
                return await stack.enter_async_context(open_database(dsn, size=size))
            log.warning("schema_not_current", hint="run `syncline migrate`")
        except RetriableError as error:
            log.warning("database_away", error=str(error))
        await clock.sleep(1.0)
    return None


def _service(
    stack: AsyncExitStack, settings: Settings, database: Database, clock: Clock
) -> Service:
    producer = CountedProducer(TracedProducer(KafkaProducer(settings.kafka())))
    stack.push_async_callback(producer.stop)
    reader = KafkaReader(settings.kafka(), "control", from_beginning=True)
    configuration = Configuration(database, settings.keyring())
    limits = Limits(database)
    connections = Connections(configuration, limits, settings.surroundings(), clock)
    stack.push_async_callback(connections.close)
    return Service(
        settings, database, producer, Control(reader, clock), connections,
        Mappings(configuration), limits, clock,
    )  # fmt: skip


def _side_tasks(service: Service, handler: object) -> Mapping[str, Callable[[], Awaitable[None]]]:
    own: Mapping[str, Callable[[], Awaitable[None]]] = getattr(handler, "side_tasks", dict)()
    return {"control": service.control.follow, "limits": service.limits.keep, **own}


def _health(service: Service, stage: Stage[T], clock: Clock) -> HealthServer:
    def alive() -> str | None:
        still = clock.monotonic() - stage.last_tick
        return f"the loop stood still for {still:.0f} s" if still > TICK_LIMIT else None

    def ready() -> dict[str, str | None]:
        return {
            "group": None if stage.joined else "not joined yet",
            "control": None if service.control.caught_up else "still reading",
            "dependencies": stage.waiting_for,
        }

    return HealthServer(alive, ready)
