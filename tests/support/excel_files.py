"""Excel files: written by a program as others use it, or with a sheet that no program writes."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DATES = {
    datetime.datetime: "yyyy-mm-dd hh:mm:ss",
    datetime.date: "yyyy-mm-dd",
    datetime.time: "hh:mm:ss",
    datetime.timedelta: "[h]:mm:ss",
}
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def link_to(target: str, kind: str) -> str:
    """Return a list of one link to a part."""
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    link = f'<Relationship Id="r1" Type="{_LINKS}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{package}">{link}</Relationships>'


def write_sheet(path: Path, rows: Sequence[Sequence[Any]], name: str = "Items") -> None:
    """Write a file of one sheet; None leaves a cell out, text stays text, `=` begins a formula."""
    write_book(path, {name: rows})


def write_book(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]], **said: Any) -> None:
    """Write a file of several sheets; `hidden` names those that are not shown."""
    hidden = said.pop("hidden", "")
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm:ss", **said}) as book:
        formats = {kind: book.add_format({"num_format": form}) for kind, form in _DATES.items()}
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.xls_strmax = 1_000_000
            if name in hidden:
                sheet.hide()
            else:
                sheet.activate()  # Excel cannot show a hidden one
            for y, row in enumerate(rows):
                for x, value in enumerate(row):
                    if isinstance(value, str):
                        sheet.write_string(y, x, value)
                    elif value.__class__ in formats:
                        sheet.write_datetime(y, x, value, formats[value.__class__])
                    elif value is not None:
                        sheet.write(y, x, value)


def raw_sheet(cells: str, **parts: str | bytes) -> dict[str, str | bytes]:
    """Return the parts of a file whose sheet has these rows as XML; `parts` replace others."""
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{cells}</sheetData></worksheet>'
    book = (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}">'
        '<sheets><sheet name="Items" sheetId="1" r:id="r1"/></sheets></workbook>'
    )
    made: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": link_to("xl/workbook.xml", "officeDocument"),
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": link_to("worksheets/sheet1.xml", "worksheet"),
        "xl/worksheets/sheet1.xml": sheet,
    }
    return made | parts


def write_raw(path: Path, parts: dict[str, str | bytes]) -> None:
    """Write a file of these parts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name, data)
