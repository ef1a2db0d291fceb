"""What a profile and a mapping may say about files, and every mistake in it."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from syncline.domain.errors import Problem
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode
from syncline.domain.naming import unknown

IN_FORMATS = ("csv", "jsonl")
OUT_FORMATS = ("csv", "xml")
_SUFFIXES = {"csv": "csv", "tsv": "csv", "txt": "csv", "jsonl": "jsonl", "ndjson": "jsonl",
             "json": "jsonl", "xml": "xml"}  # fmt: skip
PLACEHOLDER = "{correlationId}"


class InSettings(msgspec.Struct, frozen=True):
    """How a file is read.

    Attributes:
        is_delimiter_said: the mapping names the delimiter; a `sep=` line may only agree.
        quote: None when no character quotes.
        names: column names where the file has no header.
        id_column: the column of the record's ID.
        escape: takes the meaning from the character behind it, None where none does.
        null: the cell that stands for null; None where every cell is text.
        trim: blanks around a cell are not part of it.
    """

    format: str
    delimiter: str
    is_delimiter_said: bool
    quote: str | None
    encoding: str
    names: tuple[str, ...] | None
    id_column: str
    escape: str | None = None
    null: str | None = None
    trim: bool = False


class OutSettings(msgspec.Struct, frozen=True):
    """How a file is written."""

    path: str
    format: str
    delimiter: str
    encoding: str
    header: bool
    escape_formulas: bool


def format_of(name: str, said: object, default: str = "csv") -> str:
    """Return the format: as said, else by the name's ending."""
    return str(said) if said else _SUFFIXES.get(name.rsplit(".", 1)[-1].lower(), default)


def in_settings(extraction: Extraction) -> InSettings:
    """Return how an extraction's file is read."""
    options, name = extraction.options, extraction.table or ""
    header = options.get("header", True)
    tabs = name.lower().endswith(".tsv")
    return InSettings(
        format=format_of(name, options.get("format")),
        delimiter=options.get("delimiter") or ("\t" if tabs else ","),
        is_delimiter_said="delimiter" in options,
        quote=options.get("quote", '"') or None,
        encoding=_plain(options.get("encoding") or "utf-8"),
        names=None if header else extraction.columns,
        id_column=extraction.id_column,
        escape=options.get("escape") or None,
        null=options.get("null"),
        trim=options.get("trim", False),
    )


def out_settings(target: Mapping[str, Any]) -> OutSettings:
    """Return how a target's file is written."""
    path = str(target["path"])
    return OutSettings(
        path=path,
        format=format_of(path, target.get("format")),
        delimiter=target.get("delimiter") or ("\t" if path.endswith(".tsv") else ","),
        encoding=codecs.lookup(target.get("encoding") or "utf-8").name,
        header=target.get("header", True),
        escape_formulas=target.get("escapeFormulas", False),
    )


def _plain(encoding: str) -> str:
    """A byte order mark is left out anyway, so both names of UTF-8 mean the same."""
    name = codecs.lookup(encoding).name
    return "utf-8" if name == "utf-8-sig" else name


def config_problems(config: Mapping[str, Any], secrets: Mapping[str, str]) -> list[Problem]:
    """Name every mistake of a profile."""
    problems = _unknown(config, {"folder"}, "$.config", "setting")
    folder = config.get("folder")
    if not isinstance(folder, str) or not folder.startswith("/"):
        problems.append(Problem("$.config.folder", "is required: an absolute folder"))
    return problems + [Problem(f"$.secrets.{n}", "files need no secret") for n in sorted(secrets)]


def extraction_problems(extraction: Extraction) -> list[Problem]:
    """Name every mistake of an extraction."""
    if extraction.mode is not ExtractionMode.CONFIG:
        message = "files are read by `config`, with the file's name as `table`"
        return [Problem("$.extraction.mode", message)]
    options = extraction.options
    problems = _checked(options, _IN, "$.extraction.options", "option")
    if extraction.lookback and extraction.cursor_type is CursorType.ID:
        message = "a duration cannot be taken from a number: leave it out"
        problems.append(Problem("$.extraction.lookback", message))
    if options.get("header") is False and not extraction.columns:
        message = "is required where the file has no header: the names of its columns, in order"
        problems.append(Problem("$.extraction.columns", message))
    if not problems and format_of(extraction.table or "", options.get("format")) == "xml":
        message = "XML is not read: give the file as CSV or JSON lines"
        problems.append(Problem("$.extraction.table", message))
    return problems or _doubled_marks(in_settings(extraction))


