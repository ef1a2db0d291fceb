"""Mistakes in files: which file, line, document and path."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.domain.errors import SynclineError

LONGEST = 500
"""Characters of a message."""


class Mistake(msgspec.Struct, frozen=True, rename="camel"):
    """One mistake in a file; `document` is a kind and name, or a number in the file."""

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


class DocumentLocation(msgspec.Struct, frozen=True):
    """Where a document stands; `lines` by JSON path."""

    file: str
    title: str
    lines: dict[str, int]

    def __str__(self) -> str:
        return f"{self.file}:{self.lines.get('$')}"

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
