"""CSV as a source: strict, so that a broken row is one bad record and takes no other with it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import accumulate
from typing import BinaryIO
from weakref import proxy

from syncline.connectors.errors import refusal
from syncline.connectors.file.csv_cells import DATABASE_NULL, NULL_MARKER, Cells
from syncline.connectors.file.csv_header import (
    Again,
    Header,
    again_header,
    delimiter_of,
    header_of,
    other_header,
    usable_header,
)
from syncline.connectors.file.csv_lines import CsvLines, LineList, RowList, csv_reader
from syncline.connectors.file.lines import ENDS, MAX_LINE, blocks
from syncline.connectors.file.rows import MAX_KEPT, RowPosition, after_mark
from syncline.connectors.file.settings import InSettings
from syncline.connectors.pages import PAGE_BYTES

_MARK = "\ufeff"


class CsvRows:
    """Reads a CSV file from a place on. Raises ConnectorError: a bad header, or another file."""

    def __init__(self, file: BinaryIO, settings: InSettings, at: RowPosition | None) -> None:
        self._file = file
        self._settings = settings
        self._fault: tuple[str, str] | None = None
        self._cut = False
        self._marked = False  # a byte order mark stands before the row
        self._odd = False  # the row needs a closer look
        self._reader: Iterator[list[str]] = iter(())
        self._blocks: Iterator[list[bytes]] = iter(())
        self._ahead: list[bytes] = []  # lines that were read from the file, and are not taken yet
        self._next = 0
        self._delimiter, start = delimiter_of(file, after_mark(file), settings)
        self._cells = Cells(settings, self._delimiter)
        self._start(start)
        header = self._header()
        self.names, self._width = header.names, header.width
        id_column = settings.id_column
        self._id = self.names.index(id_column) if id_column in self.names else 0
        self._doubtful = {"", *(self.names if settings.names is None else ())}
        self._form = CsvLines(self.names, self._id, self._doubtful, settings, self._delimiter)
        if at is not None:
            self._start(at)

    @property
    def position(self) -> RowPosition:
        """The position behind the last row that was read."""
        return RowPosition(self._offset, self._line)

    def take(self, count: int) -> LineList | RowList:
        """Read up to `count` records, at least one, fewer if they are long; broken ones: `bad`."""
        if not self._cut and (found := self._form.read(lines := self._look(count))) is not None:
            self._next += len(lines)
            self._line += len(lines)
            self._offset += sum(map(len, lines))
            return found
        taken = RowList(self._form)
        self._until = self._offset + PAGE_BYTES
        while True:
            try:
                self._take(taken, count)
            except csv.Error as error:
                self._broken(taken, str(error))
            else:
                return taken

    def _take(self, taken: RowList, count: int) -> None:
        rows, width = taken.rows, len(self.names)
        are_plain, doubtful, id_ = self._cells.are_plain, self._doubtful, self._id
        while len(rows) < count and (self._offset < self._until or not len(rows)):
            self._begin, self._first_line = self._offset, self._line
            row = next(self._reader, None)
            if row is None:
                return
            is_whole = are_plain and len(row) == width and self._fault is None
            cell = row[id_] if is_whole else ""
            if not self._odd and cell not in doubtful and not cell.isspace():
                rows.append(row)  # type: ignore[arg-type]
            elif row:
                self._take_carefully(taken, row)

    def _take_carefully(self, taken: RowList, row: list[str]) -> None:
        """Take a row that needs a closer look: nearly all rows of a file do not."""
        marked, self._marked, self._odd = self._marked, False, False
        if self._fault is not None:
            self._misfit(taken, row, *self._fault)
            return
        cells = [cell.strip() for cell in row]
        if not any(cells):
            return
        line, names = self._first_line + 1, self.names
        id_column = self._settings.id_column
        again = self._settings.names is None and again_header(cells, names, id_column, marked)
        if again is Again.SAME:
            self._misfit(taken, row, "repeated_header", "", f"line {line} repeats the header")
        elif again is Again.OTHER:
            raise other_header(line, cells)
        elif not len(names) <= len(row) <= max(self._width, len(names)) or any(cells[len(names) :]):
            message = f"the row has {len(row)} columns, the header {len(names)}"
            self._misfit(taken, row, "row_length", message)
        elif (place := self._cells.unsaid_null(row)) is not None:
            self._misfit(taken, row, "null_marker", NULL_MARKER.format(names[place]))
        else:
            values = self._cells.values(row)
            taken.rows.append(values[: len(names)])

    def _misfit(
        self, taken: RowList, row: list[str], code: str, message: str, whole: str | None = None
    ) -> None:
        self._fault = None
        line = self._first_line + 1
        found: dict[str, object] = dict(zip(self.names, row, strict=False)) | {"(line)": line}
        if len(row) > len(self.names):
            found["(more)"] = row[len(self.names) :][:100]
        taken.spoil(code, whole or f"line {line}: {message}", found)

    def _broken(self, taken: RowList, words: str) -> None:
        """Take the row's first line for the bad record, and go on at its second."""
        self._fault, self._marked, self._odd = None, False, False
        line = self._first_line + 1
        read_to = self._file.tell()
        self._file.seek(self._begin)
        first = next(blocks(self._file))[0]
        found = first[:MAX_LINE].decode(self._settings.encoding, "replace")
        hint = self._cells.hint(found)
        message = (
            f"line {line} is no CSV row: {words} (a quote that is not closed, or not doubled{hint})"
        )
        taken.spoil("invalid_row", message, {"(line)": line, "(found)": found[:MAX_KEPT]})
        if self._line > line:
            self._start(RowPosition(self._begin + len(first), line))
            self._cut = not first.endswith(ENDS)
        else:
            self._file.seek(read_to)

    def _start(self, at: RowPosition) -> None:
        self._file.seek(at.offset)
        self._offset, self._line = at.offset, at.line
        self._until = at.offset
        self._begin, self._first_line = at.offset, at.line
        self._fault, self._cut, self._marked, self._odd = None, False, False, False
        self._blocks, self._ahead, self._next = blocks(self._file), [], 0
        own = CsvRows._texts(proxy(self))  # else what was read stays: nobody breaks the cycle soon
        self._reader = csv_reader(own, self._settings, self._delimiter)

    def _look(self, count: int) -> list[bytes]:
        """Return the next lines without taking them: up to so many, fewer where they are long."""
        size = sum(map(len, self._ahead[self._next :]))
        while len(self._ahead) - self._next < count and size < PAGE_BYTES:
            if (more := next(self._blocks, None)) is None:
                break
            self._ahead, self._next = self._ahead[self._next :] + more, 0
            size += sum(map(len, more))
        lines = self._ahead[self._next : self._next + count]
        if size > PAGE_BYTES:
            sizes = accumulate(map(len, lines))
            lines = lines[: 1 + sum(1 for size in sizes if size < PAGE_BYTES)]
        return lines

    def _lines(self) -> Iterator[bytes]:
        """Take one line after the other."""
        while True:
            if self._next == len(self._ahead):
                if (more := next(self._blocks, None)) is None:
                    return
                self._ahead, self._next = more, 0
            self._next += 1
            yield self._ahead[self._next - 1]

    def _texts(self) -> Iterator[str]:
        """Give decoded lines; what is wrong with one is left in `_fault` for its row."""
        prepared = self._cells.prepared
        for raw in CsvRows._lines(self):
            self._offset += len(raw)
            if self._cut:  # the rest of a line that was too long
                self._cut = not raw.endswith(ENDS)
                continue
            self._line += 1
            text = self._decoded(raw)
            if text[0] == _MARK and self._line == self._first_line + 1:
                self._marked, self._odd, text = True, True, text[1:]
            if DATABASE_NULL in text:
                self._odd = True
            yield text if prepared is None else prepared(text)

    def _decoded(self, raw: bytes) -> str:
        encoding = self._settings.encoding
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as error:
            self._fault = "invalid_encoding", _at_byte(error, encoding)
            text = raw.decode(encoding, "replace")
        if "\0" in text:
            self._fault = "invalid_character", "holds a NUL character"
        if len(raw) > MAX_LINE:
            self._fault = "record_too_large", f"is longer than {MAX_LINE:,} bytes"
            self._cut = not raw.endswith(ENDS)
            text = text[:1000].replace(self._settings.quote or "\0", "")
        return text

    def _header(self) -> Header:
        if self._settings.names is not None:
            names = list(self._settings.names)
            return usable_header(Header(names, len(names)))
        return header_of(self._first_row())

    def _first_row(self) -> list[str]:
        row: list[str] = []
        try:
            while not any(map(str.strip, row)) and self._fault is None:  # lines without anything
                row = next(self._reader)
        except StopIteration:  # the end of the file: it has no header, which is refused by name
            return []
        except csv.Error as error:
            raise refusal("invalid_header", f"the header is no CSV row: {error}") from error
        if self._fault is not None:
            raise refusal(self._fault[0], f"the header: {self._fault[1]}")
        return row


def _at_byte(error: UnicodeDecodeError, encoding: str) -> str:
    found = error.object[error.start]
    return f"byte {error.start + 1} of the line (0x{found:02x}) is not {encoding}"
