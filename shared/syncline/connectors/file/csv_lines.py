"""CSV rows as lines: read many at a time where none needs a closer look, as nearly none does.

So rows travel through Ingest as lines, and become columns just before they are published.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import cast

import msgspec

from syncline.connectors.file.csv_cells import DATABASE_NULL, Cells
from syncline.connectors.file.settings import InSettings
from syncline.contracts.messages import decoder_of, encode
from syncline.domain.columns import Columns, Lines
from syncline.domain.errors import Category, Failure
from syncline.domain.record import JsonObject, Value

MAX_FIELD = 1_000_000
"""Characters of a field; so many are read before a quote that is never closed is noticed."""
_SIMPLE = frozenset({"utf-8", "ascii", "iso8859-1", "cp1252"})
"""Encodings in which no line depends on another, and a text that was read has one form."""
_ODD = (b"\0", DATABASE_NULL.encode(), "\ufeff".encode())
_JSON = b"\n"
"""Begins a row that is written as JSON, as no other row does."""
_decode = decoder_of(list[str | None]).decode
csv.field_size_limit(MAX_FIELD)


def csv_reader(texts: Iterable[str], said: InSettings, delimiter: str) -> Iterator[list[str]]:
    """Return a strict reader of lines. It raises csv.Error."""
    return csv.reader(
        texts,
        delimiter=delimiter,
        quotechar=said.quote or '"',
        quoting=csv.QUOTE_MINIMAL if said.quote else csv.QUOTE_NONE,
        escapechar=said.escape,
        skipinitialspace=said.trim,
        strict=True,
    )


class CsvLines:
    """How the rows of one file are written as lines, and read from them.

    A row is written as a file without quotes has it; one that needs quotes is written as JSON.

    Args:
        names: of the columns.
        id_place: which of them holds the IDs.
        doubtful: IDs of rows that need a closer look.
    """

    def __init__(
        self,
        names: list[str],
        id_place: int,
        doubtful: Set[str],
        said: InSettings,
        delimiter: str,
    ) -> None:
        self.names = names
        self.delimiter = delimiter
        self.id_place = id_place
        self._doubtful = doubtful
        self._said = said
        self._are_plain = Cells(said, delimiter).are_plain
        self._is_simple = said.encoding in _SIMPLE
        self._marks = ("\n", "\r", said.quote or "\n")
        self._layout = encode((names, delimiter, said.encoding))

    def read(self, raw: Sequence[bytes]) -> LineList | RowList | None:
        """Read lines of the file, with their ends; None where one of them needs a closer look."""
        data = b"".join(raw)
        if not (data and self._are_plain and self._is_simple) or max(map(len, raw)) > MAX_FIELD:
            return None
        if any(sign[:1] in data and sign in data for sign in _ODD):  # one byte is found sooner
            return None
        lines = [line.rstrip(b"\r\n") for line in raw]
        try:
            texts = [line.decode(self._said.encoding) for line in lines]
        except UnicodeDecodeError:  # told of by the closer look
            return None
        if self._said.quote is not None and self._said.quote.encode() in data:
            return self._quoted(texts)
        if {text.count(self.delimiter) for text in texts} != {len(self.names) - 1}:
            return None
        ids = [text.split(self.delimiter, self.id_place + 1)[self.id_place] for text in texts]
        return LineList(self, texts, lines, ids) if self._are_usable(ids) else None

    def _quoted(self, texts: list[str]) -> RowList | None:
        try:
            rows = list(csv_reader(texts, self._said, self.delimiter))
        except csv.Error:  # told of by the closer look
            return None
        if len(rows) != len(texts) or set(map(len, rows)) != {len(self.names)}:
            return None
        if not self._are_usable([row[self.id_place] for row in rows]):
            return None
        return RowList(self, cast(list[list[str | None]], rows))

    def _are_usable(self, ids: Sequence[str]) -> bool:
        return self._doubtful.isdisjoint(ids) and not any(map(str.isspace, ids))

    def of(self, data: list[bytes]) -> Lines:
        """Return lines with what tells what they mean."""
        return Lines(data, self._layout, self.columns)

    def write(self, rows: Iterable[Sequence[str | None]]) -> Lines | None:
        """Write rows as lines; None where the file's encoding may give one text several forms."""
        return self.of([self._line(row) for row in rows]) if self._is_simple else None

    def _line(self, row: Sequence[str | None]) -> bytes:
        if None not in row:
            text = self.delimiter.join(cast(Sequence[str], row))
            is_clear = text.count(self.delimiter) == len(row) - 1
            if is_clear and not any(mark in text for mark in self._marks):
                return text.encode(self._said.encoding)
        return _JSON + encode(row)

    def _row(self, line: bytes) -> Sequence[str | None]:
        if line.startswith(_JSON):
            return _decode(line)
        return line.decode(self._said.encoding).split(self.delimiter)

    def columns(self, lines: Sequence[bytes]) -> Columns:
        """Return the records of lines by column."""
        cut, width = self.delimiter, len(self.names)
        data = cut.encode().join(lines)
        cells: list[Value]
        if data.isascii() and _JSON not in data:
            cells = [*data.decode().split(cut)]
        else:  # one wide character would make a text of them all wide, and slow to take apart
            cells = [cell for line in lines for cell in self._row(line)]
        values = {name: cells[place::width] for place, name in enumerate(self.names)}
        return Columns(len(lines), values)


class LineList(msgspec.Struct):
    """Rows of a file, in its order, of which none needed a closer look.

    Attributes:
        texts, data: the lines, decoded and as they are.
        ids: the values of the column of IDs.
        bad: empty: nothing was wrong with any row.
    """

    form: CsvLines
    texts: list[str]
    data: list[bytes]
    ids: list[str]
    bad: dict[int, Failure] = {}

    def __len__(self) -> int:
        return len(self.texts)

    def column(self, name: str) -> list[str]:
        """Return the values of one column."""
        place = self.form.names.index(name)
        if place == self.form.id_place:
            return self.ids
        return [text.split(self.form.delimiter, place + 1)[place] for text in self.texts]

    def columns(self) -> Columns:
        """Return the records by column."""
        return self.form.columns(self.data)

    def lines(self) -> Lines:
        """Return the rows as lines."""
        return self.form.of(self.data)


class RowList(msgspec.Struct):
    """Rows of a file, in its order.

    Attributes:
        rows: a value for each column; nulls for what could not be read as a record.
        bad: why some could not be; `found` is what could be read of them.
    """

    form: CsvLines
    rows: list[list[str | None]] = []
    bad: dict[int, Failure] = {}
    found: dict[int, JsonObject] = {}

    def spoil(self, code: str, message: str, found: JsonObject) -> None:
        """Add a row that could not be read as a record, with the part that could."""
        place = len(self.rows)
        self.bad[place], self.found[place] = Failure(Category.PERMANENT, code, message), found
        self.rows.append([None] * len(self.form.names))

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> list[str | None]:
        """Return the values of one column."""
        place = self.form.names.index(name)
        return [row[place] for row in self.rows]

    def columns(self) -> Columns:
        """Return the records by column."""
        rows, names = self.rows, self.form.names
        if not self.bad:
            values = zip(names, map(list, zip(*rows, strict=True)), strict=True)
            return Columns(len(rows), dict(values) if rows else {})
        records = [
            self.found[place] if place in self.bad else dict(zip(names, row, strict=True))
            for place, row in enumerate(rows)
        ]
        return Columns.of(records)

    def lines(self) -> Lines | None:
        """Return the rows as lines, if they can be written so."""
        return self.form.write(self.rows)
