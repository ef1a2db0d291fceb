"""A shop's bucket of points: each call costs some, and it fills up again at a rate.

Every answer says how full the bucket is, so each process knows what the others have used as well,
and waits for its own calls to be affordable. A call that comes too soon all the same is refused
(`THROTTLED`) and pauses the profile until it is affordable (docs/decisions/0042).
"""

from __future__ import annotations

import asyncio
import re

from syncline.connectors.http.answers.answer import Answer
from syncline.connectors.http.client.client import Request, Sender

_END = 600
"""Bytes at the end of an answer in which it says what it cost."""
_START = 200
"""Bytes at the start of a request that tell its document from the others."""
_NUMBERS = re.compile(
    rb'"(requestedQueryCost|currentlyAvailable|restoreRate|maximumAvailable)"\s*:\s*(\d+(?:\.\d+)?)'
)
_REFUSED = re.compile(rb'"actualQueryCost"\s*:\s*null')
"""Of a call that came too soon: the profile's limiter waits for the points."""
LONGEST = 8.0
"""Seconds that a call waits for points at most; then it is sent, and the shop decides."""


class PointsBucket:
    """What a process knows of the bucket. Times are seconds of any clock that does not go back."""

    def __init__(self) -> None:
        self._available = self._most = self._rate = self._at = 0.0
        self._under_way = 0.0
        self._costs: dict[bytes, float] = {}

    def take(self, call: bytes, now: float) -> tuple[float, float]:
        """Take the points of a call; return them, and for how many seconds they have to come."""
        cost = self._costs.get(call, 0.0)
        self._fill(now)
        self._available -= cost
        self._under_way += cost
        missing = -self._available if self._rate else 0.0
        return cost, min(max(missing / (self._rate or 1.0), 0.0), LONGEST)

    def settle(self, call: bytes, taken: float, end: bytes, now: float) -> None:
        """End a call, and take over what the end of its answer says of its cost and the bucket."""
        self._under_way -= taken
        if _REFUSED.search(end):
            return
        said = {name: float(number) for name, number in _NUMBERS.findall(end)}
        if len(said) < 4:
            return
        self._costs[call] = said[b"requestedQueryCost"]
        self._rate, self._most = said[b"restoreRate"], said[b"maximumAvailable"]
        self._available, self._at = said[b"currentlyAvailable"] - self._under_way, now

    def _fill(self, now: float) -> None:
        gained = (now - self._at) * self._rate
        self._available, self._at = min(self._available + gained, self._most), now


class MeteredClient:
    """A client that sends calls as they become affordable."""

    def __init__(self, client: Sender) -> None:
        self._client = client
        self._bucket = PointsBucket()

    async def send(self, request: Request) -> Answer:
        """Send a request as the client does, once it is affordable."""
        call, end = (request.body or b"")[:_START], b""
        clock = asyncio.get_running_loop().time
        taken, delay = self._bucket.take(call, clock())
        try:
            if delay:
                await asyncio.sleep(delay)
            answer = await self._client.send(request)
            end = answer.body[-_END:]
        finally:
            self._bucket.settle(call, taken, end, clock())
        return answer
