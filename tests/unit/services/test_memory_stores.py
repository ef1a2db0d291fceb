"""The stores in memory, held to what the database does (integration/postgres/test_stage_stores)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from syncline.contracts.run_ref import RunRef, ref_of
from syncline.domain.run import Outcome, Run
from syncline.testing.clock import FakeClock
from tests.suites.dead_letters import DeadLetterSuite
from tests.suites.outcomes import OutcomeSuite, apply, settled
from tests.suites.trigger_store import TriggerStoreSuite
from tests.suites.write_ledger import RowNameSuite, WriteLedgerSuite
from tests.support.memory_dead_letters import MemoryDeadLetters
from tests.support.memory_ledger import MemoryLedger
from tests.support.memory_runs import MemoryRuns, a_run


class World:
    """Runs in memory."""

    def __init__(self) -> None:
        self._clock = FakeClock()
        self.runs = self.outcomes = self.stalled = self.store = MemoryRuns(self._clock)

    async def switch_off(self) -> None:
        self.runs.switched_off = True

    async def start(self, run: Run) -> None:
        await self.runs.extract(run, {0: "a"})

    async def finish(self, run: Run) -> None:
        await apply(self, settled(run, 0, {0: Outcome.SUCCESS}))

    async def extracted(self, batches: Mapping[int, str]) -> Run:
        run = a_run()
        await self.runs.extract(run, batches)
        return run

    async def cancel(self, run: Run | str) -> None:
        run_id = run if isinstance(run, str) else run.id
        await self.runs.request_cancel("default", run_id, "ann")

    async def pause(self, run_id: str) -> None:
        await self.runs.pause("default", run_id, "ann")

    async def resume(self, run_id: str) -> None:
        await self.runs.resume("default", run_id, "ann")

    async def pass_time(self, run: Run, seconds: float) -> None:
        await self._clock.advance(seconds)


class DeadLetterWorld:
    """Dead letters of one run in memory."""

    def __init__(self) -> None:
        self.run = a_run()
        self.letters = self._letters = MemoryDeadLetters()

    async def errors(self) -> dict[str, str]:
        return self._letters.errors()


class TestTriggerStore(TriggerStoreSuite):
    @pytest.fixture
    def world(self) -> World:
        return World()


class TestOutcomes(OutcomeSuite):
    @pytest.fixture
    def world(self) -> World:
        return World()


class TestWriteLedger(WriteLedgerSuite, RowNameSuite):
    @pytest.fixture
    def ledger(self) -> MemoryLedger:
        return MemoryLedger(FakeClock())

    @pytest.fixture
    def names(self, ledger: MemoryLedger) -> MemoryLedger:
        return ledger

    @pytest.fixture
    def run(self) -> RunRef:
        return ref_of(a_run())


class TestDeadLetters(DeadLetterSuite):
    @pytest.fixture
    def world(self) -> DeadLetterWorld:
        return DeadLetterWorld()
