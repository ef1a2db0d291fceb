"""Errors for people: what is wrong, and what to do. Pure."""

from __future__ import annotations

from pathlib import Path

import msgspec

from syncline.domain.errors import (
    ConflictError,
    FailureError,
    InvalidInputError,
    NotFoundError,
    RetriableError,
    SynclineError,
)
from syncline.domain.record import JsonObject

_HINTS = {
    "kafka_unavailable": "is Kafka running at {kafka}? `syncline dev` starts one, "
    "SYNCLINE_KAFKA_BOOTSTRAP names another",
    "database_unavailable": "is PostgreSQL running at {postgres}? `syncline dev` starts one, "
    "SYNCLINE_POSTGRES_DSN names another",
}
_BUG = "this is a bug of Syncline; with SYNCLINE_LOG_LEVEL=DEBUG it says where"


class Explained(msgspec.Struct, frozen=True, rename="camel"):
    """An error as it is shown: `code` for programs, and every mistake with its place."""

    exit_code: int
    code: str
    message: str
    problems: list[JsonObject] = []
    hint: str | None = None

    def lines(self) -> list[str]:
        lines = [f"error: {self.message}", *map(_line, self.problems)]
        if len(self.problems) == 1 and self.code == "invalid_input":
            lines = [f"error: {lines[1].strip()}"]
        return [*lines, f"  {self.hint}"] if self.hint else lines


class OutsideError(SynclineError):
    """Something on this machine is not as the command needs it: an exit code 1 with a hint."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


class NoInstallationError(OutsideError):
    """Nothing says where an installation is: the command was called in the wrong folder."""

    def __init__(self, folder: Path, above: Path | None) -> None:
        ways = (
            "`syncline dev` starts one here; SYNCLINE_POSTGRES_DSN and SYNCLINE_KAFKA_BOOTSTRAP, "
            "or SYNCLINE_CONFIG_FILE, name one that is elsewhere"
        )
        nearer = f"{above} is one: call the command there; " if above else ""
        message = f"{folder} is no installation of Syncline: it has no file .syncline/env"
        super().__init__("no_installation", message, nearer + ways)


class TriggerRefusedError(SynclineError):
    """A trigger was refused; `code` as in its status event."""

    def __init__(self, code: str, message: str, problems: list[dict[str, str]]) -> None:
        super().__init__(message)
        self.code = code
        self.problems = problems


def explain(error: Exception, settings: dict[str, str]) -> Explained:
    """Turn an error into words and an exit code; hints name `kafka` and `postgres` as given."""
    if isinstance(error, InvalidInputError):
        problems = [msgspec.to_builtins(problem) for problem in error.problems]
        return Explained(2, error.code, _mistakes(len(problems)), problems)
    if mistakes := getattr(error, "mistakes", None):  # of files
        problems = [msgspec.to_builtins(mistake) for mistake in mistakes]
        message = f"nothing was changed: {_mistakes(len(problems))}"
        return Explained(2, "invalid_files", message, problems)
    if isinstance(error, TriggerRefusedError):
        exit_code = 1 if error.code == "conflict" else 2
        return Explained(exit_code, error.code, one_line(str(error)), list(error.problems))
    if isinstance(error, FailureError):
        hint = _HINTS.get(error.failure.code) if isinstance(error, RetriableError) else None
        words = one_line(str(error))
        return Explained(1, error.failure.code, words, hint=hint and hint.format(**settings))
    return _plain(error)


def _plain(error: Exception) -> Explained:
    words = one_line(str(error))
    if isinstance(error, NotFoundError):
        return Explained(2, "not_found", words)
    if isinstance(error, ConflictError):
        return Explained(1, "conflict", words)
    if isinstance(error, OutsideError):
        exit_code = 2 if isinstance(error, NoInstallationError) else 1
        return Explained(exit_code, error.code, words, hint=error.hint)
    if isinstance(error, SynclineError):
        return Explained(1, "failed", words)
    return Explained(1, "unexpected_error", f"{type(error).__name__}: {words}", hint=_BUG)


def one_line(text: str) -> str:
    """Return a text without line ends and control characters, at most 500 characters."""
    shown = " ".join(text.split())[:500]
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)


def _mistakes(count: int) -> str:
    return f"{count} mistake{'s' * (count != 1)}"


def _line(problem: JsonObject) -> str:
    path = str(problem["path"]).removeprefix("$.")
    place = f"{path}: " if path != "$" else ""
    if "file" not in problem:
        return f"  {place}{problem['message']}"
    where = f"{problem['file']}:{problem['line']}" if problem["line"] else problem["file"]
    return f"  {where}: {problem['document']}: {place}{problem['message']}"
