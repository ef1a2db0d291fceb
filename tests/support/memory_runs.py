"""Runs in memory, from the trigger to their end.

`suites/trigger_store.py` and `suites/outcomes.py` hold them to what the database does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from syncline.contracts.dead_letters import FailedRecord, RecordPlace, dead_letter
from syncline.contracts.events import DeadLetter
from syncline.contracts.messages import (
    Attempt,
    Extracted,
    Halted,
    Report,
    Retrying,
    Settled,
    Stalling,
    Waiting,
    dead_letters_in,
)
from syncline.contracts.run_ref import ref_of
from syncline.contracts.topics import Stage
from syncline.domain.errors import Category, ConflictError, Failure, NotFoundError
from syncline.domain.run import (
    PENDING,
    STALL_GRACE,
    STALLED,
    Counters,
    Mode,
    Outcome,
    Overlap,
    Run,
    State,
    final_state,
    stall_failure,
)
from syncline.domain.trigger import TriggerRequest
from syncline.postgres.configuration.streams import Stream
from syncline.postgres.progress.batch_outcomes import merge_codes, refused_failures
from syncline.postgres.progress.stalled_runs import StalledRun
from syncline.testing.clock import FakeClock
from tests.support.memory_dead_letters import MemoryDeadLetters

ACTIVE = (State.EXTRACTING, State.IN_PROGRESS)
ID = "01a218f0-d9ad-7980-81d9-14cf848cf7d1"
STREAM = Stream(
    id=1,
    tenant="default",
    instance=ID,
    instance_name="erp-shop",
    entity_type="item",
    source=ID,
    target=ID,
    mapping=ID,
    mapping_version=1,
)
AGAIN_AFTER = 10.0
"""Seconds after which a run that was dispatched and did not start is dispatched again."""


class _Kept(msgspec.Struct):
    run: Run
    request: TriggerRequest | None = None
    dispatched: float | None = None
    halted: bool = False
    moved: float = 0.0
    suspected: float | None = None
    batches: dict[int, tuple[list[str], str]] = {}
    letters: list[DeadLetter] = []


class MemoryRuns:
    """One stream and its runs; fits the ports of syncline_trigger and of syncline_finalize.

    Args:
        dead_letters: those of records that have not failed are removed from it.
    """

    def __init__(self, clock: FakeClock, dead_letters: MemoryDeadLetters | None = None) -> None:
        self._clock = clock
        self._dead_letters = dead_letters or MemoryDeadLetters()
        self._kept: dict[str, _Kept] = {}
        self._refusals: dict[str, tuple[TriggerRequest, NotFoundError | ConflictError]] = {}
        self.switched_off = False

    # What Trigger needs.

    async def runnable(self, tenant: str, instance: str, entity_type: str | None) -> Stream:
        if (tenant, instance) != (STREAM.tenant, STREAM.instance_name):
            raise NotFoundError(f"unknown instance {instance!r}")
        if entity_type != STREAM.entity_type:
            raise NotFoundError(f"instance {instance!r} has no entity type {entity_type!r}")
        if self.switched_off:
            raise ConflictError(f"instance {instance!r} is Inactive")
        return STREAM

    async def accept(
        self, run_id: str, request: TriggerRequest, stream: Stream, lanes: int
    ) -> tuple[Run, bool]:
        kept = self._kept.get(run_id)
        if kept is not None:
            if kept.request is None or kept.request.fingerprint() != request.fingerprint():
                raise ConflictError(f"correlation ID {run_id} belongs to another request")
            return kept.run, False
        if request.on_overlap is not Overlap.QUEUE and (active := self._open()):
            raise ConflictError(
                f"run {active[0].run.id} of this instance and entity type is active"
            )
        run = a_run(run_id, self._clock.now(), lanes=lanes, batch_size=request.batch_size)
        self._kept[run_id] = _Kept(run, request)
        return run, True

    def _open(self) -> list[_Kept]:
        """Return the runs that have not ended, active ones first."""
        return sorted(
            (kept for kept in self._kept.values() if not kept.run.state.is_final),
            key=lambda kept: kept.run.state is State.QUEUED,
        )

    async def open_cancels(self, older: float) -> list[tuple[str, str]]:
        before = self._clock.now() - timedelta(seconds=older)
        return [
            (kept.run.id, kept.run.cancel_requested_by or "finalize")
            for kept in self._open()
            if kept.run.state in ACTIVE
            and (kept.halted or ((at := kept.run.cancel_requested_at) is not None and at < before))
        ]

    async def refusal(
        self, run_id: str, request: TriggerRequest
    ) -> NotFoundError | ConflictError | None:
        known = self._refusals.get(run_id)
        if known is None or run_id in self._kept:
            return None
        return known[1] if known[0].fingerprint() == request.fingerprint() else None

    async def refuse(
        self, run_id: str, request: TriggerRequest, error: NotFoundError | ConflictError
    ) -> None:
        self._refusals[run_id] = (request, error)

    async def claim_dispatchable(self) -> list[tuple[str, str]]:
        turn = None if self.switched_off else self._in_turn()
        now = self._clock.monotonic()
        if turn is None or (turn.dispatched is not None and now - turn.dispatched < AGAIN_AFTER):
            return []
        turn.dispatched = now
        return [(turn.run.id, turn.run.tenant)]

    def _in_turn(self) -> _Kept | None:
        """Return the queued run whose turn it is."""
        first = next(iter(self._open()), None)
        if first is None or first.run.state is not State.QUEUED:
            return None
        run = first.run
        held = run.extracted or run.cancel_requested_at is not None or run.paused_at is not None
        return None if held else first

    async def refuse_switched_off(self) -> list[Run]:
        turn = self._in_turn() if self.switched_off else None
        if turn is not None:
            message = f"its turn came, but instance {STREAM.instance_name!r} is Inactive"
            failure = Failure(Category.PERMANENT, "refused", message)
            turn.run.extracted = True
            turn.run.failure = msgspec.to_builtins(failure)
            turn.run.status_seq += 1
        return [
            kept.run
            for kept in self._open()
            if kept.run.state is State.QUEUED and (kept.run.failure or {}).get("code") == "refused"
        ]

    async def end_cancelled(self) -> list[Run]:
        cancelled = [
            kept.run
            for kept in self._open()
            if kept.run.state is State.QUEUED and kept.run.cancel_requested_at is not None
        ]
        for run in cancelled:
            run.extracted = True
        return cancelled

    async def paused(self) -> list[tuple[str, str]]:
        return [
            (kept.run.id, kept.run.paused_by or "unknown")
            for kept in self._open()
            if kept.run.paused_at is not None
        ]

    async def not_paused(self, run_ids: Sequence[str]) -> list[str]:
        known = [self._kept[run_id].run for run_id in run_ids if run_id in self._kept]
        return [run.id for run in known if run.paused_at is None]

    # What people and Ingest do.

    def run(self, run_id: str) -> Run:
        return self._kept[run_id].run

    async def request_cancel(self, tenant: str, run_id: str, actor: str) -> None:
        run = self._kept[run_id].run
        run.cancel_requested_at, run.cancel_requested_by = self._clock.now(), actor
        run.status_seq += 1

    async def pause(self, tenant: str, run_id: str, actor: str) -> None:
        run = self._kept[run_id].run
        run.paused_at, run.paused_by = self._clock.now(), actor

    async def resume(self, tenant: str, run_id: str, actor: str) -> None:
        run = self._kept[run_id].run
        run.paused_at = run.paused_by = None

    async def extract(
        self, run: Run, batches: Mapping[int, Sequence[str]], *, ended: bool = True
    ) -> None:
        """Begin a run and commit batches: by number, the records' IDs, or a letter for each."""
        kept = self._kept.setdefault(run.id, _Kept(run))
        kept.run.state, kept.moved = State.EXTRACTING, self._clock.monotonic()
        for number, ids in batches.items():
            kept.batches[number] = (list(ids), PENDING * len(ids))
        kept.run.extracted = ended
        self._count(kept)

    # What Finalize needs.

    async def apply(self, reports: Sequence[Report]) -> list[Run]:
        by_run = defaultdict[str, list[Report]](list)
        for report in reports:
            by_run[report.run.id].append(report)
        known = [(self._kept[i], own) for i, own in sorted(by_run.items()) if i in self._kept]
        for kept, own in known:
            if not kept.run.state.is_final:
                self._apply(kept, own)
            else:
                self._settle_late(kept, own)
        return [msgspec.structs.replace(kept.run) for kept, _ in known]

    def _apply(self, kept: _Kept, reports: Sequence[Report]) -> None:
        run = kept.run
        for report in reports:
            if isinstance(report, Settled):
                self._settle(kept, report)
            elif isinstance(report, Halted):
                kept.halted, run.paused_at, run.paused_by = True, None, None
                run.needs_attention = None
                run.failure = run.failure or msgspec.to_builtins(report.failure)
            elif isinstance(report, Retrying | Waiting):
                due = datetime.fromtimestamp(report.due_at / 1000, UTC)
                run.retry_due_at = max(run.retry_due_at or due, due)
            elif isinstance(report, Extracted):
                run.failure = run.failure or (
                    msgspec.to_builtins(report.failure) if report.failure else None
                )
        run.status_seq += 1 + len(dead_letters_in(reports))
        kept.moved = self._clock.monotonic()
        if run.state is State.EXTRACTING and run.extracted:
            run.state = State.IN_PROGRESS
        self._count(kept)
        self._close_if_done(kept)

    def _settle_late(self, kept: _Kept, reports: Sequence[Report]) -> None:
        for report in reports:
            if isinstance(report, Settled):
                self._settle(kept, report)

    def _settle(self, kept: _Kept, report: Settled) -> None:
        for batch in report.batches:
            if batch.number in kept.batches:
                ids, codes = kept.batches[batch.number]
                self._dead_letters.remove(refused_failures(report.run.id, batch, codes))
                merged, _ = merge_codes(codes, batch.slots, batch.codes)
                kept.batches[batch.number] = ids, merged

    def _count(self, kept: _Kept) -> None:
        codes = Counter("".join(codes for _, codes in kept.batches.values()))
        named = {outcome.name.lower(): codes[outcome.value] for outcome in Outcome}
        kept.run.counters = Counters(total=codes.total(), **named)

    def _close_if_done(self, kept: _Kept) -> None:
        run = kept.run
        if not run.extracted or run.counters.in_flight:
            return
        run.state = final_state(
            run.counters,
            extraction_failed=run.failure is not None,
            cancelled=run.cancel_requested_at is not None,
            stalled=(run.reason or "").startswith(STALLED),
            halted=kept.halted,
        )
        run.finished_at = self._clock.now()
        run.paused_at = run.paused_by = run.needs_attention = None
        if run.state is State.CANCELLED:
            run.reason = f"cancelled by {run.cancel_requested_by}"
        elif run.failure is not None:
            run.reason = run.reason or run.failure["message"]

    async def in_flight(self) -> int:
        return sum(kept.run.counters.in_flight for kept in self._open())

    async def ended(self, run_ids: Sequence[str], seconds: float) -> list[str]:
        before = self._clock.now() - timedelta(seconds=seconds)
        return [
            run_id
            for run_id in run_ids
            if run_id not in self._kept
            or ((at := self._kept[run_id].run.finished_at) is not None and at < before)
        ]

    async def suspects(self, after: float) -> list[Stalling]:
        return [Stalling(ref_of(kept.run), str(kept.moved), after) for kept in self._still(after)]

    def _still(self, after: float) -> Iterator[_Kept]:
        for kept in self._open():
            due = kept.run.retry_due_at
            waits = due is not None and due > self._clock.now() - timedelta(seconds=after)
            is_still = kept.moved < self._clock.monotonic() - after
            if kept.run.state in ACTIVE and kept.run.paused_at is None and is_still and not waits:
                yield kept

    async def close(self, suspicion: Stalling) -> StalledRun | None:
        kept = self._kept[suspicion.run.id]
        if not kept.run.state.is_final:
            now = self._clock.monotonic()
            if kept.suspected is None or kept.suspected <= kept.moved:
                kept.suspected = now
            if (
                str(kept.moved) != suspicion.seen
                or now - kept.suspected <= suspicion.after * STALL_GRACE
            ):
                return None
            self._give_up(kept, suspicion.after)
        elif not (kept.run.reason or "").startswith(STALLED):
            return None
        return StalledRun(kept.run, kept.letters)

    def _give_up(self, kept: _Kept, after: float) -> None:
        kept.run.extracted, kept.run.reason = True, f"{STALLED}: nothing moved"
        at = self._clock.now().isoformat()
        attempt = Attempt(1, at, "normalize", stall_failure("normalize", after))
        for number, (ids, codes) in kept.batches.items():
            for slot, code in enumerate(codes):
                if code == PENDING:
                    place = RecordPlace(number, slot, ids[slot])
                    kept.letters.append(
                        dead_letter(
                            ref_of(kept.run), place, Stage.NORMALIZE, [attempt], FailedRecord()
                        )
                    )
            kept.batches[number] = (ids, codes.replace(PENDING, Outcome.FAILED.value))
        kept.run.status_seq += 1 + len(kept.letters)
        self._count(kept)
        self._close_if_done(kept)


def a_run(run_id: str = ID, at: datetime | None = None, **changes: object) -> Run:
    """Return a queued run of the stream."""
    run = Run(
        id=run_id,
        tenant=STREAM.tenant,
        stream=STREAM.id,
        instance=STREAM.instance,
        instance_name=STREAM.instance_name,
        entity_type=STREAM.entity_type,
        source=STREAM.source,
        target=STREAM.target,
        mapping=STREAM.mapping,
        mapping_version=STREAM.mapping_version,
        mode=Mode.INCREMENTAL,
        trigger="topic",
        actor="ann",
        batch_size=100,
        lanes=1,
        state=State.QUEUED,
        extracted=False,
        counters=Counters(),
        status_seq=0,
        created_at=at or datetime(2026, 1, 1, tzinfo=UTC),
    )
    return msgspec.structs.replace(run, **changes)
