"""What identifies a dead letter. Spec section 5."""

from __future__ import annotations

from uuid import UUID, uuid5

import msgspec

_NAMESPACE = UUID("6f9c2d84-5b0e-5a6e-9d57-2f4c3b1a7e90")


class PoisonMessage(msgspec.Struct, frozen=True):
    """A message that no stage could decode: where it lay, its bytes, and what was wrong."""

    id: str
    topic: str
    partition: int
    offset: int
    stage: str
    error: str
    payload: bytes | None


class ReplayItem(msgspec.Struct, frozen=True):
    """A dead letter to be replayed."""

    id: str
    source_id: str
    stage: str
    payload: bytes | None
    row_hash: str | None
    version: int


def dead_letter_id(run_id: str, batch: int, slot: int) -> str:
    """Return the ID of the dead letter of one record of a run: the same for every copy."""
    return str(uuid5(_NAMESPACE, f"{run_id}/{batch}/{slot}"))


def poison_id(topic: str, partition: int, offset: int) -> str:
    """Return the ID of a message that could not be decoded."""
    return str(uuid5(_NAMESPACE, f"{topic}/{partition}/{offset}"))
