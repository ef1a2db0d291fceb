"""One pass over a run's source: what each chunk means, and how far the cursor may go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

import msgspec

from syncline.domain.cursor.bookmark import (
    NotInOrderError,
    PastRead,
    ReadProgress,
    lies_beyond,
    remember_read,
    safe_bookmark,
)
from syncline.domain.cursor.values import CursorFormat, UnreadableCursorError, is_later
from syncline.domain.errors import Failure
from syncline.domain.record import TiedRows, Watermarks
from syncline.domain.run import Mode
from syncline.postgres.ledger.known_rows import KnownRows, RowLookup
from syncline.postgres.progress.extraction import Progress
from syncline.postgres.progress.extraction_state import ReadFindings
from syncline.runtime.clock import Clock
from syncline_ingest.extraction.extraction_notes import ReadState
from syncline_ingest.extraction.run_notices import RunNotices
from syncline_ingest.extraction.source_faults import lost_place, not_in_order, unreadable, unstable
from syncline_ingest.extraction.watermark import TopRows
from syncline_ingest.reading.chunk import Chunk
from syncline_ingest.reading.chunks import SourceError
from syncline_ingest.reading.source import OpenSource
from syncline_ingest.rows import Rows
from syncline_ingest.sifting.ledger_copy import LedgerCopies
from syncline_ingest.sifting.repeats import MOST, Seen
from syncline_ingest.sifting.sieve import Sieve, SieveTerms, SiftResult, sift

_MISSING = frozenset({"unknown_column", "missing_property"})
MOST_STUCK = 3
"""Times that a read begins again without having come further, before it is given up."""


class SourcePass:
    """Judges the rows of one run's source, pass by pass; most runs have one.

    Attributes:
        state: what a process needs that goes on after a break.
        notices: the run's notices.
        is_cut: Max Entities cut it short within a cursor value, or where there is no order.
    """

    def __init__(
        self,
        progress: Progress,
        opened: OpenSource,
        known: KnownRows,
        copies: LedgerCopies,
        clock: Clock,
    ) -> None:
        run, extraction = progress.run, opened.source.extraction
        self._run = run
        self._opened = opened
        self._known = known
        self._clock = clock
        self._cursor_format = CursorFormat(extraction.cursor_type, extraction.cursor_format)
        self._by_cursor = run.source_ids is None and run.replay is None
        self._watched = self._by_cursor and extraction.cursor_column is not None
        self._sifter = Sieve(run, known, copies, progress.handled_since)
        self._is_begun = progress.position is not None
        self._seen: Seen | None = None
        self._top_rows = TopRows()
        self._past: list[PastRead] = []
        self._properties: dict[str, list[str]] = {}
        self.state = msgspec.convert(progress.reading or {}, ReadState)
        self.notices = RunNotices(run, extraction)
        self.is_cut = False
        self._marks = self._marks_from(Watermarks(progress.high_water, progress.read_to))

    def _marks_from(self, water: Watermarks) -> ReadProgress:
        if not self.is_ordered:
            water = Watermarks(None, water.read_to)
        return ReadProgress(self._cursor_format, water, ordered=self.is_ordered)

    @property
    def is_ordered(self) -> bool:
        """Tell whether this pass reads in (cursor, ID) order."""
        return self._opened.source.ordered and not self.state.stable

    @property
    def after(self) -> str | None:
        """The cursor value that this pass reads from; None reads everything."""
        if self.state.after is not None:
            return self.state.after
        before = self._run.cursor_before  # in the future it stood still: all is read
        return None if lies_beyond(before, self._clock.now(), self._cursor_format) else before

    @property
    def water(self) -> Watermarks:
        """How far it came; see `ReadProgress`."""
        return self._marks.water

    async def use(self, held: RowLookup) -> None:
        """Begin, or go on; `held` says what is known of the stream. May raise RetriableError."""
        if self._by_cursor:
            self._past, self._properties = await self._known.past_reads(self._run.stream)
        if self._by_cursor and self._opened.may_move:
            begun = self._run.counters.total > 0
            before = await self._known.committed_ids(self._run.id, MOST) if begun else ()
            self._seen = Seen(partial(self._known.committed_among, self._run.id), before)
        whole = self.after is None and not self._is_begun
        self._sifter.use(self._terms(), held, is_whole=whole)

    def close(self) -> None:
        """Let go of what is held in memory."""
        self._sifter.close()

    def _terms(self) -> SieveTerms:
        run = self._run
        smart = self._opened.smart_sync and run.mode is not Mode.FORCE_FULL
        return SieveTerms(
            smart=smart and run.replay is None,
            mode=run.mode,
            before=run.cursor_before,
            watched=self._watched,
            capped=run.max_entities is not None,
            again=self.state.again > 0,
            cursor_format=self._cursor_format,
        )

    @property
    def had(self) -> frozenset[str]:
        """What some record of this read had before a break."""
        return frozenset(self.state.some)

    @property
    def always(self) -> frozenset[str]:
        """What every record had in earlier reads, under this version of the mapping."""
        return frozenset(self._properties.get(self._version, ()))

    @property
    def _version(self) -> str:
        return f"{self._run.mapping}/{self._run.mapping_version}"

    async def take(self, chunk: Chunk, fresh: Sequence[int]) -> SiftResult:
        """Judge the rows of a chunk.

        Args:
            fresh: places of those that count; the others were waited for after a break.

        Raises:
            RetriableError: the product's database is away.
            SourceError: the cursor values cannot be believed.
        """
        for snapshot in chunk.snapshots:
            self.state.see(snapshot)
        if chunk.had is not None and self._by_cursor:
            self.state.have(chunk.had)
        self.notices.take(chunk.notices)
        rows = chunk.rows.part(fresh)
        doubles = dict.fromkeys([*chunk.twice, *self._tied_twice(rows)])
        self.notices.duplicates(list(doubles))
        seen = await self._repeats(rows, chunk.twice)
        found = sift(len(rows), await self._sifter.verdicts(rows, seen), self._room())
        self.notices.waiting([rows.ids[place] for place in found.waiting])
        self.state.work += found.work
        if rows is not chunk.rows:
            found = found.at(fresh)
        self._advance(chunk.rows, found.cut_at)
        return found

    def _room(self) -> int | None:
        cap = self._run.max_entities
        return None if cap is None else cap - self.state.work

    async def _repeats(self, rows: Rows, twice: Collection[str]) -> frozenset[int]:
        """Look for records that came before; those of an earlier pass are returned.

        Args:
            twice: records that one answer gave twice: no list had to move for that.
        """
        if self._seen is None:
            return frozenset(range(len(rows))) if self.state.again else frozenset()
        again = await self._seen.take(rows)
        is_sure = self.is_ordered or self.state.doubted  # others may change while they are read
        for repeat in again:
            source_id = rows.ids[repeat.place]
            if (repeat.is_same or not is_sure) and source_id and source_id not in twice:
                self.state.repeat(source_id)
        return self._seen.earlier(rows) if self.state.again else frozenset()

    def _tied_twice(self, rows: Rows) -> list[str]:
        """Name records that came just before at the same cursor value: the ID is not unique."""
        moves = self._opened.may_move or self.state.again
        return [] if moves else self._top_rows.among(rows)

    def _advance(self, read: Rows, cut_at: int | None) -> None:
        """Move the marks over what was read, up to where Max Entities cut it off."""
        if not self._by_cursor:
            return
        following = None
        if cut_at is not None:
            following = read.cursors[cut_at]
            read = read.part(range(cut_at))
            self.notices.capped(self._run.max_entities or 0)
        if self._watched:
            self._mark(read)
        self._top_rows.note(read, self.water.read_to)
        self.is_cut = cut_at is not None and not self._is_whole(read, following)

    def _is_whole(self, rows: Rows, following: str | None) -> bool:
        return len(rows) > 0 and self.is_ordered and rows.cursors[-1] != following

    def _mark(self, rows: Rows) -> None:
        having = rows.with_cursor()
        values = [cursor for p in having if (cursor := rows.cursors[p]) is not None]
        if len(having) < len(rows):
            self.notices.without_cursor(rows.without_cursor())
        extraction = self._opened.source.extraction
        try:
            beyond = self._marks.take(values, self._clock.now())
        except UnreadableCursorError as error:
            source_id = rows.ids[having[error.place]]
            raise SourceError(unreadable(extraction, source_id, str(error))) from error
        except NotInOrderError as error:
            source_id = rows.ids[having[error.place]]
            raise SourceError(not_in_order(extraction, source_id, str(error))) from error
        self.notices.in_future([rows.ids[having[place]] for place in beyond])

    def check_again(self, discovered: int, *, doubted: bool) -> None:
        """Raise SourceError where another pass would be of no use."""
        state = self.state
        if doubted and state.doubted:
            raise SourceError(unstable(self._opened.source.extraction, state))
        state.stuck = state.stuck + 1 if discovered == state.reached else 0
        state.reached = discovered
        if state.stuck >= MOST_STUCK:
            raise SourceError(lost_place(state.stuck))

    async def begin_again(self, *, doubted: bool, from_start: bool) -> None:
        """Begin another pass; what was taken has its outcome, so that it is known.

        Args:
            doubted: see Chunker.begin_again.
            from_start: what is waited for may lie before the highest value.
        """
        state, source = self.state, self._opened.source
        if doubted:
            state.doubted, state.stable = True, source.can_stand_still
            self.notices.read_again(state.repeats, state.repeated, stable=state.stable)
        else:
            self.notices.position_expired()
        goes_on = self.is_ordered and not doubted and not from_start
        state.again, state.repeats, state.repeated = state.again + 1, 0, []
        state.after = self.water.read_to if goes_on else None
        if state.after is None:
            self.notices.begin_again()
        if self._seen is not None:
            self._seen.begin_again()
        self._marks = self._marks_from(self.water)
        held = await self._known.lookup(self._run.stream)
        self._sifter.use(self._terms(), held, is_whole=False)

    def ending(self, *, complete: bool) -> Watermarks:
        """Say how far the cursor may go; a complete read has taken its last value as a whole."""
        if not self._watched or self.state.repeats:
            return Watermarks()
        if complete:
            water = Watermarks(self.water.read_to, self.water.read_to)
        elif self.is_ordered and not self.state.doubted:
            water = self.water
        else:
            return Watermarks()
        return Watermarks(self._held(water.high), self._held(water.read_to, tell=True))

    def _held(self, value: str | None, *, tell: bool = False) -> str | None:
        since = self.state.open_since
        held = safe_bookmark(value, since, self._past, self._cursor_format)
        if tell and since is not None and held != value:
            self.notices.held_back(since, held)
        return held

    def tied(self) -> TiedRows | None:
        """Return the rows that the next run will read again."""
        return self._top_rows.remembered() if self._by_cursor else None

    def found(self, failure: Failure | None) -> ReadFindings | None:
        """Return what the next read of the stream should know of this one."""
        if not self._by_cursor or (failure and failure.code in _MISSING):
            return None
        past, properties = self._past, self._properties
        top = self.water.read_to
        before = self._run.cursor_before
        if before is not None and (top is None or is_later(before, top, self._cursor_format)):
            top = before
        if top is not None and self.state.taken_at is not None:
            past = remember_read(past, PastRead(top, self.state.taken_at))
        if (every := self.state.every) is not None:
            known = properties.get(self._version, every)
            properties = {self._version: sorted(set(known) & set(every))}
        return ReadFindings(past, properties)
