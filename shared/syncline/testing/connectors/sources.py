"""What every connector that is a source has to do."""

from __future__ import annotations

import dataclasses
from contextlib import aclosing
from itertools import pairwise
from random import Random
from typing import Any, ClassVar

import pytest

from syncline.connectors.port import ConnectorError, ExtractRequest
from syncline.contracts.messages import encode
from syncline.domain.errors import Category, FailureError
from syncline.domain.mapping.extraction import ExtractionMode
from syncline.testing.connectors.connections import CONTROLS, COUNTS, EXACT, ODD_TEXTS, said
from syncline.testing.connectors.reads import (
    Source,
    content_of,
    dated,
    every_resume,
    ids_of,
    pages_of,
)


class SourceSuite:
    """Subclasses give a fixture `source` beside that of ConnectorSuite.

    Attributes:
        odd_id: an ID that the source can have, and that is as hard to ask for as its IDs can be.
    """

    odd_id: ClassVar[str] = 'it\'s "7", ü'

    async def test_a_broken_connection_fails_as_the_port_says(self, source: Source) -> None:
        for connector, _ in source.broken():
            with pytest.raises(FailureError) as caught:
                await connector.describe(source.extraction)
            await connector.close()

            assert not source.secret or source.secret not in repr(caught.value.failure)

    async def test_an_unknown_thing_cannot_be_described(self, source: Source) -> None:
        extraction, words = source.unanswerable[0]
        with pytest.raises(ConnectorError, match=words):
            await source.connector.describe(extraction)

    async def test_an_extraction_is_described_whatever_it_names(self, source: Source) -> None:
        await source.fill([dated(1, 1)])
        own = () if source.extraction.mode is ExtractionMode.API else ("id",)
        asked = dataclasses.replace(source.extraction, columns=own)
        columns = await source.connector.describe(asked) or []
        names = {column.name for column in columns}
        assert {"id", "name", "amount", "count", "changed"} <= names
        (page,) = await pages_of(source)
        assert page.columns is None or {c.name for c in columns if c.everywhere} == names

    async def test_its_tables_are_named_where_it_has_some(self, source: Source) -> None:
        await source.fill([dated(1, 1)])
        table, tables = source.extraction.table, await source.connector.tables()
        if tables is not None and table is not None:
            names = [name.lower() for name in tables]  # some systems fold names to upper case
            assert any(n == table.lower() or n.endswith(f".{table.lower()}") for n in names)

    async def test_it_counts_what_a_whole_read_gives_or_does_not_tell(self, source: Source) -> None:
        await source.fill([dated(n, n) for n in range(7)])
        assert await source.connector.count(source.extraction) in (7, None)

    async def test_an_empty_source_gives_no_records(self, source: Source) -> None:
        await source.fill([])

        assert ids_of(await pages_of(source)) == []

    async def test_every_record_is_read_once_in_pages(self, source: Source) -> None:
        await source.fill([dated(n, n) for n in range(10)])

        pages = await pages_of(source)

        assert sorted(ids_of(pages)) == [f"{n:04}" for n in range(10)]
        assert len(pages) >= 3
        for page in pages:
            assert 1 <= len(page.ids) == len(page.cursors) == len(page.records.records())
            assert page.bad == {}
            assert [r["id"] for r in page.records.records()] == page.ids

    async def test_a_read_goes_on_behind_any_position(self, source: Source) -> None:
        await source.fill([dated(n, n) for n in range(8)])

        async for before, rest in every_resume(source):
            assert sorted(before + rest) == [f"{n:04}" for n in range(8)]

    async def test_a_tie_longer_than_a_page_loses_nothing(self, source: Source) -> None:
        await source.fill([dated(n, n // 7) for n in range(20)])

        async for before, rest in every_resume(source):
            assert sorted(before + rest) == [f"{n:04}" for n in range(20)]

    async def test_records_without_a_cursor_value_are_read_and_resumed(
        self, source: Source
    ) -> None:
        await source.fill([dated(n, None if n % 2 else n) for n in range(10)])

        pages = await pages_of(source)
        cursors = dict(zip(ids_of(pages), [c for p in pages for c in p.cursors], strict=True))

        assert [i for i in sorted(cursors) if cursors[i] is None] == [
            f"{n:04}" for n in range(1, 10, 2)
        ]
        async for before, rest in every_resume(source):
            assert sorted(before + rest) == [f"{n:04}" for n in range(10)]

    @pytest.mark.parametrize("seed", range(8))
    async def test_generated_records_are_read_whole_with_any_breaks(
        self, source: Source, seed: int
    ) -> None:
        random = Random(seed)
        minutes = [random.choice([None, *range(random.choice([1, 4, 40]))]) for _ in range(30)]
        numbers = random.sample(range(1000), random.randrange(31))
        records = [dated(n, minute) for n, minute in zip(numbers, minutes, strict=False)]
        await source.fill(records)
        pages = await pages_of(source, page_size=100)
        cursors = dict(zip(ids_of(pages), [c for p in pages for c in p.cursors], strict=True))
        assert sorted(cursors) == sorted(r["id"] for r in records)

        known: list[dict[str, Any] | None] = [r for r in records if r["changed"]]
        begin = random.choice([*known, None])
        after = cursors[begin["id"]] if begin else None
        no_cursor = {r["id"] for r in records if begin and r["changed"] is None}
        expected = {
            r["id"] for r in records
            if begin is None or (r["changed"] and r["changed"] >= begin["changed"])
        }  # fmt: skip
        got: list[str] = []
        position, size = None, random.randrange(1, 7)
        while pages := await pages_of(source, page_size=size, after=after, position=position):
            taken = pages[: random.randrange(1, len(pages) + 1)]
            got += ids_of(taken)
            position = taken[-1].position
        assert sorted(set(got) - no_cursor) == sorted(expected)
        assert len(got) == len(set(got))

    async def test_reading_begins_at_the_cursor_itself(self, source: Source) -> None:
        await source.fill([dated(n, n // 2) for n in range(10)])
        (page,) = await pages_of(source, page_size=100)
        cursor = page.cursors[page.ids.index("0006")]

        assert sorted(ids_of(await pages_of(source, after=cursor))) == [
            f"{n:04}" for n in range(6, 10)
        ]
        async for before, rest in every_resume(source, after=cursor):
            assert sorted(before + rest) == [f"{n:04}" for n in range(6, 10)]

    async def test_lookback_begins_before_the_cursor(self, source: Source) -> None:
        await source.fill([dated(n, n) for n in range(10)])
        (page,) = await pages_of(source, page_size=100)
        cursor = page.cursors[page.ids.index("0008")]
        widened = dataclasses.replace(source.extraction, lookback=120.0)

        assert sorted(ids_of(await pages_of(source, extraction=widened, after=cursor))) == [
            "0006", "0007", "0008", "0009",
        ]  # fmt: skip

    async def test_what_is_ordered_is_read_by_cursor_then_id(self, source: Source) -> None:
        if not source.connector.reads_in_order(source.extraction):
            pytest.skip("this source is read in its own order")
        await source.fill([dated(n, (n * 7) % 5) for n in range(20)])
        pages = await pages_of(source)
        read = [(c or "", i) for p in pages for c, i in zip(p.cursors, p.ids, strict=True)]

        assert all(earlier < later for earlier, later in pairwise(read))

    async def test_without_a_cursor_column_everything_is_read(self, source: Source) -> None:
        await source.fill([dated(n, n) for n in range(7)])
        whole = dataclasses.replace(source.extraction, cursor_column=None)

        pages = await pages_of(source, extraction=whole)

        assert sorted(ids_of(pages)) == [f"{n:04}" for n in range(7)]
        assert {c for p in pages for c in p.cursors} == {None}
        async for before, rest in every_resume(source, extraction=whole):
            assert sorted(before + rest) == [f"{n:04}" for n in range(7)]

    async def test_a_limit_ends_the_read(self, source: Source) -> None:
        await source.fill([dated(n, n) for n in range(9)])

        assert len(ids_of(await pages_of(source, limit=4))) == 4
        assert len(ids_of(await pages_of(source, limit=100))) == 9

    async def test_reading_twice_gives_the_same_bytes(self, source: Source) -> None:
        await source.fill([dated(n, n) for n in range(5)])

        first, second = await pages_of(source), await pages_of(source)

        for page in first + second:
            page.snapshot = None  # each is of its own moment
        assert [content_of(p) for p in first] == [content_of(p) for p in second]

    async def test_a_read_may_be_left_and_others_go_on(self, source: Source) -> None:
        await source.fill([dated(n, n) for n in range(9)])
        async with aclosing(
            source.connector.extract(ExtractRequest(source.extraction, page_size=2))  # type: ignore[type-var]
        ) as pages:
            async for _ in pages:
                assert len(ids_of(await pages_of(source))) == 9
                break

        assert len(ids_of(await pages_of(source))) == 9

    async def test_records_are_fetched_by_id_and_unknown_ones_are_missing(
        self, source: Source
    ) -> None:
        await source.fill([dated(n, n) for n in range(6)] + [dated(7, 7, id=self.odd_id)])

        page = await source.connector.fetch(
            source.extraction, ["0004", "no such ID", self.odd_id, "", "0001", "'; --"]
        )

        assert sorted(page.ids) == ["0001", "0004", self.odd_id]
        assert [r["id"] for r in page.records.records()] == page.ids
        assert (await source.connector.fetch(source.extraction, ["nothing"])).ids == []
        assert (await source.connector.fetch(source.extraction, [])).ids == []

    async def test_a_fetched_record_is_the_record_that_was_read(self, source: Source) -> None:
        await source.fill([dated(n, n) for n in range(3)])
        (whole,) = await pages_of(source, page_size=10)

        fetched = await source.connector.fetch(source.extraction, whole.ids)

        by_id = dict(zip(fetched.ids, fetched.records.records(), strict=True))
        assert [encode(by_id[i]) for i in whole.ids] == [encode(r) for r in whole.records.records()]

    async def test_numbers_keep_all_their_digits(self, source: Source) -> None:
        amounts = list(EXACT.values())
        await source.fill(
            [dated(n, n, amount=amount) for n, amount in enumerate(amounts)]
            + [dated(100 + n, n, count=count) for n, count in enumerate(COUNTS)]
        )

        records = {r["id"]: r for p in await pages_of(source) for r in p.records.records()}

        assert [said(records[f"{n:04}"]["amount"]) for n in range(4)] == [said(a) for a in amounts]
        assert [said(records[f"{100 + n:04}"]["count"]) for n in range(5)] == [
            said(c) for c in COUNTS
        ]

    async def test_texts_arrive_as_they_are(self, source: Source) -> None:
        texts = list((ODD_TEXTS | {n: CONTROLS[n] for n in source.texts}).values())
        await source.fill([dated(n, n, name=text) for n, text in enumerate(texts)])

        records = {r["id"]: r for p in await pages_of(source) for r in p.records.records()}

        assert [records[f"{n:04}"]["name"] for n in range(len(texts))] == texts

    async def test_empty_text_and_null_are_read(self, source: Source) -> None:
        await source.fill([dated(1, 1, name=""), dated(2, 2, name=None, amount=None, count=None)])

        records = {r["id"]: r for p in await pages_of(source) for r in p.records.records()}

        assert records["0001"]["name"] == (None if getattr(source, "empty_is_null", False) else "")
        assert [said(records["0002"][name]) for name in ("name", "amount", "count")] == [""] * 3

    async def test_what_the_source_does_not_know_is_named(self, source: Source) -> None:
        await source.fill([dated(1, 1)])
        for extraction, word in source.unanswerable:
            with pytest.raises(ConnectorError, match=word) as caught:
                await pages_of(source, extraction=extraction)
            assert caught.value.failure.category is Category.PERMANENT

    async def test_rows_that_come_late_are_seen_or_told_of(self, source: Source) -> None:
        """A source tells its open writers, or says that it cannot and what does instead."""
        await source.fill([dated(n, n) for n in range(5)])
        every = dataclasses.replace(source.extraction, cursor_column=None)
        widened = dataclasses.replace(source.extraction, lookback=120.0)

        said_of_it = await source.connector.late_commits(source.extraction)

        assert await source.connector.late_commits(every) is None
        assert await source.connector.late_commits(widened) is None
        if said_of_it is None:
            assert all(page.snapshot is not None for page in await pages_of(source))
        else:
            assert "lookback" in said_of_it

    async def test_a_broken_source_fails_as_the_port_says(self, source: Source) -> None:
        """A refused login is a person's to mend: it is not tried again for hours."""
        for connector, part in source.broken():
            with pytest.raises(ConnectorError if part == "login" else FailureError):
                async for _page in connector.extract(ExtractRequest(source.extraction)):
                    pass
            await connector.close()
