"""Errors for people: what is wrong, and what to do. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from syncline.domain.errors import (
    ConflictError,
    FailureError,
    InvalidInputError,
    NotFoundError,
    RetriableError,
    SynclineError,
)
from syncline.resources.mistakes import InvalidFilesError

_HINTS = {
    "kafka_unavailable": "is Kafka running at {kafka}? `syncline dev` starts one, "
    "SYNCLINE_KAFKA_BOOTSTRAP names another",
    "database_unavailable": "is PostgreSQL running? `syncline dev` starts one, "
    "SYNCLINE_POSTGRES_DSN names another",
}


class Explained(msgspec.Struct, frozen=True, rename="camel"):
    """An error as it is shown.

    Attributes:
        code: stable machine name in snake_case.
        problems: every mistake, with its place.
    """

    exit_code: int
    code: str
    message: str
    problems: list[dict[str, Any]] = []
    hint: str | None = None

    def lines(self) -> list[str]:
        places = [_line(problem) for problem in self.problems]
        hint = [f"  {self.hint}"] if self.hint else []
        return ([f"error: {self.message}"] if self.message else []) + places + hint


def explain(error: SynclineError, settings: dict[str, str]) -> Explained:
    """Turn an error into words and an exit code: 2 for wrong input, 1 for the rest.

    Args:
        settings: what hints mention, by name: `kafka`.
    """
    if isinstance(error, InvalidFilesError):
        count = f"{len(error.mistakes)} mistake{'s' if len(error.mistakes) > 1 else ''}"
        problems = [msgspec.to_builtins(mistake) for mistake in error.mistakes]
        return Explained(2, "invalid_files", f"nothing was changed: {count}", problems)
    if isinstance(error, InvalidInputError):
        problems = [msgspec.to_builtins(problem) for problem in error.problems]
        return Explained(2, error.code, "wrong input", problems)
    if isinstance(error, FailureError):
        hint = _HINTS.get(error.failure.code) if isinstance(error, RetriableError) else None
        words = one_line(str(error))
        return Explained(1, error.failure.code, words, hint=hint and hint.format(**settings))
    known = {NotFoundError: "not_found", ConflictError: "conflict"}
    return Explained(1, known.get(type(error), "failed"), one_line(str(error)))


def one_line(text: str) -> str:
    """Return a text without line ends, at most 500 characters."""
    return " ".join(text.split())[:500]


def _line(problem: dict[str, Any]) -> str:
    path = str(problem["path"]).removeprefix("$.")
    if "file" not in problem:
        return f"  {path}: {problem['message']}"
    place = f"{problem['file']}:{problem['line']}" if problem["line"] else problem["file"]
    return f"  {place}: {problem['document']}: {path}: {problem['message']}"
