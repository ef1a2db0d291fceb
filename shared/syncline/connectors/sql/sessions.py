"""Connections to a profile's server, kept for the next call."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Generic, Protocol, TypeVar

KEPT = 4
"""Connections that wait for the next call."""


class Session(Protocol):
    """One connection."""

    @property
    def is_fit(self) -> bool:
        """Whether another call may begin with it."""

    def close(self) -> None:
        """Close it, whatever it does."""


S = TypeVar("S", bound=Session)


class Sessions(ABC, Generic[S]):
    """A profile's connections for reading, or those for writing."""

    def __init__(self) -> None:
        self._idle: list[S] = []
        self._is_closed = False

    @abstractmethod
    async def open(self) -> S:
        """Connect and log in."""

    def is_ended_by(self, error: BaseException) -> bool:
        """Tell whether a connection is of no more use after an error: here after any."""
        return True

    @asynccontextmanager
    async def session(self) -> AsyncIterator[S]:
        """Lend a connection; it is closed where its block fails with what ends it."""
        session = await self.take()
        try:
            yield session
        except BaseException as error:
            if self.is_ended_by(error):
                session.close()
            else:
                self.keep(session)
            raise
        self.keep(session)

    async def take(self) -> S:
        """Return a connection; the caller keeps or closes it. Raises what `open` raises."""
        while self._idle:
            session = self._idle.pop()
            if session.is_fit:
                return session
            session.close()
        return await self.open()

    def keep(self, session: S) -> None:
        """Take back a connection that nothing was left in."""
        if session.is_fit and len(self._idle) < KEPT and not self._is_closed:
            self._idle.append(session)
        else:
            session.close()

    def close(self) -> None:
        """Close all that wait, and keep none any more."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()
