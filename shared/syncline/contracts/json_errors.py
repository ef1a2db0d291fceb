"""Where a text stops being JSON: for people who have to mend it."""

from __future__ import annotations

import json


def malformed_at(text: str | bytes) -> str | None:
    """Return line, column and what is wrong there; None where only its reader can tell."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    except (ValueError, RecursionError):  # no UTF-8, a number of 5,000 digits, nested too deeply
        return None
    return None
