"""Sifting a chunk: which rows need work, and what is known of the others already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum, auto

import msgspec

from syncline.domain.cursor.values import CursorFormat, is_later
from syncline.domain.run import Mode, Outcome, Run
from syncline.postgres.ledger.known_rows import KnownRows, RowLookup, RowStatus
from syncline_ingest.rows import Rows, at_places
from syncline_ingest.sifting.ledger_copy import LedgerCopies, LedgerCopy

_WRITTEN = frozenset({RowStatus.WRITTEN, RowStatus.WRITTEN_SINCE, RowStatus.WRITTEN_HERE})
_NOTHING = RowLookup()


class SieveVerdict(Enum):
    """What becomes of a row."""

    WORK = auto()
    UNCHANGED = auto()
    EXCLUDED = auto()
    LEAVE = auto()
    """It was taken before, is as it was, and is not counted again."""
    WAITING = auto()
    """It failed before, is as it was, and waits in the DLQ; it is not counted again."""


_UNCHANGED = Outcome.UNCHANGED.value
_CODES = {
    SieveVerdict.UNCHANGED: _UNCHANGED,
    SieveVerdict.EXCLUDED: Outcome.EXCLUDED.value,
}


class SieveTerms(msgspec.Struct, frozen=True):
    """What verdicts depend on beside the row.

    Attributes:
        smart: unchanged records are skipped.
        mode: of the run.
        before: the bookmark that the run started from.
        watched: the rows have a cursor column.
        capped: the run has Max Entities, so what was written before must not use it up.
        again: the source is read once more in this run.
    """

    smart: bool
    mode: Mode
    before: str | None
    watched: bool
    capped: bool
    again: bool
    cursor_format: CursorFormat


def verdict(known: RowStatus, cursor: str | None, terms: SieveTerms, *, seen: bool) -> SieveVerdict:
    """Say what becomes of a row of which something is known.

    Args:
        seen: this run has taken the record already, in an earlier pass over the source.
    """
    if terms.again and seen and known is not RowStatus.TIED:
        return SieveVerdict.LEAVE
    is_tied = cursor is not None and cursor == terms.before
    if known in _WRITTEN:
        return _written(known, terms, is_tied=is_tied)
    if known is RowStatus.TIED:
        return SieveVerdict.LEAVE if is_tied else SieveVerdict.WORK
    if terms.mode is Mode.FORCE_FULL:
        return SieveVerdict.WORK
    if known is RowStatus.EXCLUDED:
        return SieveVerdict.LEAVE if is_tied else SieveVerdict.EXCLUDED
    is_final = known is RowStatus.FAILED or _was_taken(cursor, terms)
    return SieveVerdict.WAITING if is_final else SieveVerdict.WORK


def _written(known: RowStatus, terms: SieveTerms, *, is_tied: bool) -> SieveVerdict:
    if is_tied:
        return SieveVerdict.LEAVE
    if terms.smart:
        return SieveVerdict.UNCHANGED
    is_bound = terms.mode is Mode.INCREMENTAL and (terms.watched or terms.capped)
    return SieveVerdict.LEAVE if is_bound and known is not RowStatus.WRITTEN else SieveVerdict.WORK


def _was_taken(cursor: str | None, terms: SieveTerms) -> bool:
    """Tell whether a run has closed over this row, so that only its dead letter may go on with it.

    What lies behind the bookmark was read by a run that failed: trying it again is its remedy.
    """
    if not terms.watched or (cursor is not None and terms.before is None):
        return False
    return cursor is None or not is_later(cursor, terms.before, terms.cursor_format)


class SiftResult(msgspec.Struct):
    """What came of the rows of a chunk, by their places.

    Attributes:
        places: of those that count, in reading order.
        settled: outcome codes of those that end at once.
        work: how many of them need work.
        waiting: those that wait in the DLQ.
        cut_at: the first row that needed work and for which Max Entities had no room.
    """

    places: Sequence[int]
    settled: dict[int, str]
    work: int
    waiting: list[int]
    cut_at: int | None = None

    def at(self, places: Sequence[int]) -> SiftResult:
        """Return what came of rows that lie at these places of a larger chunk."""
        return SiftResult(
            [places[p] for p in self.places],
            {places[p]: code for p, code in self.settled.items()},
            self.work,
            [places[p] for p in self.waiting],
            None if self.cut_at is None else places[self.cut_at],
        )


def sift(count: int, verdicts: Mapping[int, SieveVerdict], room: int | None) -> SiftResult:
    """Part a chunk of so many rows by what becomes of them.

    Args:
        verdicts: by place, of rows that need no work.
        room: for how many rows that need work Max Entities has room; None for any number.
    """
    if not verdicts and (room is None or count <= room):
        return SiftResult(range(count), {}, count, [])
    given = list(verdicts.values())
    if given.count(SieveVerdict.UNCHANGED) == count:  # all of them, as in most reads of a source
        return SiftResult(range(count), dict.fromkeys(range(count), _UNCHANGED), 0, [])
    settled: dict[int, str] = {}
    for one, code in _CODES.items():
        settled |= dict.fromkeys([p for p, own in verdicts.items() if own is one], code)
    waiting = sorted(p for p, own in verdicts.items() if own is SieveVerdict.WAITING)
    places = [p for p in range(count) if p in settled or p not in verdicts]
    work = [p for p in places if p not in settled]
    if room is None or len(work) <= room:
        return SiftResult(places, settled, len(work), waiting)
    cut_at = work[room]
    return SiftResult(
        places[: places.index(cut_at)],
        {p: code for p, code in settled.items() if p < cut_at},
        room,
        [p for p in waiting if p < cut_at],
        cut_at,
    )


class Sieve:
    """Asks what is known of a run's rows; the memories of a stream that are empty are not asked."""

    def __init__(self, run: Run, known: KnownRows, copies: LedgerCopies, since: datetime) -> None:
        self._run = run
        self._known = known
        self._copies = copies
        self._since = since
        self._asked = _NOTHING
        self._terms: SieveTerms | None = None
        self._copy: LedgerCopy | None = None

    def use(self, terms: SieveTerms, held: RowLookup, *, is_whole: bool) -> None:
        """Begin a pass over the source.

        Args:
            held: which memories of the stream hold anything.
            is_whole: it reads the whole source, and the run has sent no record before.
        """
        self.close()
        self._terms = terms
        is_plain = self._run.source_ids is None and self._run.replay is None
        asked = is_plain and (terms.again or terms.mode is not Mode.FORCE_FULL)
        if not asked:
            self._asked = _NOTHING
            return
        self._asked = msgspec.structs.replace(held, by_whom=not terms.smart, since=self._since)
        if is_whole and terms.smart and held.ledger and not terms.again:
            self._copy = self._copies.of(self._run.stream)

    def close(self) -> None:
        """Let go of what is held in memory."""
        if self._copy is not None:
            self._copy.close()
        self._copy = None

    async def verdicts(self, rows: Rows, seen: frozenset[int]) -> dict[int, SieveVerdict]:
        """Say what becomes of rows of which something is known, by place.

        Args:
            seen: places of rows that this run took in an earlier pass.
        """
        terms = self._terms
        if terms is None or not len(rows):
            return {}
        before = terms.before
        tied = before is not None and before in rows.cursors
        if not (self._asked.anything or tied):
            return {}
        copied = () if self._copy is None else await self._copy.unchanged(rows)
        given = _verdicts(RowStatus.WRITTEN, copied, rows.cursors, terms, seen)
        if len(given) == len(rows):
            return given
        rest = [p for p in range(len(rows)) if p not in given] if given else range(len(rows))
        asked = msgspec.structs.replace(self._asked, tied=tied)
        ids = at_places(rows.ids, rest)
        hashes = [row_hash or None for row_hash in at_places(rows.hashes, rest)]
        known = await self._known.find(self._run, ids, hashes, asked)
        for status, found in known.items():
            places = [rest[n] for n in found]
            given |= _verdicts(status, places, rows.cursors, terms, seen)
        given = {place: own for place, own in given.items() if own is not SieveVerdict.WORK}
        if self._copy is not None:
            sent = [rows.ids[p] for p in rest if p not in given]
            self._copy.note(len(known.get(RowStatus.WRITTEN, ())), sent)
        return given


def _verdicts(
    status: RowStatus,
    places: Sequence[int],
    cursors: Sequence[str | None],
    terms: SieveTerms,
    seen: frozenset[int],
) -> dict[int, SieveVerdict]:
    """Say what becomes of rows of which the same is known."""
    if terms.again or status is RowStatus.GIVEN_UP:
        return {p: verdict(status, cursors[p], terms, seen=p in seen) for p in places}
    given = dict.fromkeys(places, verdict(status, None, terms, seen=False))
    if terms.before is not None:  # else only the bookmark tells rows of one status apart
        tied = verdict(status, terms.before, terms, seen=False)
        given.update({p: tied for p in places if cursors[p] == terms.before})
    return given
