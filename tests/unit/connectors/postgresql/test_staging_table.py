"""Rows as COPY's text: PostgreSQL reads from it what was written, whatever the texts hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.connectors.postgresql.target.staging_table import NULL, copy_text

MEANT = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r", "x": "\x02"}
TEXTS = st.text(st.sampled_from("ab\t\n\r\\\x02nü日N"), max_size=8)


def read(text: bytes) -> list[list[str | None]]:
    """Read COPY's text format as the server's manual describes it."""
    lines = text.decode().split("\n")
    assert lines.pop() == ""
    return [[None if c == NULL else unescaped(c) for c in line.split("\t")] for line in lines]


def unescaped(cell: str) -> str:
    made, rest = "", iter(cell)
    for char in rest:
        if char == "\\":
            sign = next(rest)
            assert sign != "x" or next(rest) + next(rest) == "02"
            made += MEANT[sign]
        else:
            made += char
    return made


@pytest.mark.parametrize("longer", ["", "ü" * 3_000], ids=["short", "long"])
@given(rows=st.lists(st.tuples(TEXTS, st.none() | TEXTS, TEXTS), min_size=1, max_size=5))
def test_the_server_reads_what_was_written(longer: str, rows: list[tuple[Any, ...]]) -> None:
    columns = [
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] + longer for row in rows],
    ]
    assert read(copy_text(columns)) == [list(row) for row in zip(*columns, strict=True)]


def test_numbers_and_objects_are_written_as_postgresql_reads_them() -> None:
    assert copy_text([[1, 2], [True, None], [{"a": "\n"}, ["ü"]]]) == (
        b'1\ttrue\t{"a":"\\\\n"}\n2\t\x02\t["\xc3\xbc"]\n'
    )
