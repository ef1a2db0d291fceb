"""Operations: something done to many dead letters at once. Spec section 5, Bulk."""

from __future__ import annotations

import math
from enum import StrEnum
from uuid import UUID, uuid5

from syncline.domain.dead_letter.replay import MAX_REPLAY

GRACE = 5.0
"""Seconds before a replay begins, in which it can be undone."""
_FEW = 10
OVERTAKEN = "overtaken"
"""Status of an entry that closed by itself, and result of its item."""
GOOD = (
    "success", "unchanged", "excluded", "superseded", "discarded", "restored", OVERTAKEN,
)  # fmt: skip
"""Results of items about which nothing is left to do."""


class OperationKind(StrEnum):
    """What is done."""

    REPLAY = "replay"
    DISCARD = "discard"
    RESTORE = "restore"

    @property
    def takes(self) -> str:
        """The status that an entry must have for it."""
        return "discarded" if self is OperationKind.RESTORE else "pending"

    @property
    def gives(self) -> str:
        """The status that it gives an entry."""
        return {"replay": "replayed", "discard": "discarded", "restore": "pending"}[self.value]

    @property
    def past(self) -> str:
        """As a result: `discarded`, `restored`."""
        return {"replay": "replayed", "discard": "discarded", "restore": "restored"}[self.value]


class OperationState(StrEnum):
    """Where an operation stands. It is `failed` when not one of its entries went through."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    ABORTED = "aborted"
    FAILED = "failed"


def run_id_of(operation: str, chunk: int) -> str:
    """Return the correlation ID of the run that replays a chunk: the same whoever asks for it."""
    return str(uuid5(UUID(operation), f"chunk {chunk}"))


def chunk_size(rate: float | None, *, careful: bool, settled: int) -> int:
    """Return how many entries the next run of a stream may take.

    Args:
        rate: entries a second; a run takes those of one second.
        careful: the operation may have to stop: few entries first, ten times as many after each.
        settled: chunks of the stream that are over.
    """
    size = MAX_REPLAY if rate is None else max(1, math.ceil(rate))
    if careful:
        size = min(size, _FEW ** min(settled, 3))
    return min(size, MAX_REPLAY)


def final_state(counts: dict[str, int], *, stopped: bool) -> OperationState:
    """Return how an operation ended, by how many items have which result."""
    if stopped:
        return OperationState.ABORTED
    if any(counts.get(result) for result in GOOD):
        return OperationState.DONE
    return OperationState.FAILED


def selection_changed(expected: int, found: int) -> bool:
    """Tell whether a selection is another than the person saw: by more than one percent."""
    return abs(found - expected) * 100 > expected
