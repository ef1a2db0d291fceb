"""The connector port: what a connector to one kind of system offers. Spec section 8.

A connector object belongs to one profile and one process. Every method may be called again after
any failure. Failures of the whole call are raised: RetriableError (the same call may succeed
later), ConnectorError (a person must act: credentials, a bad query). Failures of single records are
returned. Records are JSON-able dicts: str, int, bool, None, Decimal, list, dict; dates as ISO text.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import ClassVar, Protocol, TypeAlias

import msgspec

from syncline.connectors import settings
from syncline.connectors.drivers import Driver
from syncline.connectors.errors import ConnectorError
from syncline.connectors.facts import Capabilities, Check, SourceColumn, Surroundings
from syncline.connectors.pages import ExtractRequest, Page, SourceSnapshot
from syncline.domain.columns import Columns
from syncline.domain.errors import Failure, Problem
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.record import JsonObject

__all__ = [
    "LATE_COMMITS", "MOST_TABLES", "Capabilities", "Check", "Connector", "ConnectorError",
    "CountAnswer", "ExtractRequest", "LookupResult", "Pace", "Page", "SourceColumn",
    "SourceSnapshot", "Surroundings", "WriteBatch", "WriteResult", "uncounted", "unpaced",
]  # fmt: skip


Pace: TypeAlias = Callable[[], Awaitable[None]]
"""Awaited before each call or statement to the other system; it waits until the profile's rate has
room. Raises FailureError where the profile is to be left alone for longer than a call may wait."""


LATE_COMMITS = (
    "this source does not tell which of its writers are open: a row committed after a newer "
    "one was read is passed over. A `lookback` as long as the longest write takes reads it"
)
"""What late_commits() says of most sources."""
MOST_TABLES = 1000
"""Names that tables() returns."""


CountAnswer: TypeAlias = Callable[[str], None]
"""Told of each HTTP request's status, or `none` where no whole answer came; for metrics."""


def uncounted(status: str, /) -> None:
    """Count nothing: what a connector tells that belongs to no profile."""


async def unpaced() -> None:
    """Let a call begin at once: the pace of a connector that no limits were given to."""


class WriteBatch(msgspec.Struct):
    """Records to create or update at the target; the lists run in parallel.

    Attributes:
        payloads: JSON objects, encoded, keys sorted.
        target_ids: known IDs at the target, None where unknown.
        keys: idempotency keys, one a record; none where the connector `reads_keys` not.
        match_key: payload paths by which the target finds an existing record; more than one only
            where the connector has `composite_key`.
        options: the mapping's `transformation.target` block.
        correlation_id: of the run.
        fields: the payload paths that the mapping writes, in its order.
        on_create: fields at the payloads' top that are sent only where a record is created.
        asked: the target was asked just now, and has no record of those without a target ID.
        columns: the payloads once more by column; None where the connector `reads_columns` not.
        lines: once more as lines: the JSON of each record's values in the order of `columns`, with
            commas between. None where the connector `reads_lines` not, and where a value is an
            object or a list.
        new: nothing is known of any of the records: the target may have none of them.
    """

    tenant: str
    entity_type: str
    correlation_id: str
    source_ids: list[str]
    payloads: list[bytes]
    target_ids: list[str | None]
    keys: list[str]
    match_key: tuple[str, ...]
    options: Mapping[str, object]
    fields: Sequence[str] = ()
    on_create: tuple[str, ...] = ()
    asked: bool = False
    columns: Columns | None = None
    lines: bytes | None = None
    new: bool = False


class WriteResult(msgspec.Struct):
    """A result for every record of a WriteBatch.

    Attributes:
        target_ids: IDs at the target where it names them, parallel to the batch.
        failures: index -> why.
        stopped: index -> the permanent failure of the whole call (login refused, right missing)
            that kept the record from being written, after others were; the run's writing stops.
        existing: indexes of records that the target has already and that were left as they are,
            because the mapping only creates.
        unkept: index -> why a record that was written has failed all the same: the target does not
            hold it as it was sent.
        created: all of them were written, as records that the target had not.

    Every index that is in none of them was acknowledged by the target.
    """

    target_ids: list[str | None]
    failures: dict[int, Failure] = {}
    stopped: dict[int, Failure] = {}
    existing: set[int] = set()
    unkept: dict[int, Failure] = {}
    created: bool = False


class LookupResult(msgspec.Struct):
    """What the target has of a WriteBatch's records.

    Attributes:
        target_ids: parallel to the batch, None where the target surely has no such record.
        failures: index -> why it cannot be told.
        holds: index -> whether the record found holds the payload, where the connector can tell.
        differs: index -> payload paths that the record found does not show as they would be sent;
            given for each record found where the connector has `read_back`.
    """

    target_ids: list[str | None]
    failures: dict[int, Failure] = {}
    holds: dict[int, bool] = {}
    differs: dict[int, list[str]] = {}


