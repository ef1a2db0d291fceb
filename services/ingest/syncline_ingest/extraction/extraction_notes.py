"""What an extraction notes with every chunk, so that a process that goes on knows where it is."""

from __future__ import annotations

from datetime import datetime

import msgspec

from syncline.connectors.port import SourceSnapshot
from syncline.domain.mapping.source_paths import NameCoverage
from syncline.domain.record import JsonObject
from syncline_ingest.extraction.run_notices import SHOWN


class ReadState(msgspec.Struct, omit_defaults=True):
    """The state of a read beside its position.

    Attributes:
        work: records taken that needed work; Max Entities counts them.
        after: the cursor value that this pass over the source reads from; None for the run's own.
        again: how many passes there were before this one.
        stable: this pass reads in an order that stands still.
        stuck: times that a read began again without having come further.
        reached: records discovered when it last began again.
        doubted: an earlier pass may have passed over records.
        repeats: records that this pass gave twice; `repeated` are some of them.
        taken_at, open_since: the newest moment the source was seen at, and the oldest writer.
        some, every: properties that some records had, and that all of them had.
    """

    work: int = 0
    after: str | None = None
    again: int = 0
    stable: bool = False
    stuck: int = 0
    reached: int = 0
    doubted: bool = False
    repeats: int = 0
    repeated: list[str] = []
    taken_at: str | None = None
    open_since: str | None = None
    some: list[str] = []
    every: list[str] | None = None

    def see(self, snapshot: SourceSnapshot) -> None:
        """Note a moment at which the source was seen."""
        self.taken_at = _outer(self.taken_at, snapshot.taken_at, newest=True)
        if snapshot.open_since is not None:
            self.open_since = _outer(self.open_since, snapshot.open_since, newest=False)

    def repeat(self, source_id: str) -> None:
        """Note a record that came twice."""
        self.repeats += 1
        if len(self.repeated) < SHOWN:
            self.repeated = [*self.repeated, source_id]

    def have(self, had: NameCoverage) -> None:
        """Note which properties the records of a chunk had."""
        self.some = sorted(had.some.union(self.some))
        self.every = sorted(had.every if self.every is None else had.every & set(self.every))

    def builtins(self) -> JsonObject:
        """Return it as the run row keeps it."""
        plain: JsonObject = msgspec.to_builtins(self)
        return plain


def _outer(known: str | None, other: str, *, newest: bool) -> str:
    if known is None or known == other:
        return other
    later, sooner = (
        (known, other)
        if datetime.fromisoformat(known) > datetime.fromisoformat(other)
        else (other, known)
    )
    return later if newest else sooner
