"""Tables written in any dialect, read back: all of it with the right options, nothing silently lost
or made up with the wrong ones."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from syncline.connectors.port import ConnectorError
from tests.support.csv_files import bad, read

TEXT = st.text(st.sampled_from(list("ab ,;\t|'\"\\N\r\né€\ufeff=-")), max_size=6)
NAMES = ("id", "Qty [pcs]", "name", "péage", "a.b")


class Dialect(msgspec.Struct, frozen=True):
    """How a writer writes a table."""

    delimiter: str
    quote: str
    escape: str
    null: str | None
    end: str
    mark: bool
    sep: bool
    extra: int
    header_blanks: str
    encoding: str

    def options(self) -> dict[str, Any]:
        """Return the mapping's options that fit."""
        said: dict[str, Any] = {"quote": self.quote, "encoding": self.encoding}
        said |= {} if self.sep else {"delimiter": self.delimiter}
        said |= {"escape": self.escape} if self.escape else {}
        return said | ({} if self.null is None else {"null": self.null})

    def cell(self, value: str | None) -> str:
        if value is None:
            return self.null or ""
        if self.escape:
            value = value.replace("\\", "\\\\").replace(self.quote, "\\" + self.quote)
        else:
            value = value.replace(self.quote, self.quote * 2)
        return f"{self.quote}{value}{self.quote}"

    def text(self, names: list[str], rows: list[list[str | None]]) -> str:
        more = self.delimiter * self.extra
        lines = [f"sep={self.delimiter}"] if self.sep else []
        lines.append((self.delimiter + self.header_blanks).join(names) + more)
        lines += [self.delimiter.join(map(self.cell, row)) + more for row in rows]
        return "".join(line + self.end for line in lines)

    def file(self, names: list[str], rows: list[list[str | None]]) -> bytes:
        mark = b"\xef\xbb\xbf" if self.mark else b""
        return mark + self.text(names, rows).encode(self.encoding)


DIALECTS = st.builds(
    Dialect,
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    quote=st.sampled_from(['"', "'"]),
    escape=st.sampled_from(["", "\\"]),
    null=st.sampled_from([None, "\\N", "NULL", ""]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    mark=st.booleans(),
    sep=st.booleans(),
    extra=st.integers(0, 2),
    header_blanks=st.sampled_from(["", " ", "  "]),
    encoding=st.just("utf-8"),
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str | None]]]:
    names = ["id", *draw(st.lists(st.sampled_from(NAMES[1:]), unique=True, min_size=1))]
    cells = st.lists(st.one_of(st.none(), TEXT), min_size=len(names) - 1, max_size=len(names) - 1)
    rows = draw(st.lists(cells, max_size=5))
    return names, [[str(n), *row] for n, row in enumerate(rows)]


def expected(
    dialect: Dialect, names: list[str], rows: list[list[str | None]]
) -> list[dict[str, str | None]]:
    """Say what must arrive: null where the dialect can say it, empty text where it cannot."""
    null = dialect.null

    def value(cell: str | None) -> str | None:
        if cell is None:
            return None if null is not None else ""
        told_apart = null and dialect.escape and null.startswith(dialect.escape)
        return None if cell == null and not told_apart else cell

    return [dict(zip(names, map(value, row), strict=True)) for row in rows]


@given(DIALECTS, tables(), st.integers(1, 4))
@settings(max_examples=150, deadline=None)
async def test_a_table_arrives_whole_by_the_options_that_fit(
    dialect: Dialect, table: tuple[list[str], list[list[str | None]]], size: int
) -> None:
    names, rows = table
    with TemporaryDirectory() as folder:
        pages = await read(
            Path(folder), dialect.file(names, rows), options=dialect.options(), size=size
        )

    spoken_of = dialect.null is not None
    suspects = sum("\\N" in row for row in rows) if not spoken_of else 0
    assert len([code for code, _ in bad(pages)]) == suspects
    found = [r for page in pages for n, r in enumerate(page.records.records()) if n not in page.bad]
    assert found == [
        r for r in expected(dialect, names, rows) if spoken_of or "\\N" not in r.values()
    ]


@given(DIALECTS, DIALECTS, tables())
@settings(max_examples=150, deadline=None)
async def test_no_row_vanishes_by_options_that_do_not_fit(
    written: Dialect, said: Dialect, table: tuple[list[str], list[list[str | None]]]
) -> None:
    names, rows = table
    rows = [[c and c.replace("\r", "").replace("\n", "") for c in row] for row in rows]
    with TemporaryDirectory() as folder:
        try:
            pages = await read(Path(folder), written.file(names, rows), options=said.options())
        except ConnectorError:
            return

    assert sum(len(page.ids) for page in pages) == len(rows)


@given(DIALECTS, tables(), tables())
@settings(max_examples=100, deadline=None)
async def test_two_files_put_together_are_noticed(
    dialect: Dialect,
    first: tuple[list[str], list[list[str | None]]],
    second: tuple[list[str], list[list[str | None]]],
) -> None:
    dialect = msgspec.structs.replace(dialect, sep=False, null="", extra=0)
    together = dialect.file(*first) + dialect.file(*second)
    same_columns = first[0] == second[0]
    refused = None
    with TemporaryDirectory() as folder:
        try:
            pages = await read(Path(folder), together, options=dialect.options())
        except ConnectorError as error:
            pages, refused = [], error.failure.code

    if same_columns:
        assert [code for code, _ in bad(pages)] == ["repeated_header"]
        assert sum(len(p.ids) for p in pages) == len(first[1]) + 1 + len(second[1])
    else:
        assert refused == "second_header"
