"""What an extraction leaves in the database, with every chunk and at its end."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.domain.cursor.bookmark import PastRead
from syncline.domain.record import JsonObject, TiedRows, Watermarks
from syncline.domain.run import Notice


class Checkpoint(msgspec.Struct, frozen=True):
    """What Ingest notes with a chunk, for a process that goes on behind it.

    Attributes:
        before: the position behind the batches that are known to be published.
        reading: whatever else it must know, as builtins.
        notices: what the run tells of itself as it stands now; each takes the place of the one
            with its code.
    """

    before: str | None = None
    reading: JsonObject | None = None
    notices: Sequence[Notice] = ()


class ReadFindings(msgspec.Struct, frozen=True):
    """What a read found: see `stream_reads`."""

    reads: list[PastRead]
    properties: dict[str, list[str]]


class ExtractionEnd(msgspec.Struct, frozen=True):
    """What the end of an extraction leaves behind.

    Attributes:
        water: how far the cursor may go.
        tied: the rows at the highest value read: the next run reads them again.
        notices: what the run tells of itself.
        found: what the stream's next read should know of this one.
    """

    water: Watermarks = Watermarks()
    tied: TiedRows | None = None
    notices: Sequence[Notice] = ()
    found: ReadFindings | None = None
