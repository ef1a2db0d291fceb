"""A run's life in the database: accepted, extracted in chunks, settled, closed, audited."""

from __future__ import annotations

import msgspec
import pytest

from syncline.contracts.messages import (
    Advance,
    Attempt,
    Extracted,
    Halted,
    Retrying,
)
from syncline.contracts.status import status_of
from syncline.domain.dead_letter.replay import Replay
from syncline.domain.errors import Category, ConflictError, Failure, NotFoundError
from syncline.domain.ledger import Acknowledgements, WriteIntents
from syncline.domain.record import TiedRows, Watermarks
from syncline.domain.run import Notice, Run, State
from syncline.domain.trigger import parse_trigger
from syncline.postgres.configuration.streams import Streams
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.store import DeadLetterStore
from syncline.postgres.ledger.known_rows import KnownRows, RowStatus
from syncline.postgres.ledger.write_ledger import Ledger
from syncline.postgres.progress.extraction import Extractions, FencedError
from syncline.postgres.progress.extraction_state import Checkpoint, ExtractionEnd
from syncline.postgres.runs.pauses import RunPauses
from syncline.postgres.runs.queued_runs import QueuedRuns
from syncline.postgres.runs.run_detail import read_run_report
from syncline.postgres.runs.run_row import add_notices
from syncline.postgres.runs.runs import Runs
from tests.support.reports import settled
from tests.support.run_life import NO, accept, apply, batch, dead_letter, extract, ref

OWNER, OTHER = "0d6a3a0e-5f2e-4b57-9c39-0c8d6f1b2a01", "0d6a3a0e-5f2e-4b57-9c39-0c8d6f1b2a02"
LETTER = "6f9c2d84-5b0e-5a6e-9d57-2f4c3b1a7e90"


async def test_a_run_ends_succeeded_and_moves_the_cursor(db: Database) -> None:
    run = await accept(db)
    await extract(db, run, [batch(0, "abc"), batch(1, "xy", "UU")], [batch(2, "d")])

    after = await apply(
        db,
        settled(ref(run), 0, [2, 0, 1], "SSX", "execute"),
        settled(ref(run), 2, [0], "S", "execute"),
        Extracted(ref(run), 3, 6),
    )

    assert after.state is State.SUCCEEDED
    assert (after.counters.total, after.counters.success, after.counters.skipped) == (6, 3, 3)
    assert after.cursor_after == "2026-01-02"


async def test_every_report_twice_changes_nothing(db: Database) -> None:
    run = await accept(db)
    await extract(db, run, [batch(0, "abc")])
    half = settled(ref(run), 0, [0], "S", "execute")

    await apply(db, half, half)
    await apply(db, half, Advance(ref(run)))
    middle = await Runs(db).get("default", run.id)
    assert (middle.counters.success, middle.counters.in_flight) == (1, 2)
    await apply(db, settled(ref(run), 0, [0, 1, 2], "XSS", "execute"), Extracted(ref(run), 1, 3))
    after = await apply(db, half, Extracted(ref(run), 1, 3))

    assert (after.counters.success, after.counters.excluded, after.state) == (3, 0, State.SUCCEEDED)


async def test_the_same_trigger_is_the_same_run_and_another_is_refused(db: Database) -> None:
    run = await accept(db, actor="ann")
    assert (await accept(db, run.id, actor="bob")).id == run.id
    with pytest.raises(ConflictError, match="another request"):
        await accept(db, run.id, mode="force_full")
    with pytest.raises(ConflictError, match="is active"):
        await accept(db)


async def test_a_refusal_names_the_run_that_is_under_way_not_one_that_waits(db: Database) -> None:
    first = await accept(db)
    await accept(db, onOverlap="queue")
    await Extractions(db).start(first.id)
    with pytest.raises(ConflictError, match=f"run {first.id} of this instance"):
        await accept(db)


async def test_a_queued_run_starts_when_the_active_one_has_closed(db: Database) -> None:
    first = await accept(db)
    second = await accept(db, onOverlap="queue")
    assert await QueuedRuns(db).claim_dispatchable() == [(first.id, "default")]
    await extract(db, first)
    assert await Extractions(db).start(second.id) is None

    await apply(db, Extracted(ref(first), 0, 0))

    assert await QueuedRuns(db).claim_dispatchable() == [(second.id, "default")]
    await extract(db, second)
    await apply(db, Extracted(ref(second), 0, 0))


