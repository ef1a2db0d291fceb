"""A stand-in for the pipeline behind the worker: takes its triggers and gives records outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

from uuid6 import uuid7

from syncline.contracts.messages import Extracted
from syncline.contracts.run_ref import RunRef
from syncline.contracts.topics import CONTROL
from syncline.contracts.wire import Delivery, Outbound
from syncline.domain.errors import ConflictError
from syncline.domain.record import NewBatch, Watermarks
from syncline.domain.run import Run
from syncline.domain.trigger import TriggerRequest, parse_trigger
from syncline.postgres.configuration.streams import Streams
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.store import DeadLetterStore
from syncline.postgres.operations.steps import OperationSteps
from syncline.postgres.progress.extraction import Extractions
from syncline.postgres.progress.extraction_state import ExtractionEnd
from syncline.postgres.progress.outcomes import Outcomes
from syncline.postgres.runs.refused_triggers import RefusedTriggers
from syncline.postgres.runs.runs import Runs
from syncline.runtime.clock import SystemClock
from syncline_deadletter.operations import OperationWorker
from syncline_trigger.rules import decode
from tests.support.reports import settled
from tests.support.run_life import dead_letter


class Pipeline:
    """A producer whose triggers are worked off at once, unless `held`.

    Attributes:
        outcomes: source ID -> what its record gets, `S` by default.
        asked: the entries of every run, by its correlation ID.
        cancelled: the runs that were asked to end.
    """

    max_message = 1_000_000

    def __init__(self, database: Database, outcomes: Mapping[str, str] | None = None) -> None:
        self._database = database
        self.outcomes = dict(outcomes or {})
        self.asked: dict[str, tuple[str, ...]] = {}
        self.cancelled: list[str] = []
        self.sent = 0
        self.held = False
        self._waiting: list[Outbound] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, messages: Sequence[Outbound]) -> None:
        self.sent += len(messages)
        self.cancelled += [(m.key or b"").decode() for m in messages if m.topic == CONTROL]
        self._waiting += [m for m in messages if m.topic != CONTROL]
        if not self.held:
            await self.release()

    async def release(self) -> None:
        """Work off what was sent."""
        messages, self._waiting = self._waiting, []
        for message in messages:
            delivery = Delivery("triggers", 0, 0, message.key, message.value, (), 0)
            asked = decode(delivery, {})
            assert asked.request is not None, asked.problems
            await self._run(asked.run_id, asked.request)

    async def _run(self, run_id: str, request: TriggerRequest) -> None:
        if await RefusedTriggers(self._database).refusal(run_id, request):
            return
        stream = await Streams(self._database).runnable(
            request.tenant, request.instance, request.entity_type
        )
        try:
            run, is_new = await Runs(self._database).accept(run_id, request, stream, 1)
        except ConflictError as error:
            await RefusedTriggers(self._database).refuse(run_id, request, error)
            return
        if is_new and request.replay is not None:
            self.asked[run_id] = request.replay.entries
            items = await DeadLetterStore(self._database).replayed_by(request.tenant, run_id)
            await finish(
                self._database, run,
                {i.source_id: self.outcomes.get(i.source_id, "S") for i in items},
            )  # fmt: skip


async def finish(database: Database, run: Run, outcomes: Mapping[str, str]) -> None:
    """Let a run read records and end, each with its outcome; a failed one gets its dead letter.

    One whose outcome is `.` stays in flight.
    """
    ids = list(outcomes)
    extractions = Extractions(database)
    progress = await extractions.start(run.id)
    assert progress is not None
    batches = [NewBatch(0, 0, "normalize", ids, "." * len(ids))] if ids else []
    await extractions.commit(progress, batches, "0", Watermarks(None, None), 0)
    await extractions.finish(progress, None, ExtractionEnd())
    failed = [(slot, i) for slot, i in enumerate(ids) if outcomes[i] == "F"]
    await DeadLetterStore(database).store([dead_letter(run, i, slot) for slot, i in failed])
    ref = RunRef(
        run.id, run.tenant, run.stream, run.instance, run.entity_type, run.source, run.target,
        run.mapping, run.mapping_version,
    )  # fmt: skip
    slots = [slot for slot, i in enumerate(ids) if outcomes[i] != "."]
    codes = "".join(outcomes[ids[slot]] for slot in slots)
    reports = [settled(ref, 0, slots, codes, "execute")] if slots else []
    await Outcomes(database).apply([*reports, Extracted(ref, len(batches), len(ids))])


async def failed(database: Database, *source_ids: str, instance: str = "erp-shop") -> list[str]:
    """Let a run fail with these records, and return the IDs of their entries."""
    request = parse_trigger({"instance": instance, "entityType": "item", "onOverlap": "queue"})
    stream = await Streams(database).runnable("default", instance, "item")
    run, _ = await Runs(database).accept(str(uuid7()), request, stream, 1)
    await finish(database, run, dict.fromkeys(source_ids, "F"))
    await database.execute(
        """update dead_letters set failed_at = clock_timestamp() + slot * interval '1 ms'
        where run_id = $1""",
        UUID(run.id),
    )
    return [dead_letter(run, i, slot).id for slot, i in enumerate(source_ids)]


def worker(database: Database, producer: object, lease: float = 0.0) -> OperationWorker:
    """Make a worker of a process of its own."""
    steps, runs = OperationSteps(database, str(uuid4()), lease), Runs(database)
    return OperationWorker(steps, runs, producer, SystemClock())  # type: ignore[arg-type]


async def work_off(worker: OperationWorker, looks: int = 40) -> None:
    """Let a worker look until there is nothing to do."""
    for _ in range(looks):
        if not await worker.look():
            return
    raise AssertionError(f"not over after {looks} looks")


async def begin_now(database: Database, operation_id: str) -> None:
    """Let the grace period of a replay be over."""
    await database.execute(
        "update operations set starts_at = now() where id = $1", UUID(operation_id)
    )
