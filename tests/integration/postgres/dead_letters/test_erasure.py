"""What is stored of a record's contents can be erased, and what comes of it later too."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import msgspec
import pytest

from syncline.domain.dead_letter.operation import OperationKind
from syncline.domain.dead_letter.replay import ERASED
from syncline.domain.errors import ConflictError, NotFoundError
from syncline.postgres.audit.log import AuditFilter, AuditLog
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.erasure import erase_record
from syncline.postgres.dead_letters.filter import DeadLetterFilter
from syncline.postgres.dead_letters.groups import DeadLetterGroups
from syncline.postgres.dead_letters.queue import DeadLetterQueue
from syncline.postgres.dead_letters.store import DeadLetterStore, store_dead_letters
from syncline.postgres.operations.operations import NewOperation, Operations
from tests.support.configured import configure
from tests.support.eventually import eventually
from tests.support.operations import failed
from tests.support.run_life import accept, dead_letter

PENDING = DeadLetterFilter(status="pending")


@pytest.fixture
async def db(configured: Database) -> Database:
    """Books that tests make wrong on purpose are not audited."""
    return configured


async def test_a_record_is_erased_and_no_other(db: Database) -> None:
    await configure(db, instance="other")
    mine, kept = await failed(db, "a", "b")
    (others,) = await failed(db, "a", instance="other")
    await db.execute(
        "update dead_letters set detail = 'a is 7', error = 'a is 7', pattern = '… is …'"
    )
    done = await erase_record(db, "default", "erp-shop", "a", "ann")
    assert (done.dead_letters, done.attempts) == (1, 0)
    rows = await db.fetch(
        "select * from dead_letters where payload is null or error <> 'a is 7' or detail is null"
    )
    assert [(row["id"], row["error"], row["attempts"]) for row in rows] == [(mine, "… is …", [])]
    for letter in (kept, others):
        assert (await DeadLetterQueue(db).get("default", letter)).payload is not None
    (entry,) = await AuditLog(db).page(["default"], AuditFilter(action="record"), 9)
    assert (entry.action, entry.actor, entry.object) == ("record.erased", "ann", "a")
    assert (await erase_record(db, "default", "erp-shop", "a", "ann")).dead_letters == 0


async def test_what_was_erased_is_not_replayed_and_says_why(db: Database) -> None:
    mine, kept = await failed(db, "a", "b")
    await erase_record(db, "default", "erp-shop", "a", "ann")
    found = await DeadLetterQueue(db).get("default", mine)
    assert (found.payload, found.entry.hindrance, found.entry.erased_by) == (None, ERASED, "ann")
    (group,) = await DeadLetterGroups(db).page("default", PENDING, 9)
    assert (group.count, group.replayable, group.hindrances) == (2, 1, [ERASED])
    with pytest.raises(ConflictError, match=f"{mine} was erased"):
        await accept(db, onOverlap="queue", trigger="replay", replay={"entries": [mine]})
    begun = await Operations(db).start(_replay_of_all())
    assert (begun.total, begun.results) == (2, {"refused": 1})
    await accept(db, onOverlap="queue", trigger="replay", replay={"entries": [kept]})


async def test_what_was_read_before_is_erased_where_it_is_stored_and_what_is_newer_is_not(
    db: Database,
) -> None:
    run = await accept(db, onOverlap="queue")
    await erase_record(db, "default", "erp-shop", "a", "ann")
    now = await db.fetchval("select (extract(epoch from clock_timestamp()) * 1000000)::bigint")
    store = DeadLetterStore(db)
    for slot, version in enumerate((now - 60_000_000, now + 60_000_000)):
        letter = msgspec.structs.replace(dead_letter(run, "a", slot), version=version)
        await store.store([letter])
    rows = await db.fetch("select slot, payload is null as gone from dead_letters order by slot")
    assert [(row["slot"], row["gone"]) for row in rows] == [(0, True), (1, False)]


async def test_what_is_being_stored_meanwhile_is_erased_too(db: Database) -> None:
    run = await accept(db, onOverlap="queue")
    async with db.transaction() as connection:
        await store_dead_letters(connection, [dead_letter(run, "a", 0)])
        erasing = asyncio.create_task(erase_record(db, "default", "erp-shop", "a", "ann"))
        waits = "select exists(select from pg_locks where not granted)"
        await eventually(lambda: erasing.done() or db.fetchval(waits))
    assert (await erasing).dead_letters == 1
    assert await db.fetchval("select count(*) from dead_letters where payload is not null") == 0


async def test_attempts_lose_what_they_quote(db: Database) -> None:
    run = await accept(db, onOverlap="queue")
    failure = {"category": "transient", "code": "x", "message": "a is 7", "detail": "a is 7"}
    await db.execute(
        """insert into attempts (run_id, batch, slot, number, stage, tenant, source_id, at, failure)
        values ($1, 0, 0, 1, 'execute', 'default', 'a', now(), $2)""",
        run.id, failure,
    )  # fmt: skip
    assert (await erase_record(db, "default", "erp-shop", "a", "ann")).attempts == 1
    left = await db.fetchval("select failure from attempts")
    assert left == {"category": "transient", "code": "x", "message": "erased"}


async def test_an_instance_that_there_is_not_is_named(db: Database) -> None:
    with pytest.raises(NotFoundError, match=r"did you mean .erp-shop"):
        await erase_record(db, "default", "erp-shap", "a", "ann")
    with pytest.raises(NotFoundError):
        await erase_record(db, "other", "erp-shop", "a", "ann")


def _replay_of_all() -> NewOperation:
    key = str(uuid4())
    return NewOperation(
        id=key, tenant="default", kind=OperationKind.REPLAY, request_hash=key,
        selection="", wanted=PENDING, actor="ann",
    )  # fmt: skip