async def test_a_replaced_ingest_is_fenced(db: Database) -> None:
    run = await accept(db)
    extractions = Extractions(db)
    old = await extractions.start(run.id)
    new = await extractions.start(run.id)
    assert old is not None
    assert new is not None
    with pytest.raises(FencedError):
        await extractions.commit(old, [batch(0, "a")], "p", Watermarks(), 0)
    await extractions.commit(new, [batch(0, "a")], "p", Watermarks(), 0)
    assert [b.source_ids for b in await extractions.unpublished(run.id, 0)] == [["a"]]
    await extractions.finish(new, None, ExtractionEnd())
    await apply(db, settled(ref(run), 0, [0], "S", "execute"), Extracted(ref(run), 1, 1))


async def test_notices_are_kept_once_a_code_and_told_everywhere(db: Database) -> None:
    run = await accept(db)
    extractions = Extractions(db)
    progress = await extractions.start(run.id)
    assert progress is not None
    capped = Notice("capped", "there is more", 1, ("a",))
    one, two = (Notice("without_cursor", "no cursor", n) for n in (1, 2))
    await extractions.commit(
        progress, [batch(0, "a")], "p", Watermarks(), 0, Checkpoint(notices=[one])
    )
    await extractions.finish(progress, None, ExtractionEnd(notices=[two, capped]))
    for _ in range(2):
        await add_notices(db, run.id, [Notice("renamed", "from elsewhere")])

    after = await apply(db, settled(ref(run), 0, [0], "S", "execute"), Extracted(ref(run), 1, 1))

    kept = [capped, Notice("renamed", "from elsewhere"), two]
    assert after.notices == kept
    assert status_of(after).notices == kept
    assert (await read_run_report(db, "default", run.id)).run.notices == kept


async def test_a_failed_record_has_one_dead_letter_and_is_replayed_once(db: Database) -> None:
    run = await accept(db)
    await extract(db, run, [batch(0, "ab")])
    letter = dead_letter(run, "b", 1)
    for _ in range(2):
        await DeadLetterStore(db).store([letter])
        await apply(db, settled(ref(run), 0, [1], "F", "deadletter"))
    ended = await apply(db, settled(ref(run), 0, [0], "S", "execute"), Extracted(ref(run), 1, 2))
    assert (ended.state, ended.counters.failed) == (State.PARTIAL_SUCCESS, 1)

    replay = await accept(db, onOverlap="queue", replay={"entries": [letter.id]})
    with pytest.raises(ConflictError, match="not Pending"):
        await accept(db, onOverlap="queue", replay={"entries": [letter.id]})
    letters = DeadLetterStore(db)
    (item,) = await letters.replayed_by("default", replay.id)
    assert (item.source_id, item.size, item.version) == ("b", 10, 5)
    assert await letters.payloads("default", [item.id]) == {item.id: b'{"x":1.10}'}
    assert await letters.payloads("another", [item.id]) == {}

    await extract(db, replay, [batch(0, "b")])
    again = dead_letter(replay, "b", 0)
    await DeadLetterStore(db).store([again])
    after = await apply(
        db, settled(ref(replay), 0, [0], "F", "deadletter"), Extracted(ref(replay), 1, 1)
    )
    assert (after.state, after.cursor_after, after.parent) == (State.FAILED, None, run.id)
    row = await db.fetchrow("select * from dead_letters where run_id = $1", replay.id)
    assert row is not None
    assert (str(row["replay_of"]), row["retries"], row["status"]) == (letter.id, 1, "pending")


async def test_a_failure_after_a_success_leaves_no_dead_letter(db: Database) -> None:
    run = await accept(db)
    await extract(db, run, [batch(0, "a")])
    await DeadLetterStore(db).store([dead_letter(run, "a", 0)])

    await apply(db, settled(ref(run), 0, [0], "S", "execute"))
    after = await apply(db, settled(ref(run), 0, [0], "F", "deadletter"), Extracted(ref(run), 1, 1))

    assert after.counters.success == 1


