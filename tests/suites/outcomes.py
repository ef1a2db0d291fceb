"""What Finalize relies on of outcomes and of the end of runs, in the database and in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec
from uuid6 import uuid7

from syncline.contracts.messages import (
    Attempt,
    DeadLetterRef,
    Extracted,
    Halted,
    Report,
    Retrying,
    Settled,
)
from syncline.contracts.run_ref import ref_of
from syncline.domain.errors import Category, Failure
from syncline.domain.run import Run, State
from syncline_finalize.handler import OutcomeStore, StalledRunStore
from tests.support.reports import settled as one_settled

NO = Failure(Category.PERMANENT, "rejected", "the target said 'no' to 17")
LONG = 1800.0


class OutcomeWorld(Protocol):
    """Outcomes of runs that Ingest has read, and time that can pass."""

    @property
    def outcomes(self) -> OutcomeStore: ...
    @property
    def stalled(self) -> StalledRunStore: ...

    async def extracted(self, batches: Mapping[int, str]) -> Run:
        """Return a run with these batches: by number, a record for each letter."""

    async def cancel(self, run: Run) -> None:
        """Want the run to end, as `ann`."""

    async def pass_time(self, run: Run, seconds: float) -> None:
        """Let time pass for a run."""


async def apply(world: OutcomeWorld, *reports: Report) -> Run:
    (run,) = await world.outcomes.apply(reports)
    return run


def settled(run: Run, number: int, codes: Mapping[int, str]) -> Settled:
    return one_settled(ref_of(run), number, list(codes), "".join(codes.values()), "execute")


class OutcomeSuite:
    """Subclasses give the fixture `world`."""

    async def test_a_run_ends_when_its_last_record_has_an_outcome(
        self, world: OutcomeWorld
    ) -> None:
        run = await world.extracted({0: "abc", 1: "d"})
        half = await apply(world, settled(run, 0, {2: "S", 0: "X", 1: "S"}))
        assert (half.state.is_final, half.counters.in_flight) == (False, 1)
        after = await apply(world, settled(run, 1, {0: "U"}), Extracted(ref_of(run), 2, 4))
        counters = after.counters
        assert (after.state, counters.total, counters.success) == (State.SUCCEEDED, 4, 2)
        assert (counters.excluded, counters.unchanged) == (1, 1)
        assert after.status_seq > half.status_seq

    async def test_every_report_twice_changes_nothing(self, world: OutcomeWorld) -> None:
        run = await world.extracted({0: "ab"})
        report = settled(run, 0, {0: "S"})
        await apply(world, report, report)
        again = await apply(world, report)
        assert (again.counters.success, again.counters.in_flight) == (1, 1)
        other = await apply(world, settled(run, 0, {0: "F", 1: "S"}))
        assert (other.counters.success, other.counters.failed) == (2, 0)

    async def test_failed_records_make_a_partial_success_and_each_has_a_number(
        self, world: OutcomeWorld
    ) -> None:
        run = await world.extracted({0: "ab"})
        before = await apply(world, settled(run, 0, {0: "S"}))
        letter = DeadLetterRef(str(uuid7()), "b", "execute", NO)
        failed = one_settled(ref_of(run), 0, [1], "F", "execute", [letter])
        after = await apply(world, failed, Extracted(ref_of(run), 1, 2))
        assert (after.state, after.counters.failed) == (State.PARTIAL_SUCCESS, 1)
        assert after.status_seq == before.status_seq + 2

    async def test_a_retry_says_until_when_the_run_waits(self, world: OutcomeWorld) -> None:
        run = await world.extracted({0: "a"})
        attempt = Attempt(1, "2026-01-01T00:00:00+00:00", "execute", NO)
        report = Retrying(ref_of(run), 0, [0], ["a"], [attempt], 4_000_000_000_000)
        after = await apply(world, report, report)
        assert after.retry_due_at is not None
        assert after.retry_due_at.timestamp() == 4_000_000_000
        assert not after.state.is_final

    async def test_a_cancelled_run_ends_cancelled(self, world: OutcomeWorld) -> None:
        run = await world.extracted({0: "ab"})
        await world.cancel(run)
        after = await apply(world, settled(run, 0, {0: "S", 1: "C"}))
        assert (after.state, after.reason) == (State.CANCELLED, "cancelled by ann")

    async def test_a_halted_run_ends_failed_for_the_first_reason(self, world: OutcomeWorld) -> None:
        run = await world.extracted({0: "ab"})
        other = Failure(Category.PERMANENT, "later", "something else")
        await apply(world, Halted(ref_of(run), NO), Halted(ref_of(run), other))
        after = await apply(world, settled(run, 0, {0: "C", 1: "C"}))
        assert (after.state, after.reason) == (State.FAILED, NO.message)

    async def test_what_comes_after_the_end_changes_nothing(self, world: OutcomeWorld) -> None:
        run = await world.extracted({0: "a"})
        ended = await apply(world, settled(run, 0, {0: "S"}))
        again = await apply(world, settled(run, 0, {0: "F"}), Halted(ref_of(run), NO))
        assert (again.state, again.counters, again.status_seq) == (
            ended.state,
            ended.counters,
            ended.status_seq,
        )

    async def test_reports_of_a_run_that_nobody_knows_are_left_out(
        self, world: OutcomeWorld
    ) -> None:
        run = await world.extracted({0: "a"})
        lost = str(uuid7())
        unknown = msgspec.structs.replace(ref_of(run), id=lost)
        assert await world.outcomes.apply([one_settled(unknown, 0, [0], "S", "execute")]) == []
        assert await world.outcomes.ended([lost], 60.0) == [lost]

    async def test_records_in_flight_are_those_of_open_runs(self, world: OutcomeWorld) -> None:
        run = await world.extracted({0: "abc"})
        assert await world.outcomes.in_flight() == 3
        await apply(world, settled(run, 0, {0: "S"}))
        assert await world.outcomes.in_flight() == 2
        await apply(world, settled(run, 0, {1: "S", 2: "F"}))
        assert await world.outcomes.in_flight() == 0
        assert await world.outcomes.ended([run.id], 60.0) == []
        assert await world.outcomes.ended([run.id], -60.0) == [run.id]

    async def test_a_run_that_stays_still_after_a_suspicion_is_given_up_once(
        self, world: OutcomeWorld
    ) -> None:
        run = await world.extracted({0: "ab"})
        await apply(world, settled(run, 0, {0: "S"}))
        assert await world.stalled.suspects(LONG) == []
        await world.pass_time(run, LONG + 60)
        (suspicion,) = await world.stalled.suspects(LONG)
        assert await world.stalled.close(suspicion) is None
        await world.pass_time(run, LONG)
        (suspicion,) = await world.stalled.suspects(LONG)
        for _ in range(2):
            closed = await world.stalled.close(suspicion)
            assert closed is not None
            assert (closed.run.state, closed.run.counters.failed) == (State.FAILED, 1)
            assert [letter.source_id for letter in closed.dead_letters] == ["b"]
        assert await world.stalled.suspects(LONG) == []

    async def test_a_run_that_moved_meanwhile_is_not_given_up(self, world: OutcomeWorld) -> None:
        run = await world.extracted({0: "ab"})
        await world.pass_time(run, LONG + 60)
        (suspicion,) = await world.stalled.suspects(LONG)
        assert await world.stalled.close(suspicion) is None
        await world.pass_time(run, LONG)
        (late,) = await world.stalled.suspects(LONG)
        await apply(world, settled(run, 0, {0: "S"}))
        assert await world.stalled.close(late) is None


# NEED settled
