"""JSON as a source: an object on each line, or one array of objects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import BinaryIO

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.file.lines import BLOCK, ENDS, MAX_LINE, blocks
from syncline.connectors.file.rows import MAX_KEPT, UTF8_MARK, RowPosition, after_mark
from syncline.connectors.pages import PAGE_BYTES
from syncline.connectors.projection import RecordList
from syncline.domain.record import JsonObject, Record

_decode = msgspec.json.Decoder(Record, float_hook=Decimal).decode
_TEXT = rb'"(?:[^"\\]++|\\.)*+"'
_BRACKET = re.compile(rb'(?:[^\[\]{}"]++|' + _TEXT + rb")*+[\[\]{}]", re.DOTALL)
_END = re.compile(rb'(?:[^\[\]{},"]++|' + _TEXT + rb")*+[\[\]{},]", re.DOTALL)
"""Up to the next bracket, and up to the next bracket or comma, that are in no text."""


def json_rows(file: BinaryIO, at: RowPosition | None) -> JsonLines | JsonArray:
    """Return the objects of a file: of an array where it begins with `[`, else of its lines."""
    start = after_mark(file)
    file.seek(start.offset)
    is_array = file.read(1024).lstrip().startswith(b"[")
    return (JsonArray if is_array else JsonLines)(file, start, at)


class JsonLines:
    """Reads a file of JSON lines from a place on."""

    names = None

    def __init__(self, file: BinaryIO, start: RowPosition, at: RowPosition | None) -> None:
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
        """Read up to `count` records, at least one, fewer if they are long; no objects: `bad`."""
        taken, until = RecordList(), self._offset + PAGE_BYTES
        while len(taken) < count and (self._offset < until or not len(taken)):
            if (raw := next(self._lines, None)) is None:
                break
            if len(raw) > MAX_LINE:
                why = f"line {self._line} is longer than {MAX_LINE:,} bytes"
                taken.spoil("record_too_large", why, _found("line", self._line, raw))
            else:
                _take(taken, raw, "line", self._line)
        return taken

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


class JsonArray:
    """Reads the elements of one array, from behind one of them on."""

    names = None

    def __init__(self, file: BinaryIO, start: RowPosition, at: RowPosition | None) -> None:
        self._file = file
        self._offset, self._number = at.offset if at else start.offset, at.line if at else 0
        file.seek(self._offset)
        self._data, self._next = b"", 0
        self._is_over = False

    @property
    def position(self) -> RowPosition:
        """The position behind the last element that was read."""
        return RowPosition(self._offset + self._next, self._number)

    def take(self, count: int) -> RecordList:
        """Read up to `count` records, at least one, fewer if they are long; no objects: `bad`.

        Raises:
            ConnectorError: the array is not closed, or cannot be taken apart.
        """
        taken, size = RecordList(), 0
        while len(taken) < count and size < PAGE_BYTES and self._goes_on():
            raw = self._element()
            size += len(raw)
            _take(taken, raw, "element", self._number)
        return taken

    def _goes_on(self) -> bool:
        """Take what stands before the next element; False at the array's end."""
        if self._is_over:
            return False
        sign = self._sign()
        if self._number == 0 and sign == b"[":
            self._next += 1
            self._is_over = self._sign() == b"]"
        elif self._number > 0 and sign in (b",", b"]"):
            self._is_over = sign == b"]"
        else:
            message = f"behind element {self._number} stands neither a comma nor the array's end"
            raise refusal("invalid_json", message)
        if self._is_over:
            self._check_end()
        elif self._number:
            self._next += 1
        return not self._is_over

    def _check_end(self) -> None:
        rest = self._data[self._next + 1 :]
        while not rest or rest.isspace():
            if not rest and not (rest := self._file.read(BLOCK)):
                return
            rest = rest.lstrip()
        raise refusal("invalid_json", "there is more behind the array: the file holds two of them?")

    def _sign(self) -> bytes:
        """Return the next byte that is no blank; what is before it is taken."""
        while True:
            self._next += len(self._data) - self._next - len(self._data[self._next :].lstrip())
            if self._next < len(self._data):
                return self._data[self._next : self._next + 1]
            self._read()

    def _element(self) -> bytes:
        """Take the text of the next element, whatever is in it."""
        self._number += 1
        depth, at = 0, self._next
        while True:
            found = (_BRACKET if depth else _END).match(self._data, at)
            if found is None:
                at -= self._next
                self._read()
                continue
            at = found.end()
            sign = self._data[at - 1 : at]
            if not depth and sign in b",]}":
                break
            depth += 1 if sign in b"[{" else -1
        raw, self._next = self._data[self._next : at - 1], at - 1
        return raw

    def _read(self) -> None:
        """Read more, behind what is not taken yet. Raises ConnectorError: there is no more."""
        left = self._data[self._next :]
        if len(left) > MAX_LINE:
            message = f"element {self._number} is longer than {MAX_LINE:,} bytes"
            raise refusal("record_too_large", message)
        if not (more := self._file.read(BLOCK)):
            message = "the array is not closed: is the file complete yet?"
            raise refusal("file_incomplete", message)
        self._offset += self._next
        self._data, self._next = left + more, 0


def _take(taken: RecordList, raw: bytes, kind: str, number: int) -> None:
    try:
        taken.records.append(_decode(raw))
    except (ValueError, RecursionError) as error:
        message = f"{kind} {number} is no JSON object: {error}"
        taken.spoil("invalid_json", message, _found(kind, number, raw))


def _found(kind: str, number: int, raw: bytes) -> JsonObject:
    """Return what is kept of a record that could not be read."""
    text = raw[: 4 * MAX_KEPT].decode("utf-8", "replace")[:MAX_KEPT]
    return {f"({kind})": number, "(found)": text}
