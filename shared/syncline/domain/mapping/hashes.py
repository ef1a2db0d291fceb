"""Hashes that smart sync compares to find unchanged records: of payloads and of source rows.

The target profile is part of each hash, so an instance that gets another target sends everything
again. The mapping version is part of a row hash, as another mapping makes other payloads.
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
    """Hash encoded source rows for a mapping version and target, as 32 hex digits each.

    `layout` is the names of the columns, where the encoded rows hold only the values.
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
