"""Ingest on a real database: killed between any two steps, it goes on and nothing is missing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from uuid6 import uuid7

from syncline.connectors.port import ExtractRequest, Page
from syncline.contracts.bundle import Bundle
from syncline.contracts.dead_letters import FailedRecord, RecordPlace, dead_letter
from syncline.contracts.events import CloudEvent, DeadLetter
from syncline.contracts.messages import Attempt, Extracted, Report, RunRequest, Settled, decoder_of
from syncline.contracts.topics import Stage
from syncline.contracts.wire import Outbound
from syncline.domain.columns import Columns
from syncline.domain.errors import Category, Failure, RetriableError
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.mapping.validation import parse
from syncline.domain.retry import RetryPolicy
from syncline.domain.run import Run
from syncline.domain.trigger import parse_trigger
from syncline.postgres.configuration.streams import Streams
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.dead_letters.store import DeadLetterStore
from syncline.postgres.limits.breakers import Breakers
from syncline.postgres.progress.extraction import Extractions
from syncline.postgres.runs.run_refs import RunRefs
from syncline.postgres.runs.runs import Runs
from syncline.testing.clock import FakeClock
from syncline_ingest import handler
from syncline_ingest.handler import IngestHandler
from syncline_ingest.reading.chunks import Source, SourceError
from syncline_ingest.reading.source import OpenSource
from tests.support.configured import DOCUMENT, configure
from tests.support.eventually import eventually
from tests.support.limits import NoLimits
from tests.support.reports import codes_of, origins, records_of
from tests.support.stage_messages import read_bundle

STEPS = 14
"""More sends and commits than the small run below has."""


class KilledError(BaseException):
    """Stands for kill -9."""


class Sent:
    """A producer that remembers; the process dies before or after its n-th send."""

    max_message = 3_000_000

    def __init__(self) -> None:
        self.messages: list[Outbound] = []
        self.dies_in = 0
        self.after = False

    async def send(self, messages: Sequence[Outbound]) -> None:
        self.dies_in -= 1
        if self.dies_in == 0 and not self.after:
            raise KilledError
        self.messages += messages
        if self.dies_in == 0:
            raise KilledError

    def batches(self) -> list[Bundle]:
        return [read_bundle(m) for m in self.messages if m.topic in ("raw", "payload")]

    def letters(self) -> list[DeadLetter]:
        decode = decoder_of(CloudEvent[DeadLetter]).decode
        return [decode(m.value or b"").data for m in self.messages if m.topic == "dlq"]


class Table:
    """A source of items A0, A1 … with pages of four rows; `gone` ones are not found any more."""

    def __init__(self, count: int = 10) -> None:
        self.ids = [f"A{n}" for n in range(count)]
        self.gone: set[str] = set()
        self.bad: set[str] = set()
        self.away = False
        self.opens = True
        self.has_more = asyncio.Event()
        self.has_more.set()

    async def extract(self, request: ExtractRequest) -> AsyncIterator[Page]:
        self._check()
        start = int(request.position or 0)
        for first in range(start, len(self.ids), 4):
            yield self._page(self.ids[first : first + 4], str(first + 4))
            await self.has_more.wait()

    async def fetch(self, _extraction: Extraction, ids: Sequence[str]) -> Page:
        self._check()
        return self._page([i for i in ids if i in self.ids and i not in self.gone], "")

    def _page(self, ids: Sequence[str], position: str) -> Page:
        cursors = [f"2026-01-01T00:{self.ids.index(i):02}:00" for i in ids]
        why = Failure(Category.PERMANENT, "wrong_columns", "the row has a column too many")
        bad = {place: why for place, i in enumerate(ids) if i in self.bad}
        records = Columns.of([{"id": i} for i in ids])
        return Page(list(ids), list(cursors), records, position, bad)

    def _check(self) -> None:
        if self.away:
            raise RetriableError("the source is away")

    def reads_in_order(self, _extraction: Extraction) -> bool:
        return True


class Open:
    """Fits Sources."""

    def __init__(self, table: Table) -> None:
        self.table = table

    async def open(self, _run: Run) -> OpenSource:
        if not self.table.opens:
            raise SourceError(Failure(Category.PERMANENT, "profile_unusable", "it is gone"))
        policy = RetryPolicy(retries=0)
        extraction = parse(DOCUMENT).extraction
        source = Source(self.table, extraction, policy, FakeClock(), NoLimits())  # type: ignore[arg-type]
        return OpenSource(source, lambda rows, _=b"": ["0" * 32] * len(rows), smart_sync=False)


class Cancels:
    """What people want: these runs cancelled, those paused."""

    def __init__(self, cancelled: set[str], paused: set[str]) -> None:
        self._cancelled = cancelled
        self._paused = paused

    def is_cancelled(self, run_id: str) -> bool:
        return run_id in self._cancelled

    def is_paused(self, run_id: str) -> bool:
        return run_id in self._paused


class World:
    """One stream, its source, and what Ingest sent."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.table = Table()
        self.sent = Sent()
        self.cancelled: set[str] = set()
        self.paused: set[str] = set()
        self.clock = FakeClock()

    async def accept(self, **fields: Any) -> Run:
        request = parse_trigger(
            {"instance": "erp-shop", "entityType": "item", "batchSize": 3, **fields}
        )
        stream = await Streams(self.db).runnable("default", "erp-shop", "item")
        return (await Runs(self.db).accept(str(uuid7()), request, stream, 1))[0]

    async def ingest(self, run: Run) -> bool:
        """Let a new process take the run's request; False if it is killed meanwhile."""
        stage = IngestHandler(
            self.db, Open(self.table), self.sent, Cancels(self.cancelled, self.paused),  # type: ignore[arg-type]
            Breakers(self.db), self.clock,
        )  # fmt: skip
        try:
            self.sent.messages += await stage.handle([RunRequest(run.id, "default")])
        except KilledError:
            return False
        return True

    async def committed(self, run: Run) -> list[str]:
        rows = await self.db.fetch(
            "select unnest(source_ids) as id from batches where run_id::text = $1", run.id
        )
        return [row["id"] for row in rows]


