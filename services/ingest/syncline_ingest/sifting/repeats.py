"""Records that came twice in one read. Memory is bounded; of a long read the database knows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias

import msgspec

from syncline_ingest.rows import Rows

MOST = 200_000
"""Records of which it is kept in memory what they held."""

Committed: TypeAlias = Callable[[Sequence[str]], Awaitable[set[str]]]
"""Says which of these source IDs the run has committed. May raise RetriableError."""


class Repeat(msgspec.Struct, frozen=True):
    """A row whose record came before in this read; `is_same`: nothing about it had changed."""

    place: int
    is_same: bool


class Seen:
    """The records that a run has read from a list that may move while it is paged."""

    def __init__(self, committed: Committed, before: Iterable[str] = ()) -> None:
        """Begin, or go on behind the records of `before`."""
        self._committed = committed
        self._before = set(map(hash, before))
        self._now: dict[int, int] = {}

    def begin_again(self) -> None:
        """Begin another pass over the source."""
        self._before.update(self._now)
        self._now = {}

    def earlier(self, rows: Rows) -> frozenset[int]:
        """Return the places of rows whose record an earlier pass, or process, has taken."""
        before = self._before
        return frozenset(p for p, i in enumerate(rows.ids) if hash(i) in before)

    async def take(self, rows: Rows) -> list[Repeat]:
        """Note the rows of a chunk, and return those whose record came before in this pass."""
        if len(self._now) > MOST:
            known = await self._committed(rows.ids)
            return [Repeat(p, True) for p, i in enumerate(rows.ids) if i in known]
        own, held = list(map(hash, rows.ids)), list(map(hash, rows.hashes))
        if len(set(own)) == len(own) and self._now.keys().isdisjoint(own):
            self._now.update(zip(own, held, strict=True))
            return []
        repeats = []
        for place, (key, content) in enumerate(zip(own, held, strict=True)):
            if key in self._now:
                repeats.append(Repeat(place, self._now[key] == content))
            self._now[key] = content
        return repeats


def twice(ids: Sequence[str]) -> list[str]:
    """Return the IDs that one answer of the source holds more than once."""
    if len(set(ids)) == len(ids):
        return []
    held: set[str] = set()
    doubles = dict.fromkeys(i for i in ids if i in held or held.add(i))  # type: ignore[func-returns-value]
    return [source_id for source_id in doubles if source_id]
