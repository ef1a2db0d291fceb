"""What a run tells of itself that is no failure: one notice a code, counted while it reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from syncline.domain.mapping.extraction import Extraction
from syncline.domain.run import Mode, Notice, Run

SHOWN = 10
"""Source IDs that a notice names."""
CAPPED = "capped"
FUTURE = "cursor_in_future"
HELD_BACK = "cursor_held_back"
WAITING = "waiting_in_dlq"
WITHOUT_CURSOR = "without_cursor"
DUPLICATES = "duplicate_ids"
READ_AGAIN = "read_again"
POSITION = "position_expired"


class RunNotices:
    """Collects the notices of one run; what was told before a break goes on."""

    def __init__(self, run: Run, extraction: Extraction) -> None:
        self._run = run
        self._column = extraction.cursor_column
        self._id = extraction.id_column
        self._notices = {notice.code: notice for notice in run.notices}
        self._fresh: set[str] = set()

    def fresh(self) -> list[Notice]:
        """Return what is new since the last time, as it stands now."""
        codes, self._fresh = sorted(self._fresh), set()
        return [self._notices[code] for code in codes]

    def begin_again(self) -> None:
        """Count anew: the source is read from its beginning once more."""
        for code in (WAITING, WITHOUT_CURSOR, FUTURE, DUPLICATES):
            if code in self._notices:
                notice = self._notices[code]
                self._notices[code] = msgspec.structs.replace(notice, count=0, source_ids=())

    def take(self, notices: Iterable[Notice]) -> None:
        """Take what the source itself tells."""
        for notice in notices:
            self._notices[notice.code] = notice
            self._fresh.add(notice.code)

    def capped(self, cap: int) -> None:
        words = f"Max Entities {cap:,} was reached and the source has more: "
        goes_on = "the next run goes on behind what was taken"
        if self._run.mode is Mode.FORCE_FULL:
            goes_on = "Force Full begins anew each time and takes the same records; leave it away"
        self._add(CAPPED, words + goes_on)

    def in_future(self, source_ids: Sequence[str]) -> None:
        self._count(
            FUTURE,
            f"values of `{self._column}` that lie in the future or are infinite never become the "
            "cursor: every run reads these records again until they are corrected",
            source_ids,
        )

    def waiting(self, source_ids: Sequence[str]) -> None:
        self._count(
            WAITING,
            "records that failed before and have not changed were not tried again: they wait in "
            "the DLQ for a person",
            source_ids,
        )

    def without_cursor(self, source_ids: Sequence[str]) -> None:
        self._count(
            WITHOUT_CURSOR,
            f"records without a value in `{self._column}` have no place behind the cursor: every "
            "run reads them again",
            source_ids,
        )

    def duplicates(self, source_ids: Sequence[str]) -> None:
        self._count(
            DUPLICATES,
            f"the source gives several rows with one ID: `{self._id}` does not name a record; each "
            "was taken, and the last one stands at the target",
            source_ids,
        )

    def held_back(self, since: str, value: str | None) -> None:
        stays = f"stops at {value}" if value else "stays"
        self._add(
            HELD_BACK,
            f"a transaction is open at the source since {since} and may still commit older rows: "
            f"the cursor {stays}, and the next run reads again what lies behind it",
        )

    def read_again(self, count: int, some: Sequence[str], *, stable: bool) -> None:
        how = " in an order that stands still" if stable else ""
        self._add(
            READ_AGAIN,
            "the source gave records twice, so that it may have passed over others: it was read "
            f"again{how}",
            count,
            tuple(some),
        )

    def position_expired(self) -> None:
        self._add(
            POSITION,
            "the source did not know any more where the read stood, as page tokens live for a "
            "while only: the read began again",
        )

    def _add(
        self, code: str, message: str, count: int = 0, source_ids: tuple[str, ...] = ()
    ) -> None:
        self.take([Notice(code, message, count, source_ids)])

    def _count(self, code: str, message: str, source_ids: Sequence[str]) -> None:
        if not source_ids:
            return
        known = self._notices.get(code)
        count, names = (known.count, known.source_ids) if known else (0, ())
        shown = tuple(dict.fromkeys([*names, *source_ids[:SHOWN]]))[:SHOWN]
        self._add(code, message, count + len(source_ids), shown)
