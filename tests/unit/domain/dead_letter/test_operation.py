"""Operations: how many entries a run takes, how one ends, and whether a selection has changed."""

from __future__ import annotations

import pytest

from syncline.domain.dead_letter.operation import (
    chunk_size,
    final_state,
    run_id_of,
    selection_changed,
)


@pytest.mark.parametrize(
    ("rate", "careful", "settled", "size"),
    [
        (None, False, 0, 1000),
        (None, True, 0, 1),
        (None, True, 1, 10),
        (None, True, 3, 1000),
        (None, True, 9, 1000),
        (40.0, False, 5, 40),
        (40.0, True, 1, 10),
        (0.1, False, 0, 1),
        (5000.0, False, 0, 1000),
    ],
)
def test_how_many_entries_a_run_takes(
    rate: float | None, careful: bool, settled: int, size: int
) -> None:
    assert chunk_size(rate, careful=careful, settled=settled) == size


@pytest.mark.parametrize(
    ("counts", "stopped", "state"),
    [
        ({"success": 1, "failed": 9}, False, "done"),
        ({"discarded": 3}, False, "done"),
        ({"failed": 2, "refused": 1}, False, "failed"),
        ({"success": 1, "not_started": 2}, True, "aborted"),
    ],
)
def test_how_an_operation_ends(counts: dict[str, int], stopped: bool, state: str) -> None:
    assert final_state(counts, stopped=stopped) == state


@pytest.mark.parametrize(
    ("expected", "found", "changed"),
    [(100, 101, False), (100, 102, True), (100, 99, False), (3, 4, True), (0, 1, True)],
)
def test_a_selection_may_differ_by_one_percent(expected: int, found: int, changed: bool) -> None:
    assert selection_changed(expected, found) is changed


def test_a_chunk_has_the_same_run_whoever_asks_for_it() -> None:
    operation = "6f9c2d84-5b0e-5a6e-9d57-2f4c3b1a7e90"
    assert run_id_of(operation, 1) == run_id_of(operation, 1) != run_id_of(operation, 2)
