"""What Ingest makes of a source over several runs: nothing passed over, nothing failed twice."""

from __future__ import annotations

from collections.abc import Container
from datetime import timedelta

import pytest

from syncline.connectors.port import ConnectorError, SourceSnapshot
from syncline.domain.errors import Category, Failure, RetriableError
from syncline.domain.run import Notice, Outcome, Run, State
from syncline.postgres.cursors.cursors import Cursors
from syncline.postgres.database.database import Database
from tests.support.reading_world import AWAY, NOW, REFUSED, Decide, World


@pytest.fixture
def world(db: Database) -> World:
    return World(db)


def at(minute: int) -> str:
    return (NOW - timedelta(days=1) + timedelta(minutes=minute)).isoformat()


def told(run: Run) -> dict[str, Notice]:
    return {notice.code: notice for notice in run.notices}


def failed_by(*ids: str, failure: Failure = REFUSED) -> Decide:
    return lambda record: failure if record["id"] in ids else None


async def cursor(db: Database) -> str | None:
    return (await Cursors(db).current("default", "erp-shop", "item")).value


class TestHandledRows:
    async def test_a_row_without_cursor_that_failed_makes_one_dead_letter(
        self, world: World
    ) -> None:
        world.shelf.write("A", at(1))
        world.shelf.write("N", None)
        world.decide = failed_by("N")
        first = await world.run()
        later = [await world.run() for _ in range(3)]
        assert (first.state, await world.letters()) == (State.PARTIAL_SUCCESS, 1)
        assert {run.state for run in later} == {State.SUCCEEDED}
        assert told(later[-1])["waiting_in_dlq"].source_ids == ("N",)
        assert told(later[-1])["without_cursor"].count == 1

    async def test_a_row_that_failed_alone_makes_one_dead_letter(self, world: World) -> None:
        world.shelf.write("A", at(1))
        world.decide = failed_by("A")
        assert (await world.run()).state is State.FAILED  # so the cursor stays
        assert [(await world.run()).counters.total for _ in range(3)] == [0, 0, 0]
        assert await world.letters() == 1
        world.shelf.write("A", at(1), name="shorter")  # a change is tried
        world.decide = failed_by()
        assert (await world.run()).counters.success == 1

    async def test_a_stream_without_cursor_column_makes_one_dead_letter(self, db: Database) -> None:
        world = World(db, cursorColumn=None)
        for name in "ABC":
            world.shelf.write(name, None)
        world.decide = failed_by("B")
        first, second = await world.run(), await world.run()
        assert (first.counters.failed, second.counters.failed, await world.letters()) == (1, 0, 1)
        assert second.counters.unchanged == 2

    async def test_what_failed_as_the_target_was_away_is_tried_by_the_next_run(
        self, world: World
    ) -> None:
        world.shelf.write("A", at(1))
        world.decide = failed_by("A", failure=AWAY)
        assert (await world.run()).state is State.FAILED
        world.decide = failed_by()
        assert (await world.run()).counters.success == 1

    async def test_more_ties_than_are_remembered_make_no_second_dead_letter(
        self, world: World
    ) -> None:
        world.shelf.size = 2000
        for n in range(6000):
            world.shelf.add(f"T{n:04}", at(1))
        world.decide = failed_by("T0007", "T5999")
        await world.run(batchSize=1000)
        again = await world.run(batchSize=1000)
        assert (again.counters.total, await world.letters()) == (0, 2)
        assert told(again)["waiting_in_dlq"].count == 2

    async def test_a_person_who_resets_the_cursor_has_failures_tried_again(
        self, world: World
    ) -> None:
        world.shelf.write("A", at(1))
        world.shelf.write("B", at(2))
        world.decide = failed_by("A")
        await world.run()
        assert (await world.run(mode="reset_cursor")).counters.failed == 1
        assert (await world.run()).counters.failed == 0
        assert (await world.run(mode="force_full")).counters.failed == 1

    async def test_what_the_mapping_left_out_is_known_and_needs_no_work(self, db: Database) -> None:
        world = World(db, cursorColumn=None)
        for n in range(6):
            world.shelf.write(f"A{n}", None)
        world.decide = lambda record: Outcome.EXCLUDED if record["id"] < "A4" else None
        first = await world.run(maxEntities=4)
        second = await world.run(maxEntities=4)
        assert (first.counters.excluded, first.counters.success) == (4, 0)
        assert (second.counters.excluded, second.counters.success) == (4, 2)
        world.mapping_version = 2  # another version may not leave them out
        world.decide = failed_by()
        assert (await world.run()).counters.success == 6

    async def test_a_broken_row_makes_one_dead_letter(self, world: World) -> None:
        world.shelf.write("A" * 600, at(1))
        world.shelf.write("B", at(2))
        for _ in range(3):
            await world.run()
            world.shelf.write("C", None, name="x")
        assert await world.letters() == 1


