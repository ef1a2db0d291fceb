"""Limits on connections: how many there are, and how long a request may take to arrive."""

from __future__ import annotations

import asyncio
import math
import resource
from typing import ClassVar

import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

MOST = 1000
"""Open connections; a new one above that closes the one that has sent no request for longest."""
HEAD_WITHIN = 10.0
"""Seconds from a request's first byte, or a connection's beginning, to the end of its headers."""
BODY_WITHIN = 60.0
"""Seconds from there to the end of its body."""
TAKEN_WITHIN = 60.0
"""Seconds that a client may leave an answer lying that no buffer has room for."""
NOTED_EVERY = 10.0
"""Seconds between two lines in the log about too many connections."""
log = structlog.get_logger()


def raise_file_limit(wanted: int = 4 * MOST) -> None:
    """Let the process open more files than most systems grant at first, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class LimitedConnection(H11Protocol):
    """A connection that is closed when its client is too slow, or idle where others need room."""

    _waiting: ClassVar[dict[LimitedConnection, None]] = {}
    """The process's connections that wait for a request, the longest waiting first."""
    _noted: ClassVar[float] = -math.inf

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self._arrival: asyncio.TimerHandle | None = None
        self._departure: asyncio.TimerHandle | None = None
        self._waiting[self] = None
        self._expect(HEAD_WITHIN)
        if len(self.connections) > MOST:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._waiting.pop(self, None)
        self._expect(None)
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        before = self.cycle
        if self._arrival is None and self in self._waiting:
            self._expect(HEAD_WITHIN)  # the first bytes of one more request
        super().data_received(data)
        self._review(before)

    def on_response_complete(self) -> None:
        """See H11Protocol."""
        before = self.cycle
        self._expect(None)
        self._waiting[self] = None
        super().on_response_complete()  # may begin with the next request
        self._review(before)

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        super().pause_writing()
        self._departure = self.loop.call_later(TAKEN_WITHIN, self._give_up, "answer not taken")

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        if self._departure is not None:
            self._departure.cancel()
            self._departure = None
        super().resume_writing()

    def _review(self, before: RequestResponseCycle | None) -> None:
        """Set the time that is left for what is being received."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            return
        self._waiting.pop(self, None)
        if not cycle.more_body:
            self._expect(None)
        elif cycle is not before:
            self._expect(BODY_WITHIN)

    def _expect(self, within: float | None) -> None:
        """Close the connection unless it goes on within so many seconds; None: it may wait."""
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None
        if within is not None:
            self._arrival = self.loop.call_later(within, self._give_up, "request too slow")

    def _make_room(self) -> None:
        """Close the connection that has waited for a request for longest."""
        longest = next(iter(self._waiting), None)
        if longest is not None:
            del self._waiting[longest]
            longest.transport.abort()
        if self.loop.time() - LimitedConnection._noted > NOTED_EVERY:
            LimitedConnection._noted = self.loop.time()
            log.warning("connections_exhausted", most=MOST)

    def _give_up(self, reason: str) -> None:
        log.debug("connection_closed", client=self.client, reason=reason)
        self.transport.abort()
