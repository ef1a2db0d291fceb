"""Dead letters that a restored database does not know, read again from the DLQ topic."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import msgspec
from uuid6 import uuid7

from syncline.actions.dead_letters.recovery import recover
from syncline.contracts.dead_letters import dead_letter_message
from syncline.contracts.events import DeadLetter
from syncline.contracts.topics import DLQ
from syncline.contracts.wire import Outbound, run_spread
from syncline.domain.dead_letter.replay import dead_letter_id
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.queue import DeadLetterQueue
from syncline.testing.memory_broker import MemoryBroker
from tests.support.run_life import accept, dead_letter

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def of_lost_run(letter: DeadLetter, version: int = 5) -> DeadLetter:
    """Return the same dead letter of a run that came after the backup."""
    run_id = str(uuid7())
    known = dead_letter_id(run_id, letter.batch, letter.slot)
    return msgspec.structs.replace(letter, id=known, correlation_id=run_id, version=version)


async def test_what_a_restored_database_lacks_is_stored_once_without_a_run(db: Database) -> None:
    run = await accept(db)
    known, lost = dead_letter(run, "a", 0), of_lost_run(dead_letter(run, "b", 1))
    elsewhere = msgspec.structs.replace(
        of_lost_run(dead_letter(run, "c", 2)), instance_id=str(uuid4())
    )
    other_tenant = msgspec.structs.replace(of_lost_run(dead_letter(run, "d", 2)), tenant="acme")
    messages = [
        dead_letter_message(letter, NOW) for letter in (known, lost, elsewhere, other_tenant, lost)
    ]
    broker = MemoryBroker()
    await broker.producer().send([*messages, Outbound(DLQ, b"x", b"no JSON", run_spread("x"))])

    assert await recover(db, broker.reader(DLQ)) == 1
    assert await recover(db, broker.reader(DLQ)) == 0
    (row,) = await db.fetch("select id from dead_letters")
    entry = (await DeadLetterQueue(db).get("default", row["id"])).entry
    assert (entry.id, entry.source_id, entry.status) == (lost.id, "b", "pending")
    assert entry.correlation_id is None


async def test_of_a_records_two_the_newer_waits(db: Database) -> None:
    run = await accept(db)
    older, newer = (of_lost_run(dead_letter(run, "a", 0), version) for version in (5, 6))
    broker = MemoryBroker()
    await broker.producer().send([dead_letter_message(x, NOW) for x in (newer, older)])
    assert await recover(db, broker.reader(DLQ)) == 2
    rows = await db.fetch("select id, status from dead_letters")
    assert {row["id"]: row["status"] for row in rows} == {
        newer.id: "pending",
        older.id: "overtaken",
    }
