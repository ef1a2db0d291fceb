"""A set of idempotency keys in little memory: some 35 bytes a key, a third of a Python set's."""

from __future__ import annotations

KEY = 32
"""Hex digits of a key."""
_PREFIX = 4
_REST = (KEY - _PREFIX) // 2


class KeySet:
    """Keys by their first digits, the rest of them as bytes one behind the other."""

    def __init__(self) -> None:
        self._rests: dict[str, bytearray] = {}

    def add(self, keys: str) -> None:
        """Add keys that are joined."""
        rests = self._rests
        for start in range(0, len(keys), KEY):
            rest = bytes.fromhex(keys[start + _PREFIX : start + KEY])
            bucket = rests.get(keys[start : start + _PREFIX])
            if bucket is None:
                rests[keys[start : start + _PREFIX]] = bytearray(rest)
            else:
                bucket += rest

    def __contains__(self, key: str) -> bool:
        bucket = self._rests.get(key[:_PREFIX])
        if bucket is None:
            return False
        rest = bytes.fromhex(key[_PREFIX:])
        place = bucket.find(rest)
        while place > 0 and place % _REST:  # two keys' ends, not one key
            place = bucket.find(rest, place + 1)
        return place >= 0
