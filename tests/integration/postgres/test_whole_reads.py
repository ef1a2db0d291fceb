"""Reads of a whole source: what the ledger's copy says leads to what look-ups would lead to."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from syncline.domain.columns import Columns
from syncline.domain.run import Run, State
from syncline.postgres.database.database import Database
from syncline.postgres.ledger.known_rows import KnownRows, RowLookup, RowStatus
from syncline.postgres.ledger.written_rows import row_keys, written_rows
from syncline.testing.clock import FakeClock
from syncline_ingest.extraction import credit
from syncline_ingest.rows import Rows
from syncline_ingest.sifting import ledger_copy
from syncline_ingest.sifting.ledger_copy import FIRST_FOUND, FRESH, MOST_SENT, LedgerCopies
from tests.support.reading_world import World
from tests.support.run_life import accept

HASHES = [f"{n:032x}" for n in range(1, 6)]
ODD = ["A", "B", "a\tb", "a\\tb", "a\nb", "a\\nb", "\\", "\\\\", "\\N", "\\.", "ü", "x" * 600, " "]


class Asked:
    """Counts the rows that are looked up one by one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows = 0
        find = KnownRows.find

        async def counted(
            known: KnownRows,
            run: Run,
            source_ids: Sequence[str],
            row_hashes: Sequence[str | None],
            lookup: RowLookup,
        ) -> dict[RowStatus, list[int]]:
            self.rows += len(source_ids)
            return await find(known, run, source_ids, row_hashes, lookup)

        monkeypatch.setattr(KnownRows, "find", counted)


