"""How much text values are."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from syncline.domain.record import Value


def weight_of(value: Value) -> int:
    """Return about how many characters a value has as JSON."""
    if value.__class__ is str:
        return len(value)
    weight, left = 0, [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            weight += len(one) + 2
        elif isinstance(one, dict):
            weight += sum(map(len, one)) + 4 * len(one)
            left += one.values()
        elif isinstance(one, list):
            weight += len(one)
            left += one
        else:
            weight += 4
    return weight


def weight_of_all(values: Sequence[Value]) -> int:
    """Return about how many characters values have."""
    with suppress(TypeError):  # one is no text: all are weighed one by one
        return len("".join(values))
    return sum(map(weight_of, values))
