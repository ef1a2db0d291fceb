"""The connector port: what a connector to one kind of system offers. Spec section 8.

A connector object belongs to one profile and one process. Every method may be called again after
any failure. Failures of the whole call are raised: RetriableError (try later), RejectedRecordError
never; ConnectorError (credentials, bad query: a person must act). Failures of single records are
returned. Records are JSON-able dicts: str, int, bool, None, Decimal, list, dict; dates as ISO text.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

from syncline.connectors.facts import Capabilities, Check, Column, Surroundings
from syncline.domain.errors import Failure, FailureError, Problem
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.run import Notice

__all__ = [
    "LATE_COMMITS", "Capabilities", "Check", "Column", "Connector", "ConnectorError",
    "ExtractRequest", "LookupResult", "Pace", "Page", "Snapshot", "Surroundings", "WriteBatch",
    "WriteResult", "unpaced",
]  # fmt: skip


class ConnectorError(FailureError):
    """The call can never succeed until a person changes something: login, permission, query."""


Pace: TypeAlias = Callable[[], Awaitable[None]]
"""Awaited before each call or statement to the other system; it waits until the profile's rate has
room. Raises FailureError where the profile is to be left alone for longer than a call may wait."""


LATE_COMMITS = (
    "this source does not tell which of its writers are open: a row committed after a newer "
    "one was read is passed over. A `lookback` as long as the longest write takes reads it"
)
"""What late_commits() says of most sources."""


async def unpaced() -> None:
    """Let a call begin at once: the pace of a connector that no limits were given to."""


class ExtractRequest(msgspec.Struct, frozen=True):
    """What to read.

    Attributes:
        after: cursor value to read from, inclusive, exactly as the source gave it; the connector
            subtracts the extraction's lookback. None reads everything.
        position: where an interrupted read goes on (a Page's `position`); wins over `after`.
        limit: most records to read, None for all.
        page_size: records a page should hold.
        stable: read in an order that no change to a record can move (by ID), whatever it costs;
            only for extractions of which `reads_stably` is true. Such a read is complete, and its
            cursors rise and fall as they come.
    """

    extraction: Extraction
    after: str | None = None
    position: str | None = None
    limit: int | None = None
    page_size: int = 2000
    stable: bool = False


class Snapshot(msgspec.Struct, frozen=True):
    """What a source that knows its writers says of the moment it was read at.

    What the read did not see and may be committed yet was begun at or after `open_since`, or, where
    that is None, draws numbers and stamps times behind all that the read saw. So a value that was
    read is safe once a read of everything behind the old bookmark says an `open_since` later than
    the `taken_at` of the read that gave the value, or none.

    Attributes:
        taken_at: when the read saw the source, by the source's clock, as ISO time with its zone.
        open_since: when the oldest transaction began that was open then and may still write, in
            the same form (the year 1 where nobody can tell: it holds everything back); None where
            there was none. What it commits may lie behind values that this read gave.
    """

    taken_at: str
    open_since: str | None = None


class Page(msgspec.Struct):
    """Records in reading order; the lists run in parallel.

    Attributes:
        ids: source IDs as text; "" where the source gave none.
        cursors: cursor values exactly as the source gave them, None where empty.
        records: the raw records.
        position: opaque; extract() goes on behind this page when given it.
        bad: failures of records that could not be read as records (index -> why), e.g. a CSV row
            with too many columns; their `records` entry holds what was read.
        columns: names of all columns that the source has, where every record has the same ones
            (tables, CSV); None where a record may leave out properties (JSON).
        snapshot: of the read that gave this page; None where the source cannot tell its writers.
        notices: what the source did that a person should know of and that is no failure. A page
            that only tells something has no records.
        asked: of fetch(): IDs that were asked for -> the ID that the source itself gives the record
            (a UUID in capitals, blanks at the end); left out where they are the same.
    """

    ids: list[str]
    cursors: list[str | None]
    records: list[dict[str, Any]]
    position: str
    bad: dict[int, Failure] = {}
    columns: tuple[str, ...] | None = None
    snapshot: Snapshot | None = None
    notices: tuple[Notice, ...] = ()
    asked: dict[str, str] = {}


class WriteBatch(msgspec.Struct):
    """Records to create or update at the target; the lists run in parallel.

    Attributes:
        payloads: JSON objects, encoded, keys sorted.
        target_ids: known IDs at the target, None where unknown.
        keys: idempotency keys, one a record.
        match_key: payload paths by which the target finds an existing record; more than one only
            where the connector has `composite_key`.
        options: the mapping's `transformation.target` block.
        correlation_id: of the run.
        fields: the payload paths that the mapping writes, in its order.
        asked: the target was asked just now, and has no record of those without a target ID.
    """

    tenant: str
    entity_type: str
    correlation_id: str
    source_ids: list[str]
    payloads: list[bytes]
    target_ids: list[str | None]
    keys: list[str]
    match_key: tuple[str, ...]
    options: Mapping[str, Any]
    fields: Sequence[str] = ()
    asked: bool = False


class WriteResult(msgspec.Struct):
    """A result for every record of a WriteBatch.

    Attributes:
        target_ids: IDs at the target where it names them, parallel to the batch.
        failures: index -> why.
        stopped: index -> the permanent failure of the whole call (login refused, right missing)
            that kept the record from being written, after others were; the run's writing stops.
        existing: indexes of records that the target has already and that were left as they are,
            because the mapping only creates.

    Every index that is in none of them was acknowledged by the target.
    """

    target_ids: list[str | None]
    failures: dict[int, Failure] = {}
    stopped: dict[int, Failure] = {}
    existing: set[int] = set()


class LookupResult(msgspec.Struct):
    """What the target has of a WriteBatch's records.

    Attributes:
        target_ids: parallel to the batch, None where the target surely has no such record.
        failures: index -> why it cannot be told.
        holds: index -> whether the record found holds the payload, where the connector can tell.
    """

    target_ids: list[str | None]
    failures: dict[int, Failure] = {}
    holds: dict[int, bool] = {}


class Connector(Protocol):
    """One system as its profile describes it.

    Attributes:
        pace: awaited before each call or statement to the system, so that the profile's rate
            counts them all.
    """

    capabilities: Capabilities
    pace: Pace = staticmethod(unpaced)

    def __init__(
        self, config: Mapping[str, Any], secrets: Mapping[str, str], surroundings: Surroundings
    ) -> None:
        """Take the profile's settings and decrypted secrets; no I/O."""

    @staticmethod
    def config_problems(config: Mapping[str, Any], secrets: Mapping[str, str], /) -> list[Problem]:
        """Name every mistake of a profile's settings."""

    @staticmethod
    def profile_schema() -> dict[str, Any]:
        """Return the JSON Schema of `{config, secrets}`, of which forms are made.

        `title` and `description` are for people; `x-advanced` marks what most leave alone,
        `x-when` the settings that something else must have for this one to count.
        """
        return {"type": "object", "properties": {"config": {}, "secrets": {}}}

    @staticmethod
    def extraction_problems(extraction: Extraction, /) -> list[Problem]:
        """Name every mistake of a mapping's extraction block."""

    @staticmethod
    def target_problems(target: Mapping[str, Any], /) -> list[Problem]:
        """Name every mistake of a mapping's `transformation.target` block."""

    def capabilities_for(self, options: Mapping[str, Any]) -> Capabilities:
        """Return what it can do with a mapping's target block; for most the same for every one."""
        return self.capabilities

    def reads_in_order(self, extraction: Extraction) -> bool:
        """Tell whether extract() yields records in (cursor, ID) order.

        If so, a read that breaks off keeps its progress; if not, only a complete read moves the
        cursor.
        """

    def reads_stably(self, extraction: Extraction) -> bool:
        """Tell whether this extraction can be read in an order that stands still (`stable`).

        A read in which an ID came twice has missed another: it is read again so, or it fails.
        """
        return False

    async def late_commits(self, extraction: Extraction) -> str | None:
        """Say why rows that are committed late could be passed over, and the remedy, for people.

        None where it cannot happen, or where the source tells its open writers (Page.snapshot).
        May ask the source; raises as test() never does: ConnectorError, RetriableError.
        """
        if extraction.cursor_column is None or extraction.lookback:
            return None
        return LATE_COMMITS

    async def close(self) -> None:
        """Let go of connections. May be called twice."""

    async def test(self) -> list[Check]:
        """Test the connection within 10 s; names the failing part, never echoes a secret."""

    async def describe(self, extraction: Extraction) -> list[Column] | None:
        """Return the columns that an extraction can read, whatever its own `columns` say.

        None where they cannot be known beforehand. A few records are read where nothing else can
        tell. Raises as extract() does.
        """

    def extract(self, request: ExtractRequest) -> AsyncIterator[Page]:
        """Stream pages in reading order. Safe to repeat; memory is bounded by a page or two.

        Raises ConnectorError with the code `position_expired` where the source does not know a
        position any more that it gave before: the read begins again from a cursor.
        """

    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> Page:
        """Read just these records; unknown IDs are missing from the answer. At most 1,000 IDs."""

    async def lookup(self, batch: WriteBatch) -> LookupResult:
        """Find the batch's records at the target, by target ID where known, else by match key."""

    async def write(self, batch: WriteBatch) -> WriteResult:
        """Create or update records; a bulk refused as a whole is split to find the bad record."""

    async def delete(self, target_ids: Sequence[str], options: Mapping[str, Any]) -> WriteResult:
        """Delete records at the target by their target IDs."""
