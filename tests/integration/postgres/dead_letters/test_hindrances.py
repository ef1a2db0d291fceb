"""Entries and groups say why a replay would be refused, before anybody asks for it."""

from __future__ import annotations

from uuid import uuid4

import pytest

from syncline.actions.dead_letters.replay_plan import refusal
from syncline.domain.dead_letter.operation import OperationKind
from syncline.domain.ledger import WriteIntents
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.filter import DeadLetterFilter
from syncline.postgres.dead_letters.groups import DeadLetterGroup, DeadLetterGroups
from syncline.postgres.dead_letters.queue import DeadLetterQueue, DeadLetterView
from syncline.postgres.ledger.write_ledger import Ledger
from syncline.postgres.operations.operations import NewOperation, Operations
from tests.support.configured import configure
from tests.support.operations import failed
from tests.support.run_life import accept, ref

PENDING = DeadLetterFilter(status="pending")


@pytest.fixture
async def db(configured: Database) -> Database:
    """Books that tests make wrong on purpose are not audited."""
    return configured


async def seen(db: Database) -> tuple[DeadLetterGroup, list[DeadLetterView]]:
    (group,) = await DeadLetterGroups(db).page("default", PENDING, 10)
    return group, await DeadLetterQueue(db).oldest("default", PENDING, 10)


async def test_what_can_be_replayed_has_no_hindrance(db: Database) -> None:
    await failed(db, "a", "b")
    group, letters = await seen(db)
    assert (group.replayable, group.hindrances) == (2, [])
    assert [letter.hindrance for letter in letters] == [None, None]


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        ("update instances set enabled = false",
         "instance 'erp-shop' is Inactive: it was deactivated"),
        ("update profiles set active = false where name = 'erp-shop-shop'",
         "instance 'erp-shop' is Dependency Inactive: profile 'erp-shop-shop' is Inactive"),
        ("update streams set removed = true",
         "instance 'erp-shop' has no entity type 'item' any more"),
        ("update dead_letters set stage = 'ingest', code = 'missing_source_id', source_id = ''",
         "it has no ID by which it could be read again: correct it in the source, then run again"),
        ("update dead_letters set instance_id = null, stream_id = null, entity_type = null",
         "the message could not be read, so there is no record to replay"),
    ],
)  # fmt: skip
async def test_what_would_be_refused_says_why(db: Database, damage: str, why: str) -> None:
    await failed(db, "a", "b")
    await db.execute(damage)
    group, letters = await seen(db)
    assert (group.replayable, group.hindrances) == (0, [why])
    assert [letter.hindrance for letter in letters] == [why] * 2
    assert refusal(letters[0]) == f"refused: {why}"


async def test_a_group_of_two_streams_counts_what_goes(db: Database) -> None:
    await configure(db, instance="other")
    await failed(db, "a", "b")
    await failed(db, "a", instance="other")
    await db.execute("update instances set enabled = false where name = 'erp-shop'")
    group, _ = await seen(db)
    assert (group.count, group.replayable, len(group.hindrances)) == (3, 1, 1)


async def test_what_may_have_been_written_goes_only_by_name_and_is_sent_then(
    db: Database,
) -> None:
    (entry,) = await failed(db, "a")
    await db.execute("update dead_letters set code = 'ambiguous_write'")
    group, (letter,) = await seen(db)
    assert (group.replayable, len(group.hindrances)) == (0, 1)
    assert refusal(letter) is None
    assert "check it" in (refusal(letter, named=False) or "")

    results = [
        (await Operations(db).start(_asked(wanted))).results
        for wanted in (PENDING, DeadLetterFilter(ids=(entry,)))
    ]
    assert results == [{"refused": 1}, {}]

    run = await accept(db, onOverlap="queue")
    await Ledger(db).intend(
        ref(run), WriteIntents(str(uuid4()), ["a"], ["0" * 32], [0], [False], [None]), 0.0
    )
    await accept(db, onOverlap="queue", trigger="replay", replay={"entries": [entry]})
    entries = await Ledger(db).entries(run.stream, ["a"])
    assert entries["a"].intent is None


def _asked(wanted: DeadLetterFilter) -> NewOperation:
    key = str(uuid4())
    return NewOperation(
        id=key, tenant="default", kind=OperationKind.REPLAY, request_hash=key,
        selection="", wanted=wanted, actor="ann",
    )  # fmt: skip
