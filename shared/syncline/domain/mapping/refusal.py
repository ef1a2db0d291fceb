"""The refusal of a value, and how values look in messages."""

from __future__ import annotations

from decimal import Decimal

SHOWN = 80
"""Characters of a value that a message shows at most."""


class ValueRefusedError(ValueError):
    """A value is refused. The message says what the value is and what it must be.

    Plug-in transformers raise it too: any other error of theirs counts as a bug.
    """

    def __init__(self, message: str, *, code: str = "conversion_failed") -> None:
        super().__init__(message)
        self.code = code


def shown(value: object) -> str:
    """Return a value for a message: on one line, printable, at most 80 characters."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        text = repr(value[: SHOWN + 1])  # not all of it: it may be very long
    else:
        text = str(value) if isinstance(value, int | Decimal) else repr(value)
    return text[: SHOWN - 3] + "..." if len(text) > SHOWN else text


def printable(text: str) -> str:
    """Return another system's message as text that every store and reader accepts."""
    return text.replace("\0", "\\0").encode(errors="backslashreplace").decode()
