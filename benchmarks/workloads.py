"""What is measured, in which order: the tools take turns, so that a busy machine strikes all."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from statistics import median

import httpx
import msgspec

from benchmarks.checks import begin_anew, change_one_percent, difference, http_difference
from benchmarks.measurement import Cost, cpu_of, forget_peak, measured, peak_memory
from benchmarks.ours import MODES, client
from benchmarks.place import Place

OURS = "syncline"
SEQUENCE = (
    ("first load", "full", 1.0), ("idle", "incr", 0.0), ("1 % changed", "incr", 0.01),
    ("unchanged re-read", "reread", 1.0), ("all sent again", "resend", 1.0),
)  # fmt: skip
"""Workload, mode of the tools, and the share of all rows that is read."""
LATENCY_RUNS = 20


class Result(msgspec.Struct):
    """One measured run of one tool.

    Attributes:
        wall: seconds; of Syncline from the trigger to the final status event, of a command whole.
        wrong: how source and target differ afterwards, "" if they do not.
        memory: process -> peak resident MB.
        records: that were read; 0 where a record's cost says nothing.
    """

    tool: str
    workload: str
    wall: float
    cost: Cost
    wrong: str
    memory: dict[str, float] = {}
    records: int = 0


async def database_round(
    place: Place, tools: Sequence[str], *, with_latencies: bool
) -> list[Result]:
    """Let each tool load an empty table, find nothing new, find 1 %, and send all again."""
    results = []
    for tool in tools:
        begin_anew(place)
        await _command(place, tool, "reset")
        for workload, mode, share in SEQUENCE:
            if mode == "reread" and tool != OURS:
                continue  # only Syncline knows what is unchanged without sending it
            if workload == "1 % changed":
                change_one_percent(place)
            result = await measure_run(place, tool, workload, mode, int(place.rows * share))
            result.wrong = result.wrong or difference(place, tool)
            results.append(result)
        if tool == OURS and with_latencies:
            results += await _latencies(place)
    return results


async def http_round(place: Place, tools: Sequence[str]) -> list[Result]:
    """Let each tool send the CSV file to the HTTP sink, 100 records a request."""
    results = []
    async with httpx.AsyncClient(trust_env=False, base_url=place.environment["SINKURL"]) as sink:
        for tool in tools:
            await _command(place, tool, "reset")
            await sink.get("/reset")
            result = await measure_run(place, tool, "CSV to HTTP", "w2", place.rows)
            seen = (await sink.get("/stats")).json()
            result.wrong = result.wrong or http_difference(place, seen)
            results.append(result)
    return results


async def _latencies(place: Place) -> list[Result]:
    """Measure runs with nothing and with one record to do, one after the other."""
    results = []
    async with client(place.state) as connected:
        for workload, mode in (("idle run", "incr"), ("one Source ID", "one")):
            with measured(place.processes) as cost:
                runs = [await connected.run(MODES[mode]) for _ in range(LATENCY_RUNS)]
            walls, states = zip(*[(wall, status.state) for wall, status in runs], strict=True)
            cost.cpu = {name: value / LATENCY_RUNS for name, value in cost.cpu.items()}
            wrong = "" if set(states) == {"succeeded"} else ", ".join(sorted(set(states)))
            results.append(Result(OURS, workload, median(walls), cost, wrong))
    return results


async def measure_run(place: Place, tool: str, workload: str, mode: str, records: int) -> Result:
    """Measure one run of a tool, which reads so many records."""
    await _settle(place)
    for pid in place.services.values():
        forget_peak(pid)
    with measured(place.processes) as cost:
        code, cpu, peak = await _command(place, tool, mode)
    memory = {name: peak_memory(pid) for name, pid in place.services.items()}
    wall = cost.wall
    if tool == OURS:
        wall = float((place.state / "ours.inner").read_text())
        cost.other = max(cost.other - cpu, 0.0)  # the client that only waits
    else:
        cost.cpu |= {"command": cpu}
        cost.other = max(cost.other - cpu, 0.0)
        memory = {"command": peak}
    wrong = "" if code == 0 else f"exit code {code}, see {tool}.log"
    return Result(tool, workload, wall, cost, wrong, memory, records)


async def _command(place: Place, tool: str, mode: str) -> tuple[int, float, float]:
    """Run a tool's script; return its exit code, CPU seconds and peak memory in MB."""
    process = place.tool("ours" if tool == OURS else tool, mode)
    code, seconds, peak = await asyncio.to_thread(_wait, process.pid)
    process.returncode = code
    return code, seconds, peak


def _wait(pid: int) -> tuple[int, float, float]:
    _, status, usage = os.wait4(pid, 0)
    seconds = usage.ru_utime + usage.ru_stime
    return os.waitstatus_to_exitcode(status), seconds, usage.ru_maxrss / 1000


async def _settle(place: Place) -> None:
    """Let the servers finish what the last run left, and wait a little for a quiet machine."""
    place.psql("src", "-c", "checkpoint")
    for _ in range(4):
        before = sum(map(cpu_of, place.processes.values()))
        await asyncio.sleep(0.5)
        if sum(map(cpu_of, place.processes.values())) - before < 0.05:
            return
