"""One stream from its source to the end of its runs: real Ingest, real database, a pretended rest.

What Ingest publishes is settled as a test says: written, failed, or excluded.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec
from uuid6 import uuid7

from syncline.connectors.port import (
    Capabilities,
    ConnectorError,
    ExtractRequest,
    Page,
    SourceSnapshot,
)
from syncline.contracts.bundle import Bundle, bundle_in
from syncline.contracts.dead_letters import FailedRecord, RecordPlace, dead_letter
from syncline.contracts.events import CloudEvent, DeadLetter
from syncline.contracts.messages import Attempt, Report, RunRequest, decoder_of
from syncline.contracts.outbound import settled_message
from syncline.contracts.timings import decode_report
from syncline.contracts.topics import Stage
from syncline.contracts.wire import Outbound
from syncline.domain.columns import Columns
from syncline.domain.errors import Category, Failure
from syncline.domain.ledger import Acknowledgements
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.mapping.hashes import row_hashes
from syncline.domain.mapping.source_paths import source_fields
from syncline.domain.mapping.validation import parse
from syncline.domain.retry import RetryPolicy
from syncline.domain.run import Outcome, Run
from syncline.domain.trigger import parse_trigger
from syncline.postgres.configuration.streams import Streams
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.store import DeadLetterStore
from syncline.postgres.ledger.write_ledger import Ledger
from syncline.postgres.limits.breakers import Breakers
from syncline.postgres.progress.outcomes import Outcomes
from syncline.postgres.runs.run_refs import RunRefs
from syncline.postgres.runs.runs import Runs
from syncline.testing.clock import FakeClock
from syncline_deadletter.rules import settled
from syncline_ingest.handler import IngestHandler
from syncline_ingest.reading.chunk import Hasher
from syncline_ingest.reading.chunks import Source
from syncline_ingest.reading.source import OpenSource
from tests.support.configured import DOCUMENT
from tests.support.limits import NoLimits
from tests.support.reports import origins, records_of
from tests.support.stage_messages import delivered

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
Decide: TypeAlias = "Callable[[dict[str, Any]], Failure | Outcome | None]"
"""Gives a record's outcome: None for written."""
REFUSED = Failure(Category.PERMANENT, "value_refused", "value too long")
AWAY = Failure(Category.TRANSIENT, "unavailable", "the target is away")


class KilledError(BaseException):
    """Stands for kill -9."""


