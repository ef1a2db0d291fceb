"""Reading: what a source is asked for, and the pages that it gives."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.domain.columns import Columns, Lines
from syncline.domain.errors import Failure
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.run import Notice

PAGE_BYTES = 2_000_000
"""Bytes of rows above which a page takes no more, however few they are."""


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


class SourceSnapshot(msgspec.Struct, frozen=True):
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
        given: the raw records, by column; None where `lines` are enough to make them.
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
        lines: the records as the source wrote them, where it writes them so.
    """

    ids: list[str]
    cursors: list[str | None]
    given: Columns | None
    position: str
    bad: dict[int, Failure] = {}
    columns: tuple[str, ...] | None = None
    snapshot: SourceSnapshot | None = None
    notices: tuple[Notice, ...] = ()
    asked: dict[str, str] = {}
    lines: Lines | None = None

    @property
    def records(self) -> Columns:
        """The raw records."""
        if self.given is not None:
            return self.given
        return Columns(0, {}) if self.lines is None else self.lines.columns()

    def part(self, places: Sequence[int]) -> Page:
        """Return a page of some of the records, by their places; all else stays as it is."""
        return msgspec.structs.replace(
            self,
            ids=[self.ids[p] for p in places],
            cursors=[self.cursors[p] for p in places],
            given=None if self.given is None else self.given.part(places),
            bad={n: self.bad[p] for n, p in enumerate(places) if p in self.bad} if self.bad else {},
            lines=None if self.lines is None else self.lines.part(places),
        )
