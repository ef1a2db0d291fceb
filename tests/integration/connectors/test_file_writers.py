"""Several processes write one file, and any of them may be killed between any two steps."""

from __future__ import annotations

import asyncio
import csv
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

WRITER = """
import asyncio, os, sys
from hashlib import blake2b
from syncline.connectors.file import FileConnector
from syncline.connectors.port import Surroundings, WriteBatch

root, ending, first, count, die_at = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
calls, plain = 0, os.fsync

def fsync(handle):
    global calls
    calls += 1
    if calls == die_at:
        os.kill(os.getpid(), 9)
    plain(handle)
    if calls == die_at - 1000:
        os.kill(os.getpid(), 9)

os.fsync = fsync

async def main():
    connector = FileConnector({"folder": root}, {}, Surroundings(folders=(root,)))
    for start in range(first, first + count, 10):
        payloads = [b'{"id":"%d","name":"n"}' % n for n in range(start, start + 10)]
        keys = [blake2b(p, digest_size=16).hexdigest() for p in payloads]
        batch = WriteBatch("t", "item", "r1", keys, payloads, [None] * 10, keys, ("id",),
                           {"path": "{correlationId}." + ending}, ("id", "name"))
        assert not (await connector.write(batch)).failures

asyncio.run(main())
"""


def writer(root: Path, ending: str, first: int, count: int, die_at: int = 0) -> list[str]:
    numbers = [str(n) for n in (first, count, die_at)]
    return [sys.executable, "-c", WRITER, str(root), ending, *numbers]


def ids(root: Path, ending: str) -> list[int]:
    path = root / f"r1.{ending}"
    if ending == "xml":
        return sorted(int(item[0].text or "") for item in ET.parse(path).getroot())
    with path.open(newline="") as file:
        return sorted(int(row["id"]) for row in csv.DictReader(file, strict=True))


@pytest.mark.parametrize("ending", ["csv", "xml"])
async def test_processes_write_one_after_the_other(tmp_path: Path, ending: str) -> None:
    started = [
        await asyncio.create_subprocess_exec(*writer(tmp_path, ending, first, 200))
        for first in (0, 200, 400, 100)  # the last repeats what others write
    ]

    assert [await process.wait() for process in started] == [0] * 4
    assert ids(tmp_path, ending) == list(range(600))


@pytest.mark.parametrize(("ending", "after"), [("csv", 1000), ("xml", 0)])
@pytest.mark.parametrize("step", range(1, 9))
def test_a_killed_writer_loses_nothing_and_writes_nothing_twice(
    tmp_path: Path, ending: str, step: int, after: int
) -> None:
    killed = subprocess.run(writer(tmp_path, ending, 0, 30, step + after), check=False)
    subprocess.run(writer(tmp_path, ending, 0, 30), check=True)

    assert killed.returncode == -9
    assert ids(tmp_path, ending) == list(range(30))
