"""Conditions: `when`, `exclude` and filters as functions of a record. Nothing is run as code."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from syncline.domain.mapping.condition import Condition
from syncline.domain.mapping.paths import parse_path, reader
from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.values.converters import plain_text
from syncline.domain.mapping.values.numbers import to_decimal
from syncline.domain.record import Record, Value

Test: TypeAlias = Callable[[Record], bool]
_ORDER = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}


def compile_condition(condition: Condition) -> Test:
    """Return a function that tells whether a record fulfils a (checked) condition."""
    if condition.all is not None:
        every = [compile_condition(c) for c in condition.all]
        return lambda record: all(test(record) for test in every)
    if condition.any is not None:
        some = [compile_condition(c) for c in condition.any]
        return lambda record: any(test(record) for test in some)
    if condition.not_ is not None:
        inner = compile_condition(condition.not_)
        return lambda record: not inner(record)
    return _single(condition)


def _single(condition: Condition) -> Test:
    read = reader(parse_path(condition.field or ""))
    op, value = condition.op or "eq", condition.value
    match op:
        case "exists":
            wanted = value is not False
            return lambda record: (read(record) is not None) == wanted
        case "empty":
            wanted = value is not False
            return lambda record: (read(record) in (None, "", [], {})) == wanted
        case "in" | "notIn":
            values: Sequence[Any] = value
            return lambda record: any(equal(read(record), v) for v in values) == (op == "in")
        case "eq" | "ne":
            return lambda record: equal(read(record), value) == (op == "eq")
    compare = _ORDER[op]
    return lambda record: _ordered(read(record), value, compare)


def equal(left: Value, right: Value) -> bool:
    """Compare as numbers where both are (also as text), else as text; null equals only null."""
    if left is None or right is None:
        return left is right
    if type(left) is type(right):
        return bool(left == right)
    if isinstance(left, bool) or isinstance(right, bool):
        return plain_text(left).lower() == plain_text(right).lower()
    numbers = _number(left), _number(right)
    if None not in numbers:
        return numbers[0] == numbers[1]
    return plain_text(left) == plain_text(right)


def _ordered(left: Value, right: Value, compare: Callable[[Any, Any], bool]) -> bool:
    """Compare as numbers where both are, else as texts where both are; no others have an order."""
    numbers = _number(left), _number(right)
    if None not in numbers:
        return compare(*numbers)
    return isinstance(left, str) and isinstance(right, str) and compare(left, right)


def _number(value: Value) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal | float):
        return None
    try:
        return to_decimal(value)
    except ValueRefusedError:  # a text that is no number is compared as text
        return None
