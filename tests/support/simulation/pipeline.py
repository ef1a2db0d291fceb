"""The stages from Trigger to Finalize on a broker in memory, in an order that a seed decides.

Every process may die at every call of a port, hang and lose its partitions without knowing, and get
messages again. At the end all is left to get on, and what must hold is checked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

import msgspec

import syncline_deadletter.main
import syncline_execute.main
import syncline_finalize.main
import syncline_ingest.main
import syncline_normalize.main
import syncline_retry.main
import syncline_transform.main
import syncline_trigger.main
from syncline.contracts.outbound import trigger_message
from syncline.contracts.run_ref import RunRef, ref_of
from syncline.contracts.topics import INPUT_OF, Stage
from syncline.contracts.wire import Delivery, Partition
from syncline.domain.retry import RetryPolicy
from syncline.domain.run import Run
from syncline.runtime.mapping_handler import MappingHandler
from syncline.runtime.spec import Handler, StageSpec
from syncline.testing.clock import FakeClock
from syncline.testing.memory_broker import MemoryBroker
from syncline_deadletter.handler import DeadletterHandler
from syncline_execute.handler import ExecuteHandler
from syncline_execute.row_names import RowNaming
from syncline_execute.targets import Target
from syncline_execute.writer import Writer
from syncline_finalize.handler import FinalizeHandler
from syncline_retry.handler import RetryHandler
from syncline_trigger.handler import TriggerHandler
from tests.support.item_mapping import MAPPING, OneMapping, mapping_handler
from tests.support.limits import NoLimits
from tests.support.memory_dead_letters import MemoryDeadLetters
from tests.support.memory_ledger import MemoryLedger
from tests.support.memory_runs import MemoryRuns
from tests.support.parents import execute_router
from tests.support.run_commands import ToldCommands
from tests.support.simulation.extraction import MemoryExtractions, SimulatedIngest, SourceRow
from tests.support.simulation.park import MemoryPark
from tests.support.simulation.process import Port, Process, ProcessProducer
from tests.support.simulation.target import SimulatedTarget

SPECS: dict[str, StageSpec[Any]] = {
    service.SPEC.name: service.SPEC
    for service in (
        syncline_trigger.main, syncline_ingest.main, syncline_normalize.main,
        syncline_transform.main, syncline_execute.main, syncline_finalize.main,
        syncline_retry.main, syncline_deadletter.main,
    )
}  # fmt: skip
PARTITIONS = 2
PATIENCE = 20_000
"""Moves within which everything ends once nothing fails any more."""


class Targets:
    """The one target, as a process sees it."""

    def __init__(self, target: SimulatedTarget, process: Process) -> None:
        self._connector: Any = Port(target, process)
        self._capabilities = target.capabilities

    async def of(self, run: RunRef) -> Target:
        return Target(
            self._connector, self._capabilities, MAPPING.transformation,
            RetryPolicy(3, 2.0, 32.0), NoLimits(), 2,
        )  # fmt: skip


class Member:
    """A process of a stage with its handler, and the partitions that it works on now."""

    def __init__(self, name: str, process: Process, handler: Handler[Any], producer: Any) -> None:
        self.name = name
        self.process = process
        self.handler = handler
        self.producer = producer
        self.busy: dict[Partition, asyncio.Task[None]] = {}
        self.side_tasks: list[asyncio.Task[None]] = []

    def tasks(self) -> list[asyncio.Task[None]]:
        return [*self.busy.values(), *self.side_tasks]


class Pipeline:
    """One life of an installation; everything in it follows from the seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.crash_rate = self.random.choice((0.0, 0.002, 0.01, 0.03))
        trouble = self.random.choice((0.0, 0.05, 0.2))
        self.clock = FakeClock()
        self.broker = MemoryBroker(PARTITIONS)
        self.dead_letters = MemoryDeadLetters()
        self.runs = MemoryRuns(self.clock, self.dead_letters)
        self.ledger = MemoryLedger(self.clock)
        self.extractions = MemoryExtractions(self.runs)
        self.commands = ToldCommands()
        self.park = MemoryPark(self.commands)
        self.target = SimulatedTarget(
            self.random, upserts=self.random.random() < 0.5, trouble=trouble
        )
        self.sources: dict[str, list[SourceRow]] = {}
        self._places = [
            (name, place)
            for name, spec in SPECS.items()
            for topic in spec.topics
            if not topic.endswith("*")
            for place in self.broker.partitions_of(topic)
        ]
        self.committed = dict.fromkeys(self._places, 0)
        self.members: dict[str, Member] = {}
        self.zombies: list[Member] = []
        self.moves = 0

    async def live(self) -> None:
        """Live from the first trigger to the end of the last run."""
        for name in SPECS:
            self._begin(name)
        try:
            for number in range(self.random.randrange(1, 4)):
                await self._trigger(number)
                await self._get_on(self.random.randrange(100))
            await self._get_on(self.random.randrange(500))
            await self._calm_down()
        finally:
            await self._end()

    async def _trigger(self, number: int) -> None:
        run_id = str(UUID(int=self.random.getrandbits(128), version=4))
        ids = self.random.sample(range(30), self.random.randrange(1, 25))
        self.sources[run_id] = [(f"S{i}", self._record(i, number)) for i in ids]
        fields = {"instance": "erp-shop", "entityType": "item", "onOverlap": "queue"}
        message = trigger_message(run_id, fields, "test", self.clock.now())
        await self.broker.producer().send([message])

    def _record(self, i: int, number: int) -> dict[str, Any]:
        """Return the record of an ID as a run reads it: some fail, some are left out."""
        chance = self.random.random()
        n = "many" if chance < 0.05 else 0 if chance < 0.1 else (number + 1) * 1000 + i
        return {"id": f"S{i}", "n": n}

    async def _get_on(self, moves: int) -> None:
        for _ in range(moves):
            await self._move()

    async def _move(self) -> None:
        """Let something happen: mostly work, at times a fault or what a person wants."""
        self.moves += 1
        chance = self.random.random()
        if chance < 0.6:
            self._work()
        elif chance < 0.7:
            await self.clock.advance(self.random.choice((0.1, 1.0, 3.0)))
        elif chance < 0.72 and self.crash_rate:
            self._expel(self.random.choice(list(self.members)))
        elif chance < 0.725 and self.crash_rate:
            self._wish()
        for _ in range(self.random.randrange(3)):
            await asyncio.sleep(0)
        self._reap()

    def _wish(self) -> None:
        """Pause, resume or cancel a run, as its row and the control topic would have it."""
        run_id = self.random.choice(list(self.sources))
        if self.commands.paused:
            self.commands.paused.clear()
        elif self.random.random() < 0.7:
            self.commands.paused.add(run_id)
        else:
            self._cancel(run_id)

    def _cancel(self, run_id: str) -> None:
        run = self._run(run_id)
        if run is not None and not run.state.is_final:
            run.cancel_requested_at, run.cancel_requested_by = self.clock.now(), "ann"
            self.commands.cancelled.add(run_id)

    def _run(self, run_id: str) -> Run | None:
        """Return a run, or None if its trigger was not taken yet."""
        try:
            return self.runs.run(run_id)
        except KeyError:
            return None

    def age_of(self, number: int) -> int:
        """Return where the run that read a number stands in the order of reading."""
        return self.extractions.order().index(list(self.sources)[number // 1000 - 1])

    # Stages.

    def _begin(self, name: str) -> None:
        """Let a new process have a stage."""
        process = Process(self.random, self.crash_rate)
        producer = ProcessProducer(self.broker, process)
        handler = self._handlers()[name](process, producer)
        member = self.members[name] = Member(name, process, handler, producer)
        if isinstance(handler, TriggerHandler | RetryHandler):
            for work in handler.side_tasks().values():
                task = asyncio.ensure_future(_mortal(work, process))
                member.side_tasks.append(task)

    def _handlers(self) -> dict[str, Callable[[Process, Any], Any]]:
        return {
            "trigger": lambda p, out: TriggerHandler(
                self._port(self.runs, p), self.commands, out, self.clock, PARTITIONS  # type: ignore[arg-type]
            ),
            "ingest": lambda p, out: SimulatedIngest(
                self.sources, self.runs, self._port(self.extractions, p), out, self.clock,
                self.random,
            ),
            "normalize": lambda p, out: self._mapping(Stage.NORMALIZE),
            "transform": lambda p, out: self._mapping(Stage.TRANSFORM),
            "execute": lambda p, out: ExecuteHandler(
                Targets(self.target, p),
                self._writer(self._port(self.ledger, p)),
                self.commands, execute_router(self.random), self.clock, out,
            ),
            "finalize": lambda p, out: FinalizeHandler(
                self._port(self.runs, p), self._port(self.runs, p), out, self.clock, 1e9
            ),
            "retry": lambda p, out: RetryHandler(
                self.commands.is_cancelled, self.clock, partial(self.park.unpark, out.send)
            ),
            "deadletter": lambda p, out: DeadletterHandler(self._port(self.dead_letters, p), {}),
        }  # fmt: skip

    def _writer(self, ledger: Any) -> Writer:
        return Writer(ledger, RowNaming(ledger), self.clock)

    @staticmethod
    def _port(subject: object, process: Process) -> Any:
        return Port(subject, process)

    def _mapping(self, stage: Stage) -> MappingHandler:
        return mapping_handler(stage, OneMapping(), self.commands, self.clock)

    def _work(self) -> None:
        """Let some process take messages that wait for it."""
        waiting = [
            (self.members[name], place)
            for name, place in self._unread()
            if place not in self.members[name].busy
        ]
        if waiting:
            member, place = self.random.choice(waiting)
            work = _mortal(partial(self._process, member, place), member.process)
            member.busy[place] = asyncio.ensure_future(work)

    async def _process(self, member: Member, place: Partition) -> None:
        spec, at = SPECS[member.name], self.committed[member.name, place]
        count = self.random.randrange(1, min(spec.options.max_items, 8) + 1)
        deliveries = self.broker.log(place)[at : at + count]
        left: Sequence[Delivery] = deliveries
        if spec.topics[0] in INPUT_OF.values():
            left = [d for d in deliveries if not self.park.is_for((d.key or b"").decode())]
            parked = [d for d in deliveries if d not in left]
            await self._port(self.park, member.process).park(parked)
        if left:
            await member.producer.send(await member.handler.handle(self._decoded(spec, left)))
        if self.members[member.name] is member:  # otherwise the commit is refused
            self.committed[member.name, place] = at + len(deliveries)

    def _decoded(self, spec: StageSpec[Any], deliveries: Sequence[Delivery]) -> list[Any]:
        known = {r.id: ref_of(r) for i in self.sources if (r := self._run(i)) is not None}
        return [spec.decode(delivery, known) for delivery in deliveries]

    def _expel(self, name: str) -> None:
        """Give a process's partitions to a new one; it goes on with what it has in hand."""
        self.zombies.append(self.members[name])
        self._begin(name)

    def _reap(self) -> None:
        """Start dead processes again, forget work that is done, and raise what it broke on."""
        for member in [*self.members.values(), *self.zombies]:
            for place, task in list(member.busy.items()):
                if task.done():
                    del member.busy[place]
                    task.result()
            if not member.process.is_alive:
                for task in member.tasks():
                    task.cancel()
                if member in self.zombies:
                    self.zombies.remove(member)
                else:
                    self._begin(member.name)

    async def _calm_down(self) -> None:
        """Let nothing fail any more, and everything end."""
        self.crash_rate = self.target.trouble = 0.0
        for member in [*self.members.values(), *self.zombies]:
            member.process.crash_rate = 0.0
        self.commands.paused.clear()
        for _ in range(PATIENCE):
            if self._is_over():
                return
            for _ in range(3):
                self._work()
            await self.clock.advance(self.random.choice((0.0, 1.0, 5.0)))
            self._reap()
        raise AssertionError(f"still going on: {[self._run(i) for i in self.sources]}")

    def _is_over(self) -> bool:
        runs = [self._run(run_id) for run_id in self.sources]
        are_over = all(run is not None and run.state.is_final for run in runs)
        return are_over and not self._unread() and not self.park.kept

    def _unread(self) -> list[tuple[str, Partition]]:
        """Return where messages wait, and for which stage."""
        return [own for own in self._places if len(self.broker.log(own[1])) > self.committed[own]]

    async def _end(self) -> None:
        tasks = [t for m in [*self.members.values(), *self.zombies] for t in m.tasks()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


async def _mortal(work: Callable[[], Awaitable[None]], process: Process) -> None:
    """Do work until its process dies."""
    try:
        await work()
    except BaseException:
        if process.is_alive:
            raise


def state_of(pipeline: Pipeline) -> bytes:
    """Return all that a life has led to, to compare two lives of one seed."""
    runs = [pipeline.runs.run(run_id) for run_id in pipeline.sources]
    codes = [[run.id, run.state, run.counters] for run in runs]
    return msgspec.json.encode([pipeline.moves, codes, pipeline.target.rows])
