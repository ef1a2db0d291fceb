"""The journal of an output file: up to where the file is complete, and which records are in it.

It lies beside the file and is the lock between its writers, also in other processes. A write first
extends the file on disk, then adds a line to the journal. What a crash leaves behind the journal's
end is cut off by the next write, and a record that the journal names is not written again.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.folders import open_regular
from syncline.domain.errors import RetriableError

KEY = 32
"""Hex digits of a key."""
_PREFIX = 4
_REST = (KEY - _PREFIX) // 2


class KeySet:
    """Keys by their first digits, the rest of them as bytes one behind the other."""

    def __init__(self) -> None:
        self._rests: dict[str, bytearray] = {}

    def add(self, keys: str) -> None:
        """Add keys that are joined."""
        rests = self._rests
        for start in range(0, len(keys), KEY):
            rest = bytes.fromhex(keys[start + _PREFIX : start + KEY])
            bucket = rests.get(keys[start : start + _PREFIX])
            if bucket is None:
                rests[keys[start : start + _PREFIX]] = bytearray(rest)
            else:
                bucket += rest

    def __contains__(self, key: str) -> bool:
        bucket = self._rests.get(key[:_PREFIX])
        if bucket is None:
            return False
        rest = bytes.fromhex(key[_PREFIX:])
        place = bucket.find(rest)
        while place > 0 and place % _REST:  # two keys' ends, not one key
            place = bucket.find(rest, place + 1)
        return place >= 0


LOCK_LIMIT = 60.0
KEPT_FOR = 14 * 86_400
"""Seconds after its last write that a journal is kept; no message is delivered again after that."""
SUFFIX = ".syncline-journal"


class Line(msgspec.Struct, frozen=True, rename="camel"):
    """One write: where the complete part then ended, and the keys of its records, joined."""

    good_to: int
    keys: str = ""


class Memory(msgspec.Struct):
    """What one process has read of a journal; a writer reads only what others added since."""

    read_to: int = 0
    good_to: int = 0
    seen: KeySet = msgspec.field(default_factory=KeySet)


class Journal:
    """One file's journal while it is locked."""

    def __init__(self, file: BinaryIO, path: Path, memory: Memory) -> None:
        self._file = file
        self._path = path
        self._memory = memory

    def known(self, keys: Sequence[str]) -> set[str]:
        """Return which records the file has."""
        seen = self._memory.seen
        return {key for key in keys if key in seen}

    def append(self, head: bytes, body: bytes, tail: bytes, keys: Sequence[str]) -> None:
        """Put a body behind the complete part, and a tail that the next body replaces.

        Raises ConnectorError where somebody else took the file away or cut it.
        """
        good_to = self._memory.good_to
        with _opened(self._path, good_to) as file:
            file.truncate(good_to)
            file.seek(good_to)
            written = (b"" if good_to else head) + body
            file.write(written + tail)
            file.flush()
            os.fsync(file.fileno())
        if good_to == 0:
            _sync_folder(self._path.parent)
        self.note(Line(good_to + len(written), "".join(keys)))

    def note(self, line: Line) -> None:
        """Append a line and force it to disk."""
        data = msgspec.json.encode(line) + b"\n"
        self._file.truncate(self._memory.read_to)
        self._file.seek(self._memory.read_to)
        self._file.write(data)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._take(line, len(data))

    def catch_up(self) -> None:
        """Read what others wrote; a last line that a crash tore counts as never written.

        Raises ConnectorError where an earlier line is broken, which no crash does.
        """
        if os.fstat(self._file.fileno()).st_size < self._memory.read_to:
            # the journal is another one now
            self._memory.read_to, self._memory.good_to, self._memory.seen = 0, 0, KeySet()
        self._file.seek(self._memory.read_to)
        for raw in self._file:
            try:
                line = msgspec.json.decode(raw, type=Line)
            except msgspec.DecodeError as error:
                if self._file.read(1):  # to go on here would cut off what later lines stand for
                    raise _damaged(self._path) from error
                return
            if raw.endswith(b"\n"):
                self._take(line, len(raw))

    def _take(self, line: Line, size: int) -> None:
        self._memory.read_to += size
        self._memory.good_to = line.good_to
        self._memory.seen.add(line.keys)

    def begin(self) -> None:
        """Claim a new file. Raises ConnectorError where it is there and is not this journal's."""
        if self._memory.read_to:
            return
        if self._path.exists():
            place_of(self._path).unlink(missing_ok=True)
            message = f"{self._path.name!r} is there already, and was not written by this run"
            raise refusal("file_exists", message)
        self.note(Line(0))
        _sync_folder(self._path.parent)
        _forget_old(self._path.parent)


def place_of(path: Path) -> Path:
    """Return where a file's journal lies."""
    return path.with_name(f".{path.name}{SUFFIX}")


@contextmanager
def journal_of(path: Path, memory: Memory) -> Iterator[Journal]:
    """Lock a file and yield its journal. Blocks: call it in a thread.

    Raises ConnectorError as `begin` and `catch_up`; RetriableError where another process has it.
    """
    with open_regular(place_of(path), os.O_RDWR | os.O_CREAT) as file:
        _lock(file, path)
        journal = Journal(file, path, memory)
        journal.catch_up()
        journal.begin()
        yield journal


def _lock(file: BinaryIO, path: Path) -> None:
    end = time.monotonic() + LOCK_LIMIT
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > end:
                message = f"{path.name!r} is held by another process"
                raise RetriableError(message, code="file_unavailable") from error
            time.sleep(0.005)
        else:
            return


@contextmanager
def _opened(path: Path, good_to: int) -> Iterator[BinaryIO]:
    try:
        file = open_regular(path, os.O_RDWR | (0 if good_to else os.O_CREAT))
    except FileNotFoundError as error:
        raise _changed(path) from error
    with file:
        if os.fstat(file.fileno()).st_size < good_to:
            raise _changed(path)
        yield file


def _damaged(path: Path) -> Exception:
    own = place_of(path).name
    words = "put it back as it was, or move both away, and a new file is begun"
    return refusal("journal_damaged", f"the journal {own!r} of {path.name!r} is damaged: {words}")


def _changed(path: Path) -> Exception:
    return refusal("file_changed", f"{path.name!r} was taken away or cut while a run wrote to it")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _forget_old(folder: Path) -> None:
    limit = time.time() - KEPT_FOR
    for old in folder.glob(f".*{SUFFIX}"):
        with suppress(OSError):  # another process removed it first, or the next start will
            if old.stat().st_mtime < limit:
                old.unlink()
