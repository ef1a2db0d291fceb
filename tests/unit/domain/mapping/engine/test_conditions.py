"""Conditions of `when`, `exclude` and filters."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from syncline.domain.columns import by_record
from syncline.domain.mapping.condition import Condition, Op
from syncline.domain.mapping.engine.conditions import compile_condition
from syncline.domain.validation_errors import validated

RECORD = {
    "n": 5, "d": Decimal("5.0"), "t": "5", "word": "Abc", "yes": True, "empty": "", "null": None,
    "list": [], "object": {}, "nested": {"a": [{"b": 1}, {"b": 2}]}, "dotted.name": 7,
}  # fmt: skip


def holds(condition: dict[str, Any]) -> bool:
    test = compile_condition(validated(Condition, condition))
    (answer,) = test(by_record([RECORD]))
    return answer


@pytest.mark.parametrize(
    ("field", "op", "value", "expected"),
    [
        ("n", "eq", 5, True),
        ("n", "eq", "5", True),
        ("n", "eq", 5.0, True),
        ("t", "eq", 5, True),
        ("d", "eq", 5, True),
        ("t", "eq", "5.0", False),  # two texts are texts
        ("word", "eq", "abc", False),
        ("yes", "eq", True, True),
        ("yes", "eq", "true", True),
        ("yes", "eq", 1, False),  # true is no number
        ("null", "eq", None, True),
        ("null", "eq", "", False),
        ("missing", "eq", None, True),
        ("n", "ne", 6, True),
        ("null", "ne", 6, True),
        ("n", "in", [1, "5"], True),
        ("n", "in", [], False),
        ("null", "in", [None], True),
        ("n", "notIn", [1, 2], True),
        ("n", "notIn", ["5"], False),
        ("n", "exists", None, True),
        ("null", "exists", None, False),
        ("missing", "exists", False, True),
        ("empty", "exists", True, True),
        ("empty", "empty", None, True),
        ("null", "empty", None, True),
        ("list", "empty", None, True),
        ("object", "empty", None, True),
        ("n", "empty", None, False),
        ("n", "empty", False, True),
        ("n", "gt", 4, True),
        ("t", "gt", 4, True),
        ("n", "gt", 5, False),
        ("n", "gte", 5, True),
        ("n", "lt", 10, True),
        ("t", "lt", "10", True),  # numbers, not texts
        ("n", "lte", 4, False),
        ("word", "gt", "Abb", True),
        ("null", "gt", 0, False),
        ("null", "lt", 0, False),
        ("nested.a[1].b", "eq", 2, True),
        ("nested.a[9].b", "exists", None, False),
        ("dotted.name", "eq", 7, True),
    ],
)
def test_one_field(field: str, op: str, value: object, expected: bool) -> None:
    assert holds({"field": field, "op": op, "value": value}) is expected


def test_all_any_and_not() -> None:
    yes, no = {"field": "n", "op": "eq", "value": 5}, {"field": "n", "op": "eq", "value": 6}
    assert holds({"all": [yes, yes]})
    assert not holds({"all": [yes, no]})
    assert holds({"any": [no, yes]})
    assert not holds({"any": [no, no]})
    assert holds({"not": no})
    assert holds({"all": [{"any": [no, yes]}, {"not": {"all": [yes, no]}}]})
    assert holds({"all": []})
    assert not holds({"any": []})


@pytest.mark.parametrize(
    ("value", "op", "other", "holds"),
    [
        ("10", "gt", 9, True), ("10", "gt", "9", True), ("abc", "gt", 9, False),
        ("abc", "lt", 9, False), (True, "gt", 0, False), ([5], "gt", 1, False),
        ({}, "lt", "z", False), ("2026-01-31", "gt", 20260130, False), ("b", "gt", "a", True),
        ("1_0", "gt", 9, False), ("NaN", "lt", 1, False), (" 10 ", "gte", 10, True),
        ("\u0661\u0660", "gt", 9, False),
    ],
)  # fmt: skip
def test_only_numbers_and_texts_have_an_order(
    value: object, op: Op, other: object, *, holds: bool
) -> None:
    test = compile_condition(Condition(field="a", op=op, value=other))
    assert test(by_record([{"a": value}])) == [holds]