@pytest.fixture
async def world(postgres: str) -> AsyncIterator[World]:
    async with open_database(postgres) as database:
        await configure(database)
        yield World(database)


def places(batches: Sequence[Bundle]) -> set[tuple[int, int, str]]:
    return {
        (number, slot, source_id)
        for bundle in batches
        for (number, slot, _), source_id in zip(origins(bundle), bundle.ids, strict=True)
    }


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(1, STEPS))
async def test_a_killed_ingest_goes_on_and_every_record_travels(
    world: World, step: int, after: bool
) -> None:
    run = await world.accept()
    world.sent.dies_in, world.sent.after = step, after
    while not await world.ingest(run):
        pass

    assert sorted(await world.committed(run)) == sorted(world.table.ids)
    found = places(world.sent.batches())
    assert sorted(source_id for *_, source_id in found) == sorted(world.table.ids)
    ended = await Runs(world.db).get("default", run.id)
    assert (ended.extracted, ended.counters.total) == (True, 10)
    report = decoder_of(Report).decode(world.sent.messages[-1].value or b"")
    assert isinstance(report, Extracted)


async def test_who_was_overtaken_goes_on_because_the_other_may_have_died(world: World) -> None:
    """A process that had lost its partitions began to read once more, and ended."""
    run = await world.accept()
    world.table.has_more.clear()
    ingesting = asyncio.create_task(world.ingest(run))
    await eventually(lambda: world.sent.batches() != [])
    await Extractions(world.db).start(run.id)
    world.table.has_more.set()
    await eventually(lambda: handler.TAKE_OVER_AFTER in world.clock.slept)
    await world.clock.advance(handler.TAKE_OVER_AFTER)
    assert await ingesting

    assert sorted(await world.committed(run)) == sorted(world.table.ids)
    assert (await Runs(world.db).get("default", run.id)).extracted


async def test_a_run_is_the_first_one_while_nothing_was_written(world: World) -> None:
    run = await world.accept()
    assert await world.ingest(run)
    assert await is_first(world, run)
    await world.db.execute("update runs set state = 'failed'")
    await world.db.execute(
        "insert into ledger (stream_id, source_id, tenant) values ($1, 'A0', 'default')", run.stream
    )
    later = await world.accept()
    assert await world.ingest(later)
    assert not await is_first(world, later)


async def test_a_run_that_goes_on_after_a_break_is_what_it_was_at_its_start(world: World) -> None:
    run = await world.accept()
    world.sent.dies_in = 2
    assert not await world.ingest(run)
    await world.db.execute(
        "insert into ledger (stream_id, source_id, tenant) values ($1, 'A0', 'default')", run.stream
    )
    assert await world.ingest(run)
    assert await is_first(world, run)


async def is_first(world: World, run: Run) -> bool:
    """Tell what every reader of the run's messages knows of it."""
    return (await RunRefs(world.db).of([run.id]))[run.id].first


