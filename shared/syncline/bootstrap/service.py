"""Starting a service: settings in, a stage in its loop out. What every main.py calls."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import TypeVar

import msgspec
import uvloop

from syncline.bootstrap.connections import Connections, Mappings
from syncline.bootstrap.life import Life, life, standing_still
from syncline.bootstrap.settings import Settings
from syncline.kafka.consumer import KafkaConsumer
from syncline.kafka.producer import KafkaProducer
from syncline.kafka.reader import KafkaReader
from syncline.postgres.configuration.pinned import Configuration
from syncline.postgres.database.database import Database
from syncline.postgres.limits.leases import Limits
from syncline.runtime.clock import Clock
from syncline.runtime.commands.control import Control
from syncline.runtime.loop.stage_loop import Handler, Stage, StageSpec
from syncline.runtime.ports import Producer
from syncline.runtime.process.health import HealthServer
from syncline.runtime.process.pulse import CountedProducer
from syncline.runtime.process.traced_producer import TracedProducer
from syncline.telemetry.logs import configure_logs

T = TypeVar("T")


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
    async with life(settings) as own:
        if own is None:
            return
        service = _service(own)
        spec, handler = build(service)
        configure_logs(spec.name, settings.log_level)
        _export_spans(own.stack, spec.name, settings.otlp_endpoint)
        consumer = KafkaConsumer(settings.kafka(), spec.name)
        stage = Stage(spec, handler, consumer, service.producer, own.clock)
        await own.run(
            spec.name,
            lambda: stage.run(own.stopping),
            _health(service, stage, own.clock),
            _side_tasks(service, handler),
            topics=list(spec.topics),
        )


def _export_spans(stack: AsyncExitStack, service: str, endpoint: str | None) -> None:
    if endpoint:
        from syncline.telemetry.exporting import export_spans  # noqa: PLC0415 - costs 20 MB

        stack.push_async_callback(asyncio.to_thread, export_spans(service, endpoint))


def _service(own: Life) -> Service:
    settings, database = own.settings, own.database
    producer = CountedProducer(TracedProducer(KafkaProducer(settings.kafka())))
    own.stack.push_async_callback(producer.stop)
    reader = KafkaReader(settings.kafka(), "control", from_beginning=True)
    configuration = Configuration(database, settings.keyring())
    limits = Limits(database)
    connections = Connections(configuration, limits, settings.surroundings(), own.clock)
    own.stack.push_async_callback(connections.close)
    return Service(
        settings, database, producer, Control(reader, own.clock), connections,
        Mappings(configuration), limits, own.clock,
    )  # fmt: skip


def _side_tasks(service: Service, handler: object) -> Mapping[str, Callable[[], Awaitable[None]]]:
    own: Mapping[str, Callable[[], Awaitable[None]]] = getattr(handler, "side_tasks", dict)()
    return {"control": service.control.follow, "limits": service.limits.renew, **own}


def _health(service: Service, stage: Stage[T], clock: Clock) -> HealthServer:
    def ready() -> dict[str, str | None]:
        return {
            "group": None if stage.joined else "not joined yet",
            "control": None if service.control.caught_up else "still reading",
            "dependencies": stage.waiting_for,
        }

    return HealthServer(standing_still(lambda: stage.last_tick, clock), ready)
