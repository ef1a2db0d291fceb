"""The refusal of a value, and the text of other systems' messages."""

from __future__ import annotations


class ValueRefusedError(ValueError):
    """A value is refused. The message says what the value is and what it must be.

    Plug-in transformers raise it too: any other error of theirs counts as a bug.
    """

    def __init__(self, message: str, *, code: str = "conversion_failed") -> None:
        super().__init__(message)
        self.code = code


def printable(text: str) -> str:
    """Return another system's message as text that every store and reader accepts."""
    return text.replace("\0", "\\0").encode(errors="backslashreplace").decode()