class TestCaps:
    async def runs(self, world: World, count: int, **fields: object) -> list[list[str]]:
        seen = []
        for _ in range(count):
            await world.run(maxEntities=2, **fields)
            seen.append(world.ids())
        return seen

    @pytest.mark.parametrize("smart", [True, False])
    async def test_a_cap_gets_on_over_rows_without_cursor(self, world: World, smart: bool) -> None:
        world.smart = smart
        for n in range(5):
            world.shelf.write(f"N{n}", None)
        assert await self.runs(world, 4) == [["N0", "N1"], ["N2", "N3"], ["N4"], []]

    @pytest.mark.parametrize("smart", [True, False])
    async def test_a_cap_gets_on_over_a_source_without_order(
        self, world: World, smart: bool
    ) -> None:
        world.smart, world.shelf.order = smart, None
        for n in range(5):
            world.shelf.write(f"A{n}", at(9 - n))
        assert await self.runs(world, 4) == [["A0", "A1"], ["A2", "A3"], ["A4"], []]
        assert await cursor(world.db) == at(9)

    async def test_a_cap_gets_on_over_a_lookback_window(self, world: World) -> None:
        world.shelf.lookback = "everything"
        for n in range(5):
            world.shelf.write(f"A{n}", at(n))
        assert await self.runs(world, 4) == [["A0", "A1"], ["A2", "A3"], ["A4"], []]

    async def test_a_capped_run_says_so_and_the_last_one_does_not(self, world: World) -> None:
        for n in range(3):
            world.shelf.write(f"A{n}", at(n))
        first = await world.run(maxEntities=2)
        assert (first.state, set(told(first))) == (State.SUCCEEDED, {"capped"})
        assert first.cursor_after == at(1)
        assert told(await world.run(maxEntities=2)) == {}

    async def test_reset_cursor_with_a_cap_gets_on(self, world: World) -> None:
        world.smart = False
        for n in range(5):
            world.shelf.write(f"A{n}", at(n))
        await world.run()
        world.ids()
        await world.run(mode="reset_cursor", maxEntities=2)
        assert world.ids() == ["A0", "A1"]
        assert await self.runs(world, 2) == [["A2", "A3"], ["A4"]]

    async def test_force_full_with_a_cap_says_that_it_does_not_get_on(self, world: World) -> None:
        for n in range(3):
            world.shelf.write(f"A{n}", at(n))
        run = await world.run(mode="force_full", maxEntities=2)
        assert "Force Full begins anew" in told(run)["capped"].message


