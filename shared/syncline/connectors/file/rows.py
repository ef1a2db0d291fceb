"""What both formats give: rows as records, and the position behind them."""

from __future__ import annotations

from typing import BinaryIO, Protocol

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.projection import RecordList

MAX_KEPT = 10_000
"""Characters kept of a row that could not be read."""
UTF8_MARK = b"\xef\xbb\xbf"
_OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff")


class RowPosition(msgspec.Struct, frozen=True):
    """A position in a file: the bytes and lines before it."""

    offset: int = 0
    line: int = 0


class Rows(Protocol):
    """A file being read."""

    @property
    def position(self) -> RowPosition:
        """The position behind the last row that was read."""

    @property
    def names(self) -> list[str] | None:
        """The columns' names where the format has them."""

    def take(self, count: int) -> RecordList:
        """Read up to so many more records; none are left when there are none."""


def after_mark(file: BinaryIO) -> RowPosition:
    """Return where the text begins. Raises ConnectorError for an encoding that is not read."""
    file.seek(0)
    begin = file.read(3)
    if begin[:2] in _OTHER_MARKS:
        raise refusal("invalid_encoding", "the file is UTF-16: save it as UTF-8")
    return RowPosition(len(UTF8_MARK)) if begin == UTF8_MARK else RowPosition()
