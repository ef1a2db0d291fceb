"""How often somebody may ask: a bucket of tokens for each name."""

from __future__ import annotations

from collections import OrderedDict

from syncline.runtime.clock import Clock

KEPT = 10_000
"""Names that are remembered."""


class Throttle:
    """Lets each name through `rate` times a second, and `burst` times at once."""

    def __init__(self, clock: Clock, rate: float, burst: float) -> None:
        self._clock = clock
        self._rate = rate
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def is_empty(self, name: str) -> bool:
        """Tell whether somebody would have to wait."""
        return self._left(name) < 1

    def take(self, name: str, cost: float = 1) -> float | None:
        """Let somebody through; return the seconds to wait if they may not, else None."""
        left = self._left(name)
        may = left >= cost
        self._buckets[name] = (left - cost * may, self._clock.monotonic())
        self._buckets.move_to_end(name)
        if len(self._buckets) > KEPT:
            self._buckets.popitem(last=False)
        return None if may else (cost - left) / self._rate

    def _left(self, name: str) -> float:
        now = self._clock.monotonic()
        left, since = self._buckets.get(name, (self._burst, now))
        return min(self._burst, left + (now - since) * self._rate)
