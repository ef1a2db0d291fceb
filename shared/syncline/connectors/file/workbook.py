"""An Excel file before it is opened: what it really holds, so that no file takes all memory.

calamine unpacks a sheet whole and lays it out from its first cell to its last one. So the parts
are unpacked here first, in pieces, and the cells of the sheet are looked through.
"""

from __future__ import annotations

import copy
import io
import posixpath
import re
import zipfile
import zlib
from array import array
from collections.abc import Iterator
from enum import IntEnum
from typing import BinaryIO
from xml.etree import ElementTree

import msgspec

from syncline.connectors.errors import ConnectorError, refusal

MAX_FILE = 128 * 1024**2
MAX_UNPACKED = 256 * 1024**2
"""Bytes of a file, and of all its parts."""
MAX_CELLS = 5_000_000
"""Cells of the rectangle that a sheet's cells lie in; each takes some 80 bytes of memory."""
MAX_PARTS = 5_000
MAX_LIST = 4 * 1024**2
"""Bytes of the list of sheets."""
_BOOK = "xl/workbook.xml"
COLUMNS = 16_384
"""Columns that a sheet can have."""
_PIECE = 1024**2
_ANY_SIZE = 2**62
_LONGEST_TAG = 4 * 1024**2
_NAME = rb"<(?:[^\s<>/:]*+:)?"
_CELL = re.compile(_NAME + rb'c(?: r="([A-Z]{1,3}[0-9]{1,7})"|[\s/>])')
_ERROR = re.compile(_NAME + rb'c r="([A-Z]{1,3}[0-9]{1,7})"[^>]*? t="e"')
_NEGATIVE = re.compile(_NAME + rb'c r="([A-Z]{1,3}[0-9]{1,7})"[^>]*>' + _NAME + rb"v>-")
_UNCOUNTED = re.compile(
    _NAME + rb'c r="([A-Z]{1,3}[0-9]{1,7})"(?![^>]* t="str")[^>]*>'
    + _NAME + rb"f(?:[^>]*/>|[^>]*>[^<]*</[^>]*>)"
    + rb"(?:" + _NAME + rb"v(?:\s*/>|></[^>]*>))?</"
)  # fmt: skip
_WEB_PAGE = re.compile(rb"\s*<(?!\?xml)|\s*<\?xml[^>]*>\s*<html", re.IGNORECASE)
_DIGITS, _LETTERS = b"0123456789", bytes(range(65, 91))


class Oddity(IntEnum):
    """What is odd about a cell, and calamine does not tell."""

    ERROR = 0
    """It holds `#N/A` or another error, which calamine gives as an empty cell."""
    UNCOUNTED = 1
    """It is a formula whose result is not in the file."""
    NEGATIVE = 2
    """It holds a negative number, which calamine gives as midnight where it is shown as a date."""


class Workbook(msgspec.Struct):
    """A checked file.

    Attributes:
        data: the file, so that what was checked is what is opened.
        odd: cells of the sheet that are odd, sorted: `(row * COLUMNS + column) * 4 + Oddity`, rows
            and columns from 0.
    """

    data: io.BytesIO
    sheet: str
    odd: array[int]


