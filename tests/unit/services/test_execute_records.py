"""Execute: what becomes of records, with a real target (a SQLite file) and the ledger in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from syncline.connectors.port import ConnectorError, Surroundings, WriteBatch, WriteResult
from syncline.connectors.sqlite import SqliteConnector
from syncline.contracts.bundle import Bundle
from syncline.contracts.messages import Halted, Retrying, Settled, Waiting, encode
from syncline.contracts.run_ref import RunRef, ref_of
from syncline.contracts.wire import Outbound
from syncline.domain.columns import Columns
from syncline.domain.errors import Category, Failure, RetriableError
from syncline.domain.failure_budget import FailureBudget
from syncline.domain.ledger import Acknowledgements
from syncline.domain.mapping.document import Transformation, TransformationField
from syncline.domain.retry import RetryPolicy
from syncline.domain.run import Mode
from syncline.runtime.commands.control import cancel_message, pause_message
from syncline.testing.clock import FakeClock
from syncline.testing.memory_broker import MemoryBroker
from syncline_execute.handler import ExecuteHandler
from syncline_execute.main import SPEC
from syncline_execute.row_names import RowNaming
from syncline_execute.targets import Target
from syncline_execute.writer import Writer
from tests.support.budgets import KnownBudget
from tests.support.faults import CrashError, crash_after, fail_once
from tests.support.limits import NoLimits
from tests.support.memory_ledger import MemoryLedger
from tests.support.memory_runs import a_run
from tests.support.parents import execute_router
from tests.support.reports import codes_of
from tests.support.stage_messages import (
    RUN_ID,
    a_batch,
    batches,
    control_topic,
    dead_letters,
    of_run,
    reports,
    topics,
)

RUN = ref_of(a_run())
NEXT = msgspec.structs.replace(RUN, id="01a218f0-d9ad-7980-81d9-14cf848cf7d5")
AWAY = ConnectorError(Failure(Category.TRANSIENT, "timeout", "no answer"))
BUSY = ConnectorError(Failure(Category.TRANSIENT, "http_429", "too many", retry_after=90.0))
LOGIN = ConnectorError(Failure(Category.PERMANENT, "login_refused", "401"))
TRANSFORMATION = Transformation(
    match_key=("sku",),
    fields=(
        TransformationField(source="sku", target="sku"),
        TransformationField(source="n", target="n"),
    ),
    target={"table": "items"},
)


class Place:
    """A handler, its target and its ledger; `restarted` is what a new process has."""

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / "t.db", isolation_level=None)
        self._database.execute("create table items (sku text primary key, n int check (n < 900))")
        surroundings = Surroundings(folders=(str(folder),))
        self.connector = SqliteConnector({"file": str(folder / "t.db")}, {}, surroundings)
        self.clock = FakeClock()
        self.ledger = MemoryLedger(self.clock)
        self.limits = NoLimits()
        self.budgets = KnownBudget()
        self.bulk_size = 5000
        self.commands: tuple[Outbound, ...] = ()

    async def of(self, run: RunRef) -> Target:
        capabilities = msgspec.structs.replace(
            self.connector.capabilities_for(TRANSFORMATION.target), bulk_size=self.bulk_size
        )
        return Target(
            self.connector, capabilities, TRANSFORMATION, RetryPolicy(2, 2.0, 32.0), self.limits, 2
        )

    async def handler(self) -> ExecuteHandler:
        return ExecuteHandler(
            self,
            Writer(self.ledger, RowNaming(self.ledger), self.clock),
            await control_topic(*self.commands),
            execute_router(budgets=self.budgets),
            self.clock,
            MemoryBroker().producer(),
        )

    async def handle(self, *sent: Bundle) -> list[Outbound]:
        """Let a new process handle batches as they lay on their topic."""
        read = [
            SPEC.decode(of_run("payload", encode(batch), batch.run), {batch.run.id: batch.run})
            for batch in sent
        ]
        return await (await self.handler()).handle(read)

    def rows(self) -> list[tuple[str, int]]:
        return self._database.execute("select sku, n from items order by sku").fetchall()

    def run(self, statement: str) -> None:
        self._database.execute(statement)

    def close(self) -> None:
        self._database.close()


class Slots(NoLimits):
    """Counts the calls that hold a slot."""

    busy = 0

    @asynccontextmanager
    async def call(self, check: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
        self.busy += 1
        try:
            yield
        finally:
            self.busy -= 1


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    opened = Place(tmp_path)
    yield opened
    opened.close()


def items(*numbers: int, run: RunRef = RUN, **changes: Any) -> Bundle:
    records = [{"sku": f"S{place}", "n": n} for place, n in enumerate(numbers)]
    return a_batch(run, *records, **changes)


def codes(messages: list[Outbound]) -> list[str]:
    return [codes_of(report) for report in reports(messages) if isinstance(report, Settled)]


async def test_records_are_written_and_reported(place: Place) -> None:
    more = a_batch(RUN, {"sku": "S9", "n": 9}, number=1, ids=["B0"])
    assert codes(await place.handle(items(1, 2), more)) == ["SS", "S"]
    assert place.rows() == [("S0", 1), ("S1", 2), ("S9", 9)]


async def test_a_second_delivery_writes_nothing(place: Place) -> None:
    await place.handle(items(1, 2))
    place.run("delete from items")
    assert codes(await place.handle(items(1, 2))) == ["SS"]
    assert place.rows() == []


@pytest.mark.parametrize("step", ["entries", "acknowledge"])
async def test_a_crash_behind_any_step_loses_and_doubles_nothing(place: Place, step: str) -> None:
    crash_after(place.ledger, step)
    with pytest.raises(BaseExceptionGroup) as caught:
        await place.handle(items(1, 2))
    assert caught.group_contains(CrashError)
    assert codes(await place.handle(items(1, 2))) == ["SS"]
    assert place.rows() == [("S0", 1), ("S1", 2)]


async def test_a_crash_between_write_and_acknowledgement_writes_the_same_again(
    place: Place,
) -> None:
    fail_once(place.ledger, "acknowledge", RetriableError("PostgreSQL is away"))
    with pytest.raises(ExceptionGroup):
        await place.handle(items(1))
    assert place.rows() == [("S0", 1)]
    assert codes(await place.handle(items(1))) == ["S"]
    assert place.rows() == [("S0", 1)]


async def busy(place: Place, batch: Bundle) -> None:
    fail_once(place.connector, "write", BUSY)
    await place.handle(batch)


async def refused(place: Place, batch: Bundle) -> None:
    place.run("create trigger no before update on items begin select raise(abort, 'no'); end")
    (_,) = dead_letters(await place.handle(batch))
    place.run("drop trigger no")


async def halted(place: Place, batch: Bundle) -> None:
    fail_once(place.connector, "write", LOGIN)
    await place.handle(batch)


async def cancelled(place: Place, batch: Bundle) -> None:
    place.commands = (cancel_message(batch.run.id, "ann"),)
    assert codes(await place.handle(batch)) == ["C"]


async def broken_by_a_bug(place: Place, batch: Bundle) -> None:
    (_,) = dead_letters(await (await place.handler()).on_bug(batch, ZeroDivisionError()))


@pytest.mark.parametrize("ended", [busy, refused, halted, cancelled, broken_by_a_bug])
async def test_what_a_lost_process_may_have_written_is_not_skipped_as_unchanged(
    place: Place, ended: Callable[[Place, Bundle], Awaitable[None]]
) -> None:
    """The ledger has 1 and the target 2; then the source has 1 again."""
    await place.handle(items(1))
    second = items(2, run=NEXT, version=2)
    fail_once(place.ledger, "acknowledge", RetriableError("PostgreSQL is away"))
    with pytest.raises(ExceptionGroup):
        await place.handle(second)
    await ended(place, second)
    assert place.rows() == [("S0", 2)]
    third = msgspec.structs.replace(RUN, id="01a218f0-d9ad-7980-81d9-14cf848cf7d6")
    assert codes(await place.handle(items(1, run=third, version=3))) == ["S"]
    assert place.rows() == [("S0", 1)]


async def test_what_the_target_has_is_skipped_unless_the_run_forces_it(place: Place) -> None:
    await place.handle(items(1, 2))
    place.run("delete from items")
    assert codes(await place.handle(items(1, 2, run=NEXT, version=2))) == ["UU"]
    forced = msgspec.structs.replace(NEXT, mode=Mode.FORCE_FULL)
    assert codes(await place.handle(items(1, 2, run=forced, version=3))) == ["SS"]
    assert place.rows() == [("S0", 1), ("S1", 2)]


async def test_an_older_version_never_overwrites_a_newer_one(place: Place) -> None:
    await place.handle(items(5, run=NEXT, version=9))
    assert codes(await place.handle(items(4, version=8))) == ["P"]
    assert place.rows() == [("S0", 5)]


async def test_two_versions_in_one_call_are_written_in_their_order(place: Place) -> None:
    older, newer = items(1), items(2, number=1, version=2)
    assert codes(await place.handle(older, newer)) == ["S", "S"]
    assert place.rows() == [("S0", 2)]


async def test_a_record_that_the_target_refuses_is_a_dead_letter_alone(place: Place) -> None:
    messages = await place.handle(items(1, 999, 3))
    assert codes(messages) == ["SS"]
    (letter,) = dead_letters(messages)
    assert (letter.source_id, letter.slot, letter.failure.category) == ("A1", 1, "permanent")
    assert msgspec.json.decode(letter.payload) == {"sku": "S1", "n": 999}
    assert place.rows() == [("S0", 1), ("S2", 3)]
    assert place.limits.failed == [], "the call did its work"


async def test_a_target_that_gives_no_answer_is_tried_again_and_in_the_end_given_up(
    place: Place,
) -> None:
    batch = items(1)
    for attempt in (1, 2):
        fail_once(place.connector, "write", AWAY)
        messages = await place.handle(batch)
        (report,) = reports(messages)
        assert isinstance(report, Retrying)
        assert report.attempts[0].failure.code == "timeout"
        (topic,) = set(topics(messages)) - {"outcomes"}
        (batch,) = batches(messages, topic)
        assert (topic[:6], batch.attempt, len(batch.history[0])) == ("retry.", attempt + 1, attempt)
    fail_once(place.connector, "write", AWAY)
    (letter,) = dead_letters(await place.handle(batch))
    assert (letter.source_id, len(letter.attempts)) == ("A0", 3)
    assert place.limits.failed == ["timeout"] * 3


async def test_a_target_that_asks_for_a_long_wait_costs_no_attempt(place: Place) -> None:
    fail_once(place.connector, "write", BUSY)
    messages = await place.handle(items(1))
    (report,) = reports(messages)
    assert isinstance(report, Waiting)
    (waiting,) = batches(messages, "retry.32s")
    assert (waiting.attempt, waiting.history) == (1, [])
    assert place.limits.held_off == [90.0]


async def test_a_call_that_is_refused_as_a_whole_halts_the_run_and_blames_no_record(
    place: Place,
) -> None:
    fail_once(place.connector, "write", LOGIN)
    halted, settled = reports(await place.handle(items(1, 2)))
    assert isinstance(halted, Halted)
    assert (halted.failure.code, codes_of(settled)) == ("login_refused", "CC")
    assert place.limits.failed == ["login_refused"]
    assert place.rows() == []


async def test_a_connector_with_a_bug_gives_failures_not_a_broken_stage(place: Place) -> None:
    fail_once(place.connector, "write", ZeroDivisionError("oops"))
    messages = await place.handle(items(1))
    (report,) = [r for r in reports(messages) if isinstance(r, Retrying)]
    assert report.attempts[0].failure.code == "unexpected_error"


async def test_a_cancelled_run_is_skipped(place: Place) -> None:
    place.commands = (cancel_message(RUN.id, "ann"),)
    assert codes(await place.handle(items(1, 2))) == ["CC"]
    assert place.rows() == []


async def test_records_in_hand_wait_without_an_attempt_when_their_run_is_paused(
    place: Place,
) -> None:
    place.commands = (pause_message(RUN.id, "ann"),)
    messages = await place.handle(items(1, 2))
    (waiting,) = batches(messages, "retry.2s")
    assert (len(waiting), waiting.attempt, waiting.history) == (2, 1, [])
    (report,) = reports(messages)
    assert (report.records, report.reason) == (2, "the run is paused")
    assert place.rows() == []


BAD = 900
"""A number that the target refuses."""


async def waiting_over_budget(place: Place, sent: Bundle, budget: FailureBudget) -> list[str]:
    """Return which records wait untried while others fail, in calls of one record."""
    place.budgets.budget = budget
    place.bulk_size = 1
    messages = await place.handle(sent)
    waiting = batches(messages, "retry.2s")
    assert all(bundle.attempt == sent.attempt and not any(bundle.history) for bundle in waiting)
    ids = [each for bundle in waiting for each in bundle.ids]
    assert len(dead_letters(messages)) + len(ids) == len(sent)
    return ids


@pytest.mark.parametrize("budget", [FailureBudget(count=3), FailureBudget(percent=3.0)])
async def test_no_further_call_begins_when_more_have_failed_than_the_budget(
    place: Place, budget: FailureBudget
) -> None:
    sent = items(*[BAD] * 100)
    waiting = await waiting_over_budget(place, sent, budget)
    assert 100 - len(waiting) in (4, 5), "two calls are under way at a time"


async def test_what_is_tried_again_is_not_counted_until_it_is_given_up(place: Place) -> None:
    place.budgets.budget, place.bulk_size = FailureBudget(count=0), 1
    for _ in range(8):
        fail_once(place.connector, "write", AWAY)
    tried = reports(await place.handle(items(1, 2, 3, 4)))
    assert [type(report) for report in tried] == [Retrying]
    assert len(tried[0].ids) == 4

    last = items(1, 2, 3, 4, attempt=3, history=[[], [], [], []])
    assert len(await waiting_over_budget(place, last, FailureBudget(count=0))) in (2, 3)


async def test_a_run_without_a_budget_or_within_it_is_written_to_its_end(place: Place) -> None:
    for budget in (None, FailureBudget(count=2)):
        place.budgets.budget, place.bulk_size = budget, 1
        messages = await place.handle(items(BAD, 1, BAD, 2))
        assert (len(dead_letters(messages)), batches(messages, "retry.2s")) == (2, [])


async def test_while_the_ledger_is_away_nothing_is_sent(place: Place) -> None:
    fail_once(place.ledger, "entries", RetriableError("PostgreSQL is away"))
    with pytest.raises(ExceptionGroup):
        await place.handle(items(1))
    assert place.rows() == []


async def test_records_that_share_a_row_are_told_of_once_a_call(place: Place) -> None:
    await place.handle(items(1))
    other = items(2, version=2, number=1, ids=["B0"])
    assert codes(await place.handle(other)) == ["S"]
    (notice,) = place.ledger.notices
    assert (notice.code, notice.source_ids) == ("shared_row", ("B0", "A0"))


@pytest.mark.parametrize("value", [None, b"{", b"[" * 100_000, b'{"run":{}}'])
def test_what_is_no_batch_is_undecodable(value: bytes | None) -> None:
    with pytest.raises((msgspec.MsgspecError, ValueError, RecursionError)):
        SPEC.decode(of_run("payload", value), {RUN_ID: RUN})


@pytest.mark.parametrize(
    ("field", "value"),
    [("ids", ["x"]), ("batches", [[0, 1, [1]]]), ("row_hashes", ["x"]),
     ("columns", {"size": 1, "values": {"n": [1]}})],
)  # fmt: skip
def test_a_bundle_whose_lists_do_not_fit_together_is_undecodable(field: str, value: Any) -> None:
    broken = msgspec.json.decode(encode(items(1, 2))) | {field: value}
    with pytest.raises(msgspec.ValidationError):
        SPEC.decode(of_run("payload", encode(broken)), {RUN_ID: RUN})


async def test_who_reads_columns_gets_the_payloads_so_and_no_keys(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, seen = place.connector.write, []

    async def noted(batch: WriteBatch) -> WriteResult:
        seen.append(batch)
        return await write(batch)

    monkeypatch.setattr(place.connector, "write", noted)
    await place.handle(items(1, 2))

    assert seen[0].columns == Columns(2, {"sku": ["S0", "S1"], "n": [1, 2]})
    assert seen[0].keys == []


@pytest.mark.parametrize("idempotent", [True, False])
async def test_only_a_call_with_an_intent_keeps_its_slot_until_it_is_acknowledged(
    place: Place, monkeypatch: pytest.MonkeyPatch, idempotent: bool
) -> None:
    slots, acknowledge = Slots(), place.ledger.acknowledge
    busy: list[int] = []

    async def noted(run: RunRef, written: Acknowledgements) -> None:
        busy.append(slots.busy)
        await acknowledge(run, written)

    can = msgspec.structs.replace(place.connector.capabilities, idempotent_upsert=idempotent)
    monkeypatch.setattr(place.connector, "capabilities_for", lambda _options: can)
    monkeypatch.setattr(place.ledger, "acknowledge", noted)
    place.limits = slots

    assert codes(await place.handle(items(1, 2))) == ["SS"]
    assert busy == ([0] if idempotent else [1])
