"""A trial ends by its time or size, with words for the person who waits."""

from __future__ import annotations

from typing import Any

import pytest

from syncline.actions.trials import bounded_work
from syncline.actions.trials.bounded_work import Budget, in_thread
from syncline.actions.trials.trace import Tracer
from syncline.domain.errors import InvalidInputError
from syncline.domain.mapping.validation import parse
from syncline.telemetry.masking import Secrets

MAPPING: dict[str, Any] = {
    "entityType": "item",
    "extraction": {"table": "t", "idColumn": "id"},
    "normalization": {"fields": [{"source": "id", "target": "id", "transform": "trim"}]},
    "transformation": {"fields": [{"source": "id", "target": "id"}], "matchKey": "id"},
}


def tried(budget: Budget, records: int = 3) -> list[str]:
    tracer = Tracer(parse(MAPPING), Secrets(), budget)
    return [tracer.raw(b'{"id":"A1"}').outcome for _ in range(records)]


async def test_a_trial_within_its_budget_is_done_in_a_thread() -> None:
    assert await in_thread(tried) == ["mapped"] * 3


async def test_a_trial_that_takes_too_long_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_work, "WITHIN", -1.0)
    with pytest.raises(InvalidInputError, match="take longer than"):
        await in_thread(tried)


async def test_a_trial_that_shows_too_much_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_work, "MOST_SHOWN", 30)
    with pytest.raises(InvalidInputError, match="make more than 30 characters"):
        await in_thread(tried)
