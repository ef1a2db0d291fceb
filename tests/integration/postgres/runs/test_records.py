"""What people read of records: those of one run by filter, and one search over all IDs."""

from __future__ import annotations

import msgspec
import pytest

from syncline.contracts.events import DeadLetter
from syncline.contracts.messages import Attempt, Extracted, Retrying
from syncline.domain.dead_letter.replay import dead_letter_id
from syncline.domain.errors import Category, Failure, InvalidInputError
from syncline.domain.ledger import Acknowledgements
from syncline.domain.run import Run
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.store import DeadLetterStore
from syncline.postgres.ledger.write_ledger import Ledger
from syncline.postgres.runs.records import RecordFilter, list_records
from syncline.postgres.runs.search import search_all
from tests.support.reports import settled
from tests.support.run_life import accept, apply, batch, extract, ref

AT = "2026-01-01T00:00:00+00:00"
NO = Failure(Category.PERMANENT, "rejected", "the target said no")
AWAY = Failure(Category.TRANSIENT, "timeout", "no answer")


@pytest.fixture
async def db(configured: Database) -> Database:
    """Books that tests make wrong on purpose are not audited."""
    return configured


def letter(run: Run, number: int, slot: int, source_id: str) -> DeadLetter:
    return DeadLetter(
        id=dead_letter_id(run.id, number, slot), correlation_id=run.id, tenant=run.tenant,
        stream=run.stream, instance=run.instance_name, instance_id=run.instance,
        source_profile=run.source, target_profile=run.target, entity_type=run.entity_type,
        source_id=source_id, batch=number, slot=slot, stage="transform", failure=NO,
        attempts=[Attempt(1, AT, "transform", NO)], mapping=run.mapping, mapping_version=1,
        failed_at=AT, payload=msgspec.Raw(b"{}"),
    )  # fmt: skip


async def mixed(db: Database) -> Run:
    """Batch 0: a, b written, c excluded. Batch 1: d written at the second attempt, e failed."""
    run = await accept(db)
    await extract(db, run, [batch(0, "abc")], [batch(1, "de")])
    await DeadLetterStore(db).store([letter(run, 1, 1, "e")])
    return await apply(
        db,
        settled(ref(run), 0, [0, 1, 2], "SSX", "execute"),
        Retrying(ref(run), 1, [0], ["d"], [Attempt(1, AT, "execute", AWAY)], 0),
        settled(ref(run), 1, [0, 1], "SF", "execute"),
        Extracted(ref(run), 2, 5),
    )


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (RecordFilter(), "abcde"),
        (RecordFilter(outcome="success"), "abd"),
        (RecordFilter(outcome="skipped"), "c"),
        (RecordFilter(outcome="excluded"), "c"),
        (RecordFilter(outcome="in_flight"), ""),
        (RecordFilter(source_id="b"), "b"),
        (RecordFilter(source_id="zz"), ""),
        (RecordFilter(attempts=2), "d"),
        (RecordFilter(stage="transform"), "e"),
        (RecordFilter(stage="execute", outcome="success"), "d"),
        (RecordFilter(stage="execute", source_id="e"), ""),
    ],
)
async def test_records_of_a_run_by_filter(
    db: Database, wanted: RecordFilter, expected: str
) -> None:
    run, found = await mixed(db), ""
    after = (0, -1)
    while page := await list_records(db, run.id, wanted, 2, after):
        found += "".join(record.source_id for record in page)
        after = (page[-1].batch, page[-1].slot)
    assert found == expected


async def test_a_record_tells_its_attempts_and_why_it_failed(db: Database) -> None:
    run = await mixed(db)
    *_, retried, failed = await list_records(db, run.id, RecordFilter(), 10)
    assert (retried.outcome, retried.attempts, retried.dead_letter) == ("success", 2, None)
    assert (failed.outcome, failed.stage, failed.error) == ("failed", "transform", NO.message)
    assert failed.dead_letter == dead_letter_id(run.id, 1, 1)


async def test_one_search_finds_runs_records_targets_and_dead_letters(db: Database) -> None:
    run = await mixed(db)
    written = Acknowledgements(["d"], ["0" * 32], [None], ["gid://shop/7"], [1])
    await Ledger(db).acknowledge(ref(run), written)

    async def kinds(text: str, tenant: str = "default") -> list[tuple[str, str | None]]:
        hits = (await search_all(db, tenant, text)).hits
        return [(hit.kind, hit.state) for hit in hits if not hit.name]

    assert await kinds(run.id) == [("run", "partial_success")]
    assert await kinds(f" {run.id[:8].upper()} ") == [("run", "partial_success")]
    assert await kinds("d") == [("record", "success")]
    assert await kinds("e") == [("record", "failed")]
    assert await kinds("gid://shop/7") == [("target", "success")]
    assert await kinds(dead_letter_id(run.id, 1, 1)[:8]) == [("dead_letter", "pending")]
    assert await kinds("nobody") == []
    for text in (run.id, "d", "gid://shop/7"):
        assert await kinds(text, "other") == []
    await db.execute("delete from batches")  # outcomes are let go before runs and the ledger
    assert await kinds("d") == [("record", "success")]


async def test_a_target_id_that_is_the_source_id_is_found_as_one(db: Database) -> None:
    run = ref(await accept(db))
    same = Acknowledgements(["k", "l"], ["0" * 32] * 2, [None] * 2, ["k", "k"], [1, 1])
    await Ledger(db).acknowledge(run, same)
    hits = (await search_all(db, "default", "k")).hits
    assert sorted((h.kind, h.source_id) for h in hits if h.source_id) == [
        ("record", "k"),
        ("target", "k"),
        ("target", "l"),
    ]
    assert (await search_all(db, "other", "k")).hits == []


async def test_one_search_finds_names_by_a_part_and_source_ids_by_their_beginning_in_any_case(
    db: Database,
) -> None:
    run = await accept(db)
    ids = ["AB-1", "AB-10", "ab-2", "B-1"]
    written = Acknowledgements(ids, ["0" * 32] * 4, [None] * 4, [None] * 4, [1] * 4)
    await Ledger(db).acknowledge(ref(run), written)
    hits = (await search_all(db, "default", run.instance_name[1:].upper())).hits
    assert ("instance", run.instance_name) in [(hit.kind, hit.name) for hit in hits]

    async def records(text: str) -> list[str]:
        hits = (await search_all(db, "default", text)).hits
        return sorted(hit.source_id or "" for hit in hits if hit.kind == "record")

    assert await records("ab-") == ["AB-1", "AB-10", "ab-2"]
    assert await records("AB-1") == ["AB-1", "AB-10"]
    assert await records("b-1") == ["B-1"]
    assert await records("ab") == []  # too short to be a beginning
    assert (await search_all(db, "other", "ab-1")).hits == []


@pytest.mark.parametrize("text", ["", " ", "a\0b", "x" * 513, "\ud800"])
async def test_a_search_for_what_can_be_no_id_is_refused(db: Database, text: str) -> None:
    with pytest.raises(InvalidInputError):
        await search_all(db, "default", text)


@pytest.mark.parametrize(
    "text", ["%", "_", "'; drop table runs", "🙂", "مرحبا", "{a,b}", "a" * 512]
)
async def test_any_other_text_is_searched_as_it_is(db: Database, text: str) -> None:
    run = await accept(db)
    found = batch(0, "a")
    found.source_ids = [text]
    await extract(db, run, [found])
    assert [hit.source_id for hit in (await search_all(db, "default", text)).hits] == [text]
