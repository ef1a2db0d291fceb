"""Reading ahead: the source is read while the last chunk is handed on, and what came is one chunk.

So the first records travel at once, and a big run goes in big steps as soon as it is the handing on
that takes the time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from functools import reduce

from syncline.domain.mapping.source_paths import NameCoverage
from syncline_ingest.reading.chunk import Chunk
from syncline_ingest.rows import join_rows

MOST_ROWS = 16_000
MOST_BYTES = 8_000_000
"""Of encoded records; so much may wait, and so much may be in a chunk that came of several."""


class _Waiting:
    """What was read and is not taken yet."""

    def __init__(self) -> None:
        self._chunks: deque[tuple[Chunk, int]] = deque()  # with the bytes of their records
        self._rows = 0
        self._bytes = 0
        self.came = asyncio.Event()
        self.has_room = asyncio.Event()
        self.has_room.set()

    def __len__(self) -> int:
        return len(self._chunks)

    def put(self, chunk: Chunk) -> None:
        weight = sum(chunk.rows.sizes)
        self._chunks.append((chunk, weight))
        self._rows += len(chunk.rows)
        self._bytes += weight
        if self._rows >= MOST_ROWS or self._bytes >= MOST_BYTES:
            self.has_room.clear()
        self.came.set()

    def take(self, most: int) -> Chunk:
        """Take the first chunk, with those behind it that may be committed together with it.

        `most` is in rows; the first chunk may have more.
        """
        first, size = self._chunks.popleft()
        taken, rows = [first], len(first.rows)
        while self._chunks and size < MOST_BYTES:
            chunk, weight = self._chunks[0]
            rows += len(chunk.rows)
            if rows > most or not _belong_together(first, chunk):
                break
            size += weight
            taken.append(self._chunks.popleft()[0])
        self._rows -= sum(len(chunk.rows) for chunk in taken)
        self._bytes -= size
        self.has_room.set()
        self.came.clear()
        return merged(taken)


async def prefetch(
    stream: AsyncGenerator[Chunk, None], wait_for_room: Callable[[], Awaitable[int]]
) -> AsyncGenerator[Chunk, None]:
    """Yield what `stream` yields, joined; its error comes behind all that was read before it.

    Args:
        wait_for_room: waits until a chunk can be handed on, and says how many rows it may have.
    """
    waiting = _Waiting()
    reading = asyncio.ensure_future(_read(stream, waiting))
    reading.add_done_callback(lambda _: waiting.came.set())
    try:
        while True:
            if not waiting and not reading.done():
                await waiting.came.wait()
            if waiting:
                yield waiting.take(await wait_for_room())
            elif reading.done():
                reading.result()
                return
    finally:
        reading.cancel()
        await asyncio.wait([reading])
        await stream.aclose()


async def _read(stream: AsyncGenerator[Chunk, None], waiting: _Waiting) -> None:
    async for chunk in stream:
        waiting.put(chunk)
        await waiting.has_room.wait()


def merged(chunks: Sequence[Chunk]) -> Chunk:
    """Make one chunk of several; an interrupted read goes on behind the last of them."""
    first, last = chunks[0], chunks[-1]
    if first is last:
        return first
    had = [chunk.had for chunk in chunks if chunk.had is not None]
    return Chunk(
        join_rows([chunk.rows for chunk in chunks]),
        last.position,
        first.stage,
        first.version,
        had=reduce(NameCoverage.beside, had) if had else None,
        snapshots=tuple(dict.fromkeys(seen for chunk in chunks for seen in chunk.snapshots)),
        twice=tuple(source_id for chunk in chunks for source_id in chunk.twice),
        notices=tuple(notice for chunk in chunks for notice in chunk.notices),
    )


def _belong_together(first: Chunk, second: Chunk) -> bool:
    return (first.stage, first.version) == (second.stage, second.version)
