"""What a replay reads again and what it takes as it lies there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from syncline.domain.columns import Columns
from syncline.domain.dead_letter.replay import ReplayItem
from syncline_ingest.reading.chunk import Chunk, Hasher
from syncline_ingest.reading.chunks import FETCH_SIZE, Source, from_letters
from syncline_ingest.rows import Rows


class Known:
    """A source that knows every record, and remembers what it was asked for at once."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    async def fetch(self, ids: Sequence[str], _hasher: Hasher) -> Rows:
        self.calls.append(list(ids))
        return Rows(
            list(ids),
            [None] * len(ids),
            [""] * len(ids),
            Columns.of([{"is": "new"} for _ in ids]),
            [12] * len(ids),
        )


def item(source_id: str, payload: bytes | None = b'{"is": "old"}') -> ReplayItem:
    return ReplayItem(f"letter-{source_id}", source_id, "transform", payload, None, 7)


async def replayed(
    source: Known, items: Sequence[ReplayItem], replay: dict[str, Any], done: int = 0
) -> list[Chunk]:
    chunks = from_letters(
        cast("Source", source), items, replay, done, lambda rows, _=b"": [""] * len(rows)
    )
    return [chunk async for chunk in chunks]


def ids(chunks: Sequence[Chunk]) -> list[list[str]]:
    return [chunk.rows.ids for chunk in chunks]


async def test_records_are_read_again_by_the_bulk() -> None:
    source = Known()
    items = [item(str(number)) for number in range(FETCH_SIZE + 3)]

    chunks = await replayed(source, items, {"fromStage": "ingest"})

    assert [len(call) for call in source.calls] == [FETCH_SIZE, 3]
    assert [chunk.position for chunk in chunks] == [str(FETCH_SIZE), str(FETCH_SIZE + 3)]


async def test_a_record_that_failed_twice_counts_twice() -> None:
    chunks = await replayed(Known(), [item("A"), item("B"), item("A")], {"fromStage": "ingest"})

    assert ids(chunks) == [["A", "B"], ["A"]]


async def test_what_has_its_payload_is_not_read_and_the_order_stays() -> None:
    source = Known()
    items = [item("A"), item("B", None), item("C", None), item("D")]

    chunks = await replayed(source, items, {"fromStage": "failed"})

    assert ids(chunks) == [["A"], ["B", "C"], ["D"]]
    assert [chunk.version for chunk in chunks] == [7, None, 7]
    assert source.calls == [["B", "C"]]


async def test_an_interrupted_replay_goes_on_behind_what_was_committed() -> None:
    source = Known()
    items = [item(name, None) for name in "ABCD"]

    first, *_ = await replayed(source, items[:2], {"fromStage": "failed"})
    rest = await replayed(source, items, {"fromStage": "failed"}, int(first.position))

    assert ids(rest) == [["C", "D"]]
