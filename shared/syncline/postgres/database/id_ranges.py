"""IDs that are named by how they begin."""

from __future__ import annotations

import re

SHORTEST = 6
"""Digits that a beginning needs where it may name anything."""
_BEGINNING = re.compile(r"[0-9a-f]{1,32}")


def id_range(beginning: str, shortest: int = 1) -> tuple[str, str] | None:
    """Return the first and the last ID that begin so; None where no ID does.

    Args:
        beginning: hexadecimal digits in any case; hyphens do not matter.
        shortest: fewer digits name nothing.
    """
    digits = beginning.replace("-", "").lower()
    if len(digits) < shortest or not _BEGINNING.fullmatch(digits):
        return None
    return digits.ljust(32, "0"), digits.ljust(32, "f")
