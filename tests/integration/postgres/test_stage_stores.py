"""The database, held to what the stages rely on, as the stores in memory are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest

from syncline.contracts.messages import Extracted
from syncline.contracts.run_ref import RunRef
from syncline.domain.run import Run
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.dead_letters.store import DeadLetterStore
from syncline.postgres.ledger.row_names import RowNames
from syncline.postgres.ledger.write_ledger import Ledger
from syncline.postgres.progress.extraction import Extractions
from syncline.postgres.progress.outcomes import Outcomes
from syncline.postgres.progress.stalled_runs import StalledRuns
from syncline_trigger.main import Store
from tests.suites.dead_letters import DeadLetterSuite
from tests.suites.outcomes import OutcomeSuite
from tests.suites.trigger_store import TriggerStoreSuite
from tests.suites.write_ledger import RowNameSuite, WriteLedgerSuite
from tests.support.configured import configure
from tests.support.run_life import accept, batch, extract, ref


@pytest.fixture
async def db(postgres: str) -> AsyncIterator[Database]:
    async with open_database(postgres) as database:
        await configure(database)
        yield database


class World:
    """Runs in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.outcomes, self.stalled = Outcomes(database), StalledRuns(database)
        self.store = Store(database)

    async def switch_off(self) -> None:
        await self._database.execute("update instances set enabled = false")

    async def start(self, run: Run) -> None:
        await Extractions(self._database).start(run.id)

    async def finish(self, run: Run) -> None:
        await extract(self._database, run)
        await self.outcomes.apply([Extracted(ref(run), 0, 0)])

    async def extracted(self, batches: Mapping[int, str]) -> Run:
        run = await accept(self._database)
        await extract(self._database, run, [batch(number, ids) for number, ids in batches.items()])
        return run

    async def cancel(self, run: Run | str) -> None:
        run_id = run if isinstance(run, str) else run.id
        await self.store.request_cancel("default", run_id, "ann")

    async def pause(self, run_id: str) -> None:
        await self.store.pause("default", run_id, "ann")

    async def resume(self, run_id: str) -> None:
        await self.store.resume("default", run_id, "ann")

    async def pass_time(self, run: Run, seconds: float) -> None:
        await self._database.execute(
            """update runs set progressed_at = progressed_at - make_interval(secs => $1),
            suspected_at = suspected_at - make_interval(secs => $1)""",
            seconds,
        )


class DeadLetterWorld:
    """Dead letters of one run in the database."""

    def __init__(self, database: Database, run: Run) -> None:
        self._database = database
        self.run = run
        self.letters = DeadLetterStore(database)

    async def errors(self) -> dict[str, str]:
        rows = await self._database.fetch("select id, error from dead_letters")
        return {str(row["id"]): row["error"] for row in rows}


class TestTriggerStore(TriggerStoreSuite):
    @pytest.fixture
    def world(self, db: Database) -> World:
        return World(db)


class TestOutcomes(OutcomeSuite):
    @pytest.fixture
    def world(self, db: Database) -> World:
        return World(db)


class TestWriteLedger(WriteLedgerSuite, RowNameSuite):
    @pytest.fixture
    def ledger(self, db: Database) -> Ledger:
        return Ledger(db)

    @pytest.fixture
    def names(self, db: Database) -> RowNames:
        return RowNames(db)

    @pytest.fixture
    async def run(self, db: Database) -> RunRef:
        return ref(await accept(db))


class TestDeadLetters(DeadLetterSuite):
    @pytest.fixture
    async def world(self, db: Database) -> DeadLetterWorld:
        run = await accept(db)
        await extract(db, run, [batch(0, "ab")])
        return DeadLetterWorld(db, run)
