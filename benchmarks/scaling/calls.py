"""(a) Execute against a target that takes 50 ms a call: 1, 2, 4 and 8 workers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from benchmarks.measurement import Cost, measured
from benchmarks.ours import client
from benchmarks.place import Place
from benchmarks.scaling import documents
from benchmarks.table import mark, markdown
from syncline.embedded.ports import free_port

WORKERS = (1, 2, 4, 8)
GOAL = 0.85
CALLS = 4
"""Calls at a time for each worker: what the profile of so many workers allows."""
RECORDS = 800
"""For each worker; each is a call of its own."""


@asynccontextmanager
async def slow_target(place: Place, milliseconds: int) -> AsyncIterator[httpx.AsyncClient]:
    """Start a target that takes so long for a call; the client asks it what it saw."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.scaling.slow_target", str(port)]
    process = await asyncio.create_subprocess_exec(
        *command, str(milliseconds), env=place.environment
    )
    url = f"http://127.0.0.1:{port}"
    transport = httpx.AsyncHTTPTransport(retries=10)  # until it listens
    try:
        async with httpx.AsyncClient(base_url=url, trust_env=False, transport=transport) as target:
            await target.get("/seen")
            place.processes["target"] = process.pid
            yield target
    finally:
        place.processes.pop("target", None)
        process.terminate()
        await process.wait()


async def measure(place: Place) -> str:
    """Return a table of calls a second by workers."""
    rows, first = [], 0.0
    async with slow_target(place, 50) as target, client(place.state) as ours:
        await place.apply(_documents(str(target.base_url)))
        for number, (workers, calls) in enumerate([(1, CALLS), *((w, CALLS * w) for w in WORKERS)]):
            await place.scale("execute", workers)
            await target.get("/reset")
            fields = {"instance": f"slow-{calls}", "entityType": "item", "mode": "force_full"}
            records = RECORDS * workers
            with measured(place.processes) as cost:
                seconds, status = await ours.run(fields | {"maxEntities": records})
            seen = (await target.get("/seen")).json()
            rate = records / seconds
            if number == 0:
                continue  # what runs for the first time costs more
            first = first or rate
            gain = rate / first / workers
            is_right = status.state == "succeeded" and (seen["records"], seen["twice"]) == (
                records,
                0,
            )
            rows.append(
                [
                    str(workers), str(calls), f"{rate:.0f}", f"{rate * 0.05 / calls:.0%}",
                    f"{gain:.2f} n", mark(gain >= GOAL), *_costs(cost, records),
                    "ok" if is_right else f"wrong: {seen}",
                ]
            )  # fmt: skip
        await place.scale("execute", 1)
    head = ("workers", "calls at a time", "calls a second", "of what is possible", "gain",
            f"goal {GOAL} n", "CPU ms a call, Execute", "Kafka", "PostgreSQL", "target",
            "the rest", "cores used", "check")  # fmt: skip
    return "### Execute, a target of 50 ms a call\n\n" + markdown(head, rows)


def _costs(cost: Cost, calls: int) -> list[str]:
    """Return the CPU milliseconds of a call by who spent them, and the cores in use."""
    execute = sum(cpu for name, cpu in cost.cpu.items() if name.split()[0] == "execute")
    parts = [execute, *(cost.cpu[name] for name in ("Kafka", "PostgreSQL", "target"))]
    each = [1000 * cpu / calls for cpu in (*parts, cost.total - sum(parts))]
    return [*(f"{cpu:.2f}" for cpu in each), f"{cost.total / cost.wall:.2f}"]


def _documents(url: str) -> str:
    target = {"method": "POST", "endpoint": "/items", "idempotent": True}
    parts = [documents.mapping("slow-items", "erp.item", target)]
    for workers in WORKERS:
        name = f"slow-{CALLS * workers}"
        parts += [
            documents.http_profile(name, url, CALLS * workers),
            documents.instance(name, name, "slow-items"),
        ]
    return documents.text_of(parts)
