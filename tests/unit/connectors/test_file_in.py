"""Files in: a bad row is that row's failure, and nothing is guessed."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from syncline.connectors.file import FileConnector
from syncline.connectors.file.csv_rows import CsvRows
from syncline.connectors.port import ConnectorError, ExtractRequest, Page
from syncline.domain.columns import Columns
from syncline.domain.mapping.condition import Condition
from syncline.domain.mapping.extraction import CursorType, Extraction
from tests.support.csv_files import bad, connector, good, read
from tests.support.eventually import eventually

HEAD = b"id,name\n"


@pytest.mark.parametrize(
    ("row", "code", "words"),
    [
        (b"2,two,more\n", "row_length", "line 3: the row has 3 columns, the header 2"),
        (b"2\n", "row_length", "line 3: the row has 1 columns, the header 2"),
        (b"2,\xff\xfe\n", "invalid_encoding", "line 3: byte 3 of the line (0xff) is not utf-8"),
        (b"2,a\0b\n", "invalid_character", "line 3: holds a NUL character"),
        (b'2,"two" more\n', "invalid_row", "line 3 is no CSV row"),
        (b'2,"two\n', "invalid_row", "line 3 is no CSV row"),
        (b'2,"' + b"x" * 1_100_000 + b'"\n', "invalid_row", "line 3 is no CSV row"),
        (b"2," + b"x" * 5_000_000 + b"\n", "record_too_large", "longer than 4,194,304 bytes"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 100])
async def test_a_bad_row_fails_alone(
    tmp_path: Path, row: bytes, code: str, words: str, size: int
) -> None:
    pages = await read(tmp_path, HEAD + b"1,one\n" + row + b"3,three\n4,four\n", size=size)

    assert good(pages) == ["1", "3", "4"]
    ((found, message),) = bad(pages)
    assert found == code
    assert words in message


async def test_a_bad_row_shows_what_was_read_of_it(tmp_path: Path) -> None:
    (page,) = await read(tmp_path, HEAD + b'7,a,b,c\n8,"x\n')

    assert page.ids == ["7", ""]
    assert page.records.records()[0] == {"id": "7", "name": "a", "(line)": 2, "(more)": ["b", "c"]}
    assert page.records.records()[1] == {"(line)": 3, "(found)": '8,"x\n'}


@pytest.mark.parametrize("most", [1, 1000])
async def test_nothing_of_a_file_is_kept_when_its_read_has_ended(tmp_path: Path, most: int) -> None:
    """A service hardly ever looks for cycles: each read would stay for thousands of runs."""
    (tmp_path / "items.csv").write_bytes(HEAD + b"1,one\n2,two\n3,three\n")
    request = ExtractRequest(Extraction(table="items.csv", id_column="id"), page_size=1)
    gc.collect()  # of other tests
    gc.disable()
    try:
        async with aclosing(connector(tmp_path).extract(request)) as pages:  # type: ignore[type-var]
            async for _ in pages:
                most -= 1
                if not most:
                    break
        await eventually(lambda: not any(isinstance(each, CsvRows) for each in gc.get_objects()))
    finally:  # at once, but for the thread that lets go of its last call a moment later
        gc.enable()


async def test_a_row_of_blanks_alone_is_no_record(tmp_path: Path) -> None:
    pages = await read(tmp_path, HEAD + b"1,one\n  ,\n , \n\t,\t\n2,two\n")

    assert good(pages) == ["1", "2"]
    assert bad(pages) == []


async def test_a_row_beside_a_bad_one_is_fetched_as_it_was_read(tmp_path: Path) -> None:
    (page,) = await read(tmp_path, HEAD + b"7,a,b,c\n8,x\n")
    found = await connector(tmp_path).fetch(Extraction(id_column="id", table="items.csv"), ["8"])

    assert found.records == Columns(1, {"id": ["8"], "name": ["x"]})
    assert page.part([1]).records.records() == found.records.records()


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
async def test_any_line_end_is_read(tmp_path: Path, end: bytes) -> None:
    lines = [b"id,name", b'1,"a', b'b"', b"2,c", b"", b"3,d"]
    pages = await read(tmp_path, end.join(lines), size=1)

    assert good(pages) == ["1", "2", "3"]
    assert bad(pages) == []
    assert pages[0].records.records()[0]["name"] == f"a{end.decode()}b"


async def test_rows_of_many_blocks_are_read_and_resumed(tmp_path: Path) -> None:
    rows = b"".join(b'%d,"%s\r\n%s"\r\n' % (n, b"x" * (n % 997), b"y" * 300) for n in range(3000))
    pages = await read(tmp_path, b"id,name\r\n" + rows, size=700)
    extraction = Extraction(id_column="id", table="items.csv")
    whole = [str(n) for n in range(3000)]

    assert good(pages) == whole
    for place, page in enumerate(pages, 1):
        request = ExtractRequest(extraction, position=page.position)
        rest = [p async for p in connector(tmp_path).extract(request)]
        assert good(rest) == whole[700 * place :]
        assert bad(rest) == []


async def test_pages_of_long_rows_are_bounded_by_bytes(tmp_path: Path) -> None:
    row = b",".join([b"%d", b"x" * 600_000])
    pages = await read(tmp_path, HEAD + b"".join(row % n + b"\n" for n in range(9)), size=100)
    assert [len(page.ids) for page in pages] == [4, 4, 1]
    assert good(pages) == [str(n) for n in range(9)]


async def test_a_bad_row_after_a_resume_has_its_own_line_number(tmp_path: Path) -> None:
    first, *_ = await read(tmp_path, HEAD + b"1,a\n2,b\n3,c,d\n", size=2)
    request = ExtractRequest(Extraction(id_column="id", table="items.csv"), position=first.position)

    rest = [page async for page in connector(tmp_path).extract(request)]

    assert bad(rest)[0][1].startswith("line 4:")


@pytest.mark.parametrize(
    ("data", "said", "expected"),
    [
        (b"\xef\xbb\xbfid,name\n1,\xc3\xa9\n", {}, "é"),
        ("id,name\n1,€\n".encode("cp1252"), {"encoding": "cp1252"}, "€"),
        (b"id;name\n1;a,b\n", {"delimiter": ";"}, "a,b"),
        (b"id,name\n1,'a,b'\n", {"quote": "'"}, "a,b"),
        (b'id,name\n1,"a\n', {"quote": ""}, '"a'),
    ],
)
async def test_the_way_a_file_is_written_is_said_by_options(
    tmp_path: Path, data: bytes, said: dict[str, Any], expected: str
) -> None:
    (page,) = await read(tmp_path, data, options=said)

    assert page.records.records() == [{"id": "1", "name": expected}]


async def test_a_file_without_header_has_its_names_from_the_mapping(tmp_path: Path) -> None:
    (page,) = await read(tmp_path, b"1,one\n", columns=("id", "name"), options={"header": False})

    assert page.records.records() == [{"id": "1", "name": "one"}]


async def test_a_column_of_any_name_is_read(tmp_path: Path) -> None:
    only = Condition(field='["Qty [pcs]"]', op="gt", value=1)
    data = b"Qty [pcs],a.b\n1,x\n2,y\n"
    (page,) = await read(tmp_path, data, id_column="Qty [pcs]", filters=(only,))
    assert (page.ids, page.records.records()) == (["2"], [{"Qty [pcs]": "2", "a.b": "y"}])


async def test_columns_and_filters_choose(tmp_path: Path) -> None:
    data = b"id,name,x,y\n1,one,a,b\n2,two,c,d\n3,three,e,f\n4\n"
    only = Condition(field="x", op="ne", value="c")
    (page,) = await read(tmp_path, data, columns=("name",), filters=(only,))

    assert page.ids == ["1", "3", "4"]
    assert page.records.records()[:2] == [{"id": "1", "name": "one"}, {"id": "3", "name": "three"}]
    assert list(page.bad) == [2]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (b"id,name,name\n", "duplicate_column"),
        (b"id,,name\n", "blank_column"),
        (b'id,"na"me\n', "invalid_header"),
        (b"id,\xff\n", "invalid_encoding"),
        (b"sku,name\n", "unknown_column"),
        (b",".join(b"c%d" % n for n in range(5001)) + b"\n", "too_many_columns"),
        ("id,name\n".encode("utf-16"), "invalid_encoding"),
    ],
)
async def test_a_header_that_cannot_be_used_is_named(
    tmp_path: Path, header: bytes, code: str
) -> None:
    with pytest.raises(ConnectorError) as caught:
        await read(tmp_path, header + b"1,2,3\n")
    assert caught.value.failure.code == code


@pytest.mark.parametrize("data", [b"id,name\n", b"id,name", b"\xef\xbb\xbfid,name\n\n"])
async def test_a_file_without_rows_gives_nothing(tmp_path: Path, data: bytes) -> None:
    assert await read(tmp_path, data) == []


@pytest.mark.parametrize(
    "line",
    [b"{", b"[1]", b"17", b'{"id":"2"} {"id":"3"}', b'{"id":"\\ud800"}', b'{"id":"\xff"}',
     b'{"id":NaN}', b'{"id":' + b"[" * 5000 + b"]" * 5000 + b"}"],
)  # fmt: skip
async def test_a_line_that_is_no_json_object_fails_alone(tmp_path: Path, line: bytes) -> None:
    data = b'{"id":"1"}\n' + line + b'\n\n{"id":3}\n{"name":"none"}\n'
    pages = await read(tmp_path, data, table="items.jsonl")

    assert good(pages) == ["1", "3", ""]
    ((code, message),) = bad(pages)
    assert code == "invalid_json"
    assert message.startswith("line 2 is no JSON object")


async def test_ids_and_cursors_may_lie_inside_an_object(tmp_path: Path) -> None:
    data = b'{"item":{"sku":"a","at":5}}\n{"item":{"sku":"b","at":7}}\n'
    said: Any = {"id_column": "item.sku", "cursor_column": "item.at"}
    kind = CursorType.ID
    (page,) = await read(tmp_path, data, table="items.jsonl", cursor_type=kind, **said)

    assert (page.ids, page.cursors) == (["a", "b"], ["5", "7"])


async def test_a_file_that_changes_while_it_is_read_is_not_taken_for_whole(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_bytes(HEAD + b"1,a\n2,b\n3,c\n")
    request = ExtractRequest(Extraction(id_column="id", table="items.csv"), page_size=1)
    reading = connector(tmp_path).extract(request)
    first = await anext(reading)
    path.write_bytes(HEAD + b"1,a\n2,b\n3,c\n4,d\n")

    with pytest.raises(ConnectorError, match="changed while it was read"):
        await _drained(reading)
    again = ExtractRequest(request.extraction, position=first.position)
    with pytest.raises(ConnectorError, match="changed since its reading broke off"):
        await _drained(connector(tmp_path).extract(again))


async def _drained(pages: AsyncIterator[Page]) -> None:
    async for _ in pages:
        pass


@pytest.mark.parametrize(
    "name",
    ["../secret.csv", "a/../../secret.csv", "/etc/passwd", "..", "", "a\\b", "file:///etc/passwd",
     "a\nb.csv", "x" * 256 + ".csv", "out.csv", "pipe", "sub", "loop"],
)  # fmt: skip
async def test_nothing_outside_the_folder_and_no_device_is_read(tmp_path: Path, name: str) -> None:
    root = tmp_path / "files"
    (root / "sub").mkdir(parents=True)
    (tmp_path / "secret.csv").write_text("id\n1\n")
    (root / "out.csv").symlink_to(tmp_path / "secret.csv")
    (root / "loop").symlink_to(root / "loop")
    os.mkfifo(root / "pipe")

    with pytest.raises(ConnectorError):
        async for _ in connector(root).extract(
            ExtractRequest(Extraction(id_column="id", table=name))
        ):
            pass


@pytest.mark.parametrize(
    ("kind", "form", "old", "at", "new"),
    [
        (CursorType.ID, None, "98", "99", "100"),
        (CursorType.DATETIME, None, "2026-05-01T08:00:00Z", "2026-05-01 09:00:00+00:00",
         "2026-05-01T12:00:00+02:00"),
        (CursorType.DATETIME, "dd.MM.yyyy HH:mm", "31.12.2025 23:00", "01.01.2026 00:00",
         "01.02.2026 00:00"),
        (CursorType.DATETIME, "epoch", "999", "1000", "10000"),
        (CursorType.DATE, None, "20260131", "2026-02-01", "2026-02-01"),
        (CursorType.DATE, "d.M.yyyy", "9.1.2026", "10.1.2026", "1.2.2026"),
    ],
)  # fmt: skip
async def test_what_lies_behind_the_bookmark_is_what_the_type_says(
    tmp_path: Path, kind: CursorType, form: str | None, old: str, at: str, new: str
) -> None:
    data = f"id,ver\nold,{old}\nat,{at}\nnew,{new}\nnone,\nblank,  \n".encode()
    extraction = Extraction(
        id_column="id", table="items.csv", cursor_column="ver", cursor_type=kind, cursor_format=form
    )
    (tmp_path / "items.csv").write_bytes(data)
    request = ExtractRequest(extraction, after=at)

    pages = [page async for page in connector(tmp_path).extract(request)]

    assert good(pages) == ["at", "new", "none", "blank"]
    assert pages[-1].cursors[-2:] == [None, None]


@pytest.mark.parametrize("odd", ["soon", "28.10.2026 09:15", "7", "infinity"])
async def test_a_value_that_is_no_cursor_is_given_and_not_left_out(
    tmp_path: Path, odd: str
) -> None:
    (tmp_path / "items.csv").write_text(f"id,at\n1,2026-01-01\n2,{odd}\n")
    request = ExtractRequest(
        Extraction(id_column="id", table="items.csv", cursor_column="at"),
        after="2026-06-01T00:00:00",
    )

    pages = [page async for page in connector(tmp_path).extract(request)]

    assert "2" in good(pages)


@pytest.mark.parametrize(
    ("form", "after", "begin"),
    [
        (None, "2026-05-02T00:00:10", "2026-05-01T23:59:50"),
        ("dd.MM.yyyy HH:mm", "02.05.2026 00:00", "01.05.2026 23:59"),
        ("epoch", "1714640000", "1714639990"),
    ],
)
async def test_a_lookback_widens_the_window_in_any_form(
    tmp_path: Path, form: str | None, after: str, begin: str
) -> None:
    (tmp_path / "items.csv").write_text(f"id,at\n1,{begin}\n2,{after}\n")
    extraction = Extraction(
        id_column="id", table="items.csv", cursor_column="at", cursor_format=form, lookback=60.0
    )

    pages = [p async for p in connector(tmp_path).extract(ExtractRequest(extraction, after=after))]

    assert good(pages) == ["1", "2"]


def test_a_lookback_for_numbers_is_refused() -> None:
    extraction = Extraction(
        id_column="id",
        table="items.csv",
        cursor_column="ver",
        cursor_type=CursorType.ID,
        lookback=60.0,
    )

    problems = FileConnector.extraction_problems(extraction)

    assert [p.path for p in problems] == ["$.extraction.lookback"]
