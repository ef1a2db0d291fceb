"""Pages as rows: hashed, sized, and refused one by one where one of many cannot travel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from syncline.connectors.port import Page
from syncline.contracts.messages import encode
from syncline.domain.columns import Columns, Lines
from syncline.domain.errors import Category, Failure
from syncline.domain.record import MAX_RECORD
from syncline_ingest.reading.chunk import SHORT, rows_of
from syncline_ingest.rows import Rows, join_rows, rows_of_refused, unknown_row


def hasher(rows: Sequence[bytes], layout: bytes = b"") -> list[str]:
    return [str(hash((row, layout))) for row in rows]


def page_of(*records: dict[str, Any], table: bool = False, **more: Any) -> Page:
    ids = [str(record["id"]) for record in records]
    page = Page(ids, [None] * len(ids), Columns.of(records), "", **more)
    page.columns = tuple(records[0]) if table else None
    return page


def page_of_lines(*lines: bytes, ids: list[str] | None = None) -> Page:
    def read(rows: Sequence[bytes]) -> Columns:
        return Columns(len(rows), {"id": [row.decode() for row in rows]})

    names = [line.decode() for line in lines] if ids is None else ids
    return Page(names, [None] * len(lines), None, "", lines=Lines(list(lines), b"id", read))


def records(rows: Rows) -> list[dict[str, Any]]:
    return rows.columns(range(len(rows))).records()


def test_what_is_too_large_is_refused_alone_and_the_others_keep_their_columns() -> None:
    big = {"id": 2, "text": "x" * MAX_RECORD}
    rows = rows_of(page_of({"id": 1, "text": "a"}, big, {"id": 3, "text": "c"}), hasher)

    assert {place: row.failure.code for place, row in rows.refused.items()} == {
        1: "record_too_large"
    }
    assert rows.columns([0, 2]).values == {"id": [1, 3], "text": ["a", "c"]}
    assert rows.sizes[0] == len(encode({"id": 1, "text": "a"}))


def test_what_cannot_be_encoded_is_refused_alone() -> None:
    rows = rows_of(page_of({"id": 1, "v": "a"}, {"id": 2, "v": "\ud800"}), hasher)

    assert {place: row.failure.code for place, row in rows.refused.items()} == {1: "invalid_record"}
    assert b"unreadable" in rows.refused[1].data
    assert rows.columns([0]).records() == [{"id": 1, "v": "a"}]


def test_what_a_page_calls_bad_shapes_no_column() -> None:
    failure = Failure(Category.PERMANENT, "row_length", "too long")
    page = page_of(
        {"id": 1, "v": "a"}, {"id": 2, "(line)": 3}, {"id": 3, "v": "c"}, bad={1: failure}
    )
    rows = rows_of(page, hasher)

    assert rows.refused[1].data == b'{"id":2,"(line)":3}'
    assert rows.columns(range(3)).values == {"id": [1, None, 3], "v": ["a", None, "c"]}


@pytest.mark.parametrize("table", [True, False])
def test_a_record_has_the_same_hash_whatever_page_brings_it(table: bool) -> None:
    first, second, bad = {"id": 1, "v": "a"}, {"id": 2, "v": "b"}, {"id": 3, "(line)": 3}
    failure = Failure(Category.PERMANENT, "row_length", "too long")

    (alone,) = rows_of(page_of(first, table=table), hasher).hashes
    together = rows_of(page_of(second, bad, first, table=table, bad={1: failure}), hasher)

    assert together.hashes[2] == alone
    assert together.hashes[1] == together.refused[1].row_hash


def test_the_names_of_a_tables_columns_are_in_its_hashes() -> None:
    (one,) = rows_of(page_of({"id": 1, "a": "x"}, table=True), hasher).hashes
    (other,) = rows_of(page_of({"id": 1, "b": "x"}, table=True), hasher).hashes
    assert one != other


def test_lines_are_taken_apart_when_their_columns_are_asked_for() -> None:
    asked: list[int] = []
    page = page_of_lines(b"A1", b"A2", b"A3")
    assert page.lines is not None
    read = page.lines.reader

    def counted(rows: Sequence[bytes]) -> Columns:
        asked.append(len(rows))
        return read(rows)

    page.lines.reader = counted
    rows = rows_of(page, hasher)

    assert (rows.hashes, asked) == (hasher([b"A1", b"A2", b"A3"], b"id"), [])
    assert rows.columns([0, 2]).values == {"id": ["A1", "A3"]}
    assert asked == [2]


def test_a_line_that_may_be_too_large_is_looked_at_more_closely() -> None:
    rows = rows_of(
        page_of_lines(b"x" * (SHORT + 1), b"x" * (MAX_RECORD + 1), ids=["a", "b"]), hasher
    )
    assert {place: row.failure.code for place, row in rows.refused.items()} == {
        1: "record_too_large"
    }


def test_rows_of_lines_that_have_no_usable_id_keep_their_record_for_the_dead_letter() -> None:
    rows = rows_of(page_of_lines(b"a", b"b", b"c", ids=["", "B", "x" * 513]), hasher)

    assert {place: row.failure.code for place, row in rows.refused.items()} == {
        0: "missing_source_id",
        2: "source_id_too_long",
    }
    assert rows.refused[0].data == b'{"id":"a"}'


def test_joined_rows_keep_their_places_hashes_and_refusals() -> None:
    lines = rows_of(page_of_lines(b"A1", b"A2"), hasher)
    other = rows_of(page_of({"id": "B1"}), hasher)
    joined = join_rows([lines, rows_of_refused([unknown_row("X")]), other])

    assert joined.ids == ["A1", "A2", "X", "B1"]
    assert list(joined.refused) == [2]
    assert [record.get("id") for record in records(joined)] == ["A1", "A2", None, "B1"]
    assert joined.hashes == [*lines.hashes, "", *other.hashes]
