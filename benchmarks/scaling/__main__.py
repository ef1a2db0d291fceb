"""Scale stages and streams on this machine, and print what that gains and costs."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.checks import begin_anew
from benchmarks.place import place
from benchmarks.scaling import calls, drain, elastic, history, schedules, storage

PARTS = ("calls", "drain", "elastic", "storage", "schedules", "history")


async def main(arguments: argparse.Namespace) -> None:
    only = arguments.only.split(",")
    with tempfile.TemporaryDirectory() as folder:
        async with place(Path(folder) / "bench", arguments.rows) as made:
            begin_anew(made)
            if "calls" in only:
                show(await calls.measure(made))
            if "elastic" in only:
                show(await elastic.measure(made, arguments.rows))
            if "storage" in only:
                show(await storage.measure(made))
            if "schedules" in only:
                show(await schedules.measure(made, arguments.minutes))
            if "history" in only:
                show(await history.measure(made))
    if "drain" in only:
        with tempfile.TemporaryDirectory() as folder:
            async with place(Path(folder) / "bench", arguments.rows) as made:
                show(await drain.measure(made))


def show(table: str) -> None:
    sys.stdout.write(f"{table}\n(load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores)\n\n")
    sys.stdout.flush()


parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
parser.add_argument("--rows", type=int, default=1_000_000, help="records of the elastic run")
parser.add_argument("--minutes", type=int, default=10, help="that schedules fire in")
parser.add_argument("--only", default=",".join(PARTS), help=f"parts of {','.join(PARTS)}")
asyncio.run(main(parser.parse_args()))
