"""The bookmark: never in the future, never past what can still be committed behind it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncline.domain.cursor.bookmark import (
    MOST_READS,
    NotInOrderError,
    PastRead,
    ReadProgress,
    remember_read,
    safe_bookmark,
)
from syncline.domain.cursor.values import CursorFormat, is_later
from syncline.domain.mapping.extraction import CursorType
from syncline.domain.record import Watermarks

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ID, TIME, DATE = (
    CursorFormat(CursorType.ID),
    CursorFormat(CursorType.DATETIME),
    CursorFormat(CursorType.DATE),
)


def at(minute: int) -> str:
    return (NOW + timedelta(minutes=minute)).isoformat()


class TestFuture:
    @pytest.mark.parametrize("ordered", [True, False])
    def test_it_is_no_water(self, ordered: bool) -> None:
        marks = ReadProgress(TIME, Watermarks(), ordered=ordered)
        values = [at(-2), at(-1), "2206-05-01T00:00:00Z", "infinity"]
        assert marks.take(values, NOW) == [2, 3]
        assert marks.water.read_to == at(-1)
        assert marks.take(["infinity"], NOW) == [0]
        assert marks.water == Watermarks(at(-1) if ordered else None, at(-1))

    def test_a_day_ahead_is_not_the_future(self) -> None:
        marks = ReadProgress(DATE, Watermarks(), ordered=True)
        assert marks.take(["2026-11-28", "2026-11-29", "2026-11-30"], NOW) == [2]

    def test_an_infinite_number_is(self) -> None:
        marks = ReadProgress(ID, Watermarks(), ordered=False)
        assert marks.take(["NaN", "7", "Infinity"], NOW) == [0, 2]
        assert marks.water.read_to == "7"


class TestOrder:
    def test_a_lower_value_is_named(self) -> None:
        marks = ReadProgress(ID, Watermarks(), ordered=True)
        marks.take(["9", "10"], NOW)
        with pytest.raises(NotInOrderError) as error:
            marks.take(["11", "100", "12"], NOW)
        assert error.value.place == 2
        with pytest.raises(NotInOrderError) as error:
            marks.take(["9"], NOW)
        assert error.value.place == 0

    def test_texts_are_sorted_as_their_source_does(self) -> None:
        marks = ReadProgress(ID, Watermarks(), ordered=True)
        marks.take(["b", "A", "ä"], NOW)
        assert marks.water == Watermarks("A", "ä")

    def test_what_was_read_before_a_break_lowers_nothing(self) -> None:
        marks = ReadProgress(ID, Watermarks("7", "8"), ordered=True)
        marks.take(["5", "6"], NOW)
        assert marks.water == Watermarks("7", "8")
        marks.take(["8", "9"], NOW)
        assert marks.water == Watermarks("8", "9")


class TestHeldBack:
    PAST = (PastRead("3", at(-30)), PastRead("5", at(-10)))

    @pytest.mark.parametrize(
        ("since", "expected"),
        [(None, "9"), (at(-5), "5"), (at(-10), "3"), (at(-20), "3"), (at(-40), None)],
    )
    def test_numbers_wait_for_who_was_open(self, since: str | None, expected: str | None) -> None:
        assert safe_bookmark("9", since, self.PAST, ID) == expected

    def test_nobody_knows(self) -> None:
        assert safe_bookmark("9", "0001-01-01T00:00:00+00:00", self.PAST, ID) is None

    @pytest.mark.parametrize(
        ("value", "kind", "expected"),
        [
            (at(-5), TIME, at(-5)),  # stamped before the writer began
            (at(5), TIME, at(-3)),
            ("2026-11-27T20:00:00", TIME, "2026-11-27T20:00:00"),  # on any clock on earth
            ("2026-11-28T11:00:00", TIME, "2026-11-27T21:57:00"),
            ("2026-11-28", DATE, "2026-11-27"),
            ("2026-11-20", DATE, "2026-11-20"),
            ("28.11.2026", CursorFormat(CursorType.DATE, "dd.MM.yyyy"), None),
            ("20.11.2026", CursorFormat(CursorType.DATE, "dd.MM.yyyy"), "20.11.2026"),
        ],
    )
    def test_times_wait_until_the_writer_began(
        self, value: str, kind: CursorFormat, expected: str | None
    ) -> None:
        assert safe_bookmark(value, at(-3), (), kind) == expected

    def test_it_is_never_behind_what_was_read(self) -> None:
        assert safe_bookmark("4", at(-5), self.PAST, ID) == "4"


def test_many_reads_are_thinned_out_and_the_newest_of_a_value_counts() -> None:
    past: list[PastRead] = []
    for n in range(1000):
        past = remember_read(past, PastRead(str(n // 2), at(n)))
    assert len(past) <= MOST_READS
    assert past[-1] == PastRead("499", at(999))
    assert past == sorted(past, key=lambda read: int(read.value))
    assert int(past[0].value) < 250


class Writer(msgspec.Struct):
    """A transaction that draws numbers, and is seen when it commits."""

    began: int
    numbers: list[int] = []


STEPS = ("begin", "draw", "commit", "run")


@settings(max_examples=300)
@given(st.data())
def test_every_row_is_read_by_some_run_however_late_it_is_committed(data: st.DataObject) -> None:
    """Writers begin, draw and commit as they like; a run reads what is visible from its cursor."""
    clock, drawn = 0, 0
    visible: set[int] = set()
    read: set[int] = set()
    opened: list[Writer] = []
    past: list[PastRead] = []
    cursor: str | None = None
    for step in data.draw(st.lists(st.sampled_from(STEPS), max_size=40)):
        clock += 1
        if step == "begin":
            opened.append(Writer(clock))
        elif step == "draw" and opened:
            drawn += 1
            data.draw(st.sampled_from(opened)).numbers.append(drawn)
        elif step == "commit" and opened:
            done = opened.pop(data.draw(st.integers(0, len(opened) - 1)))
            visible |= set(done.numbers)
        elif step == "run":
            cursor = one_run(cursor, clock, visible, opened, past, read)
    visible |= {n for writer in opened for n in writer.numbers}
    one_run(cursor, clock + 1, visible, [], past, read)
    assert read == visible


def one_run(
    cursor: str | None,
    clock: int,
    visible: set[int],
    opened: list[Writer],
    past: list[PastRead],
    read: set[int],
) -> str | None:
    seen = sorted(n for n in visible if cursor is None or n >= int(cursor))
    read |= set(seen)
    top = str(seen[-1]) if seen else cursor
    since = min((writer.began for writer in opened), default=None)
    held = safe_bookmark(top, None if since is None else at(since), past, ID)
    if top is not None:
        past[:] = remember_read(past, PastRead(top, at(clock)))
    if held is not None and is_later(held, cursor, CursorFormat(CursorType.ID)):
        return held
    return cursor