async def test_retries_are_kept_and_a_cancelled_run_keeps_its_cursor(db: Database) -> None:
    run = await accept(db)
    await extract(db, run, [batch(0, "ab")])
    attempt = Attempt(1, "2026-01-01T00:00:00+00:00", "execute", NO)
    report = Retrying(ref(run), 0, [0], ["a"], [attempt], 1_800_000_000_000)
    waiting = await apply(db, report, report, Extracted(ref(run), 1, 2))
    assert (waiting.state, waiting.retry_due_at is not None) == (State.IN_PROGRESS, True)

    await Runs(db).request_cancel("default", run.id, "ann")
    after = await apply(db, settled(ref(run), 0, [0, 1], "SC", "execute"))

    assert (after.state, after.cursor_after, after.reason) == (
        State.CANCELLED, None, "cancelled by ann",
    )  # fmt: skip
    with pytest.raises(ConflictError):
        await Runs(db).request_cancel("default", run.id, "ann")


async def test_unknown_names_are_refused(db: Database) -> None:
    with pytest.raises(NotFoundError, match="it has: item"):
        await Streams(db).runnable("default", "erp-shop", "order")
    with pytest.raises(NotFoundError, match="unknown instance"):
        await Streams(db).runnable("other", "erp-shop", "item")


async def test_the_ledger_forgets_a_failed_record_and_keeps_the_newer_version(db: Database) -> None:
    run = await accept(db)
    ledger, one = Ledger(db), "0" * 31 + "1"
    assert await ledger.intend(
        ref(run), WriteIntents(OWNER, ["a"], [one], [0], [True], [None]), 60.0
    ) == {"a"}
    intent = (await ledger.entries(run.stream, ["a"]))["a"].intent
    assert intent is not None
    assert (intent.payload_hash, intent.owner, intent.creates) == (one, OWNER, True)
    assert 50 < intent.under_way <= 60
    await ledger.acknowledge(ref(run), Acknowledgements(["a"], [one], [one], ["T1"], [7], [OWNER]))
    await ledger.acknowledge(ref(run), Acknowledgements(["a"], ["2" * 32], [None], [None], [6]))
    entry = (await ledger.entries(run.stream, ["a", "b"]))["a"]
    assert (entry.payload_hash, entry.target_id, entry.intent) == (one, "T1", None)
    assert await known(db, run, ["x", "a"], ["3" * 32, one]) == {1: RowStatus.WRITTEN_HERE}

    await extract(db, run, [batch(0, "a")])
    await DeadLetterStore(db).store([dead_letter(run, "a", 0)])
    assert await known(db, run, ["a"], [one]) == {}
    await apply(db, settled(ref(run), 0, [0], "F", "deadletter"), Extracted(ref(run), 1, 1))


def test_replay_is_part_of_the_request() -> None:
    request = parse_trigger({"instance": "a", "entityType": "b", "replay": {"entries": [LETTER]}})
    assert request.replay == Replay((LETTER,))


async def test_a_letter_with_words_that_no_store_takes_is_kept(db: Database) -> None:
    run = await accept(db)
    await extract(db, run, [batch(0, "a")])
    words = Failure(Category.PERMANENT, "rejected", "no\0pe", detail="\0", field="a\0")
    attempt = Attempt(1, "2026-01-01T00:00:00+00:00", "execute", words)
    letter = dead_letter(run, "a", 0)
    letter.failure, letter.attempts = words, [attempt]

    await DeadLetterStore(db).store([letter])

    row = await db.fetchrow("select error, detail, field, attempts from dead_letters")
    assert row is not None
    assert (row["error"], row["detail"], row["field"]) == ("no\\0pe", "\\0", "a\\0")
    await apply(db, settled(ref(run), 0, [0], "F", "deadletter"), Extracted(ref(run), 1, 1))


async def test_what_a_cancelled_run_skipped_at_the_cursor_is_still_to_be_done(db: Database) -> None:
    run = await accept(db)
    extractions = Extractions(db)
    progress = await extractions.start(run.id)
    assert progress is not None
    await extractions.commit(progress, [batch(0, "a")], "1", Watermarks(None, "2026-01-02"), 0)
    tied = TiedRows("2026-01-02", ["a"], ["1" * 32])
    await extractions.finish(
        progress, None, ExtractionEnd(Watermarks("2026-01-02", "2026-01-02"), tied)
    )
    assert await known(db, run, ["a"], ["1" * 32], tied=True) == {0: RowStatus.TIED}
    await Runs(db).request_cancel("default", run.id, "ann")

    await apply(db, settled(ref(run), 0, [0], "C", "execute"), Extracted(ref(run), 1, 1))

    assert await known(db, run, ["a"], ["1" * 32], tied=True) == {}


