"""JSON lines as a source: one object a line, numbers with all their digits."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import BinaryIO

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.file.lines import ENDS, MAX_LINE, blocks
from syncline.connectors.file.rows import MAX_KEPT, UTF8_MARK, RowPosition, after_mark
from syncline.connectors.projection import RecordList
from syncline.domain.record import Record

_decode = msgspec.json.Decoder(Record, float_hook=Decimal).decode


class JsonRows:
    """Reads a file of JSON lines, from a place on if one is given.

    Raises:
        ConnectorError: it is no file of JSON lines but one array.
    """

    names = None

    def __init__(self, file: BinaryIO, at: RowPosition | None) -> None:
        start = after_mark(file)
        _refuse_array(file, start)
        start = at or start
        file.seek(start.offset)
        self._offset, self._line = start.offset, start.line
        self._cut = False
        self._lines = self._each(file)

    @property
    def position(self) -> RowPosition:
        """The position behind the last line that was read."""
        return RowPosition(self._offset, self._line)

    def take(self, count: int) -> RecordList:
        """Read up to so many records; a line that is no object ends up in `bad`."""
        taken = RecordList()
        records = taken.records
        while len(records) < count and (raw := next(self._lines, None)) is not None:
            try:
                records.append(_decode(raw))
            except (ValueError, RecursionError) as error:
                self._spoil(taken, raw, error)
        return taken

    def _spoil(self, taken: RecordList, raw: bytes, error: Exception) -> None:
        found = raw[: 4 * MAX_KEPT].decode("utf-8", "replace")[:MAX_KEPT]
        code, why = "invalid_json", f"is no JSON object: {error}"
        if len(raw) > MAX_LINE:
            code, why = "record_too_large", f"is longer than {MAX_LINE:,} bytes"
        taken.spoil(code, f"line {self._line} {why}", {"(line)": self._line, "(found)": found})

    def _each(self, file: BinaryIO) -> Iterator[bytes]:
        for lines in blocks(file):
            for raw in lines:
                self._offset += len(raw)
                if self._cut:  # the rest of a line that was too long
                    self._cut = not raw.endswith(ENDS)
                    continue
                self._line += 1
                if len(raw) > MAX_LINE:
                    self._cut = not raw.endswith(ENDS)
                text = raw.removeprefix(UTF8_MARK)  # files that were put together keep theirs
                if text and not text.isspace():
                    yield text


def _refuse_array(file: BinaryIO, start: RowPosition) -> None:
    file.seek(start.offset)
    if file.read(1024).lstrip().startswith(b"["):
        message = "the file is one JSON array: write one object a line, without `[`, `]` and commas"
        raise refusal("json_array", message)
