"""A target in memory that refuses, fails and loses answers."""

from __future__ import annotations

from collections import defaultdict
from random import Random
from typing import Any

import msgspec

from syncline.connectors.port import (
    Capabilities,
    ConnectorError,
    LookupResult,
    WriteBatch,
    WriteResult,
)
from syncline.domain.errors import Category, Failure

REFUSED = 7
"""The last digit of the numbers that the target refuses."""
BUSY = Failure(Category.TRANSIENT, "http_503", "busy")
LOST = Failure(Category.TRANSIENT, "connection_lost", "no answer", ambiguous=True)
NO = Failure(Category.PERMANENT, "rejected", "the target said no")


class SimulatedTarget:
    """Has rows with a code and a number.

    Attributes:
        upserts: it finds a row by its code; otherwise a second creation is a second row.
        trouble: share of the calls that come to nothing, and of those whose answer is lost.
        rows: by their ID; code and number.
        written: the numbers that a code has had, one behind the other; where it does not upsert
            also the same one again.
    """

    def __init__(self, random: Random, *, upserts: bool, trouble: float) -> None:
        self._random = random
        self.trouble = trouble
        self.rows: dict[str, tuple[str, int]] = {}
        self.written: dict[str, list[int]] = defaultdict(list)
        self.capabilities = Capabilities(
            target=True,
            idempotent_upsert=upserts,
            lookup=True,
            read_back=not upserts,
            lookup_first=not upserts,
            bulk_size=random.choice((1, 3, 10)),
            lookup_size=3,
        )

    async def write(self, batch: WriteBatch) -> WriteResult:
        if self._random.random() < self.trouble:
            raise ConnectorError(BUSY)
        result = WriteResult([None] * len(batch.source_ids))
        for place, (payload, known) in enumerate(
            zip(batch.payloads, batch.target_ids, strict=True)
        ):
            record = msgspec.json.decode(payload)
            if record["count"] % 10 == REFUSED:
                result.failures[place] = NO
            else:
                result.target_ids[place] = self._store(record, known)
        if self._random.random() < self.trouble:
            raise ConnectorError(LOST)
        return result

    def _store(self, record: dict[str, Any], known: str | None) -> str:
        code, number = record["code"], record["count"]
        if known is None and self.capabilities.idempotent_upsert:
            known = self.ids_of(code)[0] if self.ids_of(code) else None
        row = known or f"r{len(self.rows)}"
        if not self.capabilities.idempotent_upsert or self.rows.get(row) != (code, number):
            self.written[code].append(number)
        self.rows[row] = (code, number)
        return row

    async def lookup(self, batch: WriteBatch) -> LookupResult:
        if self._random.random() < self.trouble:
            raise ConnectorError(BUSY)
        result = LookupResult([None] * len(batch.source_ids))
        for place, payload in enumerate(batch.payloads):
            record = msgspec.json.decode(payload)
            if found := self.ids_of(record["code"]):
                result.target_ids[place] = found[0]
                result.holds[place] = self.rows[found[0]][1] == record["count"]
        return result

    def ids_of(self, code: str) -> list[str]:
        """Return the IDs of the rows with a code."""
        return [row for row, (own, _) in self.rows.items() if own == code]
