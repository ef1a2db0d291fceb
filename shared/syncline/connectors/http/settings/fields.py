"""Kinds of settings that several blocks share: paths, endpoints, query parameters, header names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, TypeAlias

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from syncline.connectors.settings import ConnectorSettings, Contradictions, refuse
from syncline.domain.mapping.paths import Path, parse_path, reader
from syncline.domain.naming import shown

HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
UNSAFE = re.compile(r"[\s\\\x00-\x1f\x7f]")
Read: TypeAlias = Callable[[object], object]


def _text(given: object) -> str:
    if not isinstance(given, str):
        raise ValueError(f"must be text, not {shown(given)}")  # noqa: TRY004 - for pydantic
    return given


def _path(given: object) -> Path:
    return parse_path(text) if (text := _text(given)) else ()


def _read(given: object) -> Read | None:
    return reader(path) if (path := _path(given)) else None


def _required(given: object) -> Read:
    if (read := _read(given)) is None:
        raise ValueError("is required")
    return read


def _whole_or_path(given: object) -> Read | None:
    return whole if given == "" else _read(given)


def whole(document: object) -> object:
    """Return all of a document: what the path `""` leads to."""
    return document


_TEXT = WithJsonSchema({"type": "string"})
PathTo = Annotated[Path, BeforeValidator(_path), _TEXT]
"""A JSON path such as `data[0].id`."""
ReadAt = Annotated[Read | None, BeforeValidator(_read), _TEXT]
"""What reads the value at a JSON path; None where there is no path."""
ReadRequired = Annotated[Read, BeforeValidator(_required), _TEXT]
ReadPart = Annotated[Read, BeforeValidator(_whole_or_path), _TEXT]
"""The same, where an empty path stands for the whole document."""


def _integral(given: object) -> object:
    return int(given) if isinstance(given, float) and given.is_integer() else given


Whole = Annotated[int, BeforeValidator(_integral)]


class RecordsPath(msgspec.Struct, frozen=True):
    """Where an answer has its records; without a path, the answer itself is the array."""

    path: Path = ()

    def read(self, document: object) -> object:
        return reader(self.path)(document) if self.path else document


RecordsAt = Annotated[RecordsPath, BeforeValidator(lambda given: RecordsPath(_path(given)))]


def endpoint_with(*known: str) -> AfterValidator:
    """Check a path under the base URL; `known` are the placeholders it may hold."""

    def checked(text: str) -> str:
        if not text:
            raise ValueError("is required")
        if not text.startswith("/") or text.startswith("//") or UNSAFE.search(text) or "#" in text:
            raise ValueError("must be a path under the profile's baseUrl, such as /items")
        check_placeholders(text, known)
        return text

    return AfterValidator(checked)


def check_placeholders(text: str, known: Sequence[str]) -> None:
    """Raise ValueError for a placeholder that means nothing."""
    for found in re.findall(r"\{([A-Za-z]+)\}", text):
        if found not in known:
            may = " or ".join(f"{{{k}}}" for k in known) or "none"
            raise ValueError(f"{{{found}}} means nothing here; it may hold {may}")


Query: TypeAlias = Sequence[tuple[str, str]]


def query_with(*known: str) -> BeforeValidator:
    """Read query parameters: texts, numbers and truths, or lists of them to be repeated."""

    def read(given: object) -> object:
        if not isinstance(given, Mapping):
            raise ValueError(f"must be an object, not {shown(given)}")  # noqa: TRY004
        pairs: list[tuple[str, str]] = []
        found: list[tuple[str, str]] = []
        for name, value in given.items():
            for part in value if isinstance(value, list) else [value]:
                try:
                    pairs.append((name, _parameter(part, known)))
                except ValueError as error:
                    found.append((name, str(error)))
        refuse(found)
        return pairs

    return BeforeValidator(read)


def _parameter(value: object, known: Sequence[str]) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise ValueError("must be text, a number, true or false, or a list of them")  # noqa: TRY004
    check_placeholders(str(value), known)
    return str(value)


def _header_name(name: str) -> str:
    if name and not HEADER.fullmatch(name):
        raise ValueError("must be the name of a header, such as X-Api-Key")
    return name


_OF_THE_BODY = ("content-length", "transfer-encoding", "expect")
"""Headers by which the client says how a body travels."""


def headers_without(*refused: str) -> AfterValidator:
    """Check further headers of a call; `refused` are names that it does not take, in lower case."""

    def checked(given: Mapping[str, str]) -> Mapping[str, str]:
        found = []
        for name, value in given.items():
            if not HEADER.fullmatch(name) or name.lower() in (*refused, *_OF_THE_BODY):
                is_login = name.lower() == "authorization"
                hint = "; credentials belong into `auth` and secrets" if is_login else ""
                found.append((name, f"cannot be set{hint}"))
            elif not value.isprintable():
                found.append((name, "must be text on one line"))
        refuse(found)
        return given

    return AfterValidator(checked)


HeaderName = Annotated[str, AfterValidator(_header_name)]
Separator = Annotated[str, AfterValidator(lambda text: text or ",")]


def quoted(text: str, *, double_quotes: bool) -> str:
    """Return an ID or a key as it stands between quotes: OData doubles the quotes in it."""
    return text.replace("'", "''") if double_quotes else text


class AnswerPattern(ConnectorSettings):
    """An answer of this status whose body contains this text."""

    status: int | None = Field(None, ge=200, le=599)
    contains: str = ""

    def fits(self, status: int | None, text: str) -> bool:
        """Tell whether an answer is meant."""
        return self.status in (None, status) and self.contains in text

    def contradictions(self) -> Contradictions:
        if self.status is None and not self.contains:
            yield "", "needs `status` or `contains`, or it would fit every answer"


class Sign(AnswerPattern):
    """An answer by which an API says something of a record; its text counts in any case."""

    def fits(self, status: int | None, text: str) -> bool:
        return self.status in (None, status) and self.contains.lower() in text.lower()

    def contradictions(self) -> Contradictions:
        yield from super().contradictions()
        if self.status is not None and self.status < 300 and not self.contains:
            yield "contains", "is required beside a status that means success"
