"""A function over a whole column gives what it gives of each value."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DecimalException
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.transformers.registry import BUILT_IN
from syncline.domain.mapping.transformers.transformer import ValueTransformer
from syncline.domain.mapping.values.column_forms import ColumnForm, column_form, texts_or_nulls
from syncline.domain.mapping.values.converters import to_bool, to_string
from syncline.domain.mapping.values.dates import to_date, to_datetime
from syncline.domain.mapping.values.numbers import to_decimal, to_int

NUMBERS = st.sampled_from(
    ["0", "-0", "12", "-7.50", "1." + "0" * 18, "1." + "0" * 19, "9" * 18, "-" + "9" * 19, "1E5",
     "1\n2", "3\n", "\n", "", " 5", "+5", ".5", "5.", "٣", "12,5"]
)  # fmt: skip
DECIMALS = st.decimals() | st.sampled_from(
    [Decimal("-0.00"), Decimal("0E-8"), Decimal("-0.0049"), Decimal("2.675"), Decimal("1E+1000"),
     Decimal("1E+1001"), Decimal("1E-1000"), Decimal("1E-1001"), Decimal("1" * 1001)]
)  # fmt: skip
INTEGERS = st.integers() | st.sampled_from([10**18, -(10**18), 10**1000, 10**1001])
TEXTS = st.text(max_size=4) | st.sampled_from(["a\0", "\ud83d", "\ude00", "Y", "n", "2026-01-31"])
COLUMNS = st.one_of(
    *(st.lists(kind, max_size=30) for kind in (NUMBERS, DECIMALS, INTEGERS, TEXTS, st.booleans())),
    st.lists(st.sampled_from("YN"), min_size=8),
    st.lists(st.sampled_from(["2026-01-31", "2026-02-30", "20260131"]), min_size=8),
    st.lists(INTEGERS | DECIMALS),
    st.lists(NUMBERS | DECIMALS | st.booleans() | st.lists(TEXTS, max_size=2)),
)


def built_in(name: str, **options: Any) -> tuple[Callable[[Any], Any], ColumnForm]:
    made = BUILT_IN[name][0](options)
    assert isinstance(made, ValueTransformer)
    return made.function, made.form


FORMS = {
    **{f.__name__: (f, column_form(f)) for f in (to_string, to_int, to_decimal, to_bool, to_date,
                                                 to_datetime)},
    **{name: built_in(name) for name in ("sapYesNo", "trim", "upper", "toInt", "parseNumber")},
    **{f"formatDecimal {n}": built_in("formatDecimal", decimals=n) for n in (0, 2, 6, 7, 10)},
    **{f"round {n}": built_in("round", decimals=n) for n in (0, 2, 10)},
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=30, deadline=None)
@given(values=COLUMNS)
def test_a_form_gives_what_its_function_gives(name: str, values: list[Any]) -> None:
    function, form = FORMS[name]
    given_values = list(values)
    try:
        expected = [function(value) for value in values]
    except ValueRefusedError:
        with pytest.raises((ValueRefusedError, DecimalException)):
            form(values)
    else:
        assert repr(form(values)) == repr(expected)
    assert repr(values) == repr(given_values)


@given(st.lists(st.none() | st.text(max_size=3) | st.integers() | st.booleans()))
def test_texts_may_stand_beside_nulls(values: list[Any]) -> None:
    try:
        expected = [None if value is None else to_string(value) for value in values]
    except ValueRefusedError:
        with pytest.raises(ValueRefusedError):
            texts_or_nulls(values)
    else:
        assert texts_or_nulls(values) == expected


def test_plain_columns_are_not_made_anew() -> None:
    for column in (["a", "b"], ["a", None], []):
        assert texts_or_nulls(column) is column
    numbers = [Decimal(n) for n in range(9)]
    assert column_form(to_decimal)(numbers) is numbers