def _doubled_marks(said: InSettings) -> list[Problem]:
    """Refuse one character that means two things."""
    marks = {"delimiter": said.delimiter, "quote": said.quote, "escape": said.escape}
    owner: dict[str, str] = {}
    problems = []
    for name, mark in marks.items():
        if mark is not None and owner.setdefault(mark, name) != name:
            message = f"is {mark!r} like `{owner[mark]}`: each needs a character of its own"
            problems.append(Problem(f"$.extraction.options.{name}", message))
    return problems


def target_problems(target: Mapping[str, Any]) -> list[Problem]:
    """Name every mistake of a target block."""
    at = "$.transformation.target"
    problems = _checked(target, _OUT, at, "setting")
    if "path" not in target:
        problems.append(Problem(f"{at}.path", f"is required, such as items-{PLACEHOLDER}.csv"))
    name = target.get("path")
    if not problems and format_of(str(name), target.get("format")) == "jsonl":
        problems.append(Problem(f"{at}.path", "JSON is not written: choose CSV or XML"))
    encoding = target.get("encoding")
    if not problems and encoding and format_of(str(name), target.get("format")) == "xml":
        problems.append(Problem(f"{at}.encoding", "XML is always written in UTF-8"))
    return problems


def _checked(
    given: Mapping[str, Any], rules: Mapping[str, Callable[[Any], str | None]], at: str, what: str
) -> list[Problem]:
    problems = _unknown(given, rules.keys(), at, what)
    for name, rule in rules.items():
        message = rule(given[name]) if name in given else None
        if message:
            problems.append(Problem(f"{at}.{name}", message))
    return problems


def _unknown(given: Mapping[str, Any], known: Any, at: str, what: str) -> list[Problem]:  # noqa: ANN401
    return [
        Problem(f"{at}.{name}", unknown(what, name, known))
        for name in sorted(given.keys() - set(known))
    ]


def _one_of(value: object, known: tuple[str, ...]) -> str | None:
    return None if value in known else f"must be one of {', '.join(known)}"


def _boolean(value: object) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _character(value: object) -> str | None:
    right = isinstance(value, str) and len(value) == 1 and value.isascii() and value not in "\r\n\0"
    return None if right else "must be one character"


def _null(value: object) -> str | None:
    right = isinstance(value, str) and len(value) <= 100 and not set(value) & set("\r\n\0")
    return None if right else "must be the text of a cell that means null, such as \\N or NULL"


def _encoding(value: object) -> str | None:
    try:
        name = codecs.lookup(str(value)).name
        if "\n".encode(name).removeprefix(codecs.BOM_UTF8) == b"\n":
            return None
    except (LookupError, ValueError):  # no encoding that Python has
        return f"unknown encoding {value!r}, such as utf-8, latin-1 or cp1252"
    return f"{value!r} does not write a line's end as one byte: use utf-8, latin-1 or cp1252"


def _path(value: object) -> str | None:
    if not isinstance(value, str) or not value:
        return "must be a file name"
    if PLACEHOLDER not in value:
        return f"must hold {PLACEHOLDER}: every run writes a file of its own"
    left = value.replace(PLACEHOLDER, "").replace("{entityType}", "")
    if "{" in left or "}" in left:
        return f"knows only {PLACEHOLDER} and {{entityType}}"
    if value.startswith("/") or ".." in value.split("/"):
        return "must be a name in the profile's folder, without `..`"
    return None


_IN: dict[str, Callable[[Any], str | None]] = {
    "format": lambda v: _one_of(v, IN_FORMATS),
    "delimiter": _character,
    "quote": lambda v: None if v == "" else _character(v),
    "encoding": _encoding,
    "header": _boolean,
    "escape": lambda v: None if v == "" else _character(v),
    "null": _null,
    "trim": _boolean,
}
_OUT: dict[str, Callable[[Any], str | None]] = {
    "path": _path,
    "format": lambda v: _one_of(v, OUT_FORMATS),
    "delimiter": _character,
    "encoding": _encoding,
    "header": _boolean,
    "escapeFormulas": _boolean,
}
