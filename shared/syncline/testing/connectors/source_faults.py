"""What sources do whose shape changes or whose answers are bad: suites for those that can."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import pytest

from syncline.connectors.port import ConnectorError, ExtractRequest
from syncline.domain.errors import Category, FailureError
from syncline.testing.connectors.reads import Source, dated, ids_of, pages_of
from syncline.testing.connectors.target_faults import WAIT

MOST_PAGES = 100
"""More than any read of ten records has: what goes on beyond goes on for ever."""


class Drifts(Source, Protocol):
    """A source whose columns change."""

    async def drop(self, column: str) -> None:
        """Let all records have a column less."""

    async def add(self, column: str) -> None:
        """Let all records have a column more, with the text `new` in it."""


class DriftSuite:
    """A column that is gone is told of and never read as null. Fixture `source`."""

    async def test_a_dropped_column_is_missing_and_not_null(self, source: Drifts) -> None:
        await source.fill([dated(n, n) for n in range(5)])
        (before,) = await pages_of(source, page_size=10)
        await source.drop("amount")

        (after,) = await pages_of(source, page_size=10)

        assert "amount" in before.records.records()[0]
        assert after.ids == before.ids
        assert [r for r in after.records.records() if "amount" in r] == []
        assert after.columns is None or "amount" not in after.columns
        fetched = await source.connector.fetch(source.extraction, ["0001"])
        assert "amount" not in fetched.records.records()[0]

    async def test_a_dropped_column_that_is_asked_for_is_named(self, source: Drifts) -> None:
        await source.fill([dated(n, n) for n in range(5)])
        (page,) = await pages_of(source, page_size=10)
        await source.drop("amount")
        if page.columns is None:
            pytest.skip("records of this source may leave properties out")

        asked = dataclasses.replace(source.extraction, columns=("id", "amount"))
        with pytest.raises(ConnectorError, match="amount"):
            await pages_of(source, extraction=asked)

    async def test_a_new_column_is_read_and_described(self, source: Drifts) -> None:
        await source.fill([dated(n, n) for n in range(5)])
        await pages_of(source)
        await source.add("colour")

        pages = await pages_of(source)

        assert {r["colour"] for page in pages for r in page.records.records()} == {"new"}
        described = await source.connector.describe(source.extraction) or []
        assert "colour" in {column.name for column in described}


class Misbehaves(Source, Protocol):
    """A source that can be made to answer badly.

    Attributes:
        hostilities: what it does -> how to begin it, once it holds records 0 to 9.
    """

    hostilities: Mapping[str, Callable[[], Awaitable[None]]]


class HostileSuite:
    """Whatever a source answers, a read ends, and is whole or says why not. Fixture `source`."""

    async def test_a_hostile_source_is_read_whole_or_told_of(self, source: Misbehaves) -> None:
        wanted = [f"{n:04}" for n in range(10)]
        assert source.hostilities
        for name, begin in source.hostilities.items():
            await source.fill([dated(n, n) for n in range(10)])
            await begin()

            ids, told = await _read(source)

            missing, repeated = set(wanted) - set(ids), len(set(ids)) < len(ids)
            if source.connector.capabilities.pages_may_move:
                told = told or repeated  # Ingest reads again, or fails the run
            assert told or not missing, f"{name}: {sorted(missing)} passed over in silence"
            assert told or not repeated, f"{name}: records read twice"

    async def test_after_it_the_source_is_read_as_ever(self, source: Misbehaves) -> None:
        for begin in source.hostilities.values():
            await source.fill([dated(n, n) for n in range(10)])
            await begin()
            await _read(source)
        await source.fill([dated(n, n) for n in range(10)])

        assert len(ids_of(await pages_of(source))) == 10


async def _read(source: Source) -> tuple[list[str], bool]:
    """Return the IDs of good records, and whether the read said that something is wrong."""
    ids: list[str] = []
    told, pages = False, 0
    try:
        async for page in source.connector.extract(ExtractRequest(source.extraction, page_size=3)):
            pages += 1
            assert pages < MOST_PAGES
            ids += [i for n, i in enumerate(page.ids) if n not in page.bad]
            told = told or bool(page.bad or page.notices)
    except FailureError as error:
        return ids, bool(error.failure.message)
    return ids, told


class ThrottlesReaders(Source, Protocol):
    """A source that can be asked too often."""

    async def throttle(self) -> None:
        """Refuse the next call for now, with the wish to come back in WAIT seconds."""


class ThrottledSourceSuite:
    """A read that comes too soon is told how long to wait. Fixture `source`."""

    async def test_a_throttled_read_is_told_how_long_to_wait(
        self, source: ThrottlesReaders
    ) -> None:
        await source.fill([dated(1, 1)])
        await source.throttle()

        with pytest.raises(FailureError) as caught:
            await pages_of(source)

        assert caught.value.failure.category is Category.TRANSIENT
        assert caught.value.failure.retry_after == WAIT
        assert ids_of(await pages_of(source)) == ["0001"]