@pytest.fixture
def world(db: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(ledger_copy, "FIRST_FOUND", 6)
    monkeypatch.setattr(credit, "MOST_OF_CHUNK", 8)
    return World(db)


@pytest.mark.parametrize("seed", range(6))
async def test_after_each_read_of_a_source_that_changes_the_target_holds_it(
    world: World, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    asked, random = Asked(monkeypatch), Random(seed)
    target: dict[str, object] = {}
    for n in range(60):
        world.shelf.write(f"A{n:02}", None, name="first")
    for number in range(5):
        for _ in range(random.choice((0, 1, 5))):
            name = random.choice(("first", "second", "third"))  # also back to what it was
            world.shelf.write(f"A{random.randrange(70):02}", None, name=name)
        dies_in = world.dies_in = random.choice((0, 0, 3, 5))
        before, count = dict(target), asked.rows
        run = await world.run(mode="reset_cursor")
        target |= {record["id"]: record.get("name") for record in world.written}
        world.written.clear()
        source = {source_id: more["name"] for source_id, _, more in world.shelf.rows}
        assert (target, run.state) == (source, State.SUCCEEDED)
        changed = len(source.items() - before.items())
        assert (run.counters.success, run.counters.total) == (changed, len(source))
        if number and not dies_in:
            assert asked.rows - count < len(source) / 2


async def test_a_read_that_goes_on_after_a_break_looks_each_row_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(40):
        world.shelf.write(f"A{n:02}", None)
    await world.run()
    world.dies_in = 4
    run = await world.accept(mode="reset_cursor")
    assert not await world.ingest(run)
    asked, given = Asked(monkeypatch), world.shelf.given
    assert await world.ingest(run)
    assert asked.rows == world.shelf.given - given
    await world.settle()


async def test_a_key_is_that_of_one_row_whatever_its_id_holds(db: Database) -> None:
    run = await accept(db)
    for there in (ODD[::2], ODD[1::2]):
        await db.execute("truncate ledger")
        await write(db, run, there, [HASHES[0]] * len(there))
        keys = await written_rows(db, run.stream, 1000)
        found = {i for i, key in zip(ODD, row_keys(ODD, [HASHES[0]] * len(ODD)), strict=True)
                 if key in keys}  # fmt: skip
        assert found == {i for i in there if "\\" not in i and i.isprintable() and len(i) < 64}
        assert keys.isdisjoint(row_keys(ODD, [HASHES[1]] * len(ODD)))


async def test_what_may_have_been_written_otherwise_is_in_no_copy(db: Database) -> None:
    run = await accept(db)
    await write(db, run, ["A", "B", "C", "D"], [*HASHES[:3], None])
    await db.execute("update ledger set intent_hash = row_hash where source_id = 'B'")
    assert await written_rows(db, run.stream, 1000) == set(row_keys("AC", HASHES[0:3:2]))
    assert len(await written_rows(db, run.stream, 1)) == 1
    assert await written_rows(db, run.stream + 1, 1000) == set()


class TestCopy:
    async def test_it_is_made_when_look_ups_found_most_rows_unchanged(self, db: Database) -> None:
        copies, stream = await stocked(db)
        copy = copies.of(stream)
        copy.note(FIRST_FOUND - 1, ())
        assert not await copy.unchanged(rows("ABC", HASHES))
        copy.note(1, ["X"] * (FIRST_FOUND + 1))  # a source of which most has changed
        assert not await copy.unchanged(rows("ABC", HASHES))
        copy.note(1, ())
        assert list(await copy.unchanged(rows("ABC", HASHES))) == [0, 1, 2]
        assert list(await copy.unchanged(rows("ACB", HASHES))) == [0]

    async def test_it_says_nothing_of_a_record_that_the_run_has_sent(self, db: Database) -> None:
        copies, stream = await stocked(db)
        copy = copies.of(stream)
        copy.note(FIRST_FOUND, ["A"])
        assert await copy.unchanged(rows("ABC", HASHES)) == [1, 2]
        copy.note(0, ["B"])
        assert await copy.unchanged(rows("ABC", HASHES)) == [2]
        copy.note(0, [f"M{n}" for n in range(MOST_SENT)])
        assert not await copy.unchanged(rows("ABC", HASHES))

    async def test_an_old_one_says_nothing(self, db: Database) -> None:
        clock = FakeClock()
        copies, stream = await stocked(db, clock)
        copy = copies.of(stream)
        copy.note(FIRST_FOUND, ())
        assert len(await copy.unchanged(rows("ABC", HASHES))) == 3
        await clock.advance(FRESH - 1)
        assert len(await copy.unchanged(rows("ABC", HASHES))) == 3
        await clock.advance(2)
        assert not await copy.unchanged(rows("ABC", HASHES))
        assert len(await opened(copies, stream).unchanged(rows("ABC", HASHES))) == 3

    async def test_those_of_a_process_hold_so_many_rows_together(self, db: Database) -> None:
        copies, stream = await stocked(db, most=4)
        first, second, third = (opened(copies, stream) for _ in range(3))
        assert len(await first.unchanged(rows("ABC", HASHES))) == 3
        assert len(await second.unchanged(rows("ABC", HASHES))) == 1  # there is room for one
        first.close()
        first.close()
        assert len(await third.unchanged(rows("ABC", HASHES))) == 3


async def stocked(
    db: Database, clock: FakeClock | None = None, most: int = 100
) -> tuple[LedgerCopies, int]:
    """Return copies of a ledger that has A, B and C, with the stream."""
    run = await accept(db)
    await write(db, run, "ABC", HASHES[:3])
    return LedgerCopies(db, clock or FakeClock(), most), run.stream


def opened(copies: LedgerCopies, stream: int) -> ledger_copy.LedgerCopy:
    copy = copies.of(stream)
    copy.note(FIRST_FOUND, ())
    return copy


def rows(ids: Sequence[str], hashes: Sequence[str]) -> Rows:
    size = len(ids)
    return Rows(list(ids), [None] * size, list(hashes[:size]), Columns(size, {}), [0] * size)


async def write(db: Database, run: Run, ids: Sequence[str], hashes: Sequence[str | None]) -> None:
    await db.execute(
        "insert into ledger (stream_id, source_id, tenant, row_hash)"
        " select $1, u.id, 't', u.hash from unnest($2::text[], $3::text[]::uuid[]) u(id, hash)",
        run.stream,
        list(ids),
        list(hashes),
    )


async def test_an_idle_run_notes_what_it_read_when_it_ends(world: World) -> None:
    for n in range(3):
        world.shelf.write(f"A{n}", "2026-11-27T12:00:00+00:00")
    first = await world.run()
    idle = await world.accept()
    assert await world.ingest(idle)
    position = await world.db.fetchval("select position from runs where id = $1", idle.id)
    await world.settle()
    assert (position, world.ids()) == (None, ["A0", "A1", "A2"])
    world.shelf.write("A3", "2026-11-27T12:00:00+00:00")  # at the cursor's value: only it is new
    again = await world.run()
    assert (again.cursor_after, again.counters.total) == (first.cursor_after, 1)
