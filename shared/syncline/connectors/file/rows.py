"""Where the rows of text formats begin, and a position between them."""

from __future__ import annotations

from typing import BinaryIO

import msgspec

from syncline.connectors.errors import refusal

MAX_KEPT = 10_000
"""Characters kept of a row that could not be read."""
UTF8_MARK = b"\xef\xbb\xbf"
_OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff")


class RowPosition(msgspec.Struct, frozen=True):
    """A position in a file: the bytes and the lines, elements or rows before it."""

    offset: int = 0
    line: int = 0


def after_mark(file: BinaryIO) -> RowPosition:
    """Return where the text begins. Raises ConnectorError for an encoding that is not read."""
    file.seek(0)
    begin = file.read(3)
    if begin[:2] in _OTHER_MARKS:
        raise refusal("invalid_encoding", "the file is UTF-16: save it as UTF-8")
    return RowPosition(len(UTF8_MARK)) if begin == UTF8_MARK else RowPosition()
