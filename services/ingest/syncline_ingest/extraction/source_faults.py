"""Why a source cannot be believed, in words for the person who has to correct it. Pure."""

from __future__ import annotations

from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.record import Watermarks
from syncline_ingest.extraction.extraction_notes import ReadState

EXPIRED = "position_expired"
"""The code by which a connector says that a position means nothing to the source any more."""
_UNTOLD = frozenset({"not_in_order", "records_missing"})


def how_far(water: Watermarks, failure: Failure | None) -> Watermarks:
    """Say how far the cursor may go after a read that failed.

    Nowhere, where what was read tells nothing of what was passed over on the way: a lower value
    that came behind a higher one is not the only one that comes late, and of the records that an
    API has and did not give nobody knows where they lie.
    """
    return Watermarks() if failure is not None and failure.code in _UNTOLD else water


def unreadable(extraction: Extraction, source_id: str, why: str) -> Failure:
    """Say that a cursor value is not what the mapping says it is."""
    column = extraction.cursor_column
    message = f"record {source_id[:80]!r}: the cursor column `{column}`: {why}"
    return Failure(Category.PERMANENT, "cursor_unreadable", message, field=column)


def not_in_order(extraction: Extraction, source_id: str, why: str) -> Failure:
    """Say that a read that should be in the order of its cursor is not."""
    column = extraction.cursor_column
    message = (
        f"record {source_id[:80]!r}: {why}: the source does not give its records in the order "
        f"of `{column}`, so the cursor cannot follow it. Sort them there, or leave `ordered` away"
    )
    return Failure(Category.PERMANENT, "not_in_order", message, field=column)


def unstable(extraction: Extraction, state: ReadState) -> Failure:
    """Say that records came twice, also in a second read."""
    message = (
        f"the source gave {state.repeats} records twice, such as {state.repeated[0][:80]!r}, also "
        "when it was read again: its order changes while it is read, so that other records are "
        f"passed over. Sort it by `{extraction.id_column}`, alone or behind the cursor"
    )
    return Failure(Category.PERMANENT, "unstable_order", message)


def lost_place(times: int) -> Failure:
    """Say that the source forgets its positions sooner than a read can use them."""
    message = (
        f"the source did not know any more where the read stood, {times} times without a record in "
        "between: its page tokens live too short. Ask for smaller pages, read by page or offset, "
        "or name a cursor and set `ordered`"
    )
    return Failure(Category.PERMANENT, EXPIRED, message)
