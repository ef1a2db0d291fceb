"""Whether a refusal concerns one record or would meet every record.

403, and 404 and 410 where records are created, may be either: a right or an endpoint that is not
there, or one order that must not be touched. Where nothing was ever taken it is the whole call's;
else the next records tell: three refusals in a row are.
"""

from __future__ import annotations

from collections import Counter

IN_A_ROW = 3
ALWAYS = frozenset({401, 405, 415})
"""Refusals that no record is at fault for."""
EITHER = frozenset({403, 404, 410})


class Evidence:
    """The accepted and refused calls of one mapping's target in this process."""

    def __init__(self) -> None:
        self._taking: set[str] = set()
        self._refusals: Counter[str] = Counter()

    def accepted(self, where: str) -> None:
        """Note that records were taken at a method and an endpoint."""
        self._taking.add(where)
        self._refusals.pop(where, None)

    def concerns_all(self, where: str, status: int) -> bool:
        """Note a refusal and tell whether it would meet every record."""
        if status in ALWAYS or 300 <= status < 400:
            return True
        if status not in EITHER:
            return False
        self._refusals[where] += 1
        return where not in self._taking or self._refusals[where] >= IN_A_ROW
