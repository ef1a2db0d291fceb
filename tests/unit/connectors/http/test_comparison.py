"""What an API shows of a record, held against what was sent."""

from __future__ import annotations

from decimal import Decimal

import pytest

from syncline.connectors.http.target.comparison import holds_payload


@pytest.mark.parametrize("stored", ["NaN", "sNaN", "-sNaN12", Decimal("sNaN"), "", "ten"])
def test_a_text_that_is_no_number_equals_none(stored: object) -> None:
    assert holds_payload({"price": 5}, {"price": stored}) is False


def test_a_number_is_found_in_a_text_with_more_zeros() -> None:
    assert holds_payload({"price": 5}, {"price": "5.00"}) is True


@pytest.mark.parametrize(
    ("stored", "is_held"),
    [
        ("2026-11-30T00:00:00Z", True),
        ("2026-11-30T00:00:00.000", True),
        ("2026-11-30T01:00:00Z", False),
        ("2026-12-01T00:00:00Z", False),
        ("2026-11-30T00:00:00+01:00", False),
    ],
)
def test_a_day_is_found_in_its_midnight(stored: str, is_held: bool) -> None:
    assert holds_payload({"day": "2026-11-30"}, {"day": stored}) is is_held
