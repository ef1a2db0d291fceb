from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.domain.mapping.refusal import ValueRefusedError, printable
from syncline.domain.mapping.values.converters import (
    plain_text,
    to_array,
    to_bool,
    to_object,
    to_string,
)
from syncline.domain.naming import SHOWN, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (True, "true"),
        (False, "false"),
        (12, "12"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.10"), "0.10"),
        ({"a": [1, Decimal("1.50"), None]}, '{"a":[1,1.50,null]}'),
        ("ü€😀", "ü€😀"),
    ],
)
def test_to_string(value: Any, text: str) -> None:
    assert to_string(value) == text


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "x\udfff", {"a": "\0"}, ["\ud800"]])
def test_to_string_refuses_characters_that_cannot_travel(value: Any) -> None:
    with pytest.raises(ValueRefusedError) as refused:
        to_string(value)
    assert refused.value.code == "invalid_character"
    str(refused.value).encode()
    assert "\0" not in str(refused.value)


@pytest.mark.parametrize("value", [Decimal("1e99999999"), 10**2000])
def test_to_string_never_writes_out_a_huge_number(value: Any) -> None:
    with pytest.raises(ValueRefusedError, match="at most 1000 digits"):
        plain_text(value)


@pytest.mark.parametrize("value", [True, 1, "1", "true", "TRUE", " y ", "Yes"])
def test_to_bool_true(value: Any) -> None:
    assert to_bool(value) is True


@pytest.mark.parametrize("value", [False, 0, "0", "False", "n", "NO"])
def test_to_bool_false(value: Any) -> None:
    assert to_bool(value) is False


@pytest.mark.parametrize("value", ["ja", "", "2", 2, -1, Decimal(1), [], {}, None, "on"])
def test_to_bool_refuses_what_is_not_plainly_one(value: Any) -> None:
    with pytest.raises(ValueRefusedError, match="true/false, 1/0, Y/N or yes/no"):
        to_bool(value)


def test_to_object_and_to_array_take_their_kind_only() -> None:
    assert to_object({"a": 1}) == {"a": 1}
    assert to_array([1]) == [1]
    for read, wrong in ((to_object, [1]), (to_object, "{}"), (to_array, {}), (to_array, "a")):
        with pytest.raises(ValueRefusedError, match="must be an"):
            read(wrong)


@pytest.mark.parametrize("inner", ["\0", {"\ud800": 1}, {"a": [Decimal("1e99999")]}])
def test_nested_values_are_checked_all_the_way(inner: Any) -> None:
    with pytest.raises(ValueRefusedError):
        to_object({"deep": [inner]})


def test_nesting_has_an_end() -> None:
    value: Any = 1
    for _ in range(3000):
        value = [value]
    with pytest.raises(ValueRefusedError, match="deeper than 64"):
        to_array(value)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_plain_text_of_nested_values_is_json(value: Any) -> None:
    if isinstance(value, list | dict):
        assert msgspec.json.decode(plain_text(value)) == value


@given(st.text(st.characters(), max_size=200) | JSON)
def test_shown_is_short_and_fits_everywhere(value: Any) -> None:
    text = shown(value)
    assert len(text) <= SHOWN
    assert "\0" not in text
    assert "\n" not in text
    text.encode()


@given(st.text(st.characters()))
def test_printable_fits_everywhere(text: str) -> None:
    assert "\0" not in printable(text)
    printable(text).encode()
