from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.values.numbers import (
    compile_number,
    rounded,
    to_decimal,
    to_int,
    truncated,
)

FINITE = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (12, "12"),
        (" 12.50 ", "12.50"),
        ("-.5", "-0.5"),
        ("1e3", "1E+3"),
        (Decimal("0.10"), "0.10"),
        ("12345678901234567890.123456789", "12345678901234567890.123456789"),
        (0.1, "0.1"),
        (10**999, str(10**999)),
    ],
)
def test_to_decimal_keeps_every_digit(value: Any, number: str) -> None:
    assert str(to_decimal(value)) == number


@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "Infinity",
        "-inf",
        Decimal("sNaN"),
        Decimal("Infinity"),
        float("nan"),
        "",
        " ",
        "abc",
        "1,5",
        "1_000",
        "٣",
        "1e",
        "--1",
        True,
        None,
        [],
        {},
    ],
)
def test_to_decimal_refuses_what_is_no_number(value: Any) -> None:
    with pytest.raises(ValueRefusedError, match=r"must be a (finite )?number"):
        to_decimal(value)


@pytest.mark.parametrize(
    "value",
    [
        "1" * 1001,
        10**1001,
        -(10**1001),
        "1e1001",
        "1e-1500",
        "1e999999999",
        Decimal("1e99999999"),
        Decimal("1" * 1001),
        Decimal("0e-5000"),
    ],
)
def test_to_decimal_refuses_what_is_too_long_in_one_short_line(value: Any) -> None:
    with pytest.raises(ValueRefusedError, match="at most 1000 digits") as refused:
        to_decimal(value)
    assert len(str(refused.value)) < 140


@pytest.mark.parametrize(
    ("value", "number"),
    [(7, 7), ("12", 12), ("12.0", 12), (Decimal("1E+3"), 1000), (10**400, 10**400)],
)
def test_to_int_takes_whole_numbers(value: Any, number: int) -> None:
    assert to_int(value) == number


@pytest.mark.parametrize("value", ["12.5", Decimal("0.1"), True, "x", 10**1000])
def test_to_int_refuses_the_rest(value: Any) -> None:
    with pytest.raises(ValueRefusedError):
        to_int(value)


@given(FINITE)
def test_truncated_goes_towards_zero(number: Decimal) -> None:
    whole = truncated(number)
    assert abs(whole) <= number.copy_abs() < abs(whole) + 1  # abs() would round


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        ("2.345", 2, "2.35"),
        ("-2.345", 2, "-2.35"),
        ("2.5", 0, "3"),
        ("1.005", 2, "1.01"),
        ("-0.001", 2, "0.00"),
        (10**30, 10, "1" + "0" * 30 + ".0000000000"),
        ("1e900", 2, "1" + "0" * 900 + ".00"),
    ],
)
def test_rounded_is_half_up(value: Any, places: int, text: str) -> None:
    assert f"{rounded(value, places):f}" == text


@given(FINITE, st.integers(0, 10))
def test_rounded_is_near_and_stays(number: Decimal, places: int) -> None:
    once = rounded(number, places)
    assert abs(once - number) * 2 <= Decimal(10) ** -places
    assert rounded(once, places) == once


GERMAN, FRENCH, SWISS, US = (",", "."), (",", " "), (".", "'"), (".", ",")


@pytest.mark.parametrize(
    ("signs", "text", "number"),
    [
        (GERMAN, "1.234", "1234"),
        (GERMAN, "1.234,50", "1234.50"),
        (GERMAN, "1234,5", "1234.5"),
        (GERMAN, "1.234.567", "1234567"),
        (GERMAN, "-1.234,5", "-1234.5"),
        (GERMAN, "1.234,50-", "-1234.50"),
        (GERMAN, "\u22125,0", "-5.0"),
        (GERMAN, "+5", "5"),
        (GERMAN, ",5", "0.5"),
        (GERMAN, " 007 ", "7"),
        (FRENCH, "1 234 567,8", "1234567.8"),
        (FRENCH, "1\u00a0234,8", "1234.8"),
        (FRENCH, "1\u202f234", "1234"),
        (SWISS, "1'234.50", "1234.50"),
        (SWISS, "1\u2019234", "1234"),
        (US, "1,234.5", "1234.5"),
        ((",", None), "12,5", "12.5"),
    ],
)
def test_a_number_is_read_as_a_country_writes_it(
    signs: tuple[str, str | None], text: str, number: str
) -> None:
    assert str(compile_number(*signs)(text)) == number


@pytest.mark.parametrize(
    ("signs", "text"),
    [
        (GERMAN, "1.23,4"),
        (GERMAN, "1.23"),
        (GERMAN, "12345.678"),
        (GERMAN, "1.2345"),
        (GERMAN, "1,234.5"),
        (GERMAN, "1.234.56"),
        (GERMAN, "5,"),
        (GERMAN, ","),
        (GERMAN, "-"),
        (GERMAN, "  "),
        (GERMAN, "-5-"),
        (GERMAN, "- 5"),
        (GERMAN, "1e5"),
        (GERMAN, "(5)"),
        (GERMAN, "5 EUR"),
        (GERMAN, "NaN"),
        (GERMAN, "\u0661"),
        (FRENCH, "1 234\u00a0567"),
        (FRENCH, "1.234"),
        ((",", None), "1.234,5"),
        ((",", None), "1 234"),
    ],
)
def test_a_number_that_is_not_certain_is_refused(signs: tuple[str, str | None], text: str) -> None:
    with pytest.raises(ValueRefusedError, match="must be a number such as"):
        compile_number(*signs)(text)
