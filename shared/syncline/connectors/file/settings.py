"""What a profile and a mapping may say about files."""

from __future__ import annotations

import codecs
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

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
}


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
    """

    format: InFormat | None = Field(None, strict=False)
    delimiter: Character = ","
    quote: Mark = '"'
    encoding: Encoding = "utf-8"
    header: bool = True
    escape: Mark = None
    null: Annotated[str | None, BeforeValidator(_null)] = None
    trim: bool = False


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
        if format_of(self.path, self.format) == "jsonl":
            yield "path", "JSON is not written: choose CSV or XML"
        if self.is_xml and "encoding" in self.model_fields_set:
            yield "encoding", "XML is always written in UTF-8"


class InSettings(InOptions):
    """How one file is read: its options, and `names` of the columns where it has no header."""

    names: tuple[str, ...] | None
    id_column: str


def in_settings(extraction: Extraction) -> InSettings:
    """Return how an extraction's file is read. Raises ConnectorError as `read` does."""
    options, name = read(InOptions, extraction.options, OPTIONS), extraction.table or ""
    said = options.model_fields_set
    made = dict(options) | {
        "format": format_of(name, options.format),
        "encoding": options.encoding.removesuffix("-sig"),  # a byte order mark is left out anyway
        "names": None if options.header else extraction.columns,
        "id_column": extraction.id_column,
    }
    if name.lower().endswith(".tsv") and "delimiter" not in said:
        made["delimiter"] = "\t"
    return InSettings.model_construct(said, **made)


def format_of(name: str, said: str | None) -> str:
    """Return the format: as said, else by the name's ending."""
    return said or _SUFFIXES.get(name.rsplit(".", 1)[-1].lower(), "csv")


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
    if not found and format_of(extraction.table or "", options.get("format")) == "xml":
        message = "XML is not read: give the file as CSV or JSON lines"
        found.append(Problem("$.extraction.table", message))
    return found or _doubled_marks(in_settings(extraction))


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
