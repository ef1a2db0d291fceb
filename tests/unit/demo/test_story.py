from __future__ import annotations

import pytest

from syncline.contracts.events import RunStatus
from syncline.demo.player import DemoFailedError, require
from syncline.demo.story import LEFT, STEPS, Counts, PlannedReplay


def status(**changed: object) -> RunStatus:
    fields: dict[str, object] = {
        "correlation_id": "r1", "tenant": "default", "instance": "erp-shop", "entity_type": "item",
        "mode": "incremental", "trigger": "topic", "state": "succeeded", "seq": 9,
        "total": 3, "success": 2, "skipped": 1,
    }  # fmt: skip
    return RunStatus(**(fields | changed))  # type: ignore[arg-type]


def test_what_is_expected_conserves_records_and_dead_letters() -> None:
    pending = 0
    for step in STEPS:
        for run in step.runs:
            total, success, skipped, failed = run.expected
            assert total == success + skipped + failed
            if isinstance(run, PlannedReplay):
                assert len(run.source_ids) == total
                pending -= total
            pending += failed
        assert step.pending == pending, step.title
    assert pending == 0
    assert LEFT.pending == sum(run.expected.failed for run in LEFT.runs)


def test_what_came_out_as_it_must_passes() -> None:
    require(status(), Counts(3, 2, 1))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"failed": 1, "success": 1}, "total 3, success 1, skipped 1, failed 1; it must be total"),
        ({"state": "rejected", "reason": "no instance"}, "(rejected: no instance); it must be"),
        ({"total": 4, "success": 3}, "erp-shop item, run r1: total 4, success 3"),
    ],
)
def test_what_differs_is_said(changed: dict[str, object], said: str) -> None:
    with pytest.raises(DemoFailedError) as failed:
        require(status(**changed), Counts(3, 2, 1))
    assert said in str(failed.value)
