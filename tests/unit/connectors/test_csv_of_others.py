"""CSV as spreadsheets, databases and plain joining write it: read rightly, or refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syncline.connectors.file import FileConnector
from syncline.connectors.port import ConnectorError
from syncline.domain.mapping.extraction import Extraction
from tests.support.csv_files import bad, good, read

Rows = list[dict[str, Any]]


def rows_of(pages: list[Any]) -> Rows:
    return [r for page in pages for n, r in enumerate(page.records.records()) if n not in page.bad]


@pytest.mark.parametrize(
    ("data", "said", "expected"),
    [
        (b"sep=;\nid;name\n1;a,b\n", {}, {"id": "1", "name": "a,b"}),
        (b"\xef\xbb\xbfSEP=\t\r\nid\tname\r\n1\ta,b\r\n", {}, {"id": "1", "name": "a,b"}),
        (b'"sep=;"\nid;name\n1;x\n', {}, {"id": "1", "name": "x"}),
        (b"sep=;\nid;name\n1;x\n", {"delimiter": ";"}, {"id": "1", "name": "x"}),
        (b"id, name ,\tprice\n1, Pen, 2\n", {}, {"id": "1", "name": " Pen", "price": " 2"}),
        (b"id, name, price\n1, Pen , 2\n", {"trim": True},
         {"id": "1", "name": "Pen", "price": "2"}),
        (b'id, name\n1, "a, b"\n', {"trim": True}, {"id": "1", "name": "a, b"}),
        (b'id, name\n1, " a "\n', {"trim": True}, {"id": "1", "name": "a"}),
        (b"id,name,\n1,Pen,\n", {}, {"id": "1", "name": "Pen"}),
        (b"id,name,,\n1,Pen\n", {}, {"id": "1", "name": "Pen"}),
        (b"id,name, ,\n1,Pen,,\n", {}, {"id": "1", "name": "Pen"}),
        (b'id,name\n1,"5\\" pipe"\n', {"escape": "\\"}, {"id": "1", "name": '5" pipe'}),
        (b"id,name\n1,a\\\\b\n", {"escape": "\\"}, {"id": "1", "name": "a\\b"}),
        (b'id,name\n1,"x,\\N,y"\n', {"escape": "\\", "null": ""}, {"id": "1", "name": "x,N,y"}),
        (b'id,name\n1,"x,\\N,y"\n', {"escape": "\\", "null": "\\N"},
         {"id": "1", "name": "x,N,y"}),
        (b"id,name\n1,\\N\n", {"null": "\\N"}, {"id": "1", "name": None}),
        (b"id,name\n1,\\N\n", {"null": "\\N", "escape": "\\"}, {"id": "1", "name": None}),
        (b"id,name\n1,\\\\N\n", {"null": "\\N", "escape": "\\"}, {"id": "1", "name": "\\N"}),
        (b"id,name\n1,\\N\n", {"null": "NULL"}, {"id": "1", "name": "\\N"}),
        (b"id,name\n1,NULL\n", {"null": "NULL"}, {"id": "1", "name": None}),
        (b"id,name\n1,\n", {"null": ""}, {"id": "1", "name": None}),
        (b"id,Qty [pcs]\n1,7\n", {}, {"id": "1", "Qty [pcs]": "7"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 100])
async def test_what_others_write_is_read(
    tmp_path: Path, data: bytes, said: dict[str, Any], expected: dict[str, Any], size: int
) -> None:
    second = data + data.splitlines(keepends=True)[-1].replace(b"1", b"2", 1)

    pages = await read(tmp_path, second, options=said, size=size)

    assert bad(pages) == []
    assert rows_of(pages) == [expected, expected | {"id": "2"}]


@pytest.mark.parametrize(
    ("row", "code", "words"),
    [
        (b"2,\\N\n", "null_marker", "line 3: the cell of name holds `\\N`"),
        (b'2,"5\\" pipe"\n', "invalid_row", "`options.escape:"),
        (b"2,two,,more\n", "row_length", "line 3: the row has 4 columns, the header 2"),
        (b"id,name\n", "repeated_header", "line 3 repeats the header"),
        (b"\xef\xbb\xbfid,name\n", "repeated_header", "line 3 repeats the header"),
    ],
)
async def test_what_cannot_be_a_record_fails_alone_and_is_named(
    tmp_path: Path, row: bytes, code: str, words: str
) -> None:
    pages = await read(tmp_path, b"id,name\n1,one\n" + row + b"3,three\n")

    assert good(pages) == ["1", "3"]
    ((found, message),) = bad(pages)
    assert found == code
    assert words in message


@pytest.mark.parametrize(
    ("data", "said", "code", "words"),
    [
        (b"id,name\n1,a\n\xef\xbb\xbfid,phone\n2,b\n", {}, "second_header", "line 3"),
        (b"id,name\n1,a\nname,id\nb,2\n", {}, "second_header", "line 3"),
        (b"\xef\xbb\xbfid,name\n1,a\n\xef\xbb\xbfid,phone\n2,b\n", {}, "second_header", "line 3"),
        (b"sep=;\nid;name\n1;x\n", {"delimiter": ","}, "delimiter_conflict", "';'"),
        (b"id;name\n1;x\n", {}, "unknown_column", "`options.delimiter`"),
        (b"ID,name\n1,x\n", {}, "unknown_column", "did you mean `ID`?"),
        (b"id,,name\n1,,x\n", {}, "blank_column", "column 2"),
        (b"id, id\n1,2\n", {}, "duplicate_column", "'id' twice"),
        (b"", {}, "no_header", "empty"),
        (b"\xef\xbb\xbf", {}, "no_header", "empty"),
        (b"sep=;\n", {}, "no_header", "empty"),
        (b"\n\n", {}, "no_header", "empty"),
    ],
)
async def test_what_makes_the_whole_file_doubtful_refuses_it(
    tmp_path: Path, data: bytes, said: dict[str, Any], code: str, words: str
) -> None:
    with pytest.raises(ConnectorError) as caught:
        await read(tmp_path, data, options=said)

    assert caught.value.failure.code == code
    assert words in caught.value.failure.message


async def test_an_escaped_null_that_nobody_spoke_of_is_named_too(tmp_path: Path) -> None:
    pages = await read(tmp_path, b"id,name\n1,\\N\n2,b\n", options={"escape": "\\"})

    assert good(pages) == ["2"]
    assert [code for code, _ in bad(pages)] == ["null_marker"]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"delimiter": ";", "quote": ";"}, "quote"),
        ({"escape": '"'}, "escape"),
        ({"escape": "ab"}, "escape"),
        ({"null": 5}, "null"),
        ({"null": "a\nb"}, "null"),
        ({"trim": "yes"}, "trim"),
    ],
)
def test_marks_that_cannot_be_meant_are_refused(said: dict[str, Any], name: str) -> None:
    problems = FileConnector.extraction_problems(
        Extraction(id_column="id", table="items.csv", options=said)
    )

    assert [p.path for p in problems] == [f"$.extraction.options.{name}"]


async def test_blank_lines_may_stand_before_the_header_and_empty_rows_behind(
    tmp_path: Path,
) -> None:
    pages = await read(tmp_path, b"\r\n\nid,name\n1,a\n,\n,,\n2,b\n, \n")

    assert good(pages) == ["1", "2"]
    assert [code for code, _ in bad(pages)] == []


async def test_two_headerless_files_with_marks_are_one(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf1,a\n\xef\xbb\xbf2,b\n"
    pages = await read(tmp_path, data, columns=("id", "name"), options={"header": False})

    assert rows_of(pages) == [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}]


async def test_pages_tell_all_columns_of_the_file(tmp_path: Path) -> None:
    (page,) = await read(tmp_path, b"id,name,price,\n1,a,2,\n", columns=("name",))

    assert page.columns == ("id", "name", "price")
    assert page.records.records() == [{"id": "1", "name": "a"}]


async def test_json_lines_may_lack_anything_so_pages_tell_no_columns(tmp_path: Path) -> None:
    (page,) = await read(tmp_path, b'{"id":"1"}\n', table="items.jsonl")

    assert page.columns is None


async def test_json_lines_of_two_files_with_marks_are_read(tmp_path: Path) -> None:
    data = b'\xef\xbb\xbf{"id":"1"}\n\xef\xbb\xbf{"id":"2"}\n'
    pages = await read(tmp_path, data, table="items.jsonl")

    assert (good(pages), bad(pages)) == (["1", "2"], [])


async def test_a_column_that_no_path_can_name_may_be_id_and_cursor(tmp_path: Path) -> None:
    (page,) = await read(
        tmp_path, b"No. [x],at..\n7,5\n", id_column="No. [x]", cursor_column="at.."
    )

    assert (page.ids, page.cursors) == (["7"], ["5"])
