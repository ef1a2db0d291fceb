"""When a run is over the failure budget of its instance, and what is said of it."""

from __future__ import annotations

import pytest

from syncline.domain.failure_budget import FailureBudget, attention_reason


@pytest.mark.parametrize(
    ("budget", "failed", "records", "limit"),
    [
        (FailureBudget(), 1_000, 1_000, None),
        (FailureBudget(count=0), 1, 1, "0 records"),
        (FailureBudget(count=1_000), 1_000, 1_000, None),
        (FailureBudget(count=1_000), 1_001, 900_000, "1,000 records"),
        (FailureBudget(percent=5), 1, 1, None),  # the first failure of a run is not all of it
        (FailureBudget(percent=5), 99, 99, None),
        (FailureBudget(percent=5), 5, 100, None),
        (FailureBudget(percent=5), 6, 100, "5 %"),
        (FailureBudget(percent=0.1), 1_001, 1_000_000, "0.1 %"),
        (FailureBudget(count=10, percent=50), 11, 100, "10 records"),
        (FailureBudget(count=1_000, percent=50), 51, 100, "50 %"),
    ],
)
def test_what_is_exceeded(
    budget: FailureBudget, failed: int, records: int, limit: str | None
) -> None:
    assert budget.exceeded(failed, records) == limit


def test_the_reason_names_the_largest_groups_of_failures() -> None:
    groups = [(1_200, "no unit 'crate'"), (4, "x" * 1_000)]
    reason = attention_reason(1_204, 0, 20_000, "5 %", groups)
    assert reason == (
        "1,204 of 20,000 records failed, more than the failure budget of 5 %: "
        f"1,200 of them: no unit 'crate'; 4 of them: {'x' * 200}"
    )


def test_it_tells_what_a_person_has_accepted_before() -> None:
    reason = attention_reason(9, 5, 20, "3 records", [])
    assert reason.startswith("9 of 20 records failed (5 of them were accepted), more than the ")
