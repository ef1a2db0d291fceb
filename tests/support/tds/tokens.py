"""What a server says in TDS: rows, errors, ends; and what a client asks, with its parameters."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

COLLATION = bytes.fromhex("0904d00034")
_NULL = 0xFFFF
_NO_LENGTH = 0xFFFF_FFFF_FFFF_FFFF
_MORE, _ERROR, _COUNT, _ATTENTION = 1, 2, 0x10, 0x20
_SHORT = 4000
_EPOCH = date(1, 1, 1)
_TEXTS = {0xE7: "utf-16-le", 0xA7: "ascii"}
_PROCEDURES = {10: "sp_executesql", 11: "sp_prepare", 12: "sp_execute", 13: "sp_prepexec",
               15: "sp_unprepare"}  # fmt: skip


def short_text(text: str) -> bytes:
    return bytes([len(text.encode("utf-16-le")) // 2]) + text.encode("utf-16-le")


def _long_text(text: str) -> bytes:
    data = text.encode("utf-16-le")
    return (len(data) // 2).to_bytes(2, "little") + data


def _token(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(2, "little") + body


def done(count: int | None = None, *, more: bool = False, failed: bool = False) -> bytes:
    status = (_MORE if more else 0) | (_ERROR if failed else 0) | (0 if count is None else _COUNT)
    return _end(0xFD, status, count or 0)


def attention_done() -> bytes:
    return _end(0xFD, _ATTENTION, 0)


def done_in_procedure(count: int | None) -> bytes:
    return _end(0xFF, _MORE | (0 if count is None else _COUNT), count or 0)


def done_procedure(*, more: bool = False, failed: bool = False) -> bytes:
    return _end(0xFE, (_MORE if more else 0) | (_ERROR if failed else 0), 0)


def _end(kind: int, status: int, count: int) -> bytes:
    return bytes([kind]) + status.to_bytes(2, "little") + bytes(2) + count.to_bytes(8, "little")


def error(number: int, words: str, severity: int = 14) -> bytes:
    body = number.to_bytes(4, "little") + bytes([1, severity]) + _long_text(words[:1000])
    return _token(0xAA, body + short_text("stand-in") + short_text("") + bytes([1, 0, 0, 0]))


def logged_in(database: str) -> bytes:
    name = short_text("Microsoft SQL Server")
    size = short_text("4096")
    changes = [b"\1" + short_text(database) + short_text("master")]
    changes += [b"\7\5" + COLLATION + b"\0", b"\4" + size + size]
    said = b"".join(_token(0xE3, change) for change in changes)
    return said + _token(0xAD, b"\1\x74\0\0\4" + name + b"\x10\0\3\xe8") + done()


def returned(handle: int) -> bytes:
    """Say a procedure's status, and the number of a statement that was prepared."""
    value = b"\0\0" + short_text("") + b"\1" + bytes(6) + b"\x26\4\4" + handle.to_bytes(4, "little")
    return b"\x79" + bytes(4) + b"\xac" + value


def rows(names: Sequence[str], types: Sequence[str], cells: Sequence[Sequence[object]]) -> bytes:
    """Say a result; types are PostgreSQL's."""
    columns = [_column(t, [row[n] for row in cells]) for n, t in enumerate(types)]
    said = bytearray(b"\x81" + len(names).to_bytes(2, "little"))
    for name, (info, _) in zip(names, columns, strict=True):
        said += bytes(4) + b"\1\0" + info + short_text(name)
    for place in range(len(cells)):
        said += b"\xd1"
        for _, values in columns:
            said += values[place]
    return bytes(said)


def _column(kind: str, cells: Sequence[object]) -> tuple[bytes, list[bytes]]:
    if kind == "numeric":
        exponents = (c.as_tuple().exponent for c in cells if isinstance(c, Decimal))
        scale = max([0, *(-e for e in exponents if isinstance(e, int))])
        return bytes([0x6C, 17, 38, scale]), [_decimal(cell, scale) for cell in cells]
    if kind in _FIXED:
        info, written = _FIXED[kind]
        return info, [b"\0" if c is None else _sized(written(c)) for c in cells]
    if kind == "bytea":
        return b"\xa5\xff\xff", [_long(cell) for cell in cells]
    texts = [None if cell is None else str(cell).encode("utf-16-le") for cell in cells]
    if max((len(text) for text in texts if text), default=0) > 2 * _SHORT:
        return b"\xe7\xff\xff" + COLLATION, [_long(text) for text in texts]
    info = b"\xe7" + (2 * _SHORT).to_bytes(2, "little") + COLLATION
    null = _NULL.to_bytes(2, "little")
    return info, [null if t is None else len(t).to_bytes(2, "little") + t for t in texts]