class TestCursorValues:
    @pytest.mark.parametrize("odd", ["infinity", "9999-12-31T00:00:00+00:00", at(60 * 24 * 9)])
    @pytest.mark.parametrize("ordered", [True, False])
    async def test_what_lies_in_the_future_never_becomes_the_cursor(
        self, world: World, odd: str, ordered: bool
    ) -> None:
        world.shelf.order = (lambda v: "z" if v == "infinity" else v) if ordered else None
        world.shelf.write("A", at(1))
        world.shelf.write("B", at(2))
        world.shelf.write("F", odd)
        first = await world.run()
        assert (first.cursor_after, world.ids()) == (at(2), ["A", "B", "F"])
        assert told(first)["cursor_in_future"].source_ids == ("F",)
        world.shelf.write("C", at(3))
        second = await world.run()
        assert (second.cursor_after, world.ids()) == (at(3), ["C"])

    async def test_a_cursor_that_stood_still_in_the_future_moves_again(self, world: World) -> None:
        world.shelf.write("A", at(1))
        stream = ("default", "erp-shop", "item")
        await Cursors(world.db).set(stream, "9999-12-31T23:59:59.999999", "old", "infinity")
        assert ((await world.run()).cursor_after, world.ids()) == (at(1), ["A"])

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            (["28.10.2026 09:15"], "`cursorFormat: dd.MM.yyyy HH:mm` would fit"),
            (["98", "99"], "`cursorType: id`"),
            (["1764055900"], "`cursorFormat: epoch`"),
            (["2026-05-01T08:00:00Z", "2026-05-01T09:00:00"], "has no offset from UTC"),
        ],
    )
    async def test_what_is_no_time_is_refused_with_the_form_that_would_fit(
        self, world: World, values: list[str], words: str
    ) -> None:
        for n, value in enumerate(values):
            world.shelf.write(f"A{n}", value)
        run = await world.run()
        assert (run.state, (run.failure or {})["code"]) == (State.FAILED, "cursor_unreadable")
        assert words in (run.failure or {})["message"]
        assert (world.ids(), run.cursor_after) == ([], None)

    async def test_times_of_another_form_are_read_by_it(self, db: Database) -> None:
        world = World(db, cursorFormat="dd.MM.yyyy HH:mm")
        world.shelf.order = None
        world.shelf.write("A", "28.10.2026 09:15")
        world.shelf.write("B", "02.11.2026 08:00")
        assert (await world.run()).cursor_after == "02.11.2026 08:00"

    async def test_a_read_that_is_not_in_its_order_fails_and_moves_nothing(
        self, world: World
    ) -> None:
        world.shelf.order = lambda _value: 0
        world.shelf.write("A", at(5))
        world.shelf.write("B", at(3))
        run = await world.run()
        assert ((run.failure or {})["code"], run.cursor_after) == ("not_in_order", None)


class TestLateCommits:
    async def test_the_cursor_waits_for_who_was_open(self, db: Database) -> None:
        world = World(db, cursorType="id")
        world.shelf.order = int
        snapshots = [(0, None), (2, 1), (4, 1), (6, 5), (8, None)]
        found = []
        for n, (taken, since) in enumerate(snapshots):
            world.shelf.write(f"A{n}", str(n))
            world.shelf.snapshot = SourceSnapshot(at(taken), None if since is None else at(since))
            found.append(await world.run())
        assert [run.cursor_after for run in found] == ["0", "0", "0", "2", "4"]
        assert at(1) in told(found[1])["cursor_held_back"].message
        assert told(found[4]) == {}

    async def test_a_stamped_time_waits_no_longer_than_it_must(self, world: World) -> None:
        world.shelf.write("A", at(1))
        world.shelf.write("B", at(9))
        world.shelf.snapshot = SourceSnapshot(at(10), at(5))
        run = await world.run()
        assert (run.cursor_after, set(told(run))) == (at(5), {"cursor_held_back"})
        world.shelf.write("L", at(6))  # committed late
        world.shelf.snapshot = SourceSnapshot(at(11))
        again = await world.run()
        assert (world.ids(), again.cursor_after) == (["A", "B", "L"], at(9))
        assert again.counters.total == 2  # B, as it was, and L


