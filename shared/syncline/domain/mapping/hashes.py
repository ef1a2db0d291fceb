"""Hashes that smart sync compares: of payloads, and of source rows with what else decides them.

A hash is bound to its target profile, so that moving an instance to another target re-sends
everything; a row hash also to the mapping version, because another mapping makes another payload.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from uuid import UUID

SIZE = 16


def payload_hashes(payloads: Sequence[bytes], target: str) -> list[str]:
    """Hash encoded payloads (keys sorted), as 32 hex digits each."""
    return _hashes(payloads, _base(target, b""))


def row_hashes(
    rows: Sequence[bytes], mapping: str, version: int, target: str, layout: bytes = b""
) -> list[str]:
    """Hash encoded source rows for one mapping version and target, as 32 hex digits each.

    Args:
        layout: what the rows have in common and do not say themselves: the names of their columns.
    """
    base = _base(target, UUID(mapping).bytes[:12] + version.to_bytes(4, "big"))
    if layout:
        base = base.copy()
        base.update(layout)
    return _hashes(rows, base)


def _hashes(values: Sequence[bytes], base: blake2b) -> list[str]:
    hashed, copy = [], base.copy
    for value in values:
        hasher = copy()
        hasher.update(value)
        hashed.append(hasher.hexdigest())
    return hashed


@lru_cache(maxsize=256)
def _base(target: str, salt: bytes) -> blake2b:
    return blake2b(digest_size=SIZE, person=UUID(target).bytes, salt=salt)
