"""Chains on a real database: Finalize asks for what follows, Trigger accepts it, once."""

from __future__ import annotations

import msgspec
import pytest
from uuid6 import uuid7

from syncline.contracts.messages import Extracted, Report
from syncline.contracts.outbound import report_message
from syncline.contracts.topics import TRIGGERS
from syncline.contracts.wire import Outbound
from syncline.domain.chain import next_run_id
from syncline.domain.errors import ConflictError, NotFoundError
from syncline.domain.run import Mode, Run, State
from syncline.domain.trigger import parse_trigger
from syncline.postgres.configuration.streams import Streams
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.store import DeadLetterStore
from syncline.postgres.progress.outcomes import Outcomes
from syncline.postgres.progress.stalled_runs import StalledRuns
from syncline.postgres.runs.chains import ParentRuns, Parents
from syncline.postgres.runs.run_detail import read_run_report
from syncline.postgres.runs.runs import Runs
from syncline.runtime.commands.control import ControlTopic
from syncline.testing.clock import FakeClock
from syncline.testing.memory_broker import MemoryBroker
from syncline_finalize.handler import FinalizeHandler
from syncline_finalize.main import SPEC as FINALIZE
from syncline_trigger.handler import TriggerHandler
from syncline_trigger.main import SPEC as TRIGGER
from syncline_trigger.main import Store
from tests.support.configured import DOCUMENT
from tests.support.faults import CrashError, crash_after
from tests.support.reports import settled
from tests.support.run_life import batch, dead_letter, extract, ref
from tests.support.stage_messages import delivered, events, on

_STOCK = (
    "insert into mappings (id, tenant, name, entity_type, active_version) "
    "values ($1, 'default', 'stock', 'itemstock', 1)",
    "insert into mapping_versions (mapping_id, version, tenant, document, actor) "
    "values ($1, 1, 'default', $2, 'test')",
    "insert into streams (tenant, instance_id, entity_type, mapping_id) "
    "select 'default', id, 'itemstock', $1 from instances",
)


class Bench:
    """Trigger and Finalize beside one database with items and their stock."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.outcomes = Outcomes(db)
        broker, clock = MemoryBroker(), FakeClock()
        control = ControlTopic(broker.reader("control"), clock)
        self.trigger = TriggerHandler(Store(db), control, broker.producer(), clock, 4)
        self.finalize = FinalizeHandler(
            self.outcomes, StalledRuns(db), broker.producer(), clock, 1800.0
        )

    async def ask(self, *triggers: Outbound) -> list[str]:
        """Let Trigger read triggers; return the states that it answers with."""
        ours = [msgspec.structs.replace(delivered(trigger), is_ours=True) for trigger in triggers]
        read = [TRIGGER.decode(delivery, {}) for delivery in ours]
        answers = await self.trigger.handle(read)
        return [data["state"] for _, data in events(answers)]

    async def begin(self, entity_type: str | None = None, **fields: object) -> Run:
        given = {"instance": "erp-shop", "entityType": entity_type, **fields}
        request = parse_trigger(given)
        stream = await Streams(self.db).runnable("default", "erp-shop", request.entity_type)
        run, _ = await Runs(self.db).accept(str(uuid7()), request, stream, 4)
        return run

    async def report(self, *sent: Report) -> list[Outbound]:
        """Let Finalize read reports; return the triggers that it publishes."""
        read = [FINALIZE.decode(delivered(report_message(r)), {r.run.id: r.run}) for r in sent]
        return on(await self.finalize.handle(read), TRIGGERS)

    async def end(self, run: Run, codes: str = "SS") -> list[Outbound]:
        await extract(self.db, run, [batch(0, "ab")])
        failed = [slot for slot, code in enumerate(codes) if code == "F"]
        await DeadLetterStore(self.db).store([dead_letter(run, "ab"[s], s) for s in failed])
        return await self.report(*ends(run, codes))

    async def get(self, run_id: str) -> Run:
        return await Runs(self.db).get("default", run_id)

    async def shown(self, run: Run) -> list[tuple[str, str | None, str | None]]:
        """Return the chain as the run's page shows it: entity type, state, reason."""
        chain = (await read_run_report(self.db, "default", run.id)).chain
        return [(one.entity_type, one.state, one.reason) for one in chain]


def ends(run: Run, codes: str) -> tuple[Report, Report]:
    return settled(ref(run), 0, [0, 1], codes, "execute"), Extracted(ref(run), 1, 2)


@pytest.fixture
async def bench(db: Database) -> Bench:
    mapping = str(uuid7())
    await db.execute(_STOCK[0], mapping)
    await db.execute(_STOCK[1], mapping, DOCUMENT | {"entityType": "itemstock"})
    await db.execute(_STOCK[2], mapping)
    await db.execute("update instances set run_order = '{item,itemstock}'")
    return Bench(db)


