"""Mistakes in files: which file, line, document and path; and pydantic's words turned into ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

import msgspec
from pydantic import BaseModel, ValidationError

from syncline.domain.configuration import MASK
from syncline.domain.errors import Problem, SynclineError


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
        return Mistake(self.file, self._line(path), self.title, path, message)

    def _line(self, path: str) -> int | None:
        """Find the line of the path, or of what it would stand in."""
        while path not in self.lines and path not in ("$", ""):
            path = path[: max(path.rfind("."), path.rfind("["))]
        return self.lines.get(path)


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
    return Problem(path, _words(details, model))


def _words(details: Any, model: type[BaseModel]) -> str:  # noqa: ANN401 - pydantic's error
    if details["type"] == "missing":
        return "is required"
    if details["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in model.model_fields.items()]
        near = get_close_matches(str(details["loc"][-1]), known, 1, 0.6)
        hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(sorted(known))}"
        return f"unknown field; {hint}"
    if details["type"] == "string_pattern_mismatch":
        given = str(details["input"])[:80]
        return (
            "must begin with a letter or digit and have only letters, digits, space, "
            f"`.`, `_`, `-`, at most 100; not {given!r}"
        )
    words = details["msg"].removeprefix("Input ").replace("should be", "must be")
    return f"{words}, not {ascii(details['input'])[:80]}"
