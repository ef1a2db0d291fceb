"""Execute is scaled while it works: the short form of `python -m benchmarks.scaling`."""

from __future__ import annotations

from benchmarks.place import place
from benchmarks.scaling import elastic
from tests.support.folders import server_folder

ROWS, SLOW = 10_000, 100
"""A run that is still going on when more processes have started: 100 calls of so many ms."""


async def test_execute_goes_to_three_processes_and_back_within_a_run() -> None:
    async with server_folder("bench") as folder, place(folder, ROWS) as made:
        table = await elastic.measure(made, ROWS, SLOW)
        assert made.count_of("execute") == 1
    assert [cell.strip() for cell in table.splitlines()[-1].split("|")][-2] == "ok", table