def _sized(data: bytes) -> bytes:
    return bytes([len(data)]) + data


def _decimal(cell: object, scale: int) -> bytes:
    if not isinstance(cell, Decimal):
        return b"\0"
    digits = int(f"{cell.copy_abs():.{scale}f}".replace(".", "")).to_bytes(16, "little")
    return bytes([17, not cell.is_signed()]) + digits


def _days(cell: object) -> bytes:
    assert isinstance(cell, date)
    return (date(cell.year, cell.month, cell.day) - _EPOCH).days.to_bytes(3, "little")


def _moment(cell: object) -> bytes:
    assert isinstance(cell, datetime)
    ticks = ((cell.hour * 60 + cell.minute) * 60 + cell.second) * 10**7 + cell.microsecond * 10
    return ticks.to_bytes(5, "little") + _days(cell)


_FIXED: dict[str, tuple[bytes, Callable[..., bytes]]] = {
    "int2": (b"\x26\2", lambda cell: cell.to_bytes(2, "little", signed=True)),
    "int4": (b"\x26\4", lambda cell: cell.to_bytes(4, "little", signed=True)),
    "int8": (b"\x26\x08", lambda cell: cell.to_bytes(8, "little", signed=True)),
    "bool": (b"\x68\1", lambda cell: bytes([cell])),
    "float4": (b"\x6d\4", lambda cell: struct.pack("<f", cell)),
    "float8": (b"\x6d\x08", lambda cell: struct.pack("<d", cell)),
    "date": (b"\x28", _days),
    "timestamp": (b"\x2a\7", _moment),
}
"""How values of a type are told; each has its length before it."""


def _long(data: object) -> bytes:
    if not isinstance(data, bytes):
        return _NO_LENGTH.to_bytes(8, "little")
    said = len(data).to_bytes(8, "little")
    if data:
        said += len(data).to_bytes(4, "little") + data
    return said + bytes(4)


class Call(NamedTuple):
    """A procedure that a client calls: its parameters are texts and whole numbers."""

    procedure: str
    arguments: list[str | int | None]


class Login(NamedTuple):
    user: str
    password: str
    database: str


def login_of(body: bytes) -> Login:
    """Read a login, whose password is only a little hidden: the line is encrypted."""

    def field(at: int) -> bytes:
        start, length = (int.from_bytes(body[p : p + 2], "little") for p in (at, at + 2))
        return body[start : start + 2 * length]

    password = bytes(((b ^ 0xA5) << 4 | (b ^ 0xA5) >> 4) & 0xFF for b in field(44))
    user, database = field(40).decode("utf-16-le"), field(68).decode("utf-16-le")
    return Login(user, password.decode("utf-16-le"), database)


def batch_of(body: bytes) -> str:
    return body[int.from_bytes(body[:4], "little") :].decode("utf-16-le")


class CallReader:
    """Reads the calls of a message."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = int.from_bytes(body[:4], "little")

    def calls(self) -> list[Call]:
        found = []
        while self._at < len(self._body):
            length = self._number(2)
            if length == _NULL:
                name = _PROCEDURES[self._number(2)]
            else:
                name = self._bytes(2 * length).decode("utf-16-le").lower()
            self._number(2)
            arguments = []
            while self._at < len(self._body) and self._body[self._at] != 0xFF:
                self._bytes(2 * self._number(1))
                self._number(1)
                arguments.append(self._value())
            self._at += 1
            found.append(Call(name, arguments))
        return found

    def _value(self) -> str | int | None:
        kind = self._number(1)
        if kind == 0x26:
            self._number(1)
            size = self._number(1)
            return int.from_bytes(self._bytes(size), "little", signed=True) if size else None
        if kind in (0x38, 0x7F):
            return self._number(4 if kind == 0x38 else 8)
        if kind not in _TEXTS:
            raise NotImplementedError(f"a parameter of type {kind:#x}")
        form = _TEXTS[kind]
        longest = self._number(2)
        self._bytes(5)
        if longest != _NULL:
            size = self._number(2)
            return None if size == _NULL else self._bytes(size).decode(form)
        if self._number(8) == _NO_LENGTH:
            return None
        data = b""
        while part := self._number(4):
            data += self._bytes(part)
        return data.decode(form)

    def _number(self, size: int) -> int:
        return int.from_bytes(self._bytes(size), "little")

    def _bytes(self, count: int) -> bytes:
        self._at += count
        return self._body[self._at - count : self._at]
