"""The head of a CSV file: a `sep=` line, and the row that names the columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, auto
from typing import BinaryIO

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.file.lines import blocks
from syncline.connectors.file.rows import RowPosition
from syncline.connectors.file.settings import InSettings

MAX_COLUMNS = 5_000
_SEP = re.compile(rb'("?)sep=([\x01-\x7f])\1\s*', re.IGNORECASE)
"""What spreadsheets write and read as a file's first line."""


class Header(msgspec.Struct, frozen=True):
    """The columns of a file; `width` counts cells at the end of a row that have no name, too."""

    names: list[str]
    width: int


def delimiter_of(file: BinaryIO, start: RowPosition, said: InSettings) -> tuple[str, RowPosition]:
    """Return the separator, and where the file goes on. Raises ConnectorError: `sep=` differs."""
    file.seek(start.offset)
    first = next((lines[0] for lines in blocks(file)), b"")
    found = _SEP.fullmatch(first)
    if found is None:
        return said.delimiter, start
    delimiter = found[2].decode()
    if "delimiter" in said.model_fields_set and delimiter != said.delimiter:
        message = (
            f"the file says that {delimiter!r} separates its columns (`sep=`), the mapping says "
            f"{said.delimiter!r}: take `options.delimiter` out, or mend it"
        )
        raise refusal("delimiter_conflict", message)
    return delimiter, RowPosition(start.offset + len(first), start.line + 1)


def header_of(row: Sequence[str]) -> Header:
    """Read the row that names the columns. Raises ConnectorError: one is missing or twice there."""
    names = [cell.strip() for cell in row]
    while names and not names[-1]:  # a delimiter at the end of every line
        names.pop()
    if not names:
        message = "the file is empty: not even a header names its columns"
        raise refusal("no_header", message)
    return usable_header(Header(names, len(row)))


def usable_header(header: Header) -> Header:
    """Return a header of which every name can be used. Raises ConnectorError."""
    names = header.names
    if header.width > MAX_COLUMNS:
        raise refusal("too_many_columns", f"the header has {header.width} columns")
    for place, name in enumerate(names, 1):
        if not name:
            raise refusal("blank_column", f"column {place} of the header has no name")
        if names.index(name) != place - 1:
            message = f"the header has column {name!r} twice: give each a name of its own"
            raise refusal("duplicate_column", message, name)
    return header


class Again(Enum):
    """How a row repeats the header."""

    SAME = auto()
    """The file's header: a file of the same columns was put behind it."""
    OTHER = auto()
    """A header of its own: what follows it cannot be read by the first one."""


def again_header(
    cells: Sequence[str], names: Sequence[str], id_column: str, marked: bool
) -> Again | None:
    """Tell whether a row is a header once more; `marked`: a byte order mark stands before it."""
    filled = list(cells)
    while filled and not filled[-1]:
        filled.pop()
    if filled == names:
        return Again.SAME
    is_permuted = len(filled) == len(names) > 1 and set(filled) == set(names)
    names_id = (id_column, id_column) in zip(names, filled, strict=False)
    return Again.OTHER if marked or is_permuted or names_id else None


def other_header(line: int, cells: Sequence[str]) -> Exception:
    """Say that what follows cannot be read by the first header."""
    message = (
        f"line {line} begins another file with columns of its own ({', '.join(cells)[:200]}): "
        "two files were put together; give them one by one"
    )
    return refusal("second_header", message)
