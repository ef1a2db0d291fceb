"""The rows at or after a cursor, for sources that cannot select by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from syncline.connectors.pages import ExtractRequest
from syncline.domain.cursor.values import CursorFormat, Key, UnreadableCursorError, keys_of


class Window:
    """Chooses rows by their cursor values; a row without one is always read."""

    def __init__(self, request: ExtractRequest) -> None:
        extraction = request.extraction
        self._after = request.after if extraction.cursor_column else None
        self._form = CursorFormat(extraction.cursor_type, extraction.cursor_format)
        self._start = self._begin(extraction.lookback)

    def kept(self, cursors: Sequence[str | None]) -> list[bool]:
        """Tell which rows lie in the window.

        All of them do where a value does not fit the cursor's type: the caller refuses that value
        by name, and no row is left out by a comparison that means nothing.
        """
        if self._start is None:
            return [True] * len(cursors)
        try:
            keys = keys_of([c for c in cursors if c is not None], self._form, self._after)
        except UnreadableCursorError:  # all are read: the reader refuses the value by name
            return [True] * len(cursors)
        read = iter(keys)
        return [c is None or next(read) >= self._start for c in cursors]  # type: ignore[operator]

    def _begin(self, lookback: float) -> Key | None:
        """Return the cursor value that the window begins at; None where everything is read."""
        if self._after is None:
            return None
        try:
            (begin,) = keys_of([self._after], self._form)
        except UnreadableCursorError:
            return None  # written by an older mapping: what it means is not guessed
        if not isinstance(begin, datetime):
            return begin
        try:
            return begin - timedelta(seconds=lookback)
        except OverflowError:
            return None  # before the first year there is
