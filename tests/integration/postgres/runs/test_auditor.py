"""The auditor finds each kind of wrong, and nothing in books that are right."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from syncline.contracts.messages import Attempt, Extracted, Retrying
from syncline.domain.ledger import Acknowledgements
from syncline.domain.run import State
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.dead_letters.store import DeadLetterStore
from syncline.postgres.ledger.write_ledger import Ledger
from syncline.postgres.runs.auditor import CHECKS, OF_STREAMS, audit
from tests.support.configured import configure
from tests.support.reports import settled
from tests.support.run_life import (
    NO,
    accept,
    apply,
    batch,
    dead_letter,
    extract,
    ref,
)

RUN_OF_NOBODY = "00000000-0000-0000-0000-000000000000"
OPERATION = """
with o as (insert into operations (id, tenant, kind, request_hash, selection, filter, as_of, actor,
    state, starts_at, finished_at)
  values (gen_random_uuid(), 'default', 'replay', gen_random_uuid(), 'all', '{}', now(), 'ann',
    'done', now(), now()) returning id)
"""
WRONG = [
    (
        "counters shown = counters derived",
        "update runs set success = success + 1, total = total + 1",
    ),
    ("counters shown = counters derived", "update batches set outcomes = 'SUF' where number = 0"),
    (
        "total = success + skipped + failed once a run is closed",
        "update runs set total = total + 1",
    ),
    ("a run ends in the state that its counters say", "update runs set state = 'succeeded'"),
    (
        "records in flight are as far as the batches that hold them",
        "update runs set finished_at = null, in_flight_taken = 1",
    ),
    ("one outcome code for every record", "update batches set outcomes = outcomes || 'S'"),
    ("one outcome code for every record", "update batches set outcomes = 'S?F' where number = 0"),
    ("batches are numbered without a gap", "update batches set number = 7 where number = 1"),
    ("failed = exactly one dead letter", "delete from dead_letters"),
    ("failed = exactly one dead letter", "update dead_letters set slot = 0"),
    ("failed = exactly one dead letter", "update dead_letters set source_id = 'another'"),
    (
        "failed = exactly one dead letter",
        """insert into dead_letters select (jsonb_populate_record(l,
        jsonb_build_object('id', gen_random_uuid(), 'slot', 0))).* from dead_letters l""",
    ),
    (
        "a replayed dead letter names its run, and an open one none",
        "update dead_letters set status = 'replayed'",
    ),
    (
        "a replayed dead letter names its run, and an open one none",
        "update dead_letters set status = 'replayed', replay_run = run_id",
    ),
    (
        "a record has one dead letter that waits",
        """insert into dead_letters select (jsonb_populate_record(l,
        jsonb_build_object('id', gen_random_uuid(), 'slot', 0))).* from dead_letters l""",
    ),
    (
        "an overtaken dead letter names what overtook it, and another none",
        "update dead_letters set status = 'overtaken'",
    ),
    ("the cursor stands where its run left it", "update cursors set value = '2027-01-01'"),
    ("the cursor stands where its run left it", "update runs set state = 'failed'"),
    (
        "the cursor never passes a record without an outcome",
        "update batches set outcomes = '.SF' where number = 0",
    ),
    (
        "the cursor never passes a record without an outcome",
        "update runs set high_water = '2026-01-01', read_to = '2026-01-01'",
    ),
    ("cursor versions follow one another", "update cursors set version = 3"),
    ("one correlation ID, one tenant", "update batches set tenant = 'other'"),
    ("one correlation ID, one tenant", "update attempts set tenant = 'other'"),
    ("one correlation ID, one tenant", "update dead_letters set tenant = 'other'"),
    ("one correlation ID, one tenant", "update cursors set tenant = 'other'"),
    ("one correlation ID, one tenant", "update ledger set tenant = 'other'"),
    ("one correlation ID, one tenant", "update streams set tenant = 'other'"),
    ("an attempt is of a record of its run", "update attempts set source_id = 'another'"),
    (
        "an operation that has ended has a result for every item",
        OPERATION
        + """insert into operation_items (operation_id, number, tenant, letter_id)
        select o.id, 1, 'default', l.id from o, dead_letters l""",
    ),
    (
        "an entry is in one run of an operation",
        OPERATION
        + """, c as (insert into operation_chunks (operation_id, number, tenant, stream_id, run_id)
          select o.id, 1, 'default', 1, gen_random_uuid() from o)
        insert into operation_items (operation_id, number, tenant, letter_id, state, chunk, result)
        select o.id, 1, 'default', l.id, 'done', 1, 'success' from o, dead_letters l""",
    ),
    ("the ledger names runs of its stream", "update ledger set stream_id = stream_id + 1"),
]


@pytest.fixture
async def db(postgres: str) -> AsyncIterator[Database]:
    """Books with everything in them: a run with all kinds of outcomes, and its cursor."""
    async with open_database(postgres) as database:
        await configure(database)
        run = await accept(database)
        await extract(database, run, [batch(0, "abc"), batch(1, "xy", "UU")])
        attempt = Attempt(1, "2026-01-01T00:00:00+00:00", "execute", NO)
        await apply(database, Retrying(ref(run), 0, [1], ["b"], [attempt], 1_800_000_000_000))
        one = "0" * 31 + "1"
        await Ledger(database).acknowledge(
            ref(run), Acknowledgements(["a"], [one], [one], ["T1"], [7])
        )
        await DeadLetterStore(database).store([dead_letter(run, "c", 2)])
        ended = await apply(
            database,
            settled(ref(run), 0, [0, 1], "SS", "execute"),
            settled(ref(run), 0, [2], "F", "deadletter"),
            Extracted(ref(run), 2, 5),
        )
        assert (ended.state, ended.cursor_after) == (State.PARTIAL_SUCCESS, "2026-01-02")
        yield database


async def test_right_books_pass(db: Database) -> None:
    assert await audit(db) == []


@pytest.mark.parametrize(("check", "damage"), WRONG)
async def test_each_wrong_is_found(db: Database, check: str, damage: str) -> None:
    assert await db.execute(damage) > 0
    found = {finding.check: finding.offenders for finding in await audit(db)}
    assert check in found
    assert found[check]
    if check not in OF_STREAMS:
        run_id = found[check][0]["run_id"]
        assert check in {finding.check for finding in await audit(db, run_id)}
        assert await audit(db, RUN_OF_NOBODY) == []


async def test_two_active_runs_of_a_stream_are_found(db: Database) -> None:
    await db.execute("drop index runs_one_active")
    for _ in range(2):
        run = await accept(db, onOverlap="queue")
        await db.execute("update runs set state = 'extracting' where id::text = $1", run.id)
    assert [finding.check for finding in await audit(db)] == ["one active run a stream"]


def test_every_check_is_shown_to_fail() -> None:
    assert {check for check, _ in WRONG} | {"one active run a stream"} == set(CHECKS)