class Shelf:
    """A source that is read by (cursor, ID), as a database is: rows without a cursor come last.

    Attributes:
        rows: source ID, cursor value and anything else; `write` adds or changes one.
        size: rows of a page.
        order: how cursor values are sorted; None gives the rows as they stand.
        lookback: "everything" reads all rows whatever the cursor.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[str, str | None, dict[str, Any]]] = []
        self.size = 4
        self.order: Callable[[str], Any] | None = str
        self.columns: tuple[str, ...] | None = None
        self.snapshot: SourceSnapshot | None = None
        self.can_fetch = True
        self.asked: dict[str, str] = {}
        self.may_move = False
        self.stands_still = False
        self.lookback = ""
        self.before_page: Callable[[int], None] = lambda _number: None
        self.capabilities = Capabilities(source=True)
        self.requests: list[ExtractRequest] = []
        self.given = 0

    def write(self, source_id: str, cursor: str | None, **more: Any) -> None:
        self.rows = [row for row in self.rows if row[0] != source_id]
        self.add(source_id, cursor, **more)

    def add(self, source_id: str, cursor: str | None, **more: Any) -> None:
        self.rows.append((source_id, cursor, more))

    async def extract(self, request: ExtractRequest) -> AsyncIterator[Page]:
        self.requests.append(request)
        start, number = int(request.position or 0), 0
        while True:
            number += 1
            self.before_page(number)
            rows = self._from(request)
            part = rows[start : start + self.size]
            if not part:
                return
            start += len(part)
            self.given += len(part)
            yield self._page(part, str(start))

    def _from(self, request: ExtractRequest) -> list[Any]:
        order = self.order
        if order is None:
            rows = self.rows
            return sorted(rows, key=lambda row: row[0]) if request.stable else rows
        after = None if self.lookback else request.after
        having = [row for row in self.rows if row[1] is not None]
        if after is not None:
            having = [row for row in having if order(str(row[1])) >= order(after)]
        having.sort(key=lambda row: (order(str(row[1])), row[0]))
        return having + sorted((r for r in self.rows if r[1] is None), key=lambda r: r[0])

    async def fetch(self, _extraction: Extraction, ids: Sequence[str]) -> Page:
        if not self.can_fetch:
            failure = Failure(Category.PERMANENT, "fetch_not_configured", "no fetch")
            raise ConnectorError(failure)
        wanted = {self.asked.get(i, i) for i in ids}
        page = self._page([row for row in self.rows if row[0] in wanted], "")
        if self.asked:
            page.asked = self.asked
        return page

    def _page(self, rows: Sequence[Any], position: str) -> Page:
        records = [{"id": i, "changed": c, **more} for i, c, more in rows]
        ids, cursors = [row[0] for row in rows], [row[1] for row in rows]
        page = Page(ids, cursors, Columns.of(records), position)
        page.columns, page.snapshot = self.columns, self.snapshot
        return page

    def reads_in_order(self, _extraction: Extraction) -> bool:
        return self.order is not None

    def reads_stably(self, _extraction: Extraction) -> bool:
        return self.stands_still


class Clock(FakeClock):
    """Whoever sleeps waits for the records under way, which then have their end."""

    def __init__(self, world: World) -> None:
        super().__init__(NOW)
        self._world = world

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self._world.settle()


class World:
    """A stream with a source of its own.

    Attributes:
        decide: gives the outcome of what arrives.
        written: what the target was given, in order.
        dies_in: the process dies at that many sends from now.
    """

    max_message = 3_000_000

    def __init__(self, db: Database, **extraction: Any) -> None:
        self.db = db
        self.shelf = Shelf()
        self.decide: Decide = lambda _record: None
        self.written: list[dict[str, Any]] = []
        self.dies_in = 0
        self.smart = True
        self.mapping_version = 1
        document = msgspec.json.decode(msgspec.json.encode(DOCUMENT))
        document["extraction"] |= extraction
        self.document: dict[str, Any] = document
        self._sent: list[Outbound] = []
        self._number = 0

    async def send(self, messages: Sequence[Outbound]) -> None:
        self.dies_in -= 1
        if self.dies_in == 0:
            raise KilledError
        self._sent += messages

    async def open(self, run: Run) -> OpenSource:
        mapping = parse(self.document)
        policy = RetryPolicy(retries=0)
        source = Source(self.shelf, mapping.extraction, policy, Clock(self), NoLimits())  # type: ignore[arg-type]
        opened = OpenSource(source, _hasher(run, self.mapping_version), self.smart)
        source.expect(source_fields(mapping))
        return msgspec.structs.replace(opened, may_move=self.shelf.may_move)

    def is_cancelled(self, _run_id: str) -> bool:
        return False

    def is_paused(self, _run_id: str) -> bool:
        return False

    async def accept(self, **fields: Any) -> Run:
        request = parse_trigger(
            {"instance": "erp-shop", "entityType": "item", "batchSize": 3, **fields}
        )
        stream = await Streams(self.db).runnable("default", "erp-shop", "item")
        return (await Runs(self.db).accept(str(uuid7()), request, stream, 4))[0]

    async def ingest(self, run: Run) -> bool:
        """Let a new process take the run's request; False if it is killed meanwhile."""
        breakers, clock = Breakers(self.db), Clock(self)
        stage = IngestHandler(self.db, self, self, self, breakers, clock)  # type: ignore[arg-type]
        try:
            manifest = await stage.handle([RunRequest(run.id, "default")])
        except KilledError:
            return False
        self._sent += manifest
        return True

    async def run(self, **fields: Any) -> Run:
        """Run the stream to its end, killed processes started again."""
        run = await self.accept(**fields)
        while not await self.ingest(run):
            pass
        await self.settle()
        return await Runs(self.db).get("default", run.id)

    async def settle(self) -> None:
        """Give everything that was published its end, as the other services would."""
        messages, self._sent = self._sent, []
        reports: list[Report] = []
        for message in messages:
            value, delivery = message.value or b"", delivered(message)
            runs = await RunRefs(self.db).of([message.key.decode()])
            if message.topic == "outcomes":
                reports.append(decode_report(delivery, runs))
            elif message.topic == "dlq":
                reports.append(
                    await self._failed(decoder_of(CloudEvent[DeadLetter]).decode(value).data)
                )
            else:
                reports += await self._settled(bundle_in(delivery, runs))
        if reports:
            await Outcomes(self.db).apply(reports)

    async def _failed(self, letter: DeadLetter) -> Report:
        await DeadLetterStore(self.db).store([letter])
        return settled(letter)

    async def _settled(self, bundle: Bundle) -> list[Report]:
        decided = [self.decide(record) for record in records_of(bundle)]
        good = [place for place, own in enumerate(decided) if own is None]
        reports: list[Report] = []
        if good:
            await self._write(bundle, good)
            reports.append(_reported(bundle, good, Outcome.SUCCESS, Stage.EXECUTE))
        if out := [place for place, own in enumerate(decided) if own is Outcome.EXCLUDED]:
            reports.append(_reported(bundle, out, Outcome.EXCLUDED, Stage.TRANSFORM))
        for place, (own, (number, slot, version)) in enumerate(
            zip(decided, origins(bundle), strict=True)
        ):
            if isinstance(own, Failure):
                attempt = Attempt(1, datetime.now(UTC).isoformat(), "execute", own)  # noqa: TID251
                given = FailedRecord(b"{}", bundle.row_hashes[place], version)
                where = RecordPlace(number, slot, bundle.ids[place])
                letter = dead_letter(bundle.run, where, Stage.EXECUTE, [attempt], given)
                reports.append(await self._failed(letter))
        return reports

    async def _write(self, bundle: Bundle, places: Sequence[int]) -> None:
        self.written += records_of(bundle.part(places))
        versions = [version for _, _, version in origins(bundle)]
        last = {bundle.ids[place]: place for place in places}
        self._number += 1
        await Ledger(self.db).acknowledge(
            bundle.run,
            Acknowledgements(
                list(last),
                [f"{self._number:032x}"] * len(last),
                [bundle.row_hashes[place] for place in last.values()],
                [None] * len(last),
                [versions[place] for place in last.values()],
            ),
        )

    def ids(self) -> list[str]:
        """Return the IDs of what was written since the last time, sorted."""
        written, self.written = self.written, []
        return sorted(record["id"] for record in written)

    async def letters(self) -> int:
        return int(await self.db.fetchval("select count(*) from dead_letters"))


def _hasher(run: Run, version: int) -> Hasher:
    def hashes(rows: Sequence[bytes], layout: bytes = b"") -> list[str]:
        return row_hashes(rows, run.mapping, version, run.target, layout)

    return hashes


def _reported(bundle: Bundle, places: Sequence[int], outcome: Outcome, stage: Stage) -> Report:
    """Return a stage's report as Finalize reads it."""
    message = settled_message(bundle, places, outcome, stage)
    return decode_report(delivered(message), {bundle.run.id: bundle.run})
