"""Files that are packed by gzip: read as if they were not, with bounded memory."""

from __future__ import annotations

import gzip
import io
import zlib
from collections import deque
from typing import BinaryIO

from syncline.connectors.errors import refusal

ALWAYS = 64 * 1024**2
MAX_RATIO = 250
"""Contents of more bytes than ALWAYS may have so many times those of the packed file: business
records have 5 to 50 times as many, a bomb 1,000 times."""
KEPT = 12 * 1024**2
"""Bytes that are kept of what was read, because a broken CSV row is read again from its start: more
than two lines of the greatest length."""
_GZIP = b"\x1f\x8b"


def unpacked(file: BinaryIO) -> BinaryIO:
    """Return a file's contents: those of a gzip file where it is one. Only that is closed later."""
    file.seek(0)
    is_packed = file.read(2) == _GZIP
    file.seek(0)
    return io.BufferedReader(_Contents(file)) if is_packed else file


class _Contents(io.RawIOBase):
    """The contents of a gzip file. To go far back, it is unpacked again from its start."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._begin()

    def _begin(self) -> None:
        self._packed.seek(0)
        self._stream = gzip.GzipFile(fileobj=self._packed, mode="rb")
        self._kept: deque[bytes] = deque()
        self._first = self._end = self._at = 0  # of what is kept, and of what is read next

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_CUR:
            offset += self._at
        if offset < self._first:
            self._begin()
        while self._end < offset and self._more():
            pass
        self._at = min(offset, self._end)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._at == self._end and not self._more():
            return 0
        start = self._first
        for block in self._kept:
            if self._at < start + len(block):
                data = block[self._at - start : self._at - start + len(buffer)]
                buffer[: len(data)] = data
                self._at += len(data)
                return len(data)
            start += len(block)
        return 0

    def _more(self) -> bool:
        """Unpack another block. Raises ConnectorError: it is broken, cut off, or too large."""
        try:
            block = self._stream.read(io.DEFAULT_BUFFER_SIZE * 32)
        except EOFError as error:
            message = "the file ends in the middle of its gzip data: is it complete yet?"
            raise refusal("file_incomplete", message) from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise refusal("invalid_gzip", f"the file is no sound gzip: {error}") from error
        self._kept.append(block)
        self._end += len(block)
        if self._end > max(ALWAYS, MAX_RATIO * self._packed.tell()):
            message = f"the file holds more than {MAX_RATIO} times its own bytes: give it unpacked"
            raise refusal("file_too_large", message)
        while self._end - self._first - len(self._kept[0]) > KEPT:
            self._first += len(self._kept.popleft())
        return bool(block)