class TestMissing:
    async def test_a_column_that_is_gone_fails_the_run(self, world: World) -> None:
        world.document["normalization"]["fields"].append({"source": "phone", "target": "phone"})
        world.shelf.columns = ("id", "changed", "phone")
        world.shelf.write("A", at(1), phone="1")
        await world.run()
        world.shelf.columns = ("id", "changed", "telephone")
        world.shelf.write("A", at(2), telephone="1")
        run = await world.run()
        assert (run.failure or {})["code"] == "unknown_column"
        assert "`phone`; did you mean `telephone`?" in (run.failure or {})["message"]
        assert (run.cursor_after, run.counters.total) == (at(1), 0)

    async def test_a_column_that_goes_in_mid_run_fails_it_there(self, world: World) -> None:
        world.document["normalization"]["fields"].append({"source": "phone", "target": "phone"})
        world.shelf.size, world.shelf.columns = 1, ("id", "changed", "phone")
        for n in range(4):
            world.shelf.write(f"A{n}", at(n), phone="1")

        def rename(page: int) -> None:
            if page == 3:
                world.shelf.columns = ("id", "changed")

        world.shelf.before_page = rename
        run = await world.run()
        assert (run.failure or {})["code"] == "unknown_column"
        assert world.ids() == ["A0", "A1"]

    async def test_a_property_that_no_record_has_any_more_fails_the_run_before_a_record_goes(
        self, world: World
    ) -> None:
        world.document["normalization"]["fields"] += [
            {"source": "phone", "target": "phone"},
            {"source": "fax", "target": "fax"},
            {"source": "mail", "target": "mail", "default": "none"},
        ]
        world.shelf.write("A", at(1), phone="1", fax="1", mail="x")
        world.shelf.write("B", at(2), phone="1")  # `fax` may be missing
        await world.run()
        world.ids()
        world.shelf.write("A", at(3), telephone="1")
        world.shelf.write("B", at(2), telephone="1")
        run = await world.run()
        assert (run.failure or {})["code"] == "missing_property"
        assert "`phone`" in (run.failure or {})["message"]
        assert (world.ids(), run.cursor_after) == ([], at(2))
        world.shelf.write("B", at(4), phone="1")  # some have it: the others just leave it out
        assert (await world.run()).counters.success == 2


class TestTwice:
    async def test_a_list_that_moved_is_read_again_in_an_order_that_stands_still(
        self, world: World
    ) -> None:
        shelf = world.shelf
        shelf.order, shelf.may_move, shelf.stands_still, shelf.size = None, True, True, 2
        for name in "ABCDE":
            shelf.write(name, at(1))

        def move(page: int) -> None:
            if page == 2 and len(shelf.requests) == 1:
                shelf.rows[1], shelf.rows[2] = shelf.rows[2], shelf.rows[1]

        shelf.before_page = move  # B comes twice, C never
        run = await world.run()
        assert (run.state, world.ids()) == (State.SUCCEEDED, ["A", "B", "B", "C", "D", "E"])
        assert told(run)["read_again"].source_ids == ("B",)
        assert [getattr(r, "stable", None) for r in shelf.requests] == [False, True]
        assert run.cursor_after == at(1)

    async def test_a_list_that_moves_each_time_fails_the_run(self, world: World) -> None:
        shelf = world.shelf
        shelf.order, shelf.may_move, shelf.size = None, True, 2
        for name in "ABCDE":
            shelf.write(name, at(1))

        def move(page: int) -> None:
            if page == 2:
                shelf.rows[1], shelf.rows[2] = shelf.rows[2], shelf.rows[1]

        shelf.before_page = move
        run = await world.run()
        assert ((run.failure or {})["code"], run.cursor_after) == ("unstable_order", None)
        assert "Sort it by `id`" in (run.failure or {})["message"]

    async def test_rows_with_one_id_are_all_read_and_told(self, world: World) -> None:
        world.shelf.size = 1
        world.shelf.add("1", at(1), name="a")
        world.shelf.add("1", at(1), name="b")
        world.shelf.add("2", at(1), name="c")
        run = await world.run()
        assert [record["name"] for record in world.written] == ["a", "b", "c"]
        assert told(run)["duplicate_ids"].source_ids == ("1",)


