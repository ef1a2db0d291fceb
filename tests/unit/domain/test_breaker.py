"""Which failed calls open a profile's breaker. Spec section 3, Circuit breaker."""

from __future__ import annotations

import pytest

from syncline.domain.breaker import failure_of_call
from syncline.domain.errors import Category, Failure


def failure(
    code: str, category: Category = Category.TRANSIENT, wait: float | None = None
) -> Failure:
    return Failure(category, code, "message", retry_after=wait)


@pytest.mark.parametrize(
    "found",
    [
        failure("timeout"),
        failure("http_502"),
        failure("login_refused", Category.PERMANENT),
        failure("disk_full", Category.PERMANENT),
    ],
)
def test_a_call_that_wrote_nothing_counts(found: Failure) -> None:
    assert failure_of_call({0: found, 1: found}, 2) == found


@pytest.mark.parametrize(
    "found",
    [
        failure("value_refused", Category.PERMANENT),
        failure("not_permitted", Category.PERMANENT),
        failure("record_refused", Category.UNKNOWN),
        failure("http_429", wait=3.0),
    ],
)
def test_a_system_that_answers_about_records_works(found: Failure) -> None:
    assert failure_of_call({0: found}, 1) is None


def test_a_record_that_was_written_shows_that_the_system_works() -> None:
    assert failure_of_call({0: failure("timeout")}, 2) is None
    assert failure_of_call({}, 2) is failure_of_call({}, 0) is None
