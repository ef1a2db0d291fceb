"""What a replay reads again and what it takes as it lies there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from syncline.domain.columns import Columns
from syncline.domain.dead_letter.replay import ReplayItem
from syncline.domain.record import NewBatch
from syncline_ingest.reading.chunk import Chunk, Hasher
from syncline_ingest.reading.chunks import Source
from syncline_ingest.reading.named_records import FETCH_SIZE, FIRST_FETCH, by_ids, from_letters
from syncline_ingest.reading.replay_payloads import MOST, ReplayPayloads
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


class Payloads:
    """Payloads of dead letters; remembers which were asked for together."""

    def __init__(self, gone: Sequence[str] = ()) -> None:
        self.gone = gone
        self.calls: list[list[str]] = []

    async def lookup(self, ids: Sequence[str]) -> dict[str, bytes]:
        self.calls.append(list(ids))
        return {i: b'{"is": "old"}' for i in ids if i not in self.gone}


def item(source_id: str, size: int | None = 13) -> ReplayItem:
    return ReplayItem(f"letter-{source_id}", source_id, "transform", size, None, 7)


def plain_hashes(rows: Sequence[bytes], _layout: bytes = b"") -> list[str]:
    return [""] * len(rows)


async def replayed(
    source: Known,
    items: Sequence[ReplayItem],
    replay: dict[str, Any],
    done: int = 0,
    kept: Payloads | None = None,
) -> list[Chunk]:
    payloads = ReplayPayloads((kept or Payloads()).lookup, items, replay)
    chunks = from_letters(cast("Source", source), items, payloads, done, plain_hashes)
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


@pytest.mark.parametrize(
    ("size", "together"),
    [(13, [MOST, 50]), (900_000, [4] * 37 + [2]), (9_000_000, [1] * 150)],
)
async def test_payloads_are_read_a_few_at_a_time(size: int, together: list[int]) -> None:
    kept = Payloads()
    names = [str(number) for number in range(150)]

    chunks = await replayed(Known(), [item(i, size) for i in names], {}, kept=kept)

    assert [len(call) for call in kept.calls] == together
    assert ids(chunks) == [[name] for name in names]


async def test_a_payload_that_was_removed_meanwhile_fails_its_record_alone() -> None:
    kept = Payloads(gone=["letter-B"])

    chunks = await replayed(Known(), [item("A"), item("B"), item("C")], {}, kept=kept)

    refused = [chunk.rows.refused for chunk in chunks]
    assert [bool(each) for each in refused] == [False, True, False]
    assert refused[1][0].failure.code == "payload_gone"


async def test_a_batch_of_payloads_needs_no_source() -> None:
    kept, read_again = item("A"), item("B", None)
    payloads = ReplayPayloads(Payloads().lookup, [kept, read_again], {})

    found = await payloads.of_batch(NewBatch(0, 0, "transform", ["A"], "."))

    assert found is not None
    assert (found[0].ids, found[1]) == (["A"], 7)
    assert await payloads.of_batch(NewBatch(1, 0, "transform", ["B"], ".")) is None
    assert await payloads.of_batch(NewBatch(2, 0, "normalize", ["A"], ".")) is None
