"""Excel in: cells are values, and what a cell does not hold is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from syncline.connectors.file import FileConnector, sheet_rows, workbook
from syncline.connectors.port import ConnectorError, ExtractRequest, Page
from syncline.domain.mapping.extraction import Extraction
from tests.support.csv_files import bad, connector, good
from tests.support.excel_files import link_to, raw_sheet, write_book, write_raw, write_sheet

NAME = "items.xlsx"


async def read(root: Path, size: int = 100, **said: Any) -> list[Page]:
    extraction = Extraction(**({"table": NAME, "id_column": "id"} | said))
    request = ExtractRequest(extraction, page_size=size)
    return [page async for page in connector(root).extract(request)]


async def rows_of(root: Path, rows: Sequence[Sequence[Any]], **said: Any) -> list[dict[str, Any]]:
    write_sheet(root / NAME, rows)
    return [record for page in await read(root, **said) for record in page.records.records()]


async def refused(root: Path, **said: Any) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        await read(root, **said)
    return caught.value


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("0012", "0012"),
        ("  padded\nline ", "  padded\nline "),
        (None, None),
        (2, 2),
        (-7.0, -7),
        (1.1, Decimal("1.1")),
        (999_999_999_999_999, 999_999_999_999_999),
        (1.5e300, int(Decimal("1.5e300"))),
        (True, True),
        (date(2026, 3, 5), "2026-03-05"),
        (datetime.fromisoformat("2026-03-05T14:30:01"), "2026-03-05T14:30:01"),
        (datetime.fromisoformat("2026-03-05"), "2026-03-05"),
        (date(1900, 3, 1), "1900-03-01"),
        (time(7, 5), "07:05:00"),
        (timedelta(hours=49, minutes=5), "PT49H5M0S"),
    ],
)
async def test_a_cell_is_a_value(tmp_path: Path, cell: object, value: object) -> None:
    (record,) = await rows_of(tmp_path, [["id", "x"], ["1", cell]])

    assert record == {"id": "1", "x": value}
    assert record["x"].__class__ is value.__class__


async def test_dates_of_files_that_count_from_1904_are_the_same(tmp_path: Path) -> None:
    write_book(tmp_path / NAME, {"A": [["id", "x"], ["1", date(2026, 3, 5)]]}, date_1904=True)
    (page,) = await read(tmp_path)

    assert page.records.column("x") == ["2026-03-05"]


async def test_ids_and_cursors_are_text_without_a_point(tmp_path: Path) -> None:
    write_sheet(tmp_path / NAME, [["id", "at"], [7, 12], [8, None]])
    (page,) = await read(tmp_path, cursor_column="at")

    assert (page.ids, page.cursors) == (["7", "8"], ["12", None])


async def test_the_table_may_begin_anywhere(tmp_path: Path) -> None:
    rows: Any = [
        [],
        [],
        [None, None, "id", 2026.0, " name\n"],
        [],
        [None, None, "1", 5, "a"],
        [],
        [],
    ]
    rows.append([None, None, "2", None, None])
    (page,) = [*await read_rows(tmp_path, rows)]

    assert page.records.records() == [
        {"id": "1", "2026": 5, "name": "a"},
        {"id": "2", "2026": None, "name": None},
    ]


async def read_rows(root: Path, rows: Sequence[Sequence[Any]], **said: Any) -> list[Page]:
    write_sheet(root / NAME, rows)
    return await read(root, **said)


async def test_a_title_stands_above_the_header(tmp_path: Path) -> None:
    rows: Any = [["Price list 2026"], [], [None, "id", None, "name"], [None, "1", None, "a"]]
    (page,) = await read_rows(tmp_path, rows, options={"headerRow": 3})
    assert page.records.records() == [{"id": "1", "name": "a"}]

    rows += [["note", "2", None, "b"], [None, "3", "?", "c"]]
    (page,) = await read_rows(tmp_path, rows, options={"headerRow": 3}, size=10)
    assert good([page]) == ["1"]
    assert [message.split(" has")[0] for _, message in bad([page])] == ["cell A5", "cell C6"]
    assert {code for code, _ in bad([page])} == {"unnamed_column"}


async def test_a_sheet_without_header_has_its_names_from_the_mapping(tmp_path: Path) -> None:
    said: Any = {"columns": ("id", "name", "more"), "options": {"header": False}}
    (page,) = await read_rows(tmp_path, [["1", "a"], ["2", None]], **said)

    assert page.records.records() == [
        {"id": "1", "name": "a", "more": None},
        {"id": "2", "name": None, "more": None},
    ]


@pytest.mark.parametrize(
    ("options", "ids"), [({}, "b"), ({"sheet": "C"}, "c"), ({"sheet": 1}, "a"), ({"sheet": 3}, "c")]
)
async def test_a_sheet_is_chosen(tmp_path: Path, options: dict[str, Any], ids: str) -> None:
    sheets = {name: [["id"], [name.lower()]] for name in "ABC"}
    write_book(tmp_path / NAME, sheets, hidden="A")

    assert good(await read(tmp_path, options=options)) == [ids]


async def test_a_sheet_that_is_a_chart_is_passed_over(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / NAME) as book:
        chart = book.add_chart({"type": "line"})
        book.add_chartsheet("Chart").set_chart(chart)
        book.add_worksheet("Items").write_column(0, 0, ["id", "1"])
        chart.add_series({"values": "=Items!$A$1:$A$2"})

    assert good(await read(tmp_path)) == good(await read(tmp_path, options={"sheet": 1})) == ["1"]


@pytest.mark.parametrize("sheet", ["Orders", 4])
async def test_a_sheet_that_is_not_there_is_named(tmp_path: Path, sheet: str | int) -> None:
    write_book(tmp_path / NAME, {name: [["id"]] for name in ("Items", "Old")})
    error = await refused(tmp_path, options={"sheet": sheet})

    assert error.failure.code == "unknown_sheet"
    assert error.failure.message == f"there is no sheet {sheet!r}; it has: 'Items', 'Old'"


async def test_null_and_trim_are_as_in_csv(tmp_path: Path) -> None:
    said = {"options": {"null": "n/a", "trim": True}}
    assert await rows_of(tmp_path, [["id", "x"], ["1 ", " n/a"]], **said) == [
        {"id": "1", "x": None}
    ]


@pytest.mark.parametrize(
    ("cell", "code", "words"),
    [
        ('<c r="B2" t="e"><v>#N/A</v></c>', "error_cell", "cell B2 holds an error such as #N/A"),
        ('<c r="B2" s="0" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "error_cell", "cell B2"),
        ('<c r="B2"><f>1+1</f><v/></c>', "formula_without_value", "cell B2 is a formula"),
        ('<c r="B2"><f>1+1</f></c>', "formula_without_value", "save it"),
        ('<c r="B2"><f t="shared" si="0"/><v></v></c>', "formula_without_value", "cell B2"),
        ('<c r="B2" s="1"><v>-1.5</v></c>', "invalid_date", "below zero"),
        ('<c r="B2"><v>1e999</v></c>', "invalid_number", "cell B2"),
    ],
)
async def test_a_cell_without_a_value_of_its_own_fails_its_row(
    tmp_path: Path, cell: str, code: str, words: str
) -> None:
    cells = (
        '<row r="1"><c r="A1"><v>7</v></c><c r="B1" t="str"><v>x</v></c></row>'
        f'<row r="2"><c r="A2"><v>1</v></c>{cell}</row>'
        '<row r="3"><c r="A3"><v>2</v></c><c r="B3"><f>1-3</f><v>-2</v></c></row>'
        '<row r="4"><c r="A4"><v>3</v></c><c r="B4" t="str"><f>""</f><v></v></c></row>'
    )
    styles = (
        '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
    )
    links = str(raw_sheet("")["xl/_rels/workbook.xml.rels"])
    links = links.replace("</Rel", '<Relationship Id="r2" Target="styles.xml"/></Rel')
    parts = {"xl/styles.xml": styles, "xl/_rels/workbook.xml.rels": links}
    write_raw(tmp_path / NAME, raw_sheet(cells, **parts))
    (page,) = await read(tmp_path, id_column="7")

    ((found, message),) = bad([page])
    assert (found, page.ids) == (code, ["1", "2", "3"])
    assert words in message
    assert page.records.records()[1:] == [{"7": 2, "x": -2}, {"7": 3, "x": None}]
    assert bad(await read(tmp_path, id_column="7", columns=("7",))) == []


async def test_rows_that_only_hold_formulas_without_values_are_not_lost(tmp_path: Path) -> None:
    cells = '<row r="1"><c r="A1" t="str"><v>id</v></c></row>' + "".join(
        f'<row r="{n}"><c r="A{n}"><f>B{n}</f></c></row>' for n in (2, 5)
    )
    write_raw(tmp_path / NAME, raw_sheet(cells))

    assert [message[:7] for _, message in bad(await read(tmp_path, size=1))] == [
        "cell A2",
        "cell A5",
    ]


async def test_an_id_that_excel_has_cut_fails_its_row(tmp_path: Path) -> None:
    rows: Any = [["id", "n"], [4_006_381_333_931, 1e15], [1_234_567_890_123_456, 1]]
    (page,) = await read_rows(tmp_path, rows)

    assert good([page]) == ["4006381333931"]
    ((code, message),) = bad([page])
    assert (code, message[:7]) == ("long_number", "cell A3")


async def test_a_read_goes_on_behind_any_page(tmp_path: Path) -> None:
    rows: Any = [["id"]]
    for n in range(50):
        rows += [[n], []] if n % 7 == 0 else [[n]]
    pages = await read_rows(tmp_path, rows, size=8)

    for place, page in enumerate(pages, 1):
        request = ExtractRequest(Extraction(id_column="id", table=NAME), position=page.position)
        rest = [p async for p in connector(tmp_path).extract(request)]
        assert good(rest) == [str(n) for n in range(8 * place, 50)]


async def test_a_file_that_is_replaced_while_it_is_read_fails_the_read(tmp_path: Path) -> None:
    write_sheet(tmp_path / NAME, [["id"], [1], [2], [3]])
    reading = connector(tmp_path).extract(
        ExtractRequest(Extraction(id_column="id", table=NAME), page_size=1)
    )
    first = await anext(reading)
    (tmp_path / NAME).write_bytes(b"something else")

    rest = [await anext(reading), await anext(reading)]

    assert good([first, *rest]) == ["1", "2", "3"]  # what was opened is what is read
    with pytest.raises(ConnectorError, match="changed while it was read"):
        await anext(reading)


def _cell(reference: str) -> str:
    return f'<row><c r="A1" t="str"><v>id</v></c><c r="{reference}"><v>1</v></c></row>'


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "file_incomplete", "empty"),
        (b"id,name\n1,a\n", "invalid_workbook", "no Excel file"),
        (b"\xef\xbb\xbf <html><table><tr><td>id</td>", "invalid_workbook", "a web page (HTML)"),
        (b'<?xml version="1.0"?>\n<html>', "invalid_workbook", "a web page (HTML)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "invalid_workbook", "Excel 97 to 2003"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "file_encrypted",
            "password",
        ),
        (b"PK\x03\x04" + b"\0" * 100, "file_incomplete", "not complete yet"),
        ({"content.xml": "<ods/>"}, "invalid_workbook", "of the kind .xlsx"),
        (raw_sheet(_cell("XFD1048576")), "file_too_large", "goes on to cell XFD1048576"),
        (raw_sheet(_cell("E1048576")), "file_too_large", "5,242,880 cells of at most 5,000,000"),
        (raw_sheet("<row><c><v>1</v></c></row>"), "invalid_workbook", "do not say where they are"),
        (raw_sheet("<row><c r='A1'><v>1</v></c></row>"), "invalid_workbook", "do not say where"),
        (raw_sheet('<row><c r="a1"><v>1</v></c></row>'), "invalid_workbook", "do not say where"),
        (raw_sheet('<row r="7"><c r="A7"><v>1</v></row'), "invalid_workbook", "cannot be read"),
        (raw_sheet('<row><c r="A1" t="s"><v>9</v></c></row>'), "invalid_workbook", "string index"),
        (raw_sheet("", **{"xl/workbook.xml": "<"}), "invalid_workbook", "cannot be read"),
        (raw_sheet("", **{"xl/_rels/workbook.xml.rels": "<r/>"}),
         "invalid_workbook", "where its sheet"),
        (raw_sheet("", **{"_rels/.rels": link_to("xl/other.xml", "officeDocument")}),
         "invalid_workbook", "list of sheets"),
        (raw_sheet("", **{"xl/workbook.xml": '<?xml version="1.0" encoding="klingon"?><a/>'}),
         "invalid_workbook", "klingon"),
        (raw_sheet("", **{"XL/workbook.xml": "<r/>"}), "invalid_workbook", "two parts of one name"),
        (raw_sheet(""), "no_header", "the sheet is empty"),
        (raw_sheet("".encode("utf-16").decode("latin-1") + "\0"), "invalid_workbook", "UTF-8"),
    ],
)  # fmt: skip
async def test_what_is_no_sound_file_is_named(
    tmp_path: Path, data: bytes | dict[str, str | bytes], code: str, words: str
) -> None:
    if isinstance(data, bytes):
        (tmp_path / NAME).write_bytes(data)
    else:
        write_raw(tmp_path / NAME, data)
    error = await refused(tmp_path)

    assert error.failure.code == code
    assert words in error.failure.message


async def test_a_part_that_has_a_prefix_is_read(tmp_path: Path) -> None:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    cells = [
        '<x:c r="A1" t="str"><x:v>id</x:v></x:c>',
        '<x:c r="A2" t="e"><x:v>#N/A</x:v></x:c>',
        '<x:c r="A3"><x:f>1</x:f><x:v/></x:c>',
        '<x:c r="A4"><x:v>1</x:v></x:c>',
    ]
    rows = "".join(f'<x:row r="{n}">{cell}</x:row>' for n, cell in enumerate(cells, 1))
    sheet = (
        f'<x:worksheet xmlns:x="{main}"><x:dimension ref="A1:XFD1048576"/>'
        f"<x:sheetData>{rows}</x:sheetData></x:worksheet>"
    )
    write_raw(tmp_path / NAME, raw_sheet("", **{"xl/worksheets/sheet1.xml": sheet}))
    pages = await read(tmp_path)

    assert good(pages) == ["1"]
    assert [code for code, _ in bad(pages)] == ["error_cell", "formula_without_value"]


async def test_all_rows_that_a_sheet_can_have_are_read(tmp_path: Path) -> None:
    cells = '<row r="1"><c r="A1" t="str"><v>id</v></c></row>'
    cells += '<row r="1048576"><c r="A1048576"><v>7</v></c></row>'
    write_raw(tmp_path / NAME, raw_sheet(cells))

    assert good(await read(tmp_path)) == ["7"]


async def test_a_value_far_to_the_right_is_a_column(tmp_path: Path) -> None:
    write_sheet(tmp_path / NAME, [["id", *[None] * 16_382, "last"], [1, *[None] * 16_382, "x"]])
    (page,) = await read(tmp_path)

    assert page.records.records() == [{"id": 1, "last": "x"}]


@pytest.mark.parametrize("is_told", [True, False])
async def test_a_bomb_is_not_opened(
    tmp_path: Path, is_told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MAX_UNPACKED", 1_000_000)
    write_raw(tmp_path / NAME, raw_sheet("", **{"xl/media/a.xml": b"x" * 3_000_000}))
    data = (tmp_path / NAME).read_bytes()
    if not is_told:  # the file says that the part has three bytes
        data = data.replace((3_000_000).to_bytes(4, "little"), (3).to_bytes(4, "little"))
    (tmp_path / NAME).write_bytes(data)
    error = await refused(tmp_path)

    assert error.failure.code == "file_too_large"
    assert "more than 1,000,000 bytes" in error.failure.message


async def test_a_part_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    write_raw(tmp_path / NAME, raw_sheet("", **{"xl/media/a.xml": b"x" * 300_000}))
    data = (tmp_path / NAME).read_bytes()
    lie = data.replace((300_000).to_bytes(4, "little"), (3).to_bytes(4, "little"))
    (tmp_path / NAME).write_bytes(lie)

    assert "lies about the size" in (await refused(tmp_path)).failure.message


@pytest.mark.parametrize("limit", ["MAX_FILE", "MAX_LIST", "MAX_PARTS"])
async def test_other_limits_hold(
    tmp_path: Path, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, limit, 3)
    write_sheet(tmp_path / NAME, [["id"], [1]])

    assert (await refused(tmp_path)).failure.code == "file_too_large"


async def test_cells_are_found_wherever_pieces_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "_PIECE", 50)
    cells = "".join(
        f'<row r="{n}"><c r="A{n}" s="0" t="e"><v>#N/A</v></c><c r="B{n}"><f>7</f></c></row>'
        for n in range(2, 40)
    )
    head = '<row r="1"><c r="A1" t="str"><v>id</v></c><c r="B1" t="str"><v>x</v></c></row>'
    write_raw(tmp_path / NAME, raw_sheet(head + cells))
    with (tmp_path / NAME).open("rb") as file:
        found = workbook.checked(file, None)

    assert len(found.odd) == 2 * 38


async def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sheet(tmp_path / NAME, [["id"], [1]])
    monkeypatch.setattr("syncline.connectors.drivers.find_spec", lambda _: None)

    (problem,) = FileConnector.extraction_problems(Extraction(id_column="id", table=NAME))
    assert (problem.path, "syncline[excel]" in problem.message) == ("$.extraction.table", True)
    assert (await refused(tmp_path)).failure.code == "driver_missing"


@pytest.mark.parametrize("is_panic", [True, False])
async def test_a_panic_of_the_reader_ends_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_panic: bool
) -> None:
    write_sheet(tmp_path / NAME, [["id"], [1]])
    panic = type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})

    def broken(_: object) -> None:
        raise panic("index out of bounds") if is_panic else ZeroDivisionError

    monkeypatch.setattr(sheet_rows, "load_workbook", broken)
    if is_panic:
        assert "index out of bounds" in (await refused(tmp_path)).failure.message
        return
    with pytest.raises(ZeroDivisionError):  # a bug of ours
        await read(tmp_path)


async def test_a_sheet_is_described(tmp_path: Path) -> None:
    write_sheet(tmp_path / NAME, [["id", "name"], [1, "a"]])
    columns = await connector(tmp_path).describe(Extraction(id_column="id", table=NAME))

    assert [(c.name, c.type, c.everywhere) for c in columns or ()] == [
        ("id", "any", True), ("name", "any", True),
    ]  # fmt: skip
