"""At most one dead letter of a record waits: newer ones and later writes close the older ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from syncline.contracts.events import DeadLetter
from syncline.contracts.messages import Extracted
from syncline.domain.dead_letter.operation import OperationKind
from syncline.domain.ledger import Acknowledgements
from syncline.domain.run import Run
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.filter import DeadLetterFilter
from syncline.postgres.dead_letters.queue import DeadLetterQueue, DeadLetterView
from syncline.postgres.dead_letters.store import DeadLetterStore
from syncline.postgres.ledger.write_ledger import Ledger
from syncline.postgres.runs.runs import Runs
from tests.support.reports import settled
from tests.support.run_life import accept, apply, batch, dead_letter, extract, ref, resolve

HASH = "0" * 32


async def fails(db: Database, ids: str, version: int, **changes: Any) -> tuple[Run, list[str]]:
    """Let a run fail with these records."""
    run = await accept(db, onOverlap="queue")
    letters = [_letter(run, i, slot, version, **changes) for slot, i in enumerate(ids)]
    await _ends(db, run, letters, "F" * len(ids))
    return run, [letter.id for letter in letters]


def _letter(run: Run, id_: str, slot: int, version: int, **changes: Any) -> DeadLetter:
    letter = dead_letter(run, id_, slot)
    return msgspec.structs.replace(letter, version=version, **changes)


async def _ends(db: Database, run: Run, letters: Sequence[DeadLetter], codes: str) -> None:
    await extract(db, run, [batch(0, "".join(x.source_id or "-" for x in letters))])
    await db.execute(
        "update batches set source_ids = $2 where run_id = $1",
        UUID(run.id),
        [letter.source_id for letter in letters],
    )
    await DeadLetterStore(db).store(
        [x for x, code in zip(letters, codes, strict=True) if code == "F"]
    )
    slots = list(range(len(codes)))
    await apply(
        db, settled(ref(run), 0, slots, codes, "execute"), Extracted(ref(run), 1, len(codes))
    )


async def writes(db: Database, ids: str, version: int) -> Run:
    """Let a run write these records."""
    run = await accept(db, onOverlap="queue")
    await extract(db, run, [batch(0, ids)])
    n = len(ids)
    written = Acknowledgements(list(ids), [HASH] * n, [HASH] * n, [None] * n, [version] * n)
    await Ledger(db).acknowledge(ref(run), written)
    await apply(db, settled(ref(run), 0, list(range(n)), "S" * n, "execute"),
                Extracted(ref(run), 1, n))  # fmt: skip
    return run


async def test_a_first_load_overtakes_the_entries_of_its_records(db: Database) -> None:
    _, (letter, other) = await fails(db, "az", 1)
    run = await accept(db, onOverlap="queue")
    ids = ["a", *map(str, range(600))]
    n = len(ids)
    written = Acknowledgements(ids, [HASH] * n, [HASH] * n, [None] * n, [5] * n, new=True)
    await Ledger(db).acknowledge(ref(run), written)
    assert await pending(db) == [other]
    assert [(x.id, x.overtaken_run) for x in await letters(db, "overtaken")] == [(letter, run.id)]


async def letters(db: Database, status: str) -> list[DeadLetterView]:
    return await DeadLetterQueue(db).oldest("default", DeadLetterFilter(status=status), 100)


async def pending(db: Database) -> list[str]:
    return sorted(letter.id for letter in await letters(db, "pending"))


async def test_a_record_that_fails_in_every_run_waits_once(db: Database) -> None:
    runs = [await fails(db, "abc", version) for version in (1, 2, 3)]
    assert await pending(db) == sorted(runs[-1][1])
    closed = await letters(db, "overtaken")
    assert len(closed) == 6
    assert {letter.overtaken_by for letter in closed} <= {i for _, ids in runs for i in ids}
    for run, ids in runs:  # each run has its entries still
        own = await DeadLetterQueue(db).oldest("default", DeadLetterFilter(run=run.id), 10)
        assert sorted(letter.id for letter in own) == sorted(ids)


async def test_what_a_later_run_wrote_closes_by_itself(db: Database) -> None:
    await fails(db, "abc", 5)
    run = await writes(db, "ab", 6)
    assert [letter.source_id for letter in await letters(db, "pending")] == ["c"]
    closed = await letters(db, "overtaken")
    assert {(x.source_id, x.overtaken_run) for x in closed} == {("a", run.id), ("b", run.id)}
    assert {x.reason for x in closed} == {"a later run wrote the record"}


async def test_a_write_of_an_older_version_closes_nothing(db: Database) -> None:
    _, ids = await fails(db, "a", 5)
    await writes(db, "a", 4)
    assert await pending(db) == ids


async def test_a_letter_that_comes_late_does_not_wait(db: Database) -> None:
    await writes(db, "a", 6)
    await fails(db, "a", 5)
    assert await pending(db) == []
    _, newer = await fails(db, "b", 8)
    await fails(db, "b", 7)
    assert await pending(db) == newer


async def test_a_letter_that_comes_twice_changes_nothing(db: Database) -> None:
    old, _ = await fails(db, "a", 0)
    _, newer = await fails(db, "a", 0)
    await DeadLetterStore(db).store([_letter(old, "a", 0, 0)])
    assert await pending(db) == newer


async def test_rows_without_an_id_are_the_same_only_byte_for_byte(db: Database) -> None:
    run = await accept(db)
    both = [
        _letter(run, "", slot, 0, payload=msgspec.Raw(text))
        for slot, text in enumerate((b'{"n":1}', b'{"n":2}'))
    ]
    await _ends(db, run, both, "FF")
    assert len(await pending(db)) == 2
    again = await accept(db)
    same = [_letter(again, "", 0, 0, payload=msgspec.Raw(b'{"n":2}'))]
    await _ends(db, again, same, "F")
    assert await pending(db) == sorted([both[0].id, same[0].id])


async def test_a_record_twice_in_a_run_has_two_entries_and_one_waits(db: Database) -> None:
    run = await accept(db)
    both = [_letter(run, "a", slot, 5) for slot in (0, 1)]
    await _ends(db, run, both, "FF")
    assert await pending(db) == [both[1].id]


async def test_what_is_restored_after_a_newer_one_came_does_not_wait(db: Database) -> None:
    _, (old,) = await fails(db, "a", 5)
    await resolve(db, [old], OperationKind.DISCARD)
    _, newer = await fails(db, "a", 6)
    assert await resolve(db, [old], OperationKind.RESTORE) == {old}
    assert await pending(db) == newer


async def test_what_a_cancelled_replay_gives_back_does_not_wait_beside_a_newer_one(
    db: Database,
) -> None:
    _, (old,) = await fails(db, "a", 5)
    replay = await accept(db, replay={"entries": [old]}, trigger="replay", onOverlap="queue")
    _, newer = await _failing_before(db, replay)
    await Runs(db).request_cancel("default", replay.id, "ann")
    await extract(db, replay, [])
    await apply(db, Extracted(ref(replay), 0, 0))
    assert await pending(db) == newer


async def _failing_before(db: Database, queued: Run) -> tuple[Run, list[str]]:
    await db.execute("update runs set state = 'queued' where id = $1", UUID(queued.id))
    return await fails(db, "a", 6)
