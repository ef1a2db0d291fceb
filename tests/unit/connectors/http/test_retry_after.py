"""How long an API asks to be left alone."""

from __future__ import annotations

import pytest

from syncline.connectors.http.answers.answer import Answer, failure_of, retry_after
from syncline.connectors.http.settings.profile import Errors
from syncline.domain.errors import Category

NOW = {"date": "Wed, 21 Oct 2026 07:28:00 GMT"}


def test_retry_after_is_seconds_or_a_date() -> None:
    date = {"date": "Wed, 21 Oct 2026 07:28:00 GMT"}

    assert retry_after({"retry-after": "12"}) == 12
    assert retry_after({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"} | date) == 30
    assert retry_after({"retry-after": "Wed, 21 Oct 2026 07:00:00 GMT"} | date) == 0
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:00:00 GMT"}) == 0


@pytest.mark.parametrize(
    "value", ["", "soon", "nan", "inf", "-", "1_000", "0x10", "Wed, 99 Oct 2026 07:28:00 GMT"]
)
def test_a_retry_after_that_says_nothing_is_none(value: str) -> None:
    assert retry_after({"retry-after": value}) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3600", 3600),
        ("90", 90),
        ("0", 0),
        ("-5", 0),
        ("1.5", 1.5),
        ("9" * 400, 1e10),
        ("Wed, 21 Oct 2026 07:28:30 -0000", 30),
        ("Wednesday, 21-Oct-26 07:28:30 GMT", 30),
        ("Wed, 21 Oct 2026 09:28:30 +0200", 30),
        ("Fri, 31 Dec 3000 23:59:59 GMT", 1e10),
    ],
)
def test_every_form(value: str, seconds: float) -> None:
    assert retry_after({"retry-after": value} | NOW) == seconds


def test_a_date_that_cannot_be_read_does_not_break_another() -> None:
    assert retry_after({"retry-after": "Fri, 31 Dec 3000 23:59:59 GMT", "date": "today"}) == 1e10


def test_an_absurd_wait_is_named() -> None:
    busy = Answer(429, {"retry-after": "31536000"}, b'{"message": "slow down"}', "POST /items")
    failure = failure_of(busy, Errors(), str)
    assert failure.category is Category.TRANSIENT
    assert failure.message == (
        "POST /items answered 429: slow down (it asks to wait for 365.0 days; it is asked again "
        "after 24 h)"
    )
