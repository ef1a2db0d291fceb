"""A file's lines as bytes, in blocks: any line end, no line without a limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

BLOCK = 256 * 1024
MAX_LINE = 4 * 1024 * 1024
"""Bytes after which a line is given out as it is; no record may be that large."""
ENDS = (b"\n", b"\r")


def blocks(file: BinaryIO) -> Iterator[list[bytes]]:
    """Give a file's lines from where it stands, with their ends, some hundred kB at a time."""
    rest: list[bytes] = []
    size = 0
    while data := file.read(BLOCK):
        if rest and not _may_end(rest[-1], data):
            rest.append(data)
            size += len(data)
            if size <= MAX_LINE:
                continue
            data, rest = b"", [b"".join(rest)]
        lines = (b"".join(rest) + data).splitlines(keepends=True)
        last = lines.pop()  # may go on, or be the first half of CR LF
        rest, size = [last], len(last)
        if size > MAX_LINE:
            lines.append(last)
            rest, size = [], 0
        if lines:
            yield lines
    if rest:
        yield b"".join(rest).splitlines(keepends=True)


def _may_end(before: bytes, data: bytes) -> bool:
    """Tell whether a line ends in the data or just before it; a long line is joined only once."""
    return before.endswith(b"\r") or b"\n" in data or b"\r" in data
