"""What becomes of a failure: the one table. Spec section 3, Retry."""

from __future__ import annotations

import pytest

from syncline.domain.errors import Category, Failure
from syncline.domain.retry import GiveUp, Retry, RetryPolicy, dispose

DEFAULT = RetryPolicy()


def failure(category: Category, retry_after: float | None = None) -> Failure:
    return Failure(category, "code", "message", retry_after=retry_after)


@pytest.mark.parametrize("category", [Category.TRANSIENT, Category.UNKNOWN])
@pytest.mark.parametrize(("attempt", "delay"), [(1, 2), (2, 8), (3, 32)])
def test_it_is_tried_again_three_times(category: Category, attempt: int, delay: float) -> None:
    assert dispose(failure(category), attempt, DEFAULT, 0) == Retry(delay)


@pytest.mark.parametrize("category", [Category.TRANSIENT, Category.UNKNOWN])
def test_then_it_is_given_up(category: Category) -> None:
    assert dispose(failure(category), 4, DEFAULT, 0) == GiveUp()


def test_permanent_is_given_up_at_once() -> None:
    assert dispose(failure(Category.PERMANENT, 60), 1, DEFAULT, 0) == GiveUp()


@pytest.mark.parametrize(("jitter", "delay"), [(-1, 6.4), (1, 9.6)])
def test_jitter_is_a_fifth(jitter: float, delay: float) -> None:
    decided = dispose(failure(Category.TRANSIENT), 2, DEFAULT, jitter)
    assert isinstance(decided, Retry)
    assert decided.delay == pytest.approx(delay)


@pytest.mark.parametrize("category", [Category.TRANSIENT, Category.UNKNOWN])
@pytest.mark.parametrize("attempt", [1, 4, 99])
@pytest.mark.parametrize(
    ("asked", "delay"), [(1, 2), (60, 60), (3600, 3600), (86_400, 86_400), (1e12, 86_400)]
)
def test_a_wait_that_was_asked_for_is_kept_to_and_uses_up_no_attempt(
    category: Category, attempt: int, asked: float, delay: float
) -> None:
    """So long that a day passes, it asks again after a day."""
    decided = dispose(failure(category, asked), attempt, DEFAULT, 0)
    assert decided == Retry(delay, counted=False)


@pytest.mark.parametrize("asked", [0.0, -5.0, None])
def test_a_wait_of_no_time_is_none(asked: float | None) -> None:
    assert dispose(failure(Category.TRANSIENT, asked), 2, DEFAULT, 0) == Retry(8)


def test_no_delay_is_longer_than_the_longest_retry_topic() -> None:
    """Not even that of a profile which an earlier release stored."""
    policy = RetryPolicy(retries=9, base=7200.0, cap=7200.0)
    assert dispose(failure(Category.TRANSIENT), 1, policy, 0.0) == Retry(300.0)


def test_a_profile_may_retry_more_or_not_at_all() -> None:
    patient = RetryPolicy(retries=10, base=1, cap=20)
    assert dispose(failure(Category.TRANSIENT), 10, patient, 0) == Retry(20)
    assert dispose(failure(Category.TRANSIENT), 11, patient, 0) == GiveUp()
    assert dispose(failure(Category.TRANSIENT), 1, RetryPolicy(retries=0), 0) == GiveUp()