def checked(file: BinaryIO, wanted: str | int | None) -> Workbook:
    """Read a file and look through a sheet. Raises ConnectorError: it is none, or too large.

    Args:
        wanted: the sheet's name, or its number from 1; None for the first that is visible.
    """
    file.seek(0)
    data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise too_large(f"it has more than {MAX_FILE:,} bytes")
    _refuse_others(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            _check_sizes(parts)
            sheet, part = _sheet_of(parts, wanted)
            return Workbook(io.BytesIO(data), sheet, _Survey().of(_pieces(parts, part)))
    except zipfile.BadZipFile as error:
        message = f"the file is not complete yet, or damaged: {error}"
        raise refusal("file_incomplete", message) from error
    except (zlib.error, EOFError, NotImplementedError, RuntimeError, LookupError) as error:
        raise unreadable(str(error)) from error
    except (ElementTree.ParseError, UnicodeError, ValueError) as error:
        raise unreadable(str(error)) from error


def too_large(why: str) -> ConnectorError:
    """Make the error of a file that is not opened for its size."""
    return refusal("file_too_large", f"the Excel file is too large: {why}; give it as CSV")


def unreadable(why: str) -> ConnectorError:
    """Make the error of a file that is no sound Excel file."""
    message = f"the Excel file cannot be read: {why}; open it in Excel and save it anew"
    return refusal("invalid_workbook", message)


def _refuse_others(data: bytes) -> None:
    """Refuse what is no .xlsx, whatever its name says."""
    if data.startswith(b"PK\x03\x04"):
        return
    code, message = "invalid_workbook", "the file is no Excel file: save it as .xlsx"
    if not data:
        code, message = "file_incomplete", "the file is empty: is it complete yet?"
    elif data.startswith(b"\xd0\xcf\x11\xe0"):
        message = "the file is of Excel 97 to 2003 (.xls): save it as .xlsx"
        if "EncryptedPackage".encode("utf-16-le") in data:
            code, message = "file_encrypted", "the file is protected by a password: save it without"
    elif _WEB_PAGE.match(data.removeprefix(b"\xef\xbb\xbf")):
        message = "the file is a web page (HTML) that was given the name of an Excel file: open it "
        message += "in Excel and save it as .xlsx"
    raise refusal(code, message)


def _check_sizes(parts: zipfile.ZipFile) -> None:
    """Unpack all parts, since what a file says of their sizes may be a lie."""
    infos = parts.infolist()
    if len(infos) > MAX_PARTS:
        raise too_large(f"it has {len(infos):,} parts")
    if sum(info.file_size for info in infos) > MAX_UNPACKED:
        raise too_large(f"its parts have more than {MAX_UNPACKED:,} bytes")
    names = {info.filename.casefold() for info in infos}
    if len(names) < len(infos):
        raise unreadable("it has two parts of one name")
    left = MAX_UNPACKED
    for info in infos:
        size = 0
        for piece in _pieces(parts, info.filename):
            size += len(piece)
            if size > left:
                raise too_large(f"its parts have more than {MAX_UNPACKED:,} bytes")
        left -= size
        if size != info.file_size:
            raise unreadable(f"it lies about the size of its part {info.filename!r}")


def _pieces(parts: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """Give a part's bytes to its real end, whatever the file says of its size."""
    info = copy.copy(parts.getinfo(name))
    info.file_size = _ANY_SIZE
    with parts.open(info) as part:
        while piece := part.read(_PIECE):
            yield piece


def _sheet_of(parts: zipfile.ZipFile, wanted: str | int | None) -> tuple[str, str]:
    """Return a sheet's name and the part that holds it. Raises ConnectorError: there is none."""
    if _BOOK not in parts.namelist():
        message = "the file is no Excel file of the kind .xlsx: save it as one"
        raise refusal("invalid_workbook", message)
    kinds = [(each.get("Type", ""), each) for each in _xml(parts, "_rels/.rels").iter()]
    books = [each.get("Target", "") for kind, each in kinds if kind.endswith("/officeDocument")]
    if [target.lstrip("/") for target in books] != [_BOOK]:
        raise unreadable("it does not tell where its list of sheets is")
    book, links = _xml(parts, _BOOK), _xml(parts, "xl/_rels/workbook.xml.rels")
    charts = {each.get("Id") for each in links.iter() if "/chartsheet" in each.get("Type", "")}
    every = [each for each in book.iter() if each.tag.rpartition("}")[2] == "sheet"]
    sheets = [each for each in every if _link_of(each) not in charts]
    names = [sheet.get("name", "") for sheet in sheets]
    sheet = sheets[_place_of(sheets, names, wanted)]
    link = _link_of(sheet)
    targets = {each.get("Target", "") for each in links.iter() if each.get("Id") == link}
    if len(targets) != 1 or names.count(sheet.get("name", "")) != 1:
        raise unreadable(f"it does not tell where its sheet {sheet.get('name')!r} is")
    part = posixpath.normpath(posixpath.join("/xl", targets.pop())).lstrip("/")
    known = {name.casefold(): name for name in parts.namelist()}
    return sheet.get("name", ""), known[part.casefold()]


def _link_of(sheet: ElementTree.Element) -> str:
    return next((value for name, value in sheet.attrib.items() if name.endswith("}id")), "")


def _xml(parts: zipfile.ZipFile, name: str) -> ElementTree.Element:
    if parts.getinfo(name).file_size > MAX_LIST:
        raise too_large(f"its part {name!r} has more than {MAX_LIST:,} bytes")
    return ElementTree.fromstring(parts.read(name))  # noqa: S314 - expat bounds entities


def _place_of(sheets: list[ElementTree.Element], names: list[str], wanted: str | int | None) -> int:
    if wanted is None:
        visible = [n for n, each in enumerate(sheets) if each.get("state", "visible") == "visible"]
        if visible:
            return visible[0]
    elif isinstance(wanted, int) and wanted <= len(names):
        return wanted - 1
    elif wanted in names:
        return names.index(str(wanted))
    shown = "the file has no visible sheet" if wanted is None else f"there is no sheet {wanted!r}"
    raise refusal("unknown_sheet", f"{shown}; it has: {', '.join(map(repr, names))[:1000]}")


class _Survey:
    """Looks through the cells of a sheet: how large the sheet is, and which of them are odd."""

    def __init__(self) -> None:
        self._columns: set[bytes] = set()
        self._rows: set[bytes] = set()
        self._odd: array[int] = array("q")

    def of(self, pieces: Iterator[bytes]) -> array[int]:
        """Return the odd cells, sorted. Raises ConnectorError: a sheet that is not to be opened."""
        rest = b""
        for piece in pieces:
            data = rest + piece
            if b"\0" in piece:
                raise unreadable("its sheet is not in UTF-8")
            cut = _last_cell(data)
            self._look(data[:cut])
            rest = data[cut:]
            if len(rest) > _LONGEST_TAG:
                raise unreadable(f"its sheet has a tag of more than {_LONGEST_TAG:,} bytes")
        self._look(rest)
        return array("q", sorted(self._odd))

    def _look(self, data: bytes) -> None:
        cells = _CELL.findall(data)
        if not cells:
            return
        if b"" in cells:
            raise unreadable("cells of its sheet do not say where they are")
        whole = b"\n".join(cells)
        self._columns.update(whole.translate(None, _DIGITS).split(b"\n"))
        self._rows.update(whole.translate(None, _LETTERS).split(b"\n"))
        self._check()
        if b' t="e"' in data:
            self._note(_ERROR, data, Oddity.ERROR)
        if any(sign in data for sign in (b"f>", b"<f", b":f")):
            self._note(_UNCOUNTED, data, Oddity.UNCOUNTED)
        if b"v>-" in data:
            self._note(_NEGATIVE, data, Oddity.NEGATIVE)

    def _check(self) -> None:
        rows, columns = list(map(int, self._rows)), list(map(column_number, self._columns))
        height, width = max(rows) - min(rows) + 1, max(columns) - min(columns) + 1
        if height * width > MAX_CELLS:
            last = f"{column_name(max(columns))}{max(rows)}"
            raise too_large(
                f"its sheet goes on to cell {last}, so that it has {height * width:,} cells of at "
                f"most {MAX_CELLS:,} (is there a stray value far off?)"
            )
        self._rows = {str(max(rows)).encode(), str(min(rows)).encode()}

    def _note(self, pattern: re.Pattern[bytes], data: bytes, oddity: Oddity) -> None:
        for cell in pattern.findall(data):
            letters = cell.rstrip(_DIGITS)
            row = int(cell[len(letters) :]) - 1
            self._odd.append((row * COLUMNS + column_number(letters)) * 4 + oddity)


def _last_cell(data: bytes) -> int:
    """Return where the last cell begins, or the last tag: nothing is cut in two there."""
    cell = data.rfind(b"<", 0, max(data.rfind(b'c r="'), 0))
    return cell if cell > 0 and len(data) - cell < _PIECE else max(data.rfind(b"<"), 0)


def column_number(letters: bytes) -> int:
    """Return a column's number from 0: of `A` 0, of `XFD` 16,383."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def column_name(number: int) -> str:
    """Return the letters of a column's number from 0."""
    name = ""
    number += 1
    while number:
        number, letter = divmod(number - 1, 26)
        name = chr(65 + letter) + name
    return name
