"""How far a read has come, and where a run may leave the cursor. Spec section 2.5. Pure.

A cursor is a promise: every row below it was read. So it is never a value in the future, and it
waits for writers that were open when a value was read, because they may commit lower values later.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from syncline.domain.cursor.values import (
    CursorFormat,
    Key,
    UnreadableCursorError,
    is_later,
    keys_of,
)
from syncline.domain.errors import SynclineError
from syncline.domain.mapping.extraction import CursorType
from syncline.domain.record import Watermarks

MARGIN = timedelta(hours=24)
"""How far ahead of the clock a value may be: times without an offset are up to 14 hours ahead of
UTC, a source of whole days may write tomorrow's, and clocks differ."""
BEHIND_UTC = timedelta(hours=14)
"""How far a clock without an offset may be behind UTC, and a little more."""
MOST_READS = 64
"""Reads that are kept for a stream."""
NOBODY_KNOWS = datetime(2, 1, 1, tzinfo=UTC)
"""A source that cannot see its writers reports one that is open since before this."""


class NotInOrderError(SynclineError):
    """A lower value came after a higher one. `place` is its position among the chunk's values."""

    def __init__(self, place: int, value: str, behind: str) -> None:
        super().__init__(f"{value!r} came behind {behind!r}")
        self.place = place


class ReadProgress:
    """How far one read has come, chunk by chunk; `water` ignores values in the future."""

    def __init__(self, form: CursorFormat, water: Watermarks, *, ordered: bool) -> None:
        self.water = water
        self._form = form
        self._ordered = ordered
        self._last: str | None = None
        self._goes_on = water.read_to is not None  # values read before may come again

    def take(self, values: Sequence[str], now: datetime) -> list[int]:
        """Add a chunk's values that are not empty, in reading order; return places of future ones.

        Raises UnreadableCursorError if a value does not fit the cursor's type, and NotInOrderError
        if the read is ordered and a value is not.
        """
        if not values:
            return []
        keys: list[Any] = self._keys(values)
        if self._ordered:
            self._check_order(values, keys)
        top = keys[-1] if self._ordered else max(keys)
        beyond = []
        if is_beyond(top, now):
            beyond = [place for place, key in enumerate(keys) if is_beyond(key, now)]
        self._advance(values, keys, beyond)
        self._last = values[-1]
        return beyond

    def _keys(self, values: Sequence[str]) -> list[Key]:
        try:
            return keys_of(values, self._form, self._last)
        except UnreadableCursorError as error:
            if self._last is not None:
                error.place = max(error.place - 1, 0)
            raise

    def _check_order(self, values: Sequence[str], keys: Sequence[Any]) -> None:
        if isinstance(keys[0], str):
            return  # the source knows how it sorts texts
        if self._last is not None:
            (before,) = keys_of([self._last], self._form, values[0])
            if operator.gt(before, keys[0]):
                raise NotInOrderError(0, values[0], self._last)
        if any(map(operator.gt, keys, keys[1:])):
            place = next(p for p in range(1, len(keys)) if keys[p - 1] > keys[p])
            raise NotInOrderError(place, values[place], values[place - 1])

    def _advance(self, values: Sequence[str], keys: Sequence[Any], beyond: Sequence[int]) -> None:
        far = set(beyond)
        sane = [value for place, value in enumerate(values) if place not in far] if far else values
        if not self._ordered:
            near = [place for place in range(len(keys)) if place not in far]
            top = max(near, key=keys.__getitem__, default=None)
            if top is not None and is_later(values[top], self.water.read_to, self._form):
                self.water = Watermarks(None, values[top])
            return
        before = self.water.read_to
        if self._goes_on and before is not None:
            sane = [value for value in sane if not is_later(before, value, self._form)]
            self._goes_on = not sane or sane[-1] == before
        self.water = water_after(sane, self.water)
        if far:  # later values were read, so all records of the last valid value were taken
            self.water = Watermarks(self.water.read_to, self.water.read_to)


def is_beyond(key: Key, now: datetime) -> bool:
    """Tell whether a value is in the future, or infinite. `now` is UTC."""
    if isinstance(key, datetime):
        limit = now.astimezone(UTC) + MARGIN
        return key > (limit.replace(tzinfo=None) if key.tzinfo is None else limit)
    return isinstance(key, Decimal) and not key.is_finite()


def lies_beyond(value: str | None, now: datetime, form: CursorFormat) -> bool:
    """Tell whether a cursor is in the future, so that nothing would be read after it."""
    if value is None:
        return False
    try:
        (key,) = keys_of([value], form)
    except UnreadableCursorError:  # the run itself refuses it, with a message
        return False
    return is_beyond(key, now)


def water_after(values: Sequence[str], before: Watermarks) -> Watermarks:
    """Return how far an ordered read has come with a chunk's cursor values.

    `read_to` is the last value; `high` the last one after which a higher one was read, so that all
    its records are certain to be taken.
    """
    if not values:
        return before
    last = values[-1]
    lower = next((v for v in reversed(values) if v != last), None)
    if lower is None:
        lower = before.high if before.read_to == last else before.read_to
    return Watermarks(lower, last)


class PastRead(msgspec.Struct, frozen=True):
    """The highest value of a read, and its time: writers that begin later write higher values."""

    value: str
    taken_at: str


def remember_read(past: Sequence[PastRead], newest: PastRead) -> list[PastRead]:
    """Add a read to those of a stream, oldest first; of many, drop some of the older ones."""
    kept = [read for read in past if read.value != newest.value]
    kept.append(newest)
    while len(kept) > MOST_READS:
        half = len(kept) // 2
        kept = kept[:half:2] + kept[half:]
    return kept


def safe_bookmark(
    value: str | None, open_since: str | None, past: Sequence[PastRead], form: CursorFormat
) -> str | None:
    """Return the highest value, up to the one taken, below which no later commit can come.

    Args:
        open_since: when the oldest writer began that was open during the read, None for none.
        past: earlier reads of the stream. A writer that began after one of them writes values above
            what that read saw.
    """
    if value is None or open_since is None:
        return value
    begun = datetime.fromisoformat(open_since)
    if begun < NOBODY_KNOWS:
        return None
    (key,) = keys_of([value], form)
    safe = [read.value for read in past if datetime.fromisoformat(read.taken_at) < begun]
    if isinstance(key, datetime):
        stamped = begun  # no writer stamps a time before it began
        if key.tzinfo is None:  # a local time, which may be behind UTC
            stamped = begun.astimezone(UTC).replace(tzinfo=None) - BEHIND_UTC
        if key <= stamped:
            return value
        if form.pattern is None:
            is_date = form.type is CursorType.DATE
            safe.append(str(stamped.date()) if is_date else stamped.isoformat())
    best = None
    for read in safe:
        best = read if is_later(read, best, form) else best
    return value if best is not None and is_later(best, value, form) else best
