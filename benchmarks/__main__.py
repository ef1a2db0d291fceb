"""`python -m benchmarks`: measure, print the tables, and keep them in benchmarks/results."""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchmarks.place import PEERS, Place, peer_environment, place
from benchmarks.table import tables
from benchmarks.workloads import OURS, Result, database_round, http_round

RESULTS = Path(__file__).parent / "results"
DATABASE_PEERS = "sling,psql-pipe,py-asyncpg,dlt-fast"
HTTP_PEERS = "dlt-http-fast"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of each tool (3)")
    parser.add_argument("--rows", type=int, default=200_000, help="in the data set (200000)")
    parser.add_argument("--only", default="database,latency,http", help="which parts")
    parser.add_argument("--peers", default=f"{DATABASE_PEERS},{HTTP_PEERS}", help="which peers")
    return parser.parse_args()


async def measure(asked: argparse.Namespace) -> list[Result]:
    peers = asked.peers.split(",")
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="syncline-bench-") as folder:
        async with place(Path(folder) / "place", asked.rows) as running:
            for number in range(asked.runs):
                print(f"round {number + 1} of {asked.runs}", flush=True)
                results += await _round(running, asked.only.split(","), peers)
    return results


async def _round(running: Place, parts: list[str], peers: list[str]) -> list[Result]:
    results: list[Result] = []
    if "database" in parts:
        tools = [OURS, *(p for p in DATABASE_PEERS.split(",") if p in peers)]
        results += await database_round(running, tools, with_latencies="latency" in parts)
    if "http" in parts and "sink" in running.processes:
        tools = [OURS, *(p for p in HTTP_PEERS.split(",") if p in peers)]
        results += await http_round(running, tools)
    for result in results:
        print(f"  {result.tool:14} {result.workload:18} {result.wall:7.2f} s  {result.wrong}")
    return results


def main() -> None:
    asked = arguments()
    at = datetime.now(UTC)  # noqa: TID251 - names the files
    if asked.peers:
        environment = os.environ | peer_environment()
        subprocess.run(["bash", PEERS / "install.sh"], env=environment, check=True)
    results = asyncio.run(measure(asked))
    text = (
        f"# {asked.rows:,} rows, {asked.runs} runs, {at:%Y-%m-%d %H:%M} UTC, "
        f"{os.cpu_count()} processors\n\n{tables(results)}"
    )
    RESULTS.mkdir(exist_ok=True)
    name = f"{at:%Y%m%d-%H%M%S}"
    (RESULTS / f"{name}.json").write_bytes(msgspec.json.encode(results))
    (RESULTS / f"{name}.md").write_text(text)
    print(f"\n{text}\nkept as {RESULTS.name}/{name}.md and .json")


if __name__ == "__main__":
    main()