async def test_the_next_entity_type_follows_with_what_was_asked_for(bench: Bench) -> None:
    first = await bench.begin(mode="force_full", maxEntities=7, actor="ann")
    assert (first.entity_type, first.chain) == ("item", first.id)
    assert await bench.shown(first) == [("item", "queued", None), ("itemstock", None, None)]
    triggers = await bench.end(first)
    assert await bench.ask(*triggers) == ["queued"]
    second = await bench.get(next_run_id(first.id))
    assert (second.entity_type, second.chain, second.trigger, second.actor) == (
        "itemstock", first.id, "chain", "ann",
    )  # fmt: skip
    assert (second.mode, second.max_entities) == (Mode.FORCE_FULL, 7)
    assert await bench.shown(second) == [("item", "succeeded", None), ("itemstock", "queued", None)]
    assert await bench.end(second) == []


async def test_what_is_said_twice_begins_one_run(bench: Bench) -> None:
    first = await bench.begin()
    once = await bench.end(first)
    again = await bench.report(*ends(first, "SS"))
    assert await bench.ask(*once, *again, *once) == ["queued"] * 3
    assert await bench.db.fetchval("select count(*) from runs") == 2


async def test_a_crash_behind_the_end_of_a_run_loses_no_next_one(bench: Bench) -> None:
    first = await bench.begin()
    await extract(bench.db, first, [batch(0, "ab")])
    crash_after(bench.outcomes, "apply")
    with pytest.raises(CrashError):
        await bench.report(*ends(first, "SS"))
    assert (await bench.get(first.id)).state is State.SUCCEEDED
    assert await bench.ask(*await bench.report(*ends(first, "SS"))) == ["queued"]


@pytest.mark.parametrize("codes", ["FF", "CC"])
async def test_a_run_that_fails_or_is_cancelled_ends_the_chain(bench: Bench, codes: str) -> None:
    first = await bench.begin()
    if codes == "CC":
        await Runs(bench.db).request_cancel("default", first.id, "ann")
        await bench.db.execute("update runs set state = 'extracting'")
    assert await bench.end(first, codes) == []
    end = "Failed" if codes == "FF" else "Cancelled"
    why = f"itemstock did not run, because the run of item ended {end}"
    assert await bench.shown(first) == [("item", end.lower(), None), ("itemstock", None, why)]


async def test_a_run_in_which_some_records_failed_is_followed(bench: Bench) -> None:
    assert len(await bench.end(await bench.begin(), "SF")) == 1


async def test_single_records_and_later_entity_types_run_alone(bench: Bench) -> None:
    for fields in ({"sourceIds": "a,b"}, {"entity_type": "itemstock"}):
        run = await bench.begin(**fields)
        assert run.chain is None
        assert await bench.end(run) == []


async def test_a_run_of_an_earlier_chain_that_waits_still_serves_both(bench: Bench) -> None:
    busy = await bench.begin("itemstock")
    first = await bench.begin()
    assert await bench.ask(*await bench.end(first)) == ["queued"]
    second = await bench.begin()
    assert await bench.ask(*await bench.end(second)) == ["rejected"]
    (_, (_, state, reason)) = await bench.shown(second)
    assert state is None
    assert reason is not None
    assert f"the run {next_run_id(first.id)} of an earlier chain waits still" in reason
    await bench.end(busy)


async def test_a_next_run_that_is_refused_says_so(bench: Bench) -> None:
    first = await bench.begin()
    triggers = await bench.end(first)
    await bench.db.execute("update instances set enabled = false")
    assert await bench.ask(*triggers) == ["rejected"]
    (_, (_, _, reason)) = await bench.shown(first)
    assert reason == "refused: instance 'erp-shop' is Inactive"


async def test_only_what_follows_may_follow(bench: Bench) -> None:
    first = await bench.begin()
    stream = await Streams(bench.db).runnable("default", "erp-shop", "itemstock")
    request = parse_trigger({"instance": "erp-shop", "entityType": "itemstock", "after": first.id})
    with pytest.raises(ConflictError, match="does not follow"):  # it goes on
        await Runs(bench.db).accept(next_run_id(first.id), request, stream, 4)
    (trigger,) = await bench.end(first)
    with pytest.raises(ConflictError, match="does not follow"):  # of another name
        await Runs(bench.db).accept(str(uuid7()), request, stream, 4)
    foreign = msgspec.structs.replace(delivered(trigger), is_ours=False)
    assert TRIGGER.decode(foreign, {}).problems[0].path == "$.after"


async def test_without_an_order_the_entity_type_is_named(bench: Bench) -> None:
    await bench.db.execute("update instances set run_order = '{}'")
    with pytest.raises(NotFoundError, match="no `order`: name an entity type; it has: item, item"):
        await bench.begin()
    assert (await bench.begin("item")).chain is None


async def test_parents_are_what_comes_before_in_the_order(bench: Bench) -> None:
    parents, stock = ParentRuns(bench.db), ref(await bench.begin("itemstock"))
    assert await parents.of(stock) == Parents(["item"])
    first = await bench.begin()
    assert await parents.of(stock) == Parents(["item"], first.created_at)
    assert await parents.of(ref(first)) == Parents()
    await bench.db.execute("update instances set run_order = '{}'")
    assert await parents.of(stock) == Parents()
