"""What a stand-in needs of OData: filters, orders, and keys in paths."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

Record: TypeAlias = Mapping[str, Any]
Test: TypeAlias = Callable[[Record], bool]
_TOKEN = re.compile(r"'(?:[^']|'')*'|[()]|[^\s()']+")
_DAY = 10
KEY = re.compile(r"/(?P<set>\w+)\((?P<key>.*)\)(?P<action>/\w+)?", re.DOTALL)


def key_of(text: str) -> str:
    """Return the key that a path holds; quotes in it are doubled."""
    return text[1:-1].replace("''", "'") if text.startswith("'") else text


class Filter:
    """A `$filter` of comparisons with `and`, `or` and brackets. Raises ValueError: it is none."""

    def __init__(self, text: str) -> None:
        self.names: set[str] = set()
        self._tokens = _TOKEN.findall(text)
        self.test = self._either()
        if self._tokens:
            raise ValueError(f"the filter goes on behind its end: {self._tokens[0]}")

    def _take(self) -> str:
        if not self._tokens:
            raise ValueError("the filter ends too early")
        token: str = self._tokens.pop(0)
        return token

    def _either(self) -> Test:
        tests = [self._all()]
        while self._tokens[:1] == ["or"]:
            self._take()
            tests.append(self._all())
        return lambda record: any(test(record) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._tokens[:1] == ["and"]:
            self._take()
            tests.append(self._one())
        return lambda record: all(test(record) for test in tests)

    def _one(self) -> Test:
        name = self._take()
        if name == "(":
            inner = self._either()
            if self._take() != ")":
                raise ValueError("a bracket is not closed")
            return inner
        self.names.add(name)
        return _comparison(name, self._take(), self._take())


def _comparison(name: str, operator: str, literal: str) -> Test:
    if literal == "null":
        return lambda record: (record.get(name) is None) is (operator == "eq")
    text = key_of(literal) if literal.startswith("'") else None
    number = Decimal(literal) if text is None else None  # ArithmeticError is the caller's

    def test(record: Record) -> bool:
        value = record.get(name)
        if value is None:
            return False
        if number is not None:
            return _holds(operator, Decimal(str(value)), number)
        shown, wanted = str(value), text or ""
        if len(wanted) == _DAY and wanted[4:5] == wanted[7:8] == "-":
            shown = shown[:_DAY]  # a day is compared with days
        return _holds(operator, shown, wanted)

    return test


def _holds(operator: str, value: Any, wanted: Any) -> bool:
    if operator not in ("eq", "ge", "gt", "le", "lt", "ne"):
        raise ValueError(f"unknown operator {operator}")
    found: bool = getattr(value, f"__{operator}__")(wanted)
    return found


def ordered(records: Sequence[Record], names: Sequence[str]) -> list[Record]:
    """Sort records by some properties, null first as databases do."""

    def key(record: Record) -> list[tuple[bool, Any]]:
        values = [record.get(name) for name in names]
        return [(value is not None, "" if value is None else value) for value in values]

    return sorted(records, key=key)
