"""Compiles conditions (`when`, `exclude`, filters) into functions that test a batch of records."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeAlias

from syncline.domain.columns import Columns, by_record
from syncline.domain.mapping.condition import Condition
from syncline.domain.mapping.paths import batch_reader, parse_path
from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.values.converters import plain_text
from syncline.domain.mapping.values.numbers import to_decimal
from syncline.domain.record import Value

Test: TypeAlias = Callable[[Columns], list[bool]]
"""Returns for each record whether it fulfils a condition."""
_ORDER = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
RAISED = (Exception, SystemExit)
"""Errors that fail one record. With SystemExit, so that no plug-in can end the service."""


def compile_condition(condition: Condition) -> Test:
    """Return the test for a (checked) condition.

    It raises ValueRefusedError if a record has a value that cannot be compared. `answers` finds out
    which record that is.
    """
    if condition.all is not None:
        return _joined([compile_condition(c) for c in condition.all], stop=False)
    if condition.any is not None:
        return _joined([compile_condition(c) for c in condition.any], stop=True)
    if condition.not_ is not None:
        inner = compile_condition(condition.not_)
        return lambda batch: [not holds for holds in inner(batch)]
    return _single(condition)


def answers(test: Test, batch: Columns) -> tuple[list[bool], dict[int, BaseException]]:
    """Return whether the test holds for each record, False where it raises, and errors by place."""
    try:
        return test(batch), {}
    except RAISED:  # the loop below finds out which records raise
        pass
    holds: list[bool] = []
    errors: dict[int, BaseException] = {}
    for place, record in enumerate(batch.records()):
        try:
            holds += test(by_record([record]))
        except RAISED as error:
            holds.append(False)
            errors[place] = error
    return holds, errors


def _joined(tests: Sequence[Test], *, stop: bool) -> Test:
    """Return the test that runs the others in turn until every record's answer is `stop`."""

    def test(batch: Columns) -> list[bool]:
        found = [not stop] * len(batch)
        for one in tests:
            if (not stop) not in found:
                break
            pairs = zip(found, one(batch), strict=True)
            found = [a or b for a, b in pairs] if stop else [a and b for a, b in pairs]
        return found

    return test


def _single(condition: Condition) -> Test:
    read = batch_reader(parse_path(condition.field or ""))
    op, value = condition.op or "eq", condition.value
    wanted = value is not False
    match op:
        case "exists":
            return lambda batch: [(v is not None) == wanted for v in read(batch)]
        case "empty":
            return lambda batch: [(v in (None, "", [], {})) == wanted for v in read(batch)]
        case "in" | "notIn":
            values: Sequence[Value] = value
            is_in = op == "in"
            return lambda batch: [
                any(equal(v, other) for other in values) == is_in for v in read(batch)
            ]
        case "eq" | "ne":
            return lambda batch: _equal_ones(read(batch), value, is_equal=op == "eq")
    compare = _ORDER[op]
    return lambda batch: [_ordered(v, value, compare) for v in read(batch)]


def _equal_ones(values: list[Value], other: Value, *, is_equal: bool) -> list[bool]:
    if set(map(type, values)) == {type(other)}:
        return [(value == other) == is_equal for value in values]
    return [equal(value, other) == is_equal for value in values]


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


def _ordered(left: Value, right: Value, compare: Callable[[Value, Value], bool]) -> bool:
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
