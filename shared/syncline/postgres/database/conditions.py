"""Filters as SQL: conditions are constants, the values in them are bound and counted here."""

from __future__ import annotations

import re

SHORTEST = 6
"""Digits that the beginning of an ID needs where it may name anything."""
_BEGINNING = re.compile(r"[0-9a-f]{1,32}")


class Conditions:
    """Conditions that all hold, and a statement's values: those bound first, from `$1` on."""

    def __init__(self, *bound: object) -> None:
        self.values = list(bound)
        self._all: list[str] = []

    def add(self, condition: str, *values: object) -> None:
        """Add SQL with `{}`, or `{0}`, for each value; with a None among them it limits nothing."""
        if None not in values:
            self._all.append(condition.format(*map(self.bind, values)))

    def bind(self, value: object) -> str:
        """Return what stands for a value in the statement."""
        self.values.append(value)
        return f"${len(self.values)}"

    def __str__(self) -> str:
        return " and ".join(self._all) or "true"


def id_range(beginning: str, shortest: int = 1) -> tuple[str, str] | None:
    """Return the first and last ID that begin with these hexadecimal digits (hyphens are ignored).

    None where no ID can begin so, or where there are fewer digits than `shortest`.
    """
    digits = beginning.replace("-", "").lower()
    if len(digits) < shortest or not _BEGINNING.fullmatch(digits):
        return None
    return digits.ljust(32, "0"), digits.ljust(32, "f")
