"""Lists fit their terminal: what is least needed goes, long texts lose their ends."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

from syncline.cli.program.tables import Column, pairs, table

COLUMNS = (
    Column("ID"),
    Column("when", lambda row: row.day, rank=2),
    Column("count", "number", right=True, rank=1),
    Column("error", cut=True),
)
LISTED = [
    SimpleNamespace(
        id="a1", day="2026-01-01", number=7, error="the price must not be negative, and more"
    ),
    SimpleNamespace(id="b22", day=None, number=12345, error=""),
]


def shown(width: int) -> list[str]:
    return [line.plain for line in table(COLUMNS, LISTED, width)]


def test_everything_stands_where_there_is_room() -> None:
    assert shown(200) == [
        "ID   when        count  error",
        "a1   2026-01-01      7  the price must not be negative, and more",
        "b22  -           12345  -",
    ]


def test_what_is_least_needed_goes_first() -> None:
    assert shown(50)[0] == "ID   count  error"
    assert shown(41)[0] == "ID   error"


def test_long_texts_lose_their_ends_where_nothing_else_can_go() -> None:
    lines = shown(30)
    assert lines[1] == "a1   the price must not be ne…"
    assert max(map(len, lines)) <= 30


def test_a_cell_is_one_line_and_wide_characters_count_double() -> None:
    listed = [SimpleNamespace(x="a\nb\x1b[2J", y="日本")]
    found = table((Column("x"), Column("y")), listed, 80)
    lines = [line.plain for line in found]
    assert "\n" not in lines[1]
    assert "\x1b" not in lines[1]
    assert lines[0].index("y") == lines[1].index("日")


def test_a_title_names_its_attribute_and_times_are_in_utc_to_the_second() -> None:
    listed = [SimpleNamespace(last_used=datetime(2026, 1, 31, 8, 15, tzinfo=UTC))]
    lines = [line.plain for line in table((Column("last used"),), listed, 80)]
    assert lines == ["last used", "2026-01-31 08:15:00Z"]


def test_pairs_leave_out_what_has_no_value() -> None:
    lines = [line.plain for line in pairs([("a", 1), ("longer", None), ("bb", "x"), ("c", "")])]
    assert lines == ["a   1", "bb  x"]