class TestReadingOn:
    async def test_what_was_committed_comes_again_by_reading_on(self, world: World) -> None:
        world.shelf.can_fetch = False
        for n in range(9):
            world.shelf.write(f"A{n}", at(n))
        for step in range(2, 9):
            world.dies_in = step
            run = await world.run()
            assert (run.state, run.counters.failed) == (State.SUCCEEDED, 0), step
            assert await world.letters() == 0
            for n in range(9):
                world.shelf.write(f"A{n}", at(n), turn=step)
            await Cursors(world.db).set(("default", "erp-shop", "item"), None, "test", "again")
        assert {record["id"] for record in world.written} == {f"A{n}" for n in range(9)}

    async def test_what_was_lost_meanwhile_is_a_dead_letter(self, world: World) -> None:
        world.shelf.can_fetch = False
        for n in range(3):
            world.shelf.write(f"A{n}", at(n))
        run = await world.accept()
        world.dies_in = 2
        assert not await world.ingest(run)
        world.shelf.rows = [row for row in world.shelf.rows if row[0] != "A1"]
        assert await world.ingest(run)
        await world.settle()
        assert (world.ids(), await world.letters()) == (["A0", "A2"], 1)

    @pytest.mark.parametrize("ordered", [True, False])
    async def test_a_position_that_died_lets_the_read_begin_again(
        self, world: World, ordered: bool
    ) -> None:
        shelf = world.shelf
        shelf.size = 2
        shelf.order = str if ordered else None
        for n in range(9):
            shelf.write(f"A{n}", at(n))
        _dies_at(world, {3, 7})
        run = await world.run()
        assert (run.state, run.counters.total, run.counters.success) == (State.SUCCEEDED, 9, 9)
        assert world.ids() == [f"A{n}" for n in range(9)]
        assert "position_expired" in told(run)
        assert shelf.requests[-1].position is None
        assert (shelf.requests[-1].after is not None) == ordered

    async def test_a_position_that_always_dies_ends_with_advice(self, world: World) -> None:
        world.shelf.size, world.shelf.order = 2, None
        for n in range(9):
            world.shelf.write(f"A{n}", at(n))
        _dies_at(world, range(3, 999, 2))
        run = await world.run()
        assert (run.failure or {})["code"] == "position_expired"
        assert "live too short" in (run.failure or {})["message"]


def _dies_at(world: World, calls: Container[int]) -> None:
    count = 0

    def die(page: int) -> None:
        nonlocal count
        count += 1
        if count in calls and page > 1:
            raise ConnectorError(Failure(Category.PERMANENT, "position_expired", "token"))

    world.shelf.before_page = die


class TestSpellings:
    async def test_an_id_in_another_spelling_is_one_record(self, world: World) -> None:
        world.shelf.write("6f1c", at(1))
        world.shelf.asked = {"6F1C": "6f1c"}
        run = await world.run(sourceIds="6F1C")
        assert (run.counters.total, run.counters.success) == (1, 1)


async def test_a_source_that_breaks_goes_on_in_the_next_run(world: World) -> None:
    world.shelf.size = 2
    for n in range(6):
        world.shelf.write(f"A{n}", at(n))

    def break_(page: int) -> None:
        if page == 3:
            raise RetriableError("gone")

    world.shelf.before_page = break_
    first = await world.run()
    assert (first.state, first.cursor_after) == (State.PARTIAL_SUCCESS, at(2))
    world.shelf.before_page = lambda _page: None
    assert (await world.run()).cursor_after == at(5)
    assert sorted(set(world.ids())) == [f"A{n}" for n in range(6)]
