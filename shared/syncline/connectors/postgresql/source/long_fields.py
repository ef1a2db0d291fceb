"""Fields that are longer than any record may be: the source tells their size and keeps their bytes.

A field may have 1 GB. What a row gives in place of a long one is a mark, made anew for each query,
so that no value can be taken for it, and the size in 16 hexadecimal digits. Both are hexadecimal:
so COPY writes a mark in a bytea as it writes one in a text.
"""

from __future__ import annotations

import secrets

from syncline.connectors.postgresql.source.shape import SqlType
from syncline.domain.record import MAX_RECORD

_TEXTS = frozenset({"text", "varchar", "bpchar"})
_SHORT = frozenset({"int2", "int4", "int8", "float4", "float8", "numeric", "money", "bool", "uuid"})
_SHORT |= {"name", "date", "timestamp", "timestamptz", "time", "timetz", "oid", "interval"}
_DIGITS = 16
_KEY = 1000
"""Characters of a long ID or cursor value that are read: more than an ID may have, so its record
fails; and less than the whole sorts before it, so no row is passed over behind it."""


def new_mark() -> str:
    """Return a mark that no value holds."""
    return secrets.token_hex(16)


def short_or_mark(column: str, said: str, kind: SqlType, mark: str) -> str:
    """Return an expression for a column's value that is a mark where it is long.

    Args:
        column: the column as SQL.
        said: the expression of its value otherwise.
    """
    if kind.name in _SHORT:
        return said
    if kind.name in _TEXTS:  # its length is known without reading it
        return _case(column, said, f"({_marked(column, mark)})::{kind.name}")
    if kind.name == "bytea":
        return _case(column, said, f"decode({_marked(column, mark)}, 'hex')")
    text = f"select ({said})::text as said offset 0"  # so that it is written once
    return f"(select {_case('t.said', 't.said', _marked('t.said', mark))} from ({text}) t)"


def short_key(column: str, said: str, kind: SqlType) -> str:
    """Return an expression for an ID or a cursor value that is cut where it is long."""
    if kind.name in _TEXTS:
        return _case(column, said, f"left({column}, {_KEY})::{kind.name}")
    return _case(column, said, f"substring({column} for {_KEY})") if kind.name == "bytea" else said


def take_marks_out(lines: list[bytes], mark: bytes) -> dict[int, dict[int, int]]:
    """Take the marks out of lines, so that a row is the same in each read.

    Returns:
        Place of a line -> place of its long field -> bytes that it has.
    """
    found = {}
    for place, line in enumerate(lines):
        if mark in line:
            cells = enumerate(line.split(b"\t"))
            found[place] = {n: _size(cell, mark) for n, cell in cells if mark in cell}
            lines[place] = line.replace(mark, b"")
    return found


def _case(measured: str, said: str, instead: str) -> str:
    return f"case when octet_length({measured}) > {MAX_RECORD} then {instead} else {said} end"


def _marked(measured: str, mark: str) -> str:
    return f"'{mark}' || lpad(to_hex(octet_length({measured})), {_DIGITS}, '0')"


def _size(cell: bytes, mark: bytes) -> int:
    return int(cell.partition(mark)[2][:_DIGITS], 16)
