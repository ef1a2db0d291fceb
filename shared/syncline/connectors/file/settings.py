"""What a profile and a mapping may say about files."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic.alias_generators import to_camel

from syncline.connectors.drivers import Driver
from syncline.connectors.folders import AbsolutePath
from syncline.connectors.settings import ConnectorSettings, Contradictions, problems, read
from syncline.domain.errors import Problem
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode
from syncline.domain.naming import shown

OPTIONS = "$.extraction.options"
PLACEHOLDER = "{correlationId}"
_SUFFIXES = {
    "csv": "csv",
    "tsv": "csv",
    "txt": "csv",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "json": "jsonl",
    "xml": "xml",
    "xlsx": "excel",
    "xlsm": "excel",
    "xls": "excel",
    "xlsb": "excel",
    "ods": "excel",
}
_CSV_ONLY = ("delimiter", "quote", "encoding", "escape")
_EXCEL_ONLY = ("sheet", "header_row")
EXCEL = Driver("python_calamine", "Excel files", "syncline[excel]")


def _character(value: object) -> object:
    right = isinstance(value, str) and len(value) == 1 and value.isascii() and value not in "\r\n\0"
    if not right:
        raise ValueError("must be one character")
    return value


def _null(value: object) -> object:
    if not isinstance(value, str) or len(value) > 100 or set(value) & set("\r\n\0"):
        raise ValueError("must be the text of a cell that means null, such as \\N or NULL")
    return value


def _encoding(value: object) -> str:
    try:
        name = codecs.lookup(str(value)).name
        if "\n".encode(name).removeprefix(codecs.BOM_UTF8) == b"\n":
            return name
    except (LookupError, ValueError):  # no encoding that Python has
        message = f"unknown encoding {value!r}, such as utf-8, latin-1 or cp1252"
        raise ValueError(message) from None
    raise ValueError(
        f"{value!r} does not write a line's end as one byte: use utf-8, latin-1 or cp1252"
    )


def _sheet(value: object) -> object:
    is_number = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if not is_number and not (isinstance(value, str) and value):
        raise ValueError("must be the name of a sheet, or its number from 1")
    return value


def _path(value: str) -> str:
    left = value.replace(PLACEHOLDER, "").replace("{entityType}", "")
    if not value:
        raise ValueError("must be a file name")
    if PLACEHOLDER not in value:
        raise ValueError(f"must hold {PLACEHOLDER}: every run writes a file of its own")
    if "{" in left or "}" in left:
        raise ValueError(f"knows only {PLACEHOLDER} and {{entityType}}")
    if value.startswith("/") or ".." in value.split("/"):
        raise ValueError(f"{shown(value)} must be a name in the profile's folder, without `..`")
    return value


Character = Annotated[str, BeforeValidator(_character)]
Mark = Annotated[str | None, BeforeValidator(lambda mark: None if mark == "" else _character(mark))]
"""One character, or "" for none."""
Encoding = Annotated[str, BeforeValidator(_encoding)]


class InFormat(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"
    EXCEL = "excel"


class OutFormat(StrEnum):
    CSV = "csv"
    XML = "xml"


class FileSettings(ConnectorSettings):
    """A profile: where the files lie."""

    folder: AbsolutePath = Field(title="Folder")


class _Exact(ConnectorSettings):
    """Settings in which an empty text, and null, mean something or are a mistake."""

    left_out = ()


class InOptions(_Exact):
    """How a file is read: the extraction's `options`.

    Attributes:
        quote: None when no character quotes.
        header: the first row names the columns; else the extraction's `columns` do.
        escape: takes the meaning from the character behind it, None where none does.
        null: the cell that stands for null; None where every cell is text.
        trim: blanks around a cell are not part of it.
        sheet: its name, or its number from 1; None for the first that is visible.
        header_row: number of the row that names the columns; None for the first that is not empty.
    """

    format: InFormat | None = Field(None, strict=False)
    delimiter: Character = ","
    quote: Mark = '"'
    encoding: Encoding = "utf-8"
    header: bool = True
    escape: Mark = None
    null: Annotated[str | None, BeforeValidator(_null)] = None
    trim: bool = False
    sheet: Annotated[str | int | None, BeforeValidator(_sheet)] = None
    header_row: int | None = Field(None, ge=1, le=1_048_576)


class FileTarget(_Exact):
    """How a file is written: a mapping's target block."""

    path: Annotated[str, AfterValidator(_path)]
    format: OutFormat | None = Field(None, strict=False)
    delimiter: Character | None = None
    encoding: Encoding = "utf-8"
    header: bool = True
    escape_formulas: bool = False

    @property
    def is_xml(self) -> bool:
        return format_of(self.path, self.format) == "xml"

    @property
    def separator(self) -> str:
        return self.delimiter or ("\t" if self.path.endswith(".tsv") else ",")

    def contradictions(self) -> Contradictions:
        if format_of(self.path, self.format) in ("jsonl", "excel"):
            yield "path", "JSON and Excel are not written: choose CSV or XML"
        if self.path.lower().endswith(".gz"):
            yield "path", "gzip is not written: choose CSV or XML"
        if self.is_xml and "encoding" in self.model_fields_set:
            yield "encoding", "XML is always written in UTF-8"


