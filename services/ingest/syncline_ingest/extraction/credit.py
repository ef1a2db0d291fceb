"""How many records of a run may be on their way to its target. Pure."""

from __future__ import annotations

LEAST, MOST = 2_000, 50_000
SECONDS = 5.0
"""Seconds of its target's work that a run may have before it."""
SOON, LATER = 0.1, 1.0
"""Seconds to the next look, where records come to their outcomes, and where none has for a while:
runs that wait for hours, perhaps many of them, must not keep the database busy."""
LEAST_OF_CHUNK, MOST_OF_CHUNK = 10_000, 16_000
"""Records of a chunk. A message costs each stage half a millisecond beside its records, so those of
large chunks are cheaper; but a chunk is in memory, and so is what is read ahead meanwhile."""


class Credit:
    """Follows how fast a run's records come to their outcomes.

    What lies before a slow target would fill the queues that other runs share, and memory; a fast
    target must never wait for records.

    Attributes:
        limit: records that may be in flight.
        pause: seconds until it is worth to look again.
    """

    def __init__(self, done: int, now: float) -> None:
        self.limit = LEAST
        self.pause = SOON
        self._done = self._last = done
        self._since = now

    def of_chunk(self, in_flight: int) -> int:
        """Return how many records the next chunk may have, when so many are on their way."""
        if not in_flight:  # the target has nothing to do: most records are unchanged
            return MOST_OF_CHUNK
        return min(max(self.limit, LEAST_OF_CHUNK), MOST_OF_CHUNK)

    def note(self, done: int, now: float) -> None:
        """Note how many records have an outcome; `now` is monotonic, in seconds."""
        self.pause = SOON if done != self._last else min(2 * self.pause, LATER)
        self._last = done
        elapsed = now - self._since
        earned = round((done - self._done) / max(elapsed, 1.0) * SECONDS)
        if elapsed < 1.0:  # too short to call a target slow
            self.limit = min(max(earned, self.limit), MOST)
            return
        self.limit = min(max(earned, LEAST), MOST)
        self._since, self._done = now, done
