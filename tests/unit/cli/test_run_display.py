"""What the command line shows of a run while it goes on: a state, and only what is so now."""

from __future__ import annotations

from datetime import timedelta

import pytest

from syncline.cli.program.texts import state_label, whereabouts
from syncline.cli.runs.run_display import headline
from syncline.domain.reach import StagePosition
from syncline.testing.clock import EPOCH
from tests.support.run_status import run_status

SOON, OVER = ((EPOCH + timedelta(seconds=s)).isoformat() for s in (40, -1))


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"state": "extracting"}, "Extracting"),
        ({"waiting_until": SOON}, "Waiting"),
        ({"waiting_until": OVER}, "In Progress"),
        ({"waiting_until": SOON, "paused_by": "ann"}, "Paused"),
        ({"paused_by": "ann", "needs_attention": "3 failed"}, "Needs Attention"),
        ({"cancel_requested_by": "ann", "waiting_until": SOON}, "Cancelling"),
        ({"cancel_requested_by": "ann", "state": "cancelled"}, "Cancelled"),
    ],
)
def test_a_run_shows_what_holds_it_until_it_has_ended(fields: dict[str, str], shown: str) -> None:
    assert state_label(run_status(**fields), EPOCH) == shown


def told(rate: float, silent: float = 0.0, **fields: object) -> str:
    status = run_status(total=100, in_flight=40, extracted=True, **fields)
    return headline(status, EPOCH, 12.0, rate, silent)


def test_time_left_is_told_of_a_run_that_moves() -> None:
    assert told(20.0).endswith("20 records/s · about 2.0 s left")
    assert "left" not in told(20.0, cancel_requested_by="ann")
    assert "left" not in told(20.0, paused_by="ann")
    assert "left" not in told(20.0, waiting_until=SOON)
    assert "left" not in told(0.0)


def test_what_a_run_waits_for_is_told_and_silence_too() -> None:
    reason = "40 records waiting until 12:00: shop asks to wait"
    assert told(0.0, 30.0, waiting_until=SOON, reason=reason).endswith(
        f"Waiting · 12.0 s · {reason}"
    )
    assert told(0.0, paused_by="ann").endswith("by ann")
    assert told(0.0, 12.0).endswith("no word for 12 s")
    assert "no word" not in told(0.0, 5.0)
    assert "no word" not in told(0.0, 30.0, paused_by="ann")


def test_where_records_in_flight_are_is_told_of_stages_that_have_some() -> None:
    shown = [StagePosition("normalize", 1200), StagePosition("transform", 0)]
    shown.append(StagePosition("execute", 300, 50))
    assert whereabouts(shown) == "1,200 before normalize, 300 before execute, 50 in execute"
    assert whereabouts([]) == whereabouts(None) == ""
