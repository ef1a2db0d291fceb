"""Taking up dead letters: once, of their own stream, with what a person changed, and audited."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from uuid6 import uuid7

from syncline.contracts.messages import decoder_of
from syncline.domain.dead_letter.operation import OperationKind
from syncline.domain.errors import ConflictError
from syncline.domain.run import Run
from syncline.domain.trigger import parse_trigger
from syncline.postgres.configuration.streams import Streams
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.filter import DeadLetterFilter
from syncline.postgres.dead_letters.queue import DeadLetterQueue
from syncline.postgres.dead_letters.store import DeadLetterStore
from syncline.postgres.runs.runs import Runs
from tests.support.configured import configure
from tests.support.run_life import dead_letter, resolve


async def accept(db: Database, instance: str = "erp-shop", **fields: Any) -> Run:
    data = {"instance": instance, "entityType": "item", "actor": "ann", "onOverlap": "queue"}
    request = parse_trigger(data | fields)
    stream = await Streams(db).runnable("default", instance, "item")
    run, _ = await Runs(db).accept(str(uuid7()), request, stream, 1)
    return run


async def failed(db: Database, *source_ids: str) -> list[str]:
    run = await accept(db)
    letters = [dead_letter(run, source_id, slot) for slot, source_id in enumerate(source_ids)]
    await DeadLetterStore(db).store(letters)
    return [letter.id for letter in letters]


async def statuses(db: Database, ids: Sequence[str]) -> list[str]:
    found = await DeadLetterQueue(db).oldest("default", DeadLetterFilter(ids=tuple(ids)), 10)
    return sorted(letter.status for letter in found)


async def test_edits_are_kept_with_author_and_reason(db: Database) -> None:
    ids = await failed(db, "a", "b", "c")
    patch = [{"op": "add", "path": "/y", "value": [1]}, {"op": "remove", "path": "/x"}]
    block = decoder_of(object).decode(
        msgspec.json.encode({"entries": ids, "edits": {ids[1]: patch}, "reason": "two steps"})
    )
    run = await accept(db, replay=block)
    found = await DeadLetterQueue(db).get("default", ids[1])
    assert found.edit == {"patch": patch, "author": "ann", "reason": "two steps"}
    assert (await DeadLetterQueue(db).get("default", ids[0])).edit is None
    assert run.replay is not None
    assert run.replay["edits"] == {ids[1]: patch}
    rows = await db.fetch("select object, details from audit_log where action = 'dlq.replayed'")
    assert {row["object"]: row["details"]["edited"] for row in rows} == {
        ids[0]: False, ids[1]: True, ids[2]: False,
    }  # fmt: skip


async def test_numbers_of_an_edit_keep_their_digits(db: Database) -> None:
    (letter,) = await failed(db, "a")
    text = b'[{"op":"replace","path":"/x","value":12345678901234567890.10}]'
    patch = decoder_of(object).decode(text)
    run = await accept(db, replay={"entries": [letter], "edits": {letter: patch}})
    again = await Runs(db).get("default", run.id)
    assert again.replay is not None
    assert again.replay["edits"][letter] == patch


async def test_two_clicks_replay_once(db: Database) -> None:
    (letter,) = await failed(db, "a")
    clicks = [asyncio.ensure_future(accept(db, replay={"entries": [letter]})) for _ in range(2)]
    await asyncio.wait(clicks)
    refused = [error for click in clicks if (error := click.exception()) is not None]
    assert len(refused) == 1
    assert str(refused[0]) == (
        f"1 of 1 entries cannot be replayed: {letter} is not Pending but Replayed"
    )


async def test_an_entry_of_another_instance_is_refused_and_nothing_is_taken(db: Database) -> None:
    await configure(db, instance="other")
    ids = await failed(db, "a")
    with pytest.raises(ConflictError, match="is not of other item"):
        await accept(db, "other", replay={"entries": ids})
    assert await statuses(db, ids) == ["pending"]


async def test_unknown_entries_are_named_and_none_is_taken(db: Database) -> None:
    ids = await failed(db, "a")
    missing = str(uuid7())
    with pytest.raises(ConflictError, match=f"1 of 2 entries .*{missing} does not exist"):
        await accept(db, replay={"entries": [*ids, missing]})
    assert await statuses(db, ids) == ["pending"]


async def test_what_has_no_payload_cannot_be_edited(db: Database) -> None:
    ids = await failed(db, "a")
    await db.execute("update dead_letters set payload = null")
    patch = [{"op": "remove", "path": "/x"}]
    with pytest.raises(ConflictError, match="has no payload that could be edited"):
        await accept(db, replay={"entries": ids, "edits": {ids[0]: patch}})


async def test_discarding_and_restoring_say_which_ones(db: Database) -> None:
    one, two = await failed(db, "a", "b")
    discard, restore = OperationKind.DISCARD, OperationKind.RESTORE
    assert await resolve(db, [one], discard) == {one}
    assert await resolve(db, [one, two], discard) == {two}
    assert await resolve(db, [one], restore, tenant="other") == set()
    assert await resolve(db, [one, two], restore) == {one, two}
    assert await statuses(db, [one, two]) == ["pending", "pending"]
    actions = await db.fetch("select action from audit_log where action like 'dlq%' order by id")
    assert [row["action"] for row in actions] == ["dlq.discarded"] * 2 + ["dlq.restored"] * 2


async def test_an_entry_is_named_by_how_its_id_begins(db: Database) -> None:
    (letter,) = await failed(db, "a")
    views = DeadLetterQueue(db)
    assert await views.ids_of("default", [letter[:8], letter.upper()]) == [letter]