class InSettings(InOptions):
    """How one file is read.

    Attributes:
        names: of the columns where the file has no header.
        wanted: of the columns that are read; empty for all of them.
    """

    names: tuple[str, ...] | None
    id_column: str
    wanted: frozenset[str]


def in_settings(extraction: Extraction) -> InSettings:
    """Return how an extraction's file is read. Raises ConnectorError as `read` does."""
    options, name = read(InOptions, extraction.options, OPTIONS), extraction.table or ""
    said = options.model_fields_set
    wanted = {extraction.id_column, extraction.cursor_column or "", *extraction.columns}
    made = dict(options) | {
        "format": format_of(name, options.format),
        "encoding": options.encoding.removesuffix("-sig"),  # a byte order mark is left out anyway
        "names": None if options.header else extraction.columns,
        "id_column": extraction.id_column,
        "wanted": wanted if extraction.columns and not extraction.filters else frozenset(),
    }
    if name.lower().removesuffix(".gz").endswith(".tsv") and "delimiter" not in said:
        made["delimiter"] = "\t"
    return InSettings.model_construct(said, **made)


def format_of(name: str, said: str | None) -> str:
    """Return the format: as said, else by the name's ending, before which `.gz` does not count."""
    ending = name.lower().removesuffix(".gz").rsplit(".", 1)[-1]
    return said or _SUFFIXES.get(ending, "csv")


def extraction_problems(extraction: Extraction) -> list[Problem]:
    """Name every mistake of an extraction."""
    if extraction.mode is not ExtractionMode.CONFIG:
        message = "files are read by `config`, with the file's name as `table`"
        return [Problem("$.extraction.mode", message)]
    options = extraction.options
    found = problems(InOptions, options, OPTIONS, "option")
    if extraction.lookback and extraction.cursor_type is CursorType.ID:
        message = "a duration cannot be taken from a number: leave it out"
        found.append(Problem("$.extraction.lookback", message))
    if options.get("header") is False and not extraction.columns:
        message = "is required where the file has no header: the names of its columns, in order"
        found.append(Problem("$.extraction.columns", message))
    if found:
        return found
    said = in_settings(extraction)
    return [*_format_problems(said), *_doubled_marks(said)]


def _format_problems(said: InSettings) -> Iterator[Problem]:
    """Refuse what is not read, and options that a format does not know."""
    if said.format == "xml":
        message = "XML is not read: give the file as CSV, JSON or Excel"
        yield Problem("$.extraction.table", message)
    is_excel = said.format == "excel"
    if is_excel and (missing := EXCEL.missing()):
        yield Problem("$.extraction.table", missing)
    for name in _CSV_ONLY if is_excel else _EXCEL_ONLY:
        if name in said.model_fields_set:
            message = f"means nothing in a file that is {'' if is_excel else 'not '}Excel"
            yield Problem(f"{OPTIONS}.{to_camel(name)}", message)
    if said.header_row is not None and not said.header:
        message = "means nothing where `header` is false"
        yield Problem(f"{OPTIONS}.headerRow", message)


def _doubled_marks(said: InSettings) -> list[Problem]:
    """Refuse one character that means two things."""
    marks = {"delimiter": said.delimiter, "quote": said.quote, "escape": said.escape}
    owner: dict[str, str] = {}
    found = []
    for name, mark in marks.items():
        if mark is not None and owner.setdefault(mark, name) != name:
            message = f"is {mark!r} like `{owner[mark]}`: each needs a character of its own"
            found.append(Problem(f"{OPTIONS}.{name}", message))
    return found
