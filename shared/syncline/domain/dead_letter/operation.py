"""Operations: bulk work on dead letters. Spec section 5, Bulk."""

from __future__ import annotations

import math
from enum import StrEnum
from uuid import UUID, uuid5

from syncline.domain.dead_letter.replay import MAX_REPLAY

GRACE = 5.0
"""Seconds before a replay begins, during which it can be undone."""
_FEW = 10
OVERTAKEN = "overtaken"
"""Status of a dead letter that closed by itself, and result of its item."""
GOOD = (
    "success", "unchanged", "excluded", "superseded", "discarded", "restored", OVERTAKEN,
)  # fmt: skip
"""Results of items that are done."""


class OperationKind(StrEnum):
    """What is done."""

    REPLAY = "replay"
    DISCARD = "discard"
    RESTORE = "restore"

    @property
    def takes(self) -> str:
        """The status that a dead letter must have for it."""
        return "discarded" if self is OperationKind.RESTORE else "pending"

    @property
    def gives(self) -> str:
        """The status that a dead letter gets."""
        return {"replay": "replayed", "discard": "discarded", "restore": "pending"}[self.value]

    @property
    def past(self) -> str:
        """As a result: `discarded`, `restored`."""
        return {"replay": "replayed", "discard": "discarded", "restore": "restored"}[self.value]


class OperationState(StrEnum):
    """The state of an operation. It is `failed` if none of its items succeeded."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    ABORTED = "aborted"
    FAILED = "failed"


def run_id_of(operation: str, chunk: int) -> str:
    """Return the correlation ID of the run that replays a chunk, the same on every call."""
    return str(uuid5(UUID(operation), f"chunk {chunk}"))


def chunk_size(rate: float | None, *, careful: bool, settled: int) -> int:
    """Return how many dead letters the next run of a stream may take.

    Args:
        rate: dead letters a second; a run takes those of one second.
        careful: stop at a repeated error: begin with one, then ten times as many in each chunk.
        settled: chunks of the stream that are over.
    """
    size = MAX_REPLAY if rate is None else max(1, math.ceil(rate))
    if careful:
        size = min(size, _FEW ** min(settled, 3))
    return min(size, MAX_REPLAY)


def final_state(counts: dict[str, int], *, stopped: bool) -> OperationState:
    """Return the final state of an operation from the numbers of its items by result."""
    if stopped:
        return OperationState.ABORTED
    if any(counts.get(result) for result in GOOD):
        return OperationState.DONE
    return OperationState.FAILED


def selection_changed(expected: int, found: int) -> bool:
    """Tell whether a selection differs by more than one percent from what the person saw."""
    return abs(found - expected) * 100 > expected
