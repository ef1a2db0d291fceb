"""What a replay reads again and what it takes as it lies there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from syncline.domain.columns import Columns
from syncline.domain.dead_letter.replay import ReplayItem
from syncline_ingest.reading.chunk import Chunk, Hasher
from syncline_ingest.reading.chunks import Source
from syncline_ingest.reading.named_records import FETCH_SIZE, FIRST_FETCH, by_ids, from_letters
from syncline_ingest.rows import Rows


class Known:
    """A source that knows every record, and remembers what it was asked for at once."""

    def __init__(self, bytes_each: int = 12) -> None:
        self.bytes_each = bytes_each
        self.calls: list[list[str]] = []

    async def fetch(self, ids: Sequence[str], _hasher: Hasher) -> Rows:
        self.calls.append(list(ids))
        return Rows(
            list(ids),
            [None] * len(ids),
            [""] * len(ids),
            Columns.of([{"is": "new"} for _ in ids]),
            [self.bytes_each] * len(ids),
        )


def item(source_id: str, payload: bytes | None = b'{"is": "old"}') -> ReplayItem:
    return ReplayItem(f"letter-{source_id}", source_id, "transform", payload, None, 7)


def plain_hashes(rows: Sequence[bytes], _layout: bytes = b"") -> list[str]:
    return [""] * len(rows)


async def replayed(
    source: Known, items: Sequence[ReplayItem], replay: dict[str, Any], done: int = 0
) -> list[Chunk]:
    chunks = from_letters(cast("Source", source), items, replay, done, plain_hashes)
    return [chunk async for chunk in chunks]


def ids(chunks: Sequence[Chunk]) -> list[list[str]]:
    return [chunk.rows.ids for chunk in chunks]


async def test_records_are_read_again_by_the_bulk() -> None:
    source = Known()
    items = [item(str(number)) for number in range(FIRST_FETCH + FETCH_SIZE + 3)]

    chunks = await replayed(source, items, {"fromStage": "ingest"})

    assert [len(call) for call in source.calls] == [FIRST_FETCH, FETCH_SIZE, 3]
    assert [chunk.position for chunk in chunks] == ["50", "550", "553"]


@pytest.mark.parametrize(("bytes_each", "then"), [(20_000, 200), (900_000, 4), (9_000_000, 1)])
@pytest.mark.parametrize("is_replay", [False, True])
async def test_of_long_records_few_are_read_at_once(
    bytes_each: int, then: int, is_replay: bool
) -> None:
    source = Known(bytes_each)
    names = [str(number) for number in range(FIRST_FETCH + then + 1)]
    if is_replay:
        chunks = await replayed(source, [item(i) for i in names], {"fromStage": "ingest"})
    else:
        chunks = [c async for c in by_ids(cast("Source", source), names, 0, plain_hashes)]

    assert [len(call) for call in source.calls] == [FIRST_FETCH, then, 1]
    assert [i for chunk in ids(chunks) for i in chunk] == names


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