class Connector(Protocol):
    """One system as its profile describes it.

    Attributes:
        title, about: what it is for, for people who choose one.
        driver: a module that it needs and that an extra installs, None for most. It is imported
            when a call needs it: without it a connector is listed, and its profiles are refused.
        profile_settings, profile_secrets: what a profile may say.
        target_settings: what a mapping's `transformation.target` block may say.
        pace: awaited before each call or statement to the system, so that the profile's rate
            counts them all.
        count_answer: told of each HTTP request's status.
    """

    title: ClassVar[str] = ""
    about: ClassVar[str] = ""
    driver: ClassVar[Driver | None] = None
    profile_settings: ClassVar[type[settings.ConnectorSettings]] = settings.ConnectorSettings
    profile_secrets: ClassVar[type[settings.ConnectorSettings]] = settings.NoSecrets
    target_settings: ClassVar[type[settings.ConnectorSettings]] = settings.ConnectorSettings
    capabilities: Capabilities
    pace: Pace = staticmethod(unpaced)
    count_answer: CountAnswer = staticmethod(uncounted)

    def __init__(
        self, config: Mapping[str, object], secrets: Mapping[str, str], surroundings: Surroundings
    ) -> None:
        """Take the profile's settings and decrypted secrets; no I/O."""

    @classmethod
    def config_problems(
        cls, config: Mapping[str, object], secrets: Mapping[str, str], /
    ) -> list[Problem]:
        """Name every mistake of a profile's settings."""
        found = settings.problems(cls.profile_settings, config, "$.config")
        return found + settings.problems(cls.profile_secrets, secrets, "$.secrets", "secret")

    @classmethod
    def profile_schema(cls) -> JsonObject:
        """Return the JSON Schema of `{config, secrets}`, of which forms are made.

        `title` and `description` are for people; `x-advanced` marks what most leave alone,
        `x-when` the settings that something else must have for this one to count.
        """
        blocks = {"config": cls.profile_settings, "secrets": cls.profile_secrets}
        return {
            "title": cls.title,
            "description": cls.about,
            "type": "object",
            "properties": {name: settings.form_of(block) for name, block in blocks.items()},
        }

    @classmethod
    def system_of(
        cls, config: Mapping[str, object], target: Mapping[str, object] | None = None, /
    ) -> str:
        """Name the system that a profile leads to, and the table of a mapping's target block in it.

        What has another name is another system: of it, nothing that was written before is true. ""
        where it cannot be told.
        """
        return ""

    @classmethod
    def extraction_problems(cls, extraction: Extraction, /) -> list[Problem]:
        """Name every mistake of a mapping's extraction block."""

    @classmethod
    def target_problems(cls, target: Mapping[str, object], /) -> list[Problem]:
        """Name every mistake of a mapping's `transformation.target` block."""
        return settings.problems(cls.target_settings, target, settings.TARGET)

    @classmethod
    def on_create_problem(
        cls, target: Mapping[str, object], on_create: Sequence[str], /
    ) -> str | None:
        """Say why these fields of creations alone do not go with a sound target block."""
        if on_create and not cls.capabilities.on_create:
            return "this target is written in one way, whether a record is there or not"
        return None

    def capabilities_for(self, options: Mapping[str, object]) -> Capabilities:
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
        return

    async def test(self) -> list[Check]:
        """Test the connection within 10 s; names the failing part, never echoes a secret."""

    async def describe(self, extraction: Extraction) -> list[SourceColumn] | None:
        """Return the columns that an extraction can read, whatever its own `columns` say.

        None where they cannot be known beforehand. A few records are read where nothing else can
        tell. Raises as extract() does.
        """

    async def tables(self) -> list[str] | None:
        """Return what an extraction or a target block may name as its `table`, at most 1,000.

        None where the system has no tables, or does not tell. Raises as extract() does.
        """
        return None

    async def describe_target(self, target: Mapping[str, object], /) -> list[SourceColumn] | None:
        """Return the fields that a sound target block writes; None where the system does not tell.

        Raises as extract() does.
        """
        return None

    async def count(self, extraction: Extraction) -> int | None:
        """Return how many records there are to read, whatever the cursor and `filters` leave out.

        None where the source does not tell. Raises as extract() does.
        """
        return None

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

    async def delete(self, target_ids: Sequence[str], options: Mapping[str, object]) -> WriteResult:
        """Delete records at the target by their target IDs."""
