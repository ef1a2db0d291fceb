"""Which stage a run waits for, and where its records are that are tried again."""

from __future__ import annotations

import pytest

from syncline.domain.reach import StagePosition
from syncline.postgres.runs.stage_figures import StageView, slowest_of, with_retries

STAGES = ("ingest", "normalize", "transform", "execute", "finalize")


@pytest.mark.parametrize(
    ("retrying", "shown"),
    [
        ({}, [(5, 0), (0, 0), (2, 3)]),
        ({"execute": 2}, [(5, 0), (0, 0), (2, 3)]),
        ({"normalize": 1}, [(5, 1), (0, 0), (2, 2)]),
        ({"normalize": 2, "transform": 2, "execute": 2}, [(4, 2), (0, 2), (0, 2)]),
        ({"execute": 6}, [(4, 0), (0, 0), (0, 6)]),
    ],
)
def test_records_that_are_tried_again_are_inside_their_stage(
    retrying: dict[str, int], shown: list[tuple[int, int]]
) -> None:
    told = [StagePosition("normalize", 5), StagePosition("transform", 0)]
    found = with_retries([*told, StagePosition("execute", 2, 3)], retrying)
    assert [(at.before, at.inside) for at in found] == shown
    assert sum(at.before + at.inside for at in found) == 10


def stages(**here: int) -> list[StageView]:
    seconds = {"ingest": 0.2, "normalize": 0.1, "execute": 0.3}
    return [
        StageView(
            stage=name, entered=0, passed=0, before=here.get(name, 0), worked=seconds.get(name)
        )
        for name in STAGES
    ]


@pytest.mark.parametrize(
    ("here", "extracted", "slowest"),
    [
        ({"transform": 101, "execute": 50}, False, "transform"),
        ({"transform": 3, "execute": 100}, False, "ingest"),
        ({"transform": 3, "execute": 100}, True, "execute"),
        ({}, True, None),
    ],
)
def test_a_run_waits_for_the_stage_that_has_most(
    here: dict[str, int], extracted: bool, slowest: str | None
) -> None:
    found = slowest_of(stages(**here), ended=False, reading=not extracted, batch_size=100)
    assert (found and found.stage) == slowest


def test_of_a_run_that_has_ended_a_batch_was_longest_in_the_slowest() -> None:
    found = slowest_of(stages(), ended=True, reading=False, batch_size=100)
    assert found is not None
    assert found.stage == "execute"
    without = [StageView(stage=name, entered=0, passed=0) for name in STAGES]
    assert slowest_of(without, ended=True, reading=False, batch_size=100) is None
