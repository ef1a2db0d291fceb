"""Ingest: takes run requests from `runs`, reads the source, gives batches to `raw`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import aclosing
from functools import partial
from typing import TypeVar

import msgspec
import structlog

from syncline.contracts.messages import Advance, Extracted, RunRequest, Waiting
from syncline.contracts.outbound import report_message
from syncline.contracts.run_ref import ref_of
from syncline.contracts.wire import Outbound
from syncline.domain.dead_letter.replay import ReplayItem
from syncline.domain.errors import Category, ConflictError, Failure, NotFoundError
from syncline.domain.run import Run
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.store import DeadLetterStore
from syncline.postgres.ledger.known_rows import KnownRows, RowLookup
from syncline.postgres.ledger.systems import check_systems
from syncline.postgres.limits.breakers import Breakers, SystemAwayError
from syncline.postgres.progress.extraction import Extractions, FencedError, Progress
from syncline.postgres.progress.extraction_state import ExtractionEnd
from syncline.postgres.runs.runs import Runs
from syncline.runtime.clock import Clock
from syncline.runtime.commands.stopped_bundles import RunCommands
from syncline.runtime.ports import Producer
from syncline.runtime.spec import Handler
from syncline.telemetry.run_log import facts_of
from syncline_ingest.extraction.chunker import Chunker
from syncline_ingest.extraction.source_faults import EXPIRED
from syncline_ingest.extraction.source_pass import SourcePass
from syncline_ingest.publication.publisher import BatchPublisher
from syncline_ingest.publication.reread import reread_rows
from syncline_ingest.reading.chunk import Chunk
from syncline_ingest.reading.chunks import SourceError
from syncline_ingest.reading.missing_properties import hold_until_complete
from syncline_ingest.reading.named_records import by_ids, from_letters
from syncline_ingest.reading.prefetch import prefetch
from syncline_ingest.reading.replay_payloads import ReplayPayloads
from syncline_ingest.reading.source import OpenSource, Sources
from syncline_ingest.rules import Lanes
from syncline_ingest.sifting.ledger_copy import LedgerCopies

T = TypeVar("T")
PAGE = 2000
LEAST = 200
"""Records of a page; with Max Entities at least so many, as most of them may need no work."""
LOOK_EVERY = 1.0
"""Seconds between two looks at what people want."""
TAKE_OVER_AFTER = 5.0
"""Seconds after which a process goes on with a run that another one had taken over from it."""
TELL_EVERY = 30.0
"""Seconds between two reports that reading waits."""
log = structlog.get_logger()


class _CancelledRunError(Exception):
    """A person has cancelled the run that is being extracted."""


class _PausedRunError(Exception):
    """A person has paused the run that is being extracted."""


class IngestHandler(Handler[RunRequest]):
    """Extracts one run a message; an interrupted extraction goes on where it was committed."""

    def __init__(
        self,
        database: Database,
        sources: Sources,
        producer: Producer,
        commands: RunCommands,
        breakers: Breakers,
        clock: Clock,
    ) -> None:
        self._breakers = breakers
        self._database = database
        self._extractions = Extractions(database)
        self._runs = Runs(database)
        self._letters = DeadLetterStore(database)
        self._known = KnownRows(database)
        self._copies = LedgerCopies(database, clock)
        self._sources = sources
        self._producer = producer
        self._commands = commands
        self._clock = clock

    async def handle(self, items: Sequence[RunRequest]) -> list[Outbound]:
        return [message for request in items for message in await self._extract(request)]

    async def _extract(self, request: RunRequest) -> list[Outbound]:
        while True:
            progress = await self._extractions.start(request.run_id)
            if progress is None:
                return await self._manifest_again(request)
            try:
                with structlog.contextvars.bound_contextvars(**facts_of(progress.run)):
                    return await self._extract_on(progress)
            except FencedError:
                # Another process goes on with it. This one has the request, though, so it must not
                # forget it: the other may have lost its partitions already, and end at any moment.
                await self._clock.sleep(TAKE_OVER_AFTER)
            except _PausedRunError:
                # To start it again is no mistake: a paused one does not start, and one that goes
                # on already, of which this process has not heard yet, must not be left alone.
                await self._clock.sleep(LOOK_EVERY)

    async def _extract_on(self, progress: Progress) -> list[Outbound]:
        held = await self._known.lookup(progress.run.stream)
        batches = BatchPublisher(progress, self._extractions, self._producer, self._clock)
        log.info("reading_begins", mode=progress.run.mode, batches_before=progress.batches)
        since = self._clock.monotonic()
        begun = asyncio.ensure_future(self._producer.send([report_message(Advance(batches.run))]))
        try:
            failure, end = await self._read(progress, batches, held)
            encoded = msgspec.to_builtins(failure) if failure else None
            await begun
            await self._extractions.finish(progress, encoded, end)
        finally:
            begun.cancel()  # no effect once it was told
            log.info(
                "reading_ended",
                records=batches.discovered,
                batches=batches.count,
                seconds=round(self._clock.monotonic() - since, 3),
            )
        return [report_message(Extracted(batches.run, batches.count, batches.discovered, failure))]

    async def _manifest_again(self, request: RunRequest) -> list[Outbound]:
        """A crash may have come between the end of extraction and its announcement."""
        try:
            run = await self._runs.get(request.tenant, request.run_id)
        except NotFoundError:  # no run was accepted, so there is no end of one to tell
            return []
        if not run.extracted:
            return []
        return [report_message(Extracted(ref_of(run), 0, run.counters.total))]

    async def _read(
        self, progress: Progress, batches: BatchPublisher, held: RowLookup
    ) -> tuple[Failure | None, ExtractionEnd]:
        """Read the source.

        Returns:
            Why it could not be read to its end, if so, and what the read leaves behind.
        """
        run, chunker, failure = progress.run, None, None
        items = await self._letters.replayed_by(run.tenant, run.id) if run.replay else []
        payloads = ReplayPayloads(
            partial(self._letters.payloads, run.tenant), items, run.replay or {}
        )
        try:
            chunker, opened = await self._while_wanted(run.id, self._open(progress, batches, held))
            await self._while_wanted(run.id, self._read_on(run, chunker, opened, items, payloads))
        except _PausedRunError:
            if chunker is not None:
                await chunker.leave()
            raise
        except _CancelledRunError:  # a person ended it; the run's state says so
            await batches.cancel()
        except SourceError as error:
            failure = error.failure
            await batches.give_up(failure, payloads)
            log.warning("extraction_failed", code=failure.code, error=failure.message)
        finally:
            if chunker is not None:
                chunker.reads.close()
        return failure, ExtractionEnd() if chunker is None else chunker.ending(failed=failure)

    async def _open(
        self, progress: Progress, batches: BatchPublisher, held: RowLookup
    ) -> tuple[Chunker, OpenSource]:
        """Open the source, to be read from its beginning or on from where it was left."""
        run = progress.run
        opened = await self._sources.open(run)
        try:
            if await check_systems(self._database, run, *opened.systems):
                held = RowLookup()  # what was remembered is true of another target
        except ConflictError as error:
            failure = Failure(Category.PERMANENT, "configuration_changed", str(error))
            raise SourceError(failure) from error
        progress = msgspec.structs.replace(progress, systems=opened.systems)
        reads = SourcePass(progress, opened, self._known, self._copies, self._clock)
        await reads.use(held)
        first = await self._known.first_lane_ids(run.id) if progress.batches else ()
        lanes = Lanes(run.lanes, first)
        return Chunker(progress, self._extractions, batches, reads, lanes, self._clock), opened

    async def _read_on(
        self,
        run: Run,
        chunker: Chunker,
        opened: OpenSource,
        items: Sequence[ReplayItem],
        payloads: ReplayPayloads,
    ) -> None:
        is_plain = run.replay is None and run.source_ids is None
        await chunker.publish_again(reread_rows(opened, payloads), may_read_on=is_plain)
        while True:
            chunks = self._chunks(run, chunker, opened, items, payloads)
            try:
                if not await self._take_all(run, chunker, chunks):
                    return
            except SourceError as error:
                if error.failure.code != EXPIRED or chunker.position is None:
                    raise
                await chunker.begin_again(doubted=False)
                continue
            if not is_plain or not chunker.reads.state.repeats:
                return
            await chunker.begin_again(doubted=True)

    async def _take_all(
        self, run: Run, chunker: Chunker, stream: AsyncGenerator[Chunk, None]
    ) -> bool:
        """Take what a stream gives. Returns False where Max Entities ended it."""

        async def wait_for_room() -> int:
            most = await chunker.wait_for_room()
            await self._wait_for_target(run)
            return most

        ahead = prefetch(stream, wait_for_room)
        whole = hold_until_complete(ahead, chunker.reads.always, chunker.reads.had)
        async with aclosing(whole) as chunks:
            async for chunk in chunks:
                if not await chunker.take(chunk):
                    return False
        await chunker.end()
        return True

    async def _wait_for_target(self, run: Run) -> None:
        """Read no more than the target can be sent; the run is not stalled meanwhile."""
        told, since = 0.0, self._clock.monotonic()
        while (away := self._breakers.open_at(run.target)) is not None:
            now = self._clock.now().timestamp()
            if now > told:
                if not told:
                    log.info("reading_waits", reason=str(SystemAwayError(away)))
                told = now + TELL_EVERY
                due = int((told + TELL_EVERY) * 1000)
                waiting = Waiting(ref_of(run), 0, due, str(SystemAwayError(away)))
                await self._producer.send([report_message(waiting)])
            await self._clock.sleep(LOOK_EVERY)
        if told:
            log.info("reading_goes_on", seconds=round(self._clock.monotonic() - since))

    async def _while_wanted(self, run_id: str, work: Coroutine[None, None, T]) -> T:
        """Do the work, but let go of it within a second when a person cancels or pauses the run.

        To the work it is like a crash. What it had committed and not published is settled when
        the run was cancelled, and published when it goes on.
        """
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                if self._commands.is_cancelled(run_id):
                    log.info("reading_cancelled")
                    raise _CancelledRunError
                if self._commands.is_paused(run_id):
                    log.info("reading_paused")
                    raise _PausedRunError
                await asyncio.wait([task], timeout=LOOK_EVERY)
            return task.result()
        finally:
            task.cancel()
            await asyncio.wait([task])

    def _chunks(
        self,
        run: Run,
        chunker: Chunker,
        opened: OpenSource,
        items: Sequence[ReplayItem],
        payloads: ReplayPayloads,
    ) -> AsyncGenerator[Chunk, None]:
        source, hasher, position = opened.source, opened.hasher, chunker.position
        if run.replay is not None:
            return from_letters(source, items, payloads, int(position or 0), hasher)
        if run.source_ids is not None:
            return by_ids(source, run.source_ids, int(position or 0), hasher)
        size = PAGE if run.max_entities is None else min(PAGE, max(run.max_entities + 1, LEAST))
        reads = chunker.reads
        return source.read(reads.after, position, size, hasher, stable=reads.state.stable)
