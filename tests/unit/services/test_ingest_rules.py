"""Ingest's decisions: every row in exactly one batch, and how far the cursor may go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.contracts.wire import lanes_of
from syncline.domain.columns import Columns
from syncline.domain.cursor.bookmark import ReadProgress, water_after
from syncline.domain.cursor.values import CursorFormat
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.extraction import CursorType
from syncline.domain.record import MAX_RECORD, Watermarks, check_record
from syncline_ingest.extraction.source_faults import how_far
from syncline_ingest.rows import Rows, refused_row, with_refused
from syncline_ingest.rules import FEW, MAX_BATCH, Lanes, PlannedBatch, plan

ONE = Lanes(1)
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
BROKEN = Failure(Category.PERMANENT, "invalid_record", "broken")


def rows_of(*rows: tuple[str, int, Failure | None]) -> Rows:
    """Make rows of source IDs, sizes, and why they were refused."""
    ids, sizes = [row[0] for row in rows], [row[1] for row in rows]
    found = Rows(ids, [None] * len(ids), [""] * len(ids), Columns(len(ids), {"id": ids}), sizes)
    failed = [(place, row[0], row[2]) for place, row in enumerate(rows) if row[2] is not None]
    return with_refused(found, {place: refused_row(i, b"{}", why) for place, i, why in failed})


def row(source_id: str, failure: Failure | None = None) -> tuple[str, int, Failure | None]:
    return source_id, 10, failure


ROWS = st.lists(
    st.tuples(
        st.text("abc", min_size=1, max_size=2),
        st.sampled_from([1, 100, 200_000, 900_000]),
        st.sampled_from([None, None, None, BROKEN]),
    ),
    max_size=60,
).map(lambda rows: rows_of(*rows))


def planned_of(
    rows: Rows, settled: Mapping[int, str], lanes: Lanes = ONE, *, first: int = 0, size: int = 100
) -> list[PlannedBatch]:
    places = range(len(rows))
    return plan(rows, places, settled, lanes, first=first, batch_size=size)


def settled(planned: Sequence[PlannedBatch]) -> list[PlannedBatch]:
    return [batch for batch in planned if batch.new.stage == ""]


class TestPlan:
    @given(ROWS, st.data(), st.integers(1, 4), st.integers(1, 10))
    def test_every_row_is_in_exactly_one_batch(
        self, rows: Rows, data: st.DataObject, lanes: int, size: int
    ) -> None:
        places = st.integers(0, max(len(rows) - 1, 0))
        settled = data.draw(st.dictionaries(places, st.sampled_from("UX")))
        planned = planned_of(rows, settled, Lanes(lanes), first=7, size=size)
        laid = [place for batch in planned for place in batch.places]
        assert sorted(laid) == list(range(len(rows)))
        assert [batch.new.number for batch in planned] == list(range(7, 7 + len(planned)))
        for batch in planned:
            assert batch.new.source_ids == [rows.ids[place] for place in batch.places]
            assert len(batch.new.outcomes) == len(batch.places) > 0

    @given(ROWS, st.integers(1, 4), st.integers(1, 10))
    def test_travelling_batches_keep_size_weight_lane_and_order(
        self, rows: Rows, lanes: int, size: int
    ) -> None:
        last: dict[str, int] = {}
        for batch in planned_of(rows, {}, Lanes(lanes), size=size):
            if batch.new.stage != "normalize":
                continue
            assert len(batch.places) <= size
            assert len(batch.places) == 1 or sum(rows.sizes[p] for p in batch.places) <= MAX_BATCH
            for place in batch.places:
                source_id = rows.ids[place]
                assert [batch.new.lane] == lanes_of([source_id], lanes)
                assert last.get(source_id, -1) < place  # versions stay in order
                last[source_id] = place

    def test_what_is_unchanged_is_settled_at_once_and_what_is_broken_goes_to_the_dlq(self) -> None:
        rows = rows_of(row("a"), row("b"), row("c", BROKEN), row("d"), row("e"))
        planned = planned_of(rows, {1: "U", 4: "X"})
        assert [(b.new.stage, b.new.source_ids, b.new.outcomes) for b in planned] == [
            ("", ["b"], "U"),
            ("", ["e"], "X"),
            ("ingest", ["c"], "."),
            ("normalize", ["a", "d"], ".."),
        ]

    def test_a_broken_row_is_never_settled_as_unchanged(self) -> None:
        planned = planned_of(rows_of(row("c", BROKEN)), {0: "U"})
        assert settled(planned) == []


@pytest.mark.parametrize(
    ("source_id", "size", "code"),
    [
        ("A1", 10, None),
        ("A1", MAX_RECORD, None),
        ("A1", MAX_RECORD + 1, "record_too_large"),
        ("", 10, "missing_source_id"),
        ("a\0b", 10, "invalid_character"),
        ("x" * 512, 10, None),
        ("x" * 513, 10, "source_id_too_long"),
    ],
)
def test_what_cannot_travel(source_id: str, size: int, code: str | None) -> None:
    failure = check_record(source_id, size)
    assert (failure.code if failure else None) == code


def test_a_record_that_is_too_large_is_told_its_size() -> None:
    failure = check_record("A1", 1_234_567)
    assert failure is not None
    assert failure.message == "the record has 1,234,567 bytes, at most 900,000 are allowed"


class TestWater:
    @pytest.mark.parametrize(
        ("before", "cursors", "after"),
        [
            (Watermarks(), [], Watermarks()),
            (Watermarks(), [None, None], Watermarks()),
            (Watermarks(), ["1", "1"], Watermarks(None, "1")),  # more of it may follow
            (Watermarks(), ["1", "2"], Watermarks("1", "2")),
            (Watermarks(None, "1"), ["1", "1"], Watermarks(None, "1")),
            (Watermarks("1", "2"), ["2", "2"], Watermarks("1", "2")),
            (Watermarks("1", "2"), ["3"], Watermarks("2", "3")),
            (Watermarks("1", "2"), [None, "2", "3", "3"], Watermarks("2", "3")),
        ],
    )
    def test_of_an_ordered_read(
        self, before: Watermarks, cursors: list[str | None], after: Watermarks
    ) -> None:
        assert water_after([c for c in cursors if c is not None], before) == after

    @given(st.lists(st.lists(st.integers(1, 9), max_size=6), max_size=6))
    def test_the_high_mark_is_always_below_what_was_read_last(
        self, chunks: list[list[int]]
    ) -> None:
        ordered = sorted(v for chunk in chunks for v in chunk)
        water, taken = Watermarks(), 0
        for chunk in chunks:
            part = ordered[taken : taken + len(chunk)]
            taken += len(part)
            water = water_after([str(v) for v in part], water)
            if water.read_to is not None:
                assert water.high is None or int(water.high) < int(water.read_to)
                assert int(water.read_to) == ordered[taken - 1]
                below = [v for v in ordered[:taken] if v < ordered[taken - 1]]
                assert water.high == (str(below[-1]) if below else None)

    def test_of_an_unordered_read_nothing_is_taken_as_a_whole(self) -> None:
        marks = ReadProgress(CursorFormat(CursorType.ID), Watermarks(None, "3"), ordered=False)
        assert marks.take(["9", "10", "2"], NOW) == []
        assert marks.water == Watermarks(None, "10")


def test_a_batch_holds_no_record_twice() -> None:
    planned = planned_of(rows_of(*map(row, "abaac")), {}, size=10)
    assert [batch.new.source_ids for batch in planned] == [["a", "b"], ["a"], ["a", "c"]]


def test_a_refused_record_is_kept_in_a_form_that_every_store_takes() -> None:
    kept = refused_row("A\0\ud800" + "x" * 600, b"y" * (MAX_RECORD + 1), BROKEN)
    assert kept.source_id.startswith("A\\0\\ud800")
    assert len(kept.source_id) == 512
    assert len(kept.data) < 11_000


@given(st.lists(st.lists(st.integers(0, 400).map(str), max_size=260), max_size=5), st.data())
def test_a_record_keeps_its_lane_for_the_whole_run(
    chunks: list[list[str]], data: st.DataObject
) -> None:
    lanes, sent = Lanes(4), dict[str, int]()
    breaks = data.draw(st.integers(0, len(chunks)), "a break before this chunk")
    for number, chunk in enumerate(chunks):
        if number == breaks:
            lanes = Lanes(4, [i for i, lane in sent.items() if lane == 0][:FEW])
        lanes.take(chunk)
        for source_id, lane in zip(chunk, lanes.of(chunk), strict=True):
            assert sent.setdefault(source_id, lane) == lane


def test_a_small_run_stays_in_one_lane_and_a_big_one_uses_all() -> None:
    lanes = Lanes(4)
    lanes.take(["a", "b", "c"])
    assert set(lanes.of(list("abc"))) == {0}
    many = [str(n) for n in range(500)]
    lanes.take(many)
    assert set(lanes.of(many)) == {0, 1, 2, 3}
    assert set(lanes.of(list("abc"))) == {0}


def test_a_read_whose_order_did_not_hold_tells_nothing_of_how_far_it_came() -> None:
    water = Watermarks("2026-01-01", "2026-01-02")

    assert how_far(water, None) == water
    assert how_far(water, Failure(Category.TRANSIENT, "timeout", "slow")) == water
    for code in ("not_in_order", "records_missing"):
        assert how_far(water, Failure(Category.PERMANENT, code, "?")) == Watermarks()
