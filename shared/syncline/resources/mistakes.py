"""Mistakes in files: which file, line, document and path; and what a model refuses in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from pydantic import BaseModel, ValidationError

from syncline.domain.configuration import MASK
from syncline.domain.errors import Problem, SynclineError
from syncline.domain.naming import unknown_field
from syncline.resources.words import words

LONGEST = 500
"""Characters of a message."""


class Mistake(msgspec.Struct, frozen=True, rename="camel"):
    """One mistake in a file.

    Attributes:
        document: kind and name, or its number in the file when it has none.
        path: JSON path in the document.
    """

    file: str
    line: int | None
    document: str
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.document}: {self.path}: {self.message}"


class InvalidFilesError(SynclineError):
    """Files were refused; `mistakes` names everything that is wrong with all of them."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = tuple(mistakes)


class Source(msgspec.Struct, frozen=True):
    """Where a document stands; `lines` by JSON path."""

    file: str
    title: str
    lines: dict[str, int]

    def mistake(self, path: str, message: str) -> Mistake:
        return Mistake(
            self.file, self._line(path), _short(self.title), _short(path), _short(message)
        )

    def _line(self, path: str) -> int | None:
        """Find the line of the path, or of what it would stand in."""
        while path not in self.lines and path not in ("$", ""):
            path = path[: max(path.rfind("."), path.rfind("["))]
        return self.lines.get(path)


def _short(text: str) -> str:
    """Cut what a wrong value of 10,000 characters makes of a sentence."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def problems_of(error: ValidationError, model: type[BaseModel]) -> Iterator[Problem]:
    """Say what a document's model refused, each place once."""
    said: set[str] = set()
    for details in error.errors():
        problem = _problem(details, model)
        if problem.path not in said:
            said.add(problem.path)
            yield problem


def _problem(details: Any, model: type[BaseModel]) -> Problem:  # noqa: ANN401 - pydantic's error
    place = details["loc"]
    if place[:1] == ("secrets",) and len(place) > 1:
        allowed = f"{{fromEnv: NAME}}, {{fromFile: path}}, or `{MASK}` to keep the stored one"
        return Problem(f"$.secrets.{place[1]}", f"must be a reference: {allowed}")
    path = "$" + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in place)
    if details["type"] == "extra_forbidden":
        return Problem(path, unknown_field(place[-1], _fields_at(model, place[:-1])))
    return Problem(path, words(details))


def _fields_at(model: type[BaseModel], place: Sequence[Any]) -> list[str]:
    """Return the names that an object within a document knows."""
    for part in place:
        by_name = {field.alias or name: field for name, field in model.model_fields.items()}
        inner = by_name[part].annotation if part in by_name else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        model = inner
    return [field.alias or name for name, field in model.model_fields.items()]
