"""Whether a refusal concerns one record or all: what was taken before tells."""

from __future__ import annotations

from collections import Counter

from syncline.connectors.http.settings.target import SecondCall, WriteCall

_ALWAYS = frozenset({401, 405, 415})
"""Refusals that no record is at fault for."""
_EITHER = frozenset({403, 404, 410})
_IN_A_ROW = 3


class Evidence:
    """Whether a refusal concerns one record or would meet every record of a mapping's target.

    403, 404 and 410 may be either: a right or an endpoint that is not there, or one order that must
    not be touched. They are the whole call's where nothing was ever taken, or three in a row.
    """

    def __init__(self) -> None:
        self._taking: set[str] = set()
        self._refusals: Counter[str] = Counter()

    def accepted(self, where: str) -> None:
        """Note that records were taken by a call of that name."""
        self._taking.add(where)
        self._refusals.pop(where, None)

    def concerns_all(self, where: str, status: int) -> bool:
        """Note a refusal and tell whether it would meet every record."""
        if status in _ALWAYS or 300 <= status < 400:
            return True
        if status not in _EITHER:
            return False
        self._refusals[where] += 1
        return where not in self._taking or self._refusals[where] >= _IN_A_ROW


def call_name(operation: WriteCall) -> str:
    """Name a call for what is known of its refusals; GraphQL has one endpoint for all."""
    field = f" {operation.field}" if isinstance(operation, SecondCall) else ""
    return f"{operation.method} {operation.endpoint}{field}"
