"""Starting a service: settings in, a stage in its loop out. What every main.py calls."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec
import uvloop

from syncline.bootstrap.connections import Connections, MappingCache
from syncline.bootstrap.life import Life, life, standing_still
from syncline.bootstrap.producers import ServiceProducer
from syncline.bootstrap.restore_check import RestoreCheck, publish_marks
from syncline.bootstrap.settings import Settings
from syncline.bootstrap.start_check import StartCheck
from syncline.contracts.run_ref import RunRef
from syncline.contracts.topics import INPUT_OF, Stage
from syncline.kafka.consumer import KafkaConsumer
from syncline.kafka.reader import KafkaReader
from syncline.postgres.configuration.profiles import Configuration
from syncline.postgres.database.database import Database
from syncline.postgres.limits.leases import Limits
from syncline.postgres.progress.bundle_park import BundlePark
from syncline.postgres.progress.custody import StageCustody
from syncline.postgres.runs.open_lanes import moved_lanes
from syncline.postgres.runs.run_refs import RunRefs
from syncline.runtime.clock import Clock
from syncline.runtime.commands.control import ControlTopic
from syncline.runtime.loop.stage_loop import StageLoop
from syncline.runtime.loop.stage_reach import StageReach
from syncline.runtime.ports import Producer
from syncline.runtime.process.health import HealthServer
from syncline.runtime.spec import Handler, SideTask, StageSpec
from syncline.telemetry.logs import configure_logs
from syncline.telemetry.run_log import RUN_LOG

T = TypeVar("T")


class Service(msgspec.Struct, frozen=True):
    """What a service is made of, before its stage is."""

    settings: Settings
    database: Database
    producer: Producer
    commands: ControlTopic
    connections: Connections
    mappings: MappingCache
    limits: Limits
    clock: Clock


def run(build: Callable[[Service], tuple[StageSpec[T], Handler[T]]], settings: Settings) -> None:
    """Run a service, whose stage and handler `build` makes, until it is told to stop."""
    # Records are trees and go by reference counts: looking through them for cycles finds none.
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    uvloop.run(_run(build, settings))


async def _run(
    build: Callable[[Service], tuple[StageSpec[T], Handler[T]]], settings: Settings
) -> None:
    async with life(settings) as own:
        if own is None:
            return
        service = _service(own)
        spec, handler = build(service)
        configure_logs(spec.name, settings.log_level)
        own.export_spans(spec.name)
        consumer = KafkaConsumer(settings.kafka(), spec.name)
        custody = StageCustody(own.database, spec.name)
        if spec.names_runs:
            spec = msgspec.structs.replace(spec, runs=RunRefs(own.database))
        tasks = _side_tasks(service, spec, own)
        if set(spec.topics) <= set(INPUT_OF.values()):
            reach = StageReach(Stage(spec.name), service.producer, own.clock)
            spec = msgspec.structs.replace(spec, park=_bundle_park(service), reach=reach.note)
            spec = msgspec.structs.replace(spec, work=partial(RUN_LOG.work, spec.name))
            tasks["reach"] = reach.publish
        loop = StageLoop(spec, handler, consumer, service.producer, own.clock, custody)
        lanes = StartCheck(partial(moved_lanes, own.database, settings.kafka_partitions), own.clock)
        restores = RestoreCheck(own.database, service.commands, own.clock)
        tasks["restores"] = restores.watch

        async def may_begin() -> None:
            await lanes.passed()
            await restores.passed()
            await service.limits.take_over()

        await own.run(
            spec.name,
            lambda: loop.run(own.stopping, may_begin),
            _health(service, lanes, restores, loop, own.clock),
            {**tasks, **handler.side_tasks()},
            topics=list(spec.topics),
        )


def _side_tasks(service: Service, spec: StageSpec[T], own: Life) -> dict[str, SideTask]:
    tasks: dict[str, SideTask] = {
        "control": service.commands.follow,
        "limits": service.limits.renew,
        "breakers": partial(
            service.connections.probe, of_parked=INPUT_OF[Stage.EXECUTE] in spec.topics
        ),
    }
    if spec.settles:  # one service is enough
        tasks["marks"] = partial(
            publish_marks, own.database, service.commands, service.producer, own.clock
        )
    return tasks


def _bundle_park(service: Service) -> BundlePark:
    commands, breakers = service.commands, service.limits.breakers

    def may_not_go_on(run: RunRef) -> bool:
        if commands.is_cancelled(run.id):  # what is left of it is skipped
            return False
        return commands.is_paused(run.id) or breakers.open_at(run.target) is not None

    return BundlePark(service.database, may_not_go_on)


def _service(own: Life) -> Service:
    settings, database = own.settings, own.database
    producer = ServiceProducer(settings.kafka())
    own.stack.push_async_callback(producer.stop)
    reader = KafkaReader(settings.kafka(), "control", from_beginning=True)
    configuration = Configuration(database, settings.keyring())
    limits = Limits(database, own.process)
    connections = Connections(configuration, limits, settings.surroundings, own.clock)
    own.stack.push_async_callback(connections.close)
    return Service(
        settings=settings,
        database=database,
        producer=producer,
        commands=ControlTopic(reader, own.clock),
        connections=connections,
        mappings=MappingCache(configuration),
        limits=limits,
        clock=own.clock,
    )


def _health(
    service: Service, lanes: StartCheck, restores: RestoreCheck, loop: StageLoop[T], clock: Clock
) -> HealthServer:
    def ready() -> dict[str, str | None]:
        return {
            "group": None if loop.joined else "not joined yet",
            "control": None if service.commands.caught_up else "still reading",
            "lanes": lanes.problem,
            "database": restores.problem,
            "dependencies": loop.waiting_for,
        }

    return HealthServer(standing_still(lambda: loop.last_tick, clock), ready)