async def test_a_record_that_is_gone_when_it_is_published_again_is_a_dead_letter(
    world: World,
) -> None:
    run = await world.accept()
    world.sent.dies_in = 2  # the first chunk is committed, not published
    assert not await world.ingest(run)
    world.table.gone = {"A1"}
    assert await world.ingest(run)

    (letter,) = world.sent.letters()
    assert (letter.source_id, letter.failure.code) == ("A1", "unknown_source_id")
    reached = places(world.sent.batches()) | {(letter.batch, letter.slot, letter.source_id)}
    assert Counter(i for *_, i in reached) == Counter(world.table.ids)


async def test_what_cannot_be_read_again_is_given_up_so_that_the_run_ends(world: World) -> None:
    run = await world.accept()
    world.sent.dies_in = 2
    assert not await world.ingest(run)
    world.table.away = True
    assert await world.ingest(run)

    assert sorted(x.source_id for x in world.sent.letters()) == await world.committed(run)
    ended = await Runs(world.db).get("default", run.id)
    assert (ended.extracted, (ended.failure or {})["message"]) == (True, "the source is away")


async def test_what_could_not_travel_keeps_its_json_and_its_failure_when_a_run_is_given_up(
    world: World,
) -> None:
    run = await world.accept()
    world.table.bad = {"A1"}
    world.sent.dies_in = 2
    assert not await world.ingest(run)
    world.table.away = True
    assert await world.ingest(run)

    letters = {x.source_id: x for x in world.sent.letters()}
    assert sorted(letters) == sorted(await world.committed(run))
    assert letters["A1"].failure.code == "wrong_columns"
    assert bytes(letters["A1"].payload) == b'{"id":"A1"}'
    assert bytes(letters["A0"].payload) == b"null"


async def test_a_cancel_skips_what_was_committed_and_not_published(world: World) -> None:
    run = await world.accept()
    world.sent.dies_in = 2
    assert not await world.ingest(run)
    world.cancelled.add(run.id)
    world.table.away = True  # nothing is asked of the source any more
    assert await world.ingest(run)

    outcomes = [m for m in world.sent.messages if m.topic == "outcomes"]
    reports = [decoder_of(Report).decode(m.value or b"") for m in outcomes]
    committed = await world.committed(run)
    assert sum(codes_of(r).count("C") for r in reports if isinstance(r, Settled)) == len(committed)
    assert isinstance(reports[-1], Extracted)


async def test_a_run_that_was_paused_sends_nothing_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "LOOK_EVERY", 0.01)
    run = await world.accept()
    world.table.has_more.clear()
    ingesting = asyncio.create_task(world.ingest(run))
    await eventually(lambda: world.sent.batches() != [])
    world.paused.add(run.id)
    await eventually(lambda: handler.LOOK_EVERY in world.clock.slept)
    world.paused.clear()
    await world.clock.advance(handler.LOOK_EVERY)
    world.table.has_more.set()
    assert await ingesting

    sent = [place for bundle in world.sent.batches() for place in places([bundle])]
    assert len(sent) == len(set(sent)) == 10


@pytest.mark.parametrize("opens", [True, False])
async def test_a_replay_is_published_again_from_its_dead_letters(world: World, opens: bool) -> None:
    first = await world.accept()
    world.table.ids = ["A0"]
    assert await world.ingest(first)
    await world.db.execute("update runs set state = 'failed'")
    (batch,) = world.sent.batches()
    letter = dead_letter_of(first, batch)
    await DeadLetterStore(world.db).store([letter])
    world.sent.messages.clear()

    replay = await world.accept(replay={"entries": [letter.id]})
    world.sent.dies_in = 2
    assert not await world.ingest(replay)
    world.table.opens = opens  # a payload needs no source
    assert await world.ingest(replay)

    (again,) = world.sent.batches()
    assert world.sent.messages[-3].topic == "payload"
    assert records_of(again) == [{"sku": "A0"}]
    assert again.batches[0].version == letter.version


def dead_letter_of(run: Run, batch: Bundle) -> DeadLetter:
    attempt = Attempt(
        1, "2026-01-01T00:00:00+00:00", "execute", Failure(Category.PERMANENT, "rejected", "no")
    )
    given = FailedRecord(b'{"sku":"A0"}', "0" * 32, batch.batches[0].version)
    return dead_letter(batch.run, RecordPlace(0, 0, "A0"), Stage.EXECUTE, [attempt], given)
