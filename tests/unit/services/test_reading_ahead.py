"""Reading ahead: nothing lost, order kept, what belongs together joined, bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from syncline.contracts.topics import Stage
from syncline.domain.columns import Columns
from syncline_ingest.reading.chunk import Chunk
from syncline_ingest.reading.prefetch import MOST_ROWS, prefetch
from syncline_ingest.rows import Rows
from tests.support.eventually import eventually


def chunk(first: int, count: int = 1, stage: Stage = Stage.NORMALIZE) -> Chunk:
    names = [f"A{n}" for n in range(first, first + count)]
    rows = Rows(names, [None] * count, [""] * count, Columns(count, {"id": names}), [2] * count)
    return Chunk(rows, str(first + count), stage)


class Stream:
    """A source; `read` counts what was asked of it."""

    def __init__(self, chunks: Sequence[Chunk], error: Exception | None = None) -> None:
        self.chunks = chunks
        self.error = error
        self.read = 0
        self.closed = False

    async def __call__(self) -> AsyncGenerator[Chunk, None]:
        try:
            for one in self.chunks:
                self.read += 1
                yield one
            if self.error is not None:
                raise self.error
        finally:
            self.closed = True


async def room() -> int:
    return 10_000


def ids(chunks: Sequence[Chunk]) -> list[str]:
    return [source_id for one in chunks for source_id in one.rows.ids]


async def test_what_came_meanwhile_is_one_chunk_behind_the_last_position() -> None:
    stream = Stream([chunk(n) for n in range(10)])
    taken = []
    async for one in prefetch(stream(), room):
        taken.append(one)
        await eventually(lambda: stream.closed)
    assert ids(taken) == [f"A{n}" for n in range(10)]
    assert len(taken) < 10
    assert taken[-1].position == "10"


async def test_the_first_chunk_does_not_wait_for_the_second() -> None:
    gate = asyncio.Event()

    async def slow() -> AsyncGenerator[Chunk, None]:
        yield chunk(0)
        await gate.wait()
        yield chunk(1)

    chunks = prefetch(slow(), room)
    assert ids([await anext(chunks)]) == ["A0"]
    gate.set()
    assert ids([one async for one in chunks]) == ["A1"]


async def test_rows_for_different_stages_stay_apart() -> None:
    stream = Stream([chunk(0), chunk(1, stage=Stage.EXECUTE), chunk(2, stage=Stage.EXECUTE)])
    chunks = prefetch(stream(), room)
    stages = [one.stage async for one in chunks for _ in one.rows.ids]
    assert stages == [Stage.NORMALIZE, Stage.EXECUTE, Stage.EXECUTE]


async def test_reading_stops_while_too_much_waits() -> None:
    stream = Stream([chunk(n * 4000, 4000) for n in range(100)])
    chunks = prefetch(stream(), room)
    first = await anext(chunks)
    for _ in range(20):
        await asyncio.sleep(0)
    assert stream.read <= MOST_ROWS // 4000 + 3
    rest = [one async for one in chunks]
    assert {len(one.rows) for one in [first, *rest]} <= {4_000, 8_000}
    assert len(ids([first, *rest])) == 400_000


async def test_an_error_comes_behind_what_was_read_before_it() -> None:
    stream = Stream([chunk(0), chunk(1)], error=ValueError("gone"))
    chunks = prefetch(stream(), room)
    assert ids([await anext(chunks)]) == ["A0", "A1"]
    with pytest.raises(ValueError, match="gone"):
        await anext(chunks)


async def test_leaving_early_closes_the_source() -> None:
    stream = Stream([chunk(n * 4000, 4000) for n in range(100)])
    chunks = prefetch(stream(), room)
    await anext(chunks)
    await chunks.aclose()
    assert stream.closed


async def test_a_chunk_is_as_long_as_there_is_room_when_it_goes() -> None:
    stream = Stream([chunk(n * 2000, 2000) for n in range(20)])
    rooms = iter([2_000, 4_000, 6_000, 1, *[30_000] * 20])

    async def room_now() -> int:
        await eventually(lambda: stream.closed or stream.read >= 8)
        return next(rooms)

    lengths = [len(one.rows) async for one in prefetch(stream(), room_now)]

    assert lengths[:4] == [2_000, 4_000, 6_000, 2_000]
    assert sum(lengths) == 40_000
