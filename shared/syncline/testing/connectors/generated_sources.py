"""Generated tables and lives of a database, against a model of what must arrive from it.

A new connector to a database passes this suite: its world pours rows into a table, and lets
sessions write while others read. Each test is one seed; the seed is in its name.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Protocol

import msgspec
import pytest

from syncline.connectors.port import Connector, ExtractRequest, Page
from syncline.domain.mapping.extraction import Extraction

SEEDS = range(8)
LIVES = range(5)


class TableKind(msgspec.Struct, frozen=True):
    """A table with the columns `id`, `c` and `n`: what its IDs and cursor values are chosen from.

    Attributes:
        ids, cursors: literals of the database's SQL; `null` among them is its null.
        other: spellings of IDs that mean the same: asked -> one of `ids`.
    """

    name: str
    extraction: Extraction
    ids: Sequence[str]
    cursors: Sequence[str]
    other: dict[str, str] = {}


class Session(Protocol):
    """Somebody who writes."""

    async def insert(self, n: int) -> bool:
        """Insert a row that the database stamps; False where another writer keeps it out."""

    async def commit(self) -> None:
        """Let others see it."""


class Tables(Protocol):
    """A database with one connector to it.

    Attributes:
        kinds: tables as people have them.
        lives: extractions of the table `life`, each with `n` as a column.
    """

    connector: Connector
    kinds: Sequence[TableKind]
    lives: Sequence[Extraction]

    async def pour(self, kind: TableKind, rows: Sequence[tuple[str, str, int]]) -> None:
        """Make a new table of literals."""

    async def begin_life(self) -> None:
        """Make an empty table `life`."""

    async def session(self) -> Session:
        """Begin a transaction."""


class Reader:
    """Reads a table as Ingest does: in pages, broken off anywhere, from a bookmark on."""

    def __init__(self, connector: Connector, extraction: Extraction, random: Random) -> None:
        self._connector = connector
        self._extraction = extraction
        self._random = random
        self.bookmark: str | None = None
        self._waiting: list[tuple[str, str]] = []
        self.seen: list[int] = []

    async def run(self) -> None:
        """Read what is new, and move the bookmark as far as the pages' snapshots allow."""
        pages = [page async for page in self.pages(self.bookmark)]
        self.seen += [record["n"] for page in pages for record in page.records.records()]
        values = [c for page in pages for c in page.cursors if c is not None]
        if not pages or not values or (snapshot := pages[-1].snapshot) is None:
            return
        since = snapshot.open_since
        told = [page.snapshot.taken_at for page in pages if page.snapshot]
        self._waiting.append((values[-1], max(told)))
        for value, taken_at in list(self._waiting):
            if since is None or since > taken_at:
                self.bookmark = value

    async def pages(self, after: str | None) -> AsyncIterator[Page]:
        """Read in pages of some size, going on after breaks behind any of them."""
        size, position, going = self._random.randrange(1, 6), None, True
        while going:
            going = False
            request = ExtractRequest(self._extraction, after, position, None, size)
            reading = self._connector.extract(request)
            async for page in reading:
                yield page
                if self._random.random() < 0.2:
                    position, going = page.position, True
                    break
            await reading.aclose()  # type: ignore[attr-defined]


class GeneratedSources:
    """Subclasses give a fixture `tables`."""

    @pytest.mark.parametrize("seed", SEEDS)
    async def test_every_row_of_any_table_is_read_once(self, tables: Tables, seed: int) -> None:
        for number, kind in enumerate(tables.kinds):
            random = Random(seed * 1000 + number)
            count, few = random.randrange(1, 25), random.randrange(1, 6)
            ids = random.choices(random.sample(kind.ids, min(few, len(kind.ids))), k=count)
            cursors = random.choices(kind.cursors, k=count)
            rows = list(zip(ids, cursors, range(count), strict=True))
            await tables.pour(kind, rows)

            reader = Reader(tables.connector, kind.extraction, random)
            read = [page async for page in reader.pages(None)]
            got = [record["n"] for page in read for record in page.records.records()]
            assert sorted(got) == list(range(count)), (kind.name, rows)
            await _read_from_any_value(reader, read, random, kind.name)
            await _fetched(tables.connector, kind, rows, read)

    @pytest.mark.parametrize("seed", LIVES)
    async def test_no_row_of_a_life_is_passed_over(self, tables: Tables, seed: int) -> None:
        for number, extraction in enumerate(tables.lives):
            random = Random(seed * 1000 + number)
            await tables.begin_life()
            reader = Reader(tables.connector, extraction, random)
            written, sessions = 0, list[Session]()
            for _ in range(60):
                match random.choice(["open", "write", "commit", "run", "run"]):
                    case "open" if len(sessions) < 3:
                        sessions.append(await tables.session())
                    case "write" if sessions:
                        written += await random.choice(sessions).insert(written)
                    case "commit" if sessions:
                        await sessions.pop(random.randrange(len(sessions))).commit()
                    case "run":
                        await reader.run()
            for session in sessions:
                await session.commit()
            await reader.run()
            await reader.run()

            assert sorted(set(reader.seen)) == list(range(written)), (extraction, reader.bookmark)
            again = len(reader.seen)
            await reader.run()
            assert len(reader.seen) - again <= written


async def _read_from_any_value(
    reader: Reader, whole: Sequence[Page], random: Random, name: str
) -> None:
    """From a cursor value on come all rows at or behind it, and those that have none."""
    cursors = [c for page in whole for c in page.cursors]
    numbers = [record["n"] for page in whole for record in page.records.records()]
    if not (values := [c for c in cursors if c is not None]):
        return
    after = random.choice(values)
    first = cursors.index(after)
    wanted = {n for n, c in zip(numbers, cursors, strict=True) if c is None}
    wanted |= set(numbers[first:])
    got = [record["n"] async for page in reader.pages(after) for record in page.records.records()]
    assert len(got) == len(set(got)), (name, after)
    assert wanted <= set(got), (name, after)


async def _fetched(
    connector: Connector,
    kind: TableKind,
    rows: Sequence[tuple[str, str, int]],
    whole: Sequence[Page],
) -> None:
    """Each ID gives all its rows, in whatever spelling it is asked for."""
    by_id: dict[str, list[int]] = {}
    for page in whole:
        for source_id, record in zip(page.ids, page.records.records(), strict=True):
            by_id.setdefault(source_id, []).append(record["n"])
    by_id.pop("", None)
    page = await connector.fetch(kind.extraction, list(by_id))
    assert sorted(r["n"] for r in page.records.records()) == sorted(
        n for ns in by_id.values() for n in ns
    )
    assert page.asked == {}
    for asked, literal in kind.other.items():
        numbers = sorted(n for id_, _, n in rows if id_ == literal)
        page = await connector.fetch(kind.extraction, [asked])
        assert sorted(r["n"] for r in page.records.records()) == numbers, (kind.name, asked)
        assert set(page.asked) == ({asked} if numbers else set()), (kind.name, asked)
        assert set(page.asked.values()) <= set(page.ids)
