"""Passwords: argon2id, computed in threads of which a limited number run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from argon2 import Parameters, PasswordHasher, profiles
from argon2.exceptions import Argon2Error, InvalidHashError

from syncline.domain.errors import RetriableError

T = TypeVar("T")
PARAMETERS = profiles.RFC_9106_LOW_MEMORY
"""RFC 9106, section 4, second recommended option: 3 passes over 64 MiB in 4 lanes, 128-bit salt."""
AT_ONCE = 2
"""Hashes computed at the same time by one process: each takes 64 MiB and four threads."""
MOST_WAITING = 20
"""Sign-ins that wait for their turn; more are asked to come back."""


class Passwords:
    """Hashes and verifies passwords without holding up the process; tests take a low cost."""

    def __init__(self, parameters: Parameters = PARAMETERS) -> None:
        self._hasher = PasswordHasher.from_parameters(parameters)
        self._nobody = self._hasher.hash("of nobody")
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return what is stored of a password. Raises RetriableError: too many wait already."""
        return await self._in_turn(lambda: self._hasher.hash(_bytes(password)))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether a password is the stored one; None (no such user) takes the same time.

        Raises RetriableError where too many wait already.
        """
        return await self._in_turn(lambda: self._verify(stored, password))

    def is_current(self, stored: str) -> bool:
        """Tell whether a stored hash has today's cost."""
        return not self._hasher.check_needs_rehash(stored)

    def _verify(self, stored: str | None, password: str) -> bool:
        try:
            self._hasher.verify(self._nobody if stored is None else stored, _bytes(password))
        except (Argon2Error, InvalidHashError):
            # the answer is No; the route counts the failed sign-in
            return False
        return stored is not None

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise RetriableError("too many sign-ins at once", code="busy", retry_after=2.0)
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def _bytes(password: str) -> bytes:
    """Return the bytes of any text: a lone surrogate is a wrong password, not an error."""
    return password.encode("utf-8", "surrogatepass")
