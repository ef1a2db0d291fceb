"""Connections of drivers that wait for a server in the calling thread: each has a thread."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from threading import Thread
from typing import TypeVar
from zoneinfo import ZoneInfo

from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.sql import sessions
from syncline.connectors.sql.server import CONNECT_LIMIT, ServerSettings, addresses_of
from syncline.connectors.sql.worker import Worker
from syncline.domain.errors import RetriableError

T = TypeVar("T")
USED_FOR = 300.0
"""Seconds since a connection was opened after which no call begins with it."""
_IDLE_FOR = 30.0
"""Seconds that a connection may wait: hosts close those that wait for long."""
MOST_OPEN = 24
"""Connections of a profile in a process, also those that were given up and have not ended yet."""


class ThreadedSession(ABC):
    """One connection, and the thread that alone uses it.

    Attributes:
        zone: of columns that say no zone, where they are read.
        version: of the server.
    """

    def __init__(self, name: str, limit: float, timezone: str) -> None:
        self._worker = Worker(name)
        self._limit = limit
        self._opened = self._used = asyncio.get_running_loop().time()
        self._is_busy = self._is_closed = False
        self.zone = ZoneInfo(timezone) if timezone else None
        self.version = ""

    @property
    def is_fit(self) -> bool:
        """Whether another call may begin with it."""
        now = asyncio.get_running_loop().time()
        is_fresh = now - self._opened < USED_FOR and now - self._used < _IDLE_FOR
        return is_fresh and not self._is_busy and not self._is_closed

    @property
    def is_open(self) -> bool:
        """Whether its thread still runs."""
        return self._worker.is_alive

    def close(self) -> None:
        """Let go of the connection; a statement that still runs is cancelled. Does not wait."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._is_busy:
            Thread(target=self._cancel, daemon=True).start()
        self._worker.end(self._disconnect)

    @abstractmethod
    def _cancel(self) -> None:
        """Have the server end what it does, in a thread of its own; raise nothing."""

    @abstractmethod
    def _disconnect(self) -> None:
        """Close the connection, in its thread; raise nothing."""

    async def call(self, call: Callable[[], T]) -> T:
        """Run a call in the connection's thread; the connection is spoilt where it is given up.

        Raises TimeoutError where it takes too long, and what the call raises.
        """
        self._is_busy = True
        async with asyncio.timeout(self._limit):
            answer = await self._worker.run(call)
        self._is_busy = False
        self._used = asyncio.get_running_loop().time()
        return answer


S = TypeVar("S", bound=ThreadedSession)


class ThreadedSessions(sessions.Sessions[S]):
    """A profile's connections for reading, or those for writing, at addresses that were checked.

    Args:
        system: for people.
    """

    def __init__(
        self, system: str, settings: ServerSettings, password: str, allowed: AllowedAddresses
    ) -> None:
        super().__init__()
        self._system = system
        self._settings = settings
        self._password = password
        self._allowed = allowed
        self._open: list[S] = []

    @abstractmethod
    def _session(self) -> S:
        """Make a connection that is not connected yet."""

    @abstractmethod
    async def _connect(self, session: S, address: str) -> None:
        """Log in at an address where something listens."""

    async def open(self) -> S:
        """Connect and log in.

        Raises:
            ConnectorError: the address is not allowed.
            RetriableError: too many connections of this profile have not ended.
            OSError, TimeoutError: nothing answers. Others as the driver does.
        """
        self._open = [session for session in self._open if session.is_open]
        if len(self._open) >= MOST_OPEN:
            message = (
                f"{self._system}: all {MOST_OPEN} connections of this profile are open; some "
                "belong to calls that were given up and have not ended yet"
            )
            raise RetriableError(message, code="source_unavailable")
        failed: Exception = OSError(f"the name {self._settings.host} has no address")
        async with asyncio.timeout(CONNECT_LIMIT):
            for address in await addresses_of(self._settings, self._allowed):
                try:
                    await _reach(address, self._settings.port)
                except OSError as error:
                    failed = error
                    continue
                return await self._at(address)
        raise failed

    async def _at(self, address: str) -> S:
        session = self._session()
        self._open.append(session)
        try:
            await self._connect(session, address)
        except BaseException:
            session.close()
            raise
        return session


async def _reach(address: str, port: int) -> None:
    """Raise OSError where nothing listens: the driver would try again for long."""
    _, writer = await asyncio.open_connection(address, port)
    writer.close()
