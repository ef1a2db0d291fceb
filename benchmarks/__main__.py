"""`python -m benchmarks`: measure, print the tables, and keep them in benchmarks/results."""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchmarks import scale
from benchmarks.place import PEERS, Place, peer_environment, place
from benchmarks.shapes import SHAPES, shape_round
from benchmarks.table import tables
from benchmarks.workloads import OURS, Result, database_round, http_round

RESULTS = Path(__file__).parent / "results"
DATABASE_PEERS = "sling,psql-pipe,py-asyncpg,dlt-fast"
HTTP_PEERS = "dlt-http-fast"
PARTS = "database,latency,http,orders,documents"
SCALE = "scale"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of each tool (3)")
    parser.add_argument("--rows", type=int, default=200_000, help="in the data set (200000)")
    parser.add_argument("--only", default=PARTS, help=f"which parts of {PARTS}; or scale alone")
    parser.add_argument("--peers", default=f"{DATABASE_PEERS},{HTTP_PEERS}", help="which peers")
    asked = parser.parse_args()
    parts = set(asked.only.split(","))
    if parts != {SCALE} and (unknown := parts - set(PARTS.split(","))):
        parser.error(f"--only: no part is called {sorted(unknown)[0]!r}; there are {PARTS}")
    if "latency" in parts and "database" not in parts:
        parser.error("--only: latency is measured on what database has loaded; ask for both")
    return asked


async def measure(asked: argparse.Namespace) -> list[Result]:
    results: list[Result] = []
    series = asked.only == SCALE
    rows = scale.most_rows(asked.rows) if series else asked.rows
    with tempfile.TemporaryDirectory(prefix="syncline-bench-") as folder:
        async with place(Path(folder) / "place", rows) as running:
            for number in range(asked.runs):
                print(f"round {number + 1} of {asked.runs}", flush=True)
                if series:
                    done = await scale.scale_round(running, asked.rows, warm=number > 0)
                else:
                    done = await _round(running, asked.only.split(","), asked.peers.split(","))
                for result in done:
                    told = f"{result.tool:14} {result.workload:27} {result.wall:7.2f} s"
                    print(f"  {told}  {result.wrong}")
                results += done
    return results


async def _round(running: Place, parts: list[str], peers: list[str]) -> list[Result]:
    results: list[Result] = []
    if "database" in parts:
        tools = [OURS, *(p for p in DATABASE_PEERS.split(",") if p in peers)]
        results += await database_round(running, tools, with_latencies="latency" in parts)
    if "http" in parts and "sink" in running.processes:
        tools = [OURS, *(p for p in HTTP_PEERS.split(",") if p in peers)]
        results += await http_round(running, tools)
    for name in SHAPES:
        if name in parts:
            results.append(await shape_round(running, name))
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
        f"{os.cpu_count()} processors\n\n"
        f"`python -m benchmarks {shlex.join(sys.argv[1:])}`\n\n{tables(results)}"
    )
    if asked.only == SCALE:
        text += f"\n{scale.table(results)}"
    RESULTS.mkdir(exist_ok=True)
    name = f"{at:%Y%m%d-%H%M%S}"
    (RESULTS / f"{name}.json").write_bytes(msgspec.json.encode(results))
    (RESULTS / f"{name}.md").write_text(text)
    print(f"\n{text}\nkept as {RESULTS.name}/{name}.md and .json")


if __name__ == "__main__":
    main()
