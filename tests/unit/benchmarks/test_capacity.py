"""The capacity model says what the page about scaling says."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.scaling.capacity import Load, table

PAGE = (Path(__file__).parents[3] / "docs" / "scaling.md").read_text().splitlines()


@pytest.mark.parametrize(
    "load",
    [
        Load("items", 1e6, 1e4, known=1e6),
        Load("items", 1e7, 1e5, known=1e7),
        Load("items", 1e8, 1e6, known=1e8),
        Load("orders", 1e7, 1e5, known=1e7),
    ],
    ids=lambda load: f"{load.records:,.0f} {load.shape}",
)
def test_the_page_has_what_the_program_computes(load: Load) -> None:
    day, cores, _, *disks = _cells(table([load]).splitlines()[-1])
    (on_the_page,) = [_cells(line) for line in PAGE if line.startswith(f"| {day} ")]
    assert [*on_the_page[:2], *on_the_page[3:]] == [day, cores, *disks]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
