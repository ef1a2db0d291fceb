"""Functions of a value, applied to a whole column: quickly where its values are of the usual kind.

A form takes the values of a column, nulls left out, and returns what its function makes of each.
It may return the very list that it got. Whatever a value breaks is raised; whose value it was, the
caller finds out with the function itself.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from itertools import repeat
from types import NoneType
from typing import TypeAlias

import msgspec

from syncline.domain.mapping.values import numbers
from syncline.domain.mapping.values.converters import to_bool, to_string
from syncline.domain.mapping.values.dates import to_date, to_datetime
from syncline.domain.mapping.values.numbers import to_decimal, to_int
from syncline.domain.record import Value

ColumnForm: TypeAlias = Callable[[list[Value]], list[Value]]
_encode = msgspec.json.Encoder().encode
_FEW = 3
"""So many values go through the function one by one as fast."""
_SMALL = 10**18
_INTEGERS = re.compile(r"(?:-?[0-9]{1,18}\n)+")
_NUMBERS = re.compile(r"(?:-?[0-9]{1,18}(?:\.[0-9]{1,18})?\n)+")
_INT, _STR, _BOOL, _EXACT, _TEXTS = {int}, {str}, {bool}, {int, Decimal}, {str, NoneType}


def each(function: Callable[[Value], Value]) -> ColumnForm:
    """Return the form that calls the function for every value."""
    return lambda values: list(map(function, values))


def each_distinct(function: Callable[[Value], Value]) -> ColumnForm:
    """Return the form that calls the function once for texts that are equal.

    For functions that cost more than a look into a dict, and of which the results can be shared.
    """

    def form(values: list[Value]) -> list[Value]:
        if len(values) > _FEW and set(map(type, values)) == _STR:
            texts = set(values)
            if 2 * len(texts) <= len(values):
                known = dict(zip(texts, map(function, texts), strict=True))
                return list(map(known.__getitem__, values))
        return list(map(function, values))

    return form


def each_text(function: Callable[[str], Value], other: Callable[[Value], Value]) -> ColumnForm:
    """Return the form of a method of `str`, and of a function for what is no text."""

    def form(values: list[Value]) -> list[Value]:
        try:
            return list(map(function, values))
        except TypeError:  # one is no text
            return list(map(other, values))

    return form


def column_form(function: Callable[[Value], Value]) -> ColumnForm:
    """Return the form of a function."""
    return _FORMS.get(function) or each(function)


def texts_or_nulls(values: list[Value]) -> list[Value]:
    """Apply `to_string` to a column that may hold nulls."""
    try:
        whole = "".join(values)
    except TypeError:  # one is no text
        if _are_small(values):
            return list(map(str, values))
        if not _TEXTS.issuperset(map(type, values)):
            return [None if value is None else to_string(value) for value in values]
        whole = "".join(filter(None, values))
    if "\0" not in whole if whole.isascii() else _are_storable(values):
        return values
    return [None if value is None else to_string(value) for value in values]


def _are_storable(values: list[Value]) -> bool:
    """Tell of texts that are not all ASCII, and of nulls, what `is_storable` says of each.

    It may say No where that is not so. JSON shows it: it is no work for nothing, as the texts keep
    their UTF-8, of which the batch's message is made next.
    """
    try:
        return b"\\u0000" not in _encode(values)
    except UnicodeEncodeError:  # a half of a surrogate pair
        return False


def _are_small(values: list[Value]) -> bool:
    """Tell whether they are all whole numbers of at most 18 digits."""
    return set(map(type, values)) == _INT and min(values) > -_SMALL and max(values) < _SMALL


def _are_plain(values: list[Value], form: re.Pattern[str]) -> bool:
    """Tell whether texts are all of a form, which has a line for each."""
    lines = "\n".join(values) + "\n"
    return lines.count("\n") == len(values) and form.fullmatch(lines) is not None


def _integers(values: list[Value]) -> list[Value]:
    if len(values) <= _FEW:
        return list(map(to_int, values))
    if _are_small(values):
        return values
    is_plain = set(map(type, values)) == _STR and _are_plain(values, _INTEGERS)
    return list(map(int if is_plain else to_int, values))


def _decimals(values: list[Value]) -> list[Value]:
    kinds = set(map(type, values)) if len(values) > _FEW else set()
    if kinds == _STR and _are_plain(values, _NUMBERS):
        return list(map(Decimal, values))
    if not kinds or not kinds <= _EXACT:
        return list(map(to_decimal, values))
    made = list(map(Decimal, values)) if int in kinds else values
    if not all(map(Decimal.is_finite, made)):
        return list(map(to_decimal, values))
    deque(map(numbers.LIMITS.plus, made), maxlen=0)
    return made


def _booleans(values: list[Value]) -> list[Value]:
    return values if set(map(type, values)) == _BOOL else _known_booleans(values)


_known_booleans = each_distinct(to_bool)
_FORMS: dict[Callable[[Value], Value], ColumnForm] = {
    to_string: texts_or_nulls,
    to_int: _integers,
    to_decimal: _decimals,
    to_bool: _booleans,
    to_date: each_distinct(to_date),
    to_datetime: each_distinct(to_datetime),
}
_NEVER_SCIENTIFIC = 6
"""Digits behind the point up to which `str` writes a Decimal as it is."""


def rounded_form(places: int) -> ColumnForm:
    """Return the form of `numbers.rounded`."""
    quantum, context = numbers.PLACES[places], numbers.WIDE

    def form(values: list[Value]) -> list[Value]:
        given = map(Decimal.quantize, _decimals(values), repeat(quantum),
                    repeat(ROUND_HALF_UP), repeat(context))  # fmt: skip
        return [number if number else abs(number) for number in given]

    return form


def fixed_form(places: int) -> ColumnForm:
    """Return the form that rounds numbers and writes them with so many digits behind the point."""
    rounded = rounded_form(places)
    if places > _NEVER_SCIENTIFIC:
        return lambda values: [f"{number:f}" for number in rounded(values)]
    return lambda values: list(map(str, rounded(values)))
