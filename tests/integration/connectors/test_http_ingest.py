"""Ingest reads on over an API's passing faults, and stops at what does not pass."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from syncline.connectors.http import HttpConnector
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.retry import RetryPolicy
from syncline.testing.clock import FakeClock
from syncline_ingest.reading.chunks import Source, SourceError
from tests.support.limits import NoLimits
from tests.support.scripted_api import Call, Said, Script, item, reading, scripted

PAGES = [[item(2 * n), item(2 * n + 1)] for n in range(5)]
ALL = [str(n) for n in range(10)]
PAGINGS: dict[str, dict[str, Any]] = {
    "page": {"type": "page"},
    "cursor": {"type": "cursor", "parameter": "c", "next": "next"},
}


class Impatient(FakeClock):
    """Notes for how long somebody would have slept."""

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def five(call: Call) -> dict[str, Any]:
    n = int(call.query.get("c") or int(call.query.get("page", 1)) - 1)
    return {"data": PAGES[n] if n < 5 else [], "next": str(n + 1) if n < 4 else None}


def torn(said: Said, times: int) -> Script:
    """Answer the third request and the ones behind it otherwise, so many times."""
    return lambda call: said if 2 <= call.number < 2 + times else five(call)


def hashes(rows: Sequence[bytes], _layout: bytes = b"") -> list[str]:
    return [str(hash(row)) for row in rows]


async def read(
    connector: HttpConnector, extraction: Extraction, clock: FakeClock, taken: list[str]
) -> None:
    source = Source(connector, extraction, RetryPolicy(), clock, NoLimits())
    async for chunk in source.read(None, None, 2000, hashes):
        taken += chunk.rows.ids


WHOLE = msgspec.json.encode(five(Call(2, "/items", {"c": "2"})))
PASSING = {
    "nothing": Said(b""),
    "no content": Said(b"", status=204),
    "half": Said(WHOLE[:-20]),
    "a torn packing": Said(gzip.compress(WHOLE)[:-9], headers=[("Content-Encoding", "gzip")]),
    "a cut body": Said(WHOLE, cut=10),
    "null": Said(b"null"),
    "a page for people": Said(b"<html>maintenance"),
}


@pytest.mark.parametrize("said", PASSING.values(), ids=PASSING)
@pytest.mark.parametrize("paging", PAGINGS.values(), ids=PAGINGS)
async def test_a_fault_that_passes_costs_no_record(paging: dict[str, Any], said: Said) -> None:
    clock, taken = Impatient(), list[str]()
    async with scripted(torn(said, 3)) as (_, connector):
        await read(connector, reading(paging), clock, taken)

    assert taken == ALL
    assert len(clock.slept) == 3


@pytest.mark.parametrize("said", PASSING.values(), ids=PASSING)
async def test_a_fault_that_stays_fails_the_read(said: Said) -> None:
    taken: list[str] = []
    async with scripted(torn(said, 100)) as (api, connector):
        with pytest.raises(SourceError):
            await read(connector, reading(PAGINGS["page"]), Impatient(), taken)
        assert len(api.calls) == 6

    assert taken == ALL[:4]
