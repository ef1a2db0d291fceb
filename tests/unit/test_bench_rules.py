"""The bench's own helpers that need no server."""

from __future__ import annotations

import pytest

from tests.support.eventually import eventually


async def test_eventually_returns_the_first_true_answer() -> None:
    answers = iter([0, None, 3])
    assert await eventually(lambda: next(answers)) == 3


async def test_eventually_takes_an_assertion_as_not_yet() -> None:
    tries: list[int] = []

    async def third_time() -> bool:
        tries.append(1)
        assert len(tries) == 3
        return True

    assert await eventually(third_time)


async def test_eventually_tells_what_it_saw_last() -> None:
    with pytest.raises(AssertionError, match=r"not within 0\.05 s; last seen: \[\]"):
        await eventually(list, within=0.05)


async def test_eventually_passes_other_errors_on_at_once() -> None:
    with pytest.raises(ZeroDivisionError):
        await eventually(lambda: 1 / 0)
