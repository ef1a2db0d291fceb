"""CSV in: strict, so that one broken row is one bad record and never swallows its neighbours."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import BinaryIO

from syncline.connectors.file.lines import ENDS, MAX_LINE, blocks
from syncline.connectors.file.rows import MAX_KEPT, Place, after_mark
from syncline.connectors.file.settings import InSettings
from syncline.connectors.folders import refusal
from syncline.connectors.picking import Taken

MAX_FIELD = 1_000_000
"""Characters of a field; so many are read before a quote that is never closed is noticed."""
MAX_COLUMNS = 5_000
csv.field_size_limit(MAX_FIELD)


class CsvRows:
    """Reads a CSV file, from a place on if one is given.

    Raises:
        ConnectorError: its header cannot be used.
    """

    def __init__(self, file: BinaryIO, settings: InSettings, at: Place | None) -> None:
        self._file = file
        self._settings = settings
        self._fault: tuple[str, str] | None = None
        self._cut = False
        self._reader: Iterator[list[str]] = iter(())
        self._start(after_mark(file))
        self.names = self._header()
        if at is not None:
            self._start(at)

    @property
    def place(self) -> Place:
        """Where reading stands: behind the last row."""
        return Place(self._offset, self._line)

    def take(self, count: int) -> Taken:
        """Read up to so many records; a row that is broken ends up in `bad`."""
        taken = Taken()
        while True:
            try:
                self._take(taken, count)
            except csv.Error as error:
                self._broken(taken, str(error))
            else:
                return taken

    def _take(self, taken: Taken, count: int) -> None:
        records, names, width = taken.records, self.names, len(self.names)
        while len(records) < count:
            self._begin, self._first_line = self._offset, self._line
            row = next(self._reader, None)
            if row is None:
                return
            if len(row) == width and self._fault is None:
                records.append(dict(zip(names, row, strict=True)))
            elif row:
                self._misfit(taken, row)

    def _misfit(self, taken: Taken, row: list[str]) -> None:
        code, message = self._fault or (
            "row_length",
            f"the row has {len(row)} columns, the header {len(self.names)}",
        )
        self._fault = None
        line = self._first_line + 1
        found: dict[str, object] = dict(zip(self.names, row, strict=False)) | {"(line)": line}
        if len(row) > len(self.names):
            found["(more)"] = row[len(self.names) :][:100]
        taken.spoil(code, f"line {line}: {message}", found)

    def _broken(self, taken: Taken, words: str) -> None:
        """Take the row's first line for the bad record, and go on at its second."""
        self._fault = None
        line = self._first_line + 1
        message = f"line {line} is no CSV row: {words} (a quote that is not closed, or not doubled)"
        read_to = self._file.tell()
        self._file.seek(self._begin)
        first = next(blocks(self._file))[0]
        found = first[:MAX_LINE].decode(self._settings.encoding, "replace")
        taken.spoil("invalid_row", message, {"(line)": line, "(found)": found[:MAX_KEPT]})
        if self._line > line:
            self._start(Place(self._begin + len(first), line))
            self._cut = not first.endswith(ENDS)
        else:
            self._file.seek(read_to)

    def _start(self, at: Place) -> None:
        self._file.seek(at.offset)
        self._offset, self._line = at.offset, at.line
        self._begin, self._first_line = at.offset, at.line
        self._fault, self._cut = None, False
        self._reader = csv.reader(
            self._texts(),
            delimiter=self._settings.delimiter,
            quotechar=self._settings.quote or '"',
            quoting=csv.QUOTE_MINIMAL if self._settings.quote else csv.QUOTE_NONE,
            strict=True,
        )

    def _texts(self) -> Iterator[str]:
        """Give decoded lines; what is wrong with one is left in `_fault` for its row."""
        encoding = self._settings.encoding
        for lines in blocks(self._file):
            for raw in lines:
                self._offset += len(raw)
                if self._cut:  # the rest of a line that was too long
                    self._cut = not raw.endswith(ENDS)
                    continue
                self._line += 1
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
                yield text

    def _header(self) -> list[str]:
        names = list(self._settings.names or ()) or self._first_row()
        if len(names) > MAX_COLUMNS:
            raise refusal("too_many_columns", f"the header has {len(names)} columns")
        for place, name in enumerate(names, 1):
            if not name:
                raise refusal("blank_column", f"column {place} of the header has no name")
            if names.index(name) != place - 1:
                message = f"the header has column {name!r} twice: give each a name of its own"
                raise refusal("duplicate_column", message, name)
        return names

    def _first_row(self) -> list[str]:
        try:
            row = next(self._reader, [])
        except csv.Error as error:
            raise refusal("invalid_header", f"the header is no CSV row: {error}") from error
        if self._fault is not None:
            raise refusal(self._fault[0], f"the header: {self._fault[1]}")
        return row


def _at_byte(error: UnicodeDecodeError, encoding: str) -> str:
    found = error.object[error.start]
    return f"byte {error.start + 1} of the line (0x{found:02x}) is not {encoding}"
