"""(c) Execute scaled from 1 to 3 processes and back during a run."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any

import httpx

from benchmarks.ours import client
from benchmarks.place import Place
from benchmarks.scaling import documents
from benchmarks.scaling.calls import slow_target
from benchmarks.table import mark, markdown

GOAL = 5.0
"""Seconds without a call at most."""
STEPS = ((0.2, 3), (0.6, 1))
"""At which share of the records how many processes are to run."""


async def measure(place: Place, rows: int, milliseconds: int = 20) -> str:
    """Return what the target saw, and the longest time without a call after each step.

    Args:
        milliseconds: that the target takes for a call of a hundred records.
    """
    async with slow_target(place, milliseconds) as target, client(place.state) as ours:
        await place.apply(_documents(str(target.base_url)))
        fields = {"instance": "elastic", "entityType": "item", "mode": "force_full"}
        run = asyncio.ensure_future(ours.run(fields))
        watch = asyncio.ensure_future(_longest_gaps(target, run))
        for share, count in STEPS:
            while not run.done() and await _records(target) < share * rows:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            await place.scale("execute", count)
        seconds, status = await run
        gaps = await watch
        seen = (await target.get("/seen")).json()
    is_right = status.state == "succeeded" and (seen["records"], seen["twice"]) == (rows, 0)
    row = [
        f"{rows:,}", f"{seconds:.1f}", f"{gaps[0]:.1f}, {gaps[1]:.1f}, {gaps[2]:.1f}",
        mark(gaps[0] <= GOAL), "ok" if is_right else f"wrong: {status.state}, {seen}",
    ]  # fmt: skip
    head = (
        "records",
        "seconds",
        "longest times without a record, s",
        f"goal {GOAL:.0f} s",
        "check",
    )
    return "### Execute 1 → 3 → 1 during a run\n\n" + markdown(head, [row])


async def _records(target: httpx.AsyncClient) -> int:
    return int((await target.get("/seen")).json()["records"])


async def _longest_gaps(target: httpx.AsyncClient, run: asyncio.Future[Any]) -> list[float]:
    """Return the three longest times in which no record came to the target, longest first."""
    gaps, seen, since = [0.0, 0.0, 0.0], 0, perf_counter()
    while not run.done():
        now, count = perf_counter(), await _records(target)
        if count != seen:
            gaps.append(now - since)
            seen, since = count, now
        await asyncio.sleep(0.05)
    return sorted(gaps, reverse=True)[:3]


def _documents(url: str) -> str:
    target = {"method": "POST", "endpoint": "/items", "bulkSize": 100, "idempotent": True}
    return documents.text_of(
        [
            documents.mapping("elastic-items", "erp.item", target),
            documents.http_profile("elastic", url, 4),
            documents.instance("elastic", "elastic", "elastic-items"),
        ]
    )
