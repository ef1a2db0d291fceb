"""A person's edit: it is applied, stays within its limits, and is found between two payloads."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.domain.dead_letter.patch import edited, patch_between
from syncline.domain.errors import InvalidInputError

STEP = {"op": "replace", "path": "/a", "value": 1}
BOMB = [
    {"op": "add", "path": "/x", "value": [1]},
    *[{"op": "copy", "from": "/x", "path": "/x/0"}] * 40,
]
CHURN = [
    {"op": "copy", "from": "/big", "path": "/more"},
    {"op": "remove", "path": "/more"},
] * 90


def test_an_edit_is_applied() -> None:
    assert edited({"a": 0, "b": [1]}, [STEP]) == {"a": 1, "b": [1]}


@pytest.mark.parametrize(
    "patch",
    [
        [{"op": "remove", "path": "/none"}],
        [{"op": "replace", "path": "", "value": []}],
        [{"op": "add", "path": "/a/b/c", "value": 1}],
        [{"op": "test", "path": "/a", "value": 9}],
    ],
)
def test_an_edit_that_leaves_no_payload_is_refused(patch: list[dict[str, Any]]) -> None:
    with pytest.raises(InvalidInputError, match="the edit"):
        edited({"a": "text"}, patch)


def test_a_patch_keeps_every_digit_and_tells_one_from_true() -> None:
    old = {"a": Decimal("1.10"), "b": 1}
    new = {"a": Decimal("12345678901234567890.10"), "b": True}
    changed = edited(old, patch_between(old, new))
    assert (changed["a"], changed["b"] is True) == (new["a"], True)


def test_the_patch_between_two_payloads_makes_one_of_the_other() -> None:
    old, new = {"a": 1, "b": {"c": [1, 2]}}, {"a": 1, "b": {"c": [2]}, "d": None}
    assert edited(old, patch_between(old, new)) == new


def test_the_payload_itself_stays_as_it_is() -> None:
    payload = {"a": {"b": [1]}}
    edited(payload, [{"op": "add", "path": "/a/b/-", "value": 2}, {"op": "remove", "path": "/a"}])
    assert payload == {"a": {"b": [1]}}


@pytest.mark.parametrize(
    ("payload", "patch", "problem"),
    [
        ({}, BOMB, "operation 19, a copy, makes the record larger than 900,000 bytes"),
        ({"big": ["x"] * 50_000}, CHURN, "operation 7, a copy, makes the record larger"),
        ({}, [{"op": "add", "path": "/a", "value": "x" * 900_001}], "it makes the record larger"),
        ({"a": 1}, [STEP] * 201, "has 201 operations, at most 200 are allowed"),
    ],
)
def test_an_edit_that_takes_too_much_is_refused(
    payload: dict[str, Any], patch: list[dict[str, Any]], problem: str
) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        edited(payload, patch)


def test_an_edit_that_nests_too_deeply_is_refused() -> None:
    nested = [{"op": "add", "path": "/a" + "/0" * depth, "value": [0]} for depth in range(150)]
    deeper = [{"op": "copy", "from": "/a", "path": "/a" + "/0" * 150}] * 40
    with pytest.raises(InvalidInputError, match="the edit does not apply"):
        edited({"a": [0]}, [*nested, *deeper])


def test_many_differences_are_one_replacement_of_the_whole() -> None:
    old = {"a": list(range(100_000))}
    new = {"a": old["a"][::-1]}
    assert patch_between(old, new) == [{"op": "replace", "path": "", "value": new}]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text("ab/~", max_size=2),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab/~"), inner, max_size=3),
    max_leaves=12,
)
PAYLOADS = st.dictionaries(st.text("ab/~", max_size=2), VALUES, max_size=4)


@given(PAYLOADS, PAYLOADS)
def test_any_two_payloads_have_a_patch(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert repr(sorted_keys(edited(old, patch_between(old, new)))) == repr(sorted_keys(new))


def sorted_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: sorted_keys(value[key]) for key in sorted(value)}
    return [sorted_keys(one) for one in value] if isinstance(value, list) else value
