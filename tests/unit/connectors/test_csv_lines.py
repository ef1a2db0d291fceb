"""Lines that are read many at a time: they give what a closer look at each row gives, and a row is
the same line whatever stands beside it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncline.connectors.file.csv_lines import CsvLines
from syncline.connectors.port import ConnectorError
from syncline.domain.columns import Columns
from syncline.domain.mapping.condition import Condition
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.record import Record
from tests.support.csv_files import connector, read

HEAD = b"id,name\n"
CELLS = st.text(st.sampled_from(list('ab1 ,"é€\\N\0\ufeff\n\r')), max_size=4)
PLAIN = st.text(st.sampled_from("abc1 "), min_size=1, max_size=4)
ROWS = st.one_of(
    st.tuples(PLAIN, PLAIN).map(",".join), CELLS, st.just("id,name"), st.just('1,"a, b"')
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
FILES = st.tuples(st.lists(ROWS, max_size=8), ENDS).map(lambda made: made[1].join(made[0]))


class Read(msgspec.Struct):
    """What a file gave: good records with their IDs, cursors and lines, and why others are bad."""

    good: list[tuple[str, str | None, Record, bytes | None]] = []
    bad: list[tuple[str, str]] = []
    refused: str = ""


async def all_of(data: bytes, size: int, **said: Any) -> Read:
    found = Read()
    with TemporaryDirectory() as folder:
        try:
            pages = await read(Path(folder), data, size=size, **said)
        except ConnectorError as error:
            return Read(refused=error.failure.message)
    for page in pages:
        records = page.records.records()
        for place, source_id in enumerate(page.ids):
            if place in page.bad:
                found.bad.append((page.bad[place].code, page.bad[place].message))
            else:
                line = page.lines.data[place] if page.lines else None
                found.good.append((source_id, page.cursors[place], records[place], line))
    return found


@given(FILES, st.sampled_from(["utf-8", "cp1252", "utf-7"]), st.integers(1, 9), st.booleans())
@example('a,b\n1,"x\ny"\nc,d', "utf-8", 2, True)
@example('a,b\n1,"x\ny"\nc,d', "utf-8", 3, True)
@example("a,b\n1,x\0\nc,d", "utf-8", 3, True)
@example("a,b\n1,\\N\nc,d", "utf-8", 3, True)
@example("a,b\n\ufeffno,name\nc,d", "utf-8", 3, True)
@example("a,b\n , \nc,d", "utf-8", 3, True)
@example('a,b\n1,"x"\n , \nc,d', "utf-8", 4, True)
@settings(max_examples=300, deadline=None)
async def test_lines_give_what_a_closer_look_gives(
    rows: str, encoding: str, size: int, quotes: bool
) -> None:
    data = HEAD + rows.encode(encoding, "replace")
    said: dict[str, Any] = {"options": {"encoding": encoding} | ({} if quotes else {"quote": ""})}
    said["cursor_column"] = "name"

    found = await all_of(data, size, **said)
    with patch.object(CsvLines, "read", return_value=None):
        looked_at = await all_of(data, 1, **said)

    assert found == looked_at


@pytest.mark.parametrize(
    "beside", [b"2,two\n", b'2,"t,wo"\n', b'2,"t\nwo"\n', b"2,two,more\n", b"2,\xff\n", b"2,\\N\n"]
)
async def test_a_row_is_the_same_line_whatever_stands_beside_it(
    tmp_path: Path, beside: bytes
) -> None:
    (page,) = await read(tmp_path, HEAD + b"1,one\r\n" + beside)

    assert page.lines is not None
    assert page.lines.data[0] == b"1,one"


async def test_a_line_that_is_fetched_is_the_one_that_was_read(tmp_path: Path) -> None:
    pages = await read(tmp_path, HEAD + b'1,one\n2,"t,wo"\n3,"a\nb"\n4\n', size=1)
    found = await connector(tmp_path).fetch(
        Extraction(id_column="id", table="items.csv"), ["1", "2", "3", "4"]
    )

    assert found.lines is not None
    assert found.lines.data == [page.lines.data[0] for page in pages[:3] if page.lines]
    assert found.records == Columns(3, {"id": ["1", "2", "3"], "name": ["one", "t,wo", "a\nb"]})
    assert {page.lines.layout for page in pages if page.lines} == {found.lines.layout}


async def test_rows_of_other_columns_are_other_lines(tmp_path: Path) -> None:
    (one,) = await read(tmp_path, b"id,name\n1,x\n")
    (other,) = await read(tmp_path, b"id,title\n1,x\n")

    assert one.lines is not None
    assert other.lines is not None
    assert one.lines.data == other.lines.data
    assert one.lines.layout != other.lines.layout


@pytest.mark.parametrize(
    "said", [{"columns": ("id",)}, {"filters": (Condition(field="id", op="eq", value="1"),)}]
)
async def test_what_is_chosen_of_a_file_is_no_line_of_it(
    tmp_path: Path, said: dict[str, Any]
) -> None:
    (page,) = await read(tmp_path, HEAD + b"1,one\n", **said)

    assert page.lines is None
    assert page.records.records()[0]["id"] == "1"
