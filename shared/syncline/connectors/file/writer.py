"""Writing a bulk to its run's file as CSV or XML, each record once."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from syncline.connectors.file.journal import Memory, journal_of
from syncline.connectors.file.settings import PLACEHOLDER, FileTarget
from syncline.connectors.folders import Folder, translated_errors
from syncline.connectors.port import WriteBatch, WriteResult
from syncline.connectors.settings import TARGET, read
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.paths import Segment, parse_path, reader, to_text
from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.values.converters import plain_text
from syncline.domain.record import Record

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_SPECIAL = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_START = (
    "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME = re.compile(f"[{_START}][{_START}.0-9\u00b7\u0300-\u036f\u203f\u2040-]*")


class UnwritableError(Exception):
    """One record cannot be written in this format."""

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.failure = Failure(Category.PERMANENT, code, message, field=field)


class CsvOutput:
    """CSV with one column for each target path, in the mapping's order."""

    tail = ""

    def __init__(self, settings: FileTarget, fields: Sequence[str]) -> None:
        paths = list(dict.fromkeys(_column(parse_path(field)) for field in fields))
        # a key alone is its own heading, whatever it would be quoted as in a path
        self._names = [path[0].key or "" if len(path) == 1 else to_text(path) for path in paths]
        self._tops = {path[0].key for path in paths}
        self._readers: list[Callable[[object], object]] = [reader(path) for path in paths]
        self._escape = settings.escape_formulas
        self._texts: list[str] = []
        self._writer = csv.writer(self, delimiter=settings.separator, lineterminator="\n")
        self.encoding = settings.encoding
        self.head = self._row(self._names) if settings.header else ""
        if settings.encoding == "utf-8-sig":
            self.head, self.encoding = f"\ufeff{self.head}", "utf-8"

    def write(self, text: str) -> None:
        """Take a row from the csv module."""
        self._texts.append(text)

    def text(self, record: Record) -> str:
        """Return a record's row. Raises UnwritableError."""
        if not record.keys() <= self._tops:
            unknown = sorted(record.keys() - self._tops)[0]
            raise UnwritableError("unknown_field", f"the header has no column {unknown!r}", unknown)
        return self._row([self._cell(read(record)) for read in self._readers])

    def _cell(self, value: object) -> str:
        if value is None:
            return ""
        if value.__class__ is not str:
            return plain_text(value)
        if self._escape and value.startswith(_FORMULA):
            return f"'{value}"
        return str(value)

    def _row(self, cells: list[str]) -> str:
        self._texts.clear()
        self._writer.writerow(cells)
        text = self._texts[0]
        if "\0" in text:
            name = next(n for n, cell in zip(self._names, cells, strict=True) if "\0" in cell)
            raise UnwritableError("invalid_character", f"{name} holds a NUL character", name)
        return text


def _column(path: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """Cut a path at its first list: a list is one cell."""
    for place, segment in enumerate(path):
        if segment.index is not None:
            return path[:place]
    return path


class XmlOutput:
    """XML with `<items>` around an `<item>` a record; lists hold `<item>` elements too."""

    head = '<?xml version="1.0" encoding="UTF-8"?>\n<items>\n'
    tail = "</items>\n"
    encoding = "utf-8"

    def __init__(self) -> None:
        self._names: set[str] = set()

    def text(self, record: Record) -> str:
        """Return a record's element. Raises UnwritableError."""
        return f"  {self._element('item', record)}\n"

    def _element(self, name: str, value: object) -> str:
        if name not in self._names:
            self._check(name)
        if value is None:
            return f"<{name}/>"
        if isinstance(value, dict):
            inner = "".join([self._element(key, inside) for key, inside in value.items()])
        elif isinstance(value, list):
            inner = "".join([self._element("item", inside) for inside in value])
        else:
            inner = self._characters(name, plain_text(value))
        return f"<{name}>{inner}</{name}>"

    def _characters(self, name: str, text: str) -> str:
        found = _NOT_XML.search(text)
        if found:
            message = f"{name} holds U+{ord(found[0]):04X}, which XML cannot say"
            raise UnwritableError("invalid_character", message, name)
        for character, entity in _SPECIAL.items():
            if character in text:
                text = text.replace(character, entity)
        return text

    def _check(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            message = f"{name!r} is no name of an XML element"
            raise UnwritableError("invalid_name", message, name)
        self._names.add(name)


Output = CsvOutput | XmlOutput
"""A format: what begins and ends a file, and a record's text."""


def output_of(settings: FileTarget, fields: Sequence[str]) -> Output:
    """Return the output of a target block for a mapping's target paths."""
    return XmlOutput() if settings.is_xml else CsvOutput(settings, fields)


_decode = msgspec.json.Decoder(Record, float_hook=Decimal).decode


def path_of(folder: Folder, batch: WriteBatch) -> Path:
    """Return the file of a batch's run. Raises ConnectorError."""
    name = read(FileTarget, batch.options, TARGET).path
    name = name.replace(PLACEHOLDER, batch.correlation_id)
    return folder.within(name.replace("{entityType}", batch.entity_type.replace("/", "_")))


def write_batch(path: Path, memory: Memory, batch: WriteBatch) -> WriteResult:
    """Write a batch to a file; blocks: use a thread. Raises ConnectorError, RetriableError."""
    made = output_of(read(FileTarget, batch.options, TARGET), batch.fields)
    pieces, failures = _pieces(made, batch.payloads)
    with translated_errors():
        path.parent.mkdir(parents=True, exist_ok=True)
        with journal_of(path, memory) as journal:
            new = {batch.keys[place]: piece for place, piece in pieces}
            for known in journal.known(list(new)):
                del new[known]
            if new:
                head, tail = made.head.encode(made.encoding), made.tail.encode(made.encoding)
                journal.append(head, b"".join(new.values()), tail, list(new))
    return WriteResult([None] * len(batch.payloads), failures)


def _pieces(
    made: Output, payloads: Sequence[bytes]
) -> tuple[list[tuple[int, bytes]], dict[int, Failure]]:
    """Return the bytes of each record that can be written, and why the others cannot."""
    pieces: list[tuple[int, bytes]] = []
    failures: dict[int, Failure] = {}
    for place, payload in enumerate(payloads):
        try:
            pieces.append((place, made.text(_decode(payload)).encode(made.encoding)))
        except UnwritableError as error:
            failures[place] = error.failure
        except UnicodeEncodeError as error:
            message = f"{error.object[error.start]!r} cannot be written in {made.encoding}"
            failures[place] = Failure(Category.PERMANENT, "invalid_encoding", message)
        except ValueRefusedError as error:
            failures[place] = Failure(Category.PERMANENT, "value_refused", str(error))
    return pieces, failures