REFUSED = Failure(Category.PERMANENT, "login_refused", "the target answered 401: key revoked")


async def test_a_run_whose_target_refuses_the_whole_call_ends_failed_and_keeps_its_cursor(
    db: Database,
) -> None:
    run = await accept(db)
    await extract(db, run, [batch(0, "abc"), batch(1, "d")])
    await apply(db, settled(ref(run), 0, [0], "S", "execute"), Extracted(ref(run), 2, 4))
    halted = Halted(ref(run), REFUSED)
    later = Halted(ref(run), NO)
    await apply(db, halted, settled(ref(run), 0, [1, 2], "CC", "execute"))
    assert await Runs(db).open_cancels(-1.0) == [(run.id, "finalize")]  # said again until it ends
    after = await apply(db, later, halted, settled(ref(run), 1, [0], "C", "execute"))

    assert (after.state, after.reason, after.cursor_after) == (
        State.FAILED, "the target answered 401: key revoked", None,
    )  # fmt: skip
    assert (after.counters.success, after.counters.cancelled, after.counters.failed) == (1, 3, 0)
    again = await apply(db, halted, settled(ref(run), 1, [0], "S", "execute"))
    assert (again.state, again.counters) == (after.state, after.counters)


async def test_rows_at_the_cursor_that_a_halted_run_skipped_are_still_to_be_done(
    db: Database,
) -> None:
    run = await accept(db)
    tied = TiedRows("2026-01-02", ["a"], ["1" * 32])
    progress = await Extractions(db).start(run.id)
    assert progress is not None
    await Extractions(db).commit(progress, [batch(0, "a")], "0", Watermarks(None, "2026-01-02"), 0)
    await Extractions(db).finish(
        progress, None, ExtractionEnd(Watermarks("2026-01-02", "2026-01-02"), tied)
    )
    await apply(
        db,
        Halted(ref(run), REFUSED),
        settled(ref(run), 0, [0], "C", "execute"),
        Extracted(ref(run), 1, 1),
    )
    assert await known(db, run, ["a"], ["1" * 32], tied=True) == {}


async def test_a_paused_run_that_is_halted_goes_on_to_its_end(db: Database) -> None:
    run = await accept(db)
    await extract(db, run, [batch(0, "a")])
    await RunPauses(db).pause("default", run.id, "ann")
    after = await apply(db, Halted(ref(run), REFUSED), Extracted(ref(run), 1, 1))
    assert after.paused_at is None
    ended = await apply(db, settled(ref(run), 0, [0], "C", "execute"))
    assert ended.state is State.FAILED


async def test_what_a_halted_replay_did_not_reach_waits_for_a_person_again(db: Database) -> None:
    first = await accept(db)
    await extract(db, first, [batch(0, "ab")])
    letters = [dead_letter(first, "a", 0), dead_letter(first, "b", 1)]
    await DeadLetterStore(db).store(letters)
    await apply(db, settled(ref(first), 0, [0, 1], "FF", "execute"), Extracted(ref(first), 1, 2))
    run = await accept(db, replay={"entries": [letter.id for letter in letters]})
    await extract(db, run, [batch(0, "ab")])
    await apply(
        db,
        Halted(ref(run), REFUSED),
        settled(ref(run), 0, [0, 1], "SC", "execute"),
        Extracted(ref(run), 1, 2),
    )
    rows = await db.fetch("select source_id, status from dead_letters order by source_id")
    assert [tuple(row) for row in rows] == [("a", "replayed"), ("b", "pending")]


async def known(
    db: Database, run: Run, ids: list[str], hashes: list[str], *, tied: bool = False
) -> dict[int, RowStatus]:
    rows = KnownRows(db)
    asked = msgspec.structs.replace(await rows.lookup(run.stream), tied=tied)
    found = await rows.find(run, ids, hashes, asked)
    return {place: status for status, places in found.items() for place in places}
